"""The state machine: typed in and out, as a subgraph, with a checkpointer, the ways back."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from chartcoder.agents.rules.judge import RulesJudge
from chartcoder.agents.values import (
    Candidate,
    Chart,
    Coding,
    Encounter,
    Evidence,
    Settlement,
    Step,
)
from chartcoder.graph.checkpoints import serializer, state_types
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import build_graph, code_chart, graph, run_chart
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.release import Release

TEXT = """HPI: 70-year-old man with CHF and chronic kidney disease stage 4.

ASSESSMENT
1. Hypertensive heart and kidney disease with heart failure.
2. Gout.
3. Migraine.
"""
SIMPLE = "ASSESSMENT\n1. Gout.\n2. Migraine.\n"
CONTEXT = Context(release="bundled")
NODES = {
    "extract", "look_up", "navigate", "verify", "validate", "decide_turn", "turn_back",
    "reconcile", "write",
}  # fmt: skip


def chart(text: str = TEXT, **encounter: Any) -> Chart:
    return Chart(text=text, encounter=Encounter.model_validate(encounter))


def codes(coding: Coding) -> list[str]:
    return [a.code for a in coding.assigned]


def test_pipeline_takes_a_chart_and_gives_a_coding(bundled: Release) -> None:
    result = build_graph().invoke({"chart": chart()}, context=CONTEXT)
    assert set(result) == {"coding"}
    assert isinstance(result["coding"], Coding)
    assert "M10.9" in codes(result["coding"])


def test_pipeline_state_is_made_of_typed_values(bundled: Release) -> None:
    state = run_chart(chart(), CONTEXT)
    assert all(isinstance(e, Evidence) for e in state["evidence"])
    assert all(isinstance(c, Candidate) for c in (*state["candidates"], *state["chosen"]))
    assert isinstance(state["settlement"], Settlement)
    assert all(isinstance(s, Step) for s in state["way"])
    for number, turn, entries in state["looked_up"]:
        assert isinstance(number, int)
        assert isinstance(turn, int)
        assert all(entry.evidence == number for entry in entries)


def test_pipeline_schemas_name_what_goes_in_and_out() -> None:
    compiled = build_graph()
    assert set(compiled.get_input_jsonschema()["properties"]) == {"chart"}
    assert set(compiled.get_output_jsonschema()["properties"]) == {"coding"}


def test_pipeline_gives_the_same_bytes_each_time(bundled: Release) -> None:
    first = code_chart(chart(), context=CONTEXT)
    assert code_chart(chart(), context=CONTEXT).to_json() == first.to_json()


def test_pipeline_gives_the_same_bytes_under_any_hash_seed(bundled: Release) -> None:
    program = (
        "import json, sys\n"
        "from chartcoder.graph.pipeline import code_chart\n"
        "print(json.dumps(code_chart(sys.stdin.read(), release='bundled').to_json()))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], input=TEXT, capture_output=True, text=True, check=True,
            env={**_environment(), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4711")
    }  # fmt: skip
    assert len(outputs) == 1


def _environment() -> dict[str, str]:
    import os

    root = Path(__file__).resolve().parents[2]
    return {**os.environ, "PYTHONPATH": str(root / ".dev")}


class Outer(TypedDict, total=False):
    """The state of a larger graph that has the pipeline as a node."""

    chart: Chart
    coding: Coding
    summary: str


def test_pipeline_runs_as_a_subgraph(bundled: Release) -> None:
    def summarise(state: Outer) -> dict[str, str]:
        return {"summary": " ".join(codes(state["coding"]))}

    outer = StateGraph(Outer, context_schema=Context)
    outer.add_node("chartcoder", build_graph())
    outer.add_node("summarise", summarise)
    outer.add_edge(START, "chartcoder")
    outer.add_edge("chartcoder", "summarise")
    outer.add_edge("summarise", END)
    result = outer.compile().invoke({"chart": chart(SIMPLE)}, context=CONTEXT)
    assert set(result["summary"].split()) == {"M10.9", "G43.909"}
    assert set(result) == {"chart", "coding", "summary"}


async def _asynchronously(text: str) -> Coding:
    result = await build_graph().ainvoke({"chart": chart(text)}, context=CONTEXT)
    coding: Coding = result["coding"]
    return coding


def test_pipeline_runs_asynchronously(bundled: Release) -> None:
    import asyncio

    coding = asyncio.run(_asynchronously(SIMPLE))
    assert coding.to_json() == code_chart(chart(SIMPLE), context=CONTEXT).to_json()


def test_pipeline_checkpoints_hold_every_kind_of_value() -> None:
    names = {name for _, name in state_types()}
    assert {"Chart", "Evidence", "Candidate", "Settlement", "Step", "Coding", "Losses"} <= names


def test_pipeline_survives_a_sqlite_checkpointer(
    bundled: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "true")
    file = tmp_path / "runs.sqlite"
    config = {"configurable": {"thread_id": "one"}}
    plain = run_chart(chart(), CONTEXT)
    with sqlite3.connect(file, check_same_thread=False) as connection:
        saver = SqliteSaver(connection, serde=serializer())
        build_graph(saver).invoke({"chart": chart()}, config=config, context=CONTEXT)
    with sqlite3.connect(file, check_same_thread=False) as connection:
        state = build_graph(SqliteSaver(connection, serde=serializer())).get_state(config).values
    assert isinstance(state["settlement"], Settlement)
    assert state["settlement"] == plain["settlement"]
    assert state["coding"] == plain["coding"]
    assert [tuple(pair) for pair in state["passed_over"]] == list(plain["passed_over"])
    assert state["evidence"] == plain["evidence"]


@pytest.mark.parametrize("stop", ["navigate", "validate", "reconcile", "write"])
def test_pipeline_resumes_where_it_stopped(bundled: Release, tmp_path: Path, stop: str) -> None:
    config = {"configurable": {"thread_id": stop}}
    whole = code_chart(chart(), context=CONTEXT)
    file = tmp_path / "runs.sqlite"
    with sqlite3.connect(file, check_same_thread=False) as connection:
        compiled = build_graph(SqliteSaver(connection, serde=serializer()))
        halted = compiled.invoke(
            {"chart": chart()}, config=config, context=CONTEXT, interrupt_before=[stop]
        )
        assert not halted or "coding" not in halted
    # Another process would open the file anew.
    with sqlite3.connect(file, check_same_thread=False) as connection:
        compiled = build_graph(SqliteSaver(connection, serde=serializer()))
        assert compiled.get_state(config).next
        result = compiled.invoke(None, config=config, context=CONTEXT)
    assert result["coding"] == whole


def test_pipeline_state_can_be_edited_between_steps(bundled: Release) -> None:
    compiled = build_graph(InMemorySaver(serde=serializer()))
    config = {"configurable": {"thread_id": "edit"}}
    compiled.invoke(
        {"chart": chart(SIMPLE)}, config=config, context=CONTEXT, interrupt_before=["reconcile"]
    )
    chosen = compiled.get_state(config).values["chosen"]
    compiled.update_state(config, {"chosen": chosen[:1]}, as_node="decide_turn")
    result = compiled.invoke(None, config=config, context=CONTEXT)
    assert codes(result["coding"]) == [chosen[0].code]


def test_pipeline_sends_every_mention_by_itself(bundled: Release) -> None:
    events = graph().stream({"chart": chart(SIMPLE)}, context=CONTEXT, stream_mode="tasks")
    tasks = [event["name"] for event in events if "input" in event]
    assert tasks.count("look_up") == 2
    assert tasks.count("verify") == 2
    assert tasks.count("extract") == tasks.count("write") == 1


def test_pipeline_goes_back_from_the_reconciler_for_a_missing_partner(bundled: Release) -> None:
    text = (
        "HPI: Known chronic kidney disease stage 4.\n\nASSESSMENT\n1. Hypertensive CKD.\n2. Gout.\n"
    )
    there = run_chart(chart(text), CONTEXT)
    steps = [s for s in there["way"] if s.agent == "reconciler"]
    found = [e for e in there["evidence"] if e.sought]
    if not found:
        pytest.fail(f"no directed search: {codes(there['coding'])}, {steps}")
    assert "N18.4" in codes(there["coding"])
    assert steps[0].what.startswith("turn back: ")
    assert "asks for it" in steps[0].what
    assert steps[-1].what.endswith("codes reported")
    without = code_chart(chart(text), context=Context(release="bundled", way_back=False))
    assert "N18.4" not in codes(without)
    assert not [s for s in without.way if s.what.startswith("turn back")]


class Picky(RulesJudge):
    """A judge that finds no entry worth verifying for gout at the first look."""

    def which_entries(self, chart, book, offered):  # type: ignore[no-untyped-def, override]
        answers = super().which_entries(chart, book, offered)
        whole = len(offered) > 1
        return [
            () if whole and "gout" in item.phrase.lower() else answer
            for (item, _), answer in zip(offered, answers, strict=True)
        ]


def test_pipeline_goes_back_from_the_validator_when_nothing_is_verified(bundled: Release) -> None:
    text = "ASSESSMENT\n1. Tophaceous gout flare.\n2. Migraine.\n"
    back = code_chart(chart(text), context=Context(release="bundled", judge=Picky))
    (turn,) = [s for s in back.way if s.what.startswith("turn back")]
    assert (turn.agent, turn.evidence) == ("validator", (0,))
    assert "1 mentions" in turn.what
    assert any(code.startswith(("M10", "M1A")) for code in codes(back))
    never = code_chart(chart(text), context=Context(release="bundled", judge=Picky, way_back=False))
    assert not any(code.startswith(("M10", "M1A")) for code in codes(never))
    assert not [s for s in never.way if s.what.startswith("turn back")]


def test_pipeline_loops_are_bounded(bundled: Release) -> None:
    state = run_chart(chart(), CONTEXT)
    assert state["round"] <= CONTEXT.most_rounds
    never = run_chart(chart(), Context(release="bundled", most_rounds=0))
    assert not [e for e in never["evidence"] if e.sought]


class Listener(BaseCallbackHandler):
    """Takes down what a tracer would see."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.tags: set[str] = set()
        self.agents: dict[str, str] = {}

    def on_chain_start(self, serialized: Any, inputs: Any, **about: Any) -> None:
        name = about.get("name") or ""
        self.names.append(name)
        self.tags |= set(about.get("tags") or ())
        metadata = about.get("metadata") or {}
        if name in NODES and "agent" in metadata:
            self.agents[name] = metadata["agent"]


def test_pipeline_runs_carry_names_tags_and_metadata(bundled: Release) -> None:
    heard = Listener()
    run_chart(chart(SIMPLE), CONTEXT, config={"callbacks": [heard], "tags": ["ward-7"]})
    assert heard.names[0] == "chartcoder"
    assert NODES - {"turn_back"} <= set(heard.names)
    assert "ward-7" in heard.tags
    assert heard.agents == {
        "extract": "extractor", "look_up": "navigator", "navigate": "navigator",
        "verify": "validator", "validate": "validator", "decide_turn": "validator",
        "reconcile": "reconciler", "write": "reconciler",
    }  # fmt: skip


def test_pipeline_is_tagged_by_itself(bundled: Release) -> None:
    heard = Listener()
    run_chart(chart(SIMPLE), CONTEXT, config={"callbacks": [heard]})
    assert "chartcoder" in heard.tags


def test_pipeline_draws_itself() -> None:
    drawn = build_graph().get_graph().draw_mermaid()
    assert all(re.search(rf"\b{node}\b", drawn) for node in NODES)
    assert "reconcile -.->" in drawn.replace("  ", " ") or "reconcile -." in drawn


def test_pipeline_refuses_an_empty_chart() -> None:
    with pytest.raises(BadInput, match="empty"):
        code_chart("  \n ")


def test_pipeline_codes_nothing_where_nothing_is_documented(bundled: Release) -> None:
    coding = code_chart("The weather was fine and we talked about gardens.", release="bundled")
    assert coding.assigned == ()
    assert coding.findings == ()
