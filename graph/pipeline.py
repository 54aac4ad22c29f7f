"""The state machine: four agents in sequence, with the way back.

::

    extract -> look_up (a mention) -> navigate -> verify (a mention) -> validate -> reconcile
                  ^                                                        |            |
                  +----------------- nothing verified ---------------------+            |
                  +----------------- a required partner is missing ---------------------+

``build_graph`` gives it compiled without a checkpointer, so that it runs by itself, as a subgraph
of a larger graph, or on a server (``langgraph.json``).
"""

from typing import Any, Protocol, cast

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from chartcoder.agents import evidence as extractor
from chartcoder.agents import navigator, partners, reconciler, validator
from chartcoder.agents.judge import Judge
from chartcoder.agents.rules.combine import combinations
from chartcoder.agents.values import (
    Chart,
    Coding,
    Encounter,
    Evidence,
    IndexEntry,
    Losses,
    Step,
)
from chartcoder.graph.context import Context
from chartcoder.graph.state import (
    ChartInput,
    CodingOutput,
    LookUpItem,
    State,
    VerifyItem,
)
from chartcoder.tabular.errors import BadInput

_DEFAULT = Context()


def _context(runtime: Runtime[Context]) -> Context:
    return runtime.context if runtime.context is not None else _DEFAULT


def _account(judge: Judge) -> dict[str, Any]:
    losses, usage, degraded = judge.account()
    return {"losses": losses, "usage": usage, "degraded": sorted(degraded)}


def _with_remarks(account: dict[str, Any], remarks: tuple[str, ...]) -> dict[str, Any]:
    """What a judge's work cost, with what the extractor has to say about the chart."""
    losses: Losses = account["losses"]
    further = (*losses.remarks, *(r for r in remarks if r not in losses.remarks))
    return {**account, "losses": losses.model_copy(update={"remarks": further})}


def extract(state: ChartInput, runtime: Runtime[Context]) -> dict[str, Any]:
    """The evidence extractor: marks what is documented."""
    context = _context(runtime)
    judge = context.make_judge()
    chart = state["chart"]
    answer = extractor.extract(chart, context.book, judge)
    what = f"{len(answer.evidence)} mentions count, {len(answer.passed_over)} passed over"
    return {
        "evidence": list(answer.evidence),
        "passed_over": list(answer.passed_over),
        "round": 0,
        "way": [Step(agent="extractor", round=0, what=what)],
        **_with_remarks(_account(judge), answer.remarks),
    }


def to_look_up(state: State) -> list[Send] | str:
    """Sends every evidence item of this round to the Index, in parallel."""
    waiting = _waiting(state)
    if not waiting:
        return "navigate"
    known = {number for number, _, _ in state.get("looked_up", [])}
    return [
        Send("look_up", LookUpItem(
            chart=state["chart"], item=item, round=state.get("round", 0),
            reasons=_reasons(state, item.id), again=item.id in known,
        ))
        for item in waiting
    ]  # fmt: skip


def _waiting(state: State) -> list[Evidence]:
    done = {(number, turn) for number, turn, _ in state.get("looked_up", [])}
    turn = state.get("round", 0)
    if turn == 0:
        return [e for e in state.get("evidence", []) if (e.id, 0) not in done]
    known = {number for number, _, _ in state.get("looked_up", [])}
    empty = _left_with_nothing(state)
    return [
        e for e in state.get("evidence", [])
        if (e.id, turn) not in done and (e.id not in known or e.id in empty)
    ]  # fmt: skip


def _left_with_nothing(state: State) -> set[int]:
    verified: set[int] = set()
    for number, _, candidates, _ in state.get("verified", []):
        if candidates:
            verified.add(number)
    return {e.id for e in state.get("evidence", [])} - verified


def _reasons(state: State, number: int) -> list[str]:
    return [
        r.reason for n, _, _, rejected in state.get("verified", []) if n == number for r in rejected
    ]


def look_up(state: LookUpItem, runtime: Runtime[Context]) -> dict[str, Any]:
    """The navigator's look-up for one evidence item."""
    book = _context(runtime).book
    item, turn = state["item"], state["round"]
    context = state["chart"].text
    if not state["again"]:
        found = navigator.look_up(item, book, context)
    else:
        found = navigator.look_further(item, state["reasons"], book, context)
    return {"looked_up": [(item.id, turn, found)]}


def navigate(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """The navigator's judgement: which of the entries found are worth verifying."""
    context = _context(runtime)
    judge = context.make_judge()
    turn = state.get("round", 0)
    by_id = {e.id: e for e in state.get("evidence", [])}
    found = sorted(
        ((number, entries) for number, when, entries in state.get("looked_up", []) if when == turn),
        key=lambda pair: pair[0],
    )
    offered = [(by_id[number], entries) for number, entries in found]
    chosen = navigator.choose(judge, state["chart"], context.book, offered) if offered else []
    kept = [e for e in state.get("entries", []) if e.evidence not in dict(found)]
    what = f"{sum(len(e) for _, e in offered)} entries found, {len(chosen)} worth verifying"
    return {
        "entries": kept + chosen,
        "way": [Step(agent="navigator", round=turn, what=what,
                     evidence=tuple(n for n, _ in found))],
        **_account(judge),
    }  # fmt: skip


def to_verify(state: State) -> list[Send] | str:
    """Sends every evidence item that has entries to the Tabular List, in parallel."""
    turn = state.get("round", 0)
    looked = {number for number, when, _ in state.get("looked_up", []) if when == turn}
    by_item: dict[int, list[IndexEntry]] = {}
    for entry in state.get("entries", []):
        by_item.setdefault(entry.evidence, []).append(entry)
    sends = [
        Send("verify", VerifyItem(
            chart=state["chart"], item=item, round=turn, found=by_item[item.id]
        ))
        for item in state.get("evidence", [])
        if item.id in looked and item.id in by_item
    ]  # fmt: skip
    return sends or "validate"


def verify(state: VerifyItem, runtime: Runtime[Context]) -> dict[str, Any]:
    """The validator's check of one evidence item's entries in the Tabular List."""
    book = _context(runtime).book
    item = state["item"]
    candidates, rejected = validator.verify(item, state["found"], state["chart"], book)
    return {"verified": [(item.id, state["round"], candidates, rejected)]}


def validate(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """The validator's judgement: which of the verified codes the chart supports."""
    context = _context(runtime)
    judge = context.make_judge()
    turn = state.get("round", 0)
    latest: dict[int, tuple[int, list[Any], list[Any]]] = {}
    for number, when, candidates, rejected in state.get("verified", []):
        if number not in latest or when >= latest[number][0]:
            latest[number] = (when, candidates, rejected)
    evidence = state.get("evidence", [])
    by_id = {e.id: e for e in evidence}
    offered = [(by_id[number], latest[number][1]) for number in sorted(latest) if latest[number][1]]
    answer = judge.which_codes(state["chart"], context.book, offered)
    turned_down = [r for number in sorted(latest) for r in latest[number][2]]
    pooled = [c for _, candidates in offered for c in candidates]
    kept = [c for c in answer.kept if partners.answers(evidence, c)]
    # Combination codes and presumed links are candidates of their own (I.A.15, I.B.9).
    made = combinations(state["chart"], context.book, evidence, kept)
    what = f"{len(pooled)} codes verified, {len(kept)} supported, {len(made)} combined"
    return {
        "candidates": [*pooled, *made],
        "chosen": [*kept, *made],
        "rejected": [*turned_down, *answer.rejected],
        "way": [Step(agent="validator", round=turn, what=what)],
        **_account(judge),
    }


def after_validate(state: State) -> str:
    """The way back from the validator: evidence left with nothing is looked up again."""
    way = state.get("way", [])
    return "turn_back" if way and way[-1].what.startswith(_TURN) else "reconcile"


_TURN = "turn back"


def decide_turn(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Decides whether evidence goes back to the Index; the reason stands in the way log."""
    context = _context(runtime)
    turn = state.get("round", 0)
    empty = _left_with_nothing(state)
    if context.way_back and turn == 0 and empty:
        what = f"{_TURN}: {len(empty)} mentions are left without a code"
        step = Step(agent="validator", round=turn, what=what, evidence=tuple(sorted(empty)))
        return {"round": turn + 1, "way": [step]}
    return {}


def reconcile(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """The reconciler: settles the set, or sends a directed search back."""
    context = _context(runtime)
    judge = context.make_judge()
    chart, book = state["chart"], context.book
    evidence = state.get("evidence", [])
    settlement = reconciler.reconcile(chart, book, judge, evidence, state.get("chosen", []))
    turn = state.get("round", 0)
    account = _account(judge)
    if settlement.wanted and context.way_back and turn < context.most_rounds:
        found = partners.look_for(chart, book, evidence, settlement.wanted)
        if found:
            asked = "; ".join(dict.fromkeys(e.reason.partition(":")[0] for e in found))
            step = Step(
                agent="reconciler", round=turn, what=f"{_TURN}: {asked}",
                evidence=tuple(e.id for e in found),
            )  # fmt: skip
            return {"evidence": [*evidence, *found], "round": turn + 1, "way": [step], **account}
    settlement = reconciler.conclude(
        chart, book, evidence, settlement, state.get("passed_over", [])
    )
    what = f"{len(settlement.kept)} codes reported"
    return {
        "settlement": settlement,
        "way": [Step(agent="reconciler", round=turn, what=what)],
        **account,
    }


def after_reconcile(state: State) -> str:
    """The way back from the reconciler, or the end."""
    return "write" if state.get("settlement") is not None else "again"


def write(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    """Writes the coding."""
    context = _context(runtime)
    degraded = set(state.get("degraded", []))
    settlement = state["settlement"]
    kept = tuple(
        c.model_copy(update={"degraded": True}) if degraded.intersection(c.evidence) else c
        for c in settlement.kept
    )
    coding = reconciler.write_coding(
        state["chart"], context.book, context.make_judge().name, state.get("evidence", []),
        settlement.model_copy(update={"kept": kept}), state.get("rejected", []), state["losses"],
        state.get("way", []), state.get("usage"),
    )  # fmt: skip
    return {"coding": coding}


def build_graph(checkpointer: Any = None) -> Any:
    """The compiled graph.

    Args:
        checkpointer: a LangGraph checkpointer for runs that pause or resume; None for a graph
            that can be a subgraph or run on a server.

    Returns:
        A compiled ``StateGraph`` that takes ``{"chart": Chart}`` and gives ``{"coding": Coding}``;
        run with ``context=Context(...)``.
    """
    graph = StateGraph(
        State, context_schema=Context, input_schema=ChartInput, output_schema=CodingOutput
    )
    graph.add_node("extract", extract, input_schema=ChartInput, metadata={"agent": "extractor"})
    graph.add_node("look_up", look_up, input_schema=LookUpItem, metadata={"agent": "navigator"})
    graph.add_node("navigate", navigate, metadata={"agent": "navigator"})
    graph.add_node("verify", verify, input_schema=VerifyItem, metadata={"agent": "validator"})
    graph.add_node("validate", validate, metadata={"agent": "validator"})
    graph.add_node("decide_turn", decide_turn, metadata={"agent": "validator"})
    graph.add_node("reconcile", reconcile, metadata={"agent": "reconciler"})
    graph.add_node("write", write, metadata={"agent": "reconciler"})
    graph.add_node("turn_back", lambda state: {}, metadata={"agent": "navigator"})
    graph.add_edge(START, "extract")
    graph.add_conditional_edges("extract", to_look_up, ["look_up", "navigate"])
    graph.add_edge("look_up", "navigate")
    graph.add_conditional_edges("navigate", to_verify, ["verify", "validate"])
    graph.add_edge("verify", "validate")
    graph.add_edge("validate", "decide_turn")
    graph.add_conditional_edges("decide_turn", after_validate, ["turn_back", "reconcile"])
    graph.add_conditional_edges("turn_back", to_look_up, ["look_up", "navigate"])
    graph.add_conditional_edges(
        "reconcile", after_reconcile, {"write": "write", "again": "turn_back"}
    )
    graph.add_edge("write", END)
    return graph.compile(checkpointer=checkpointer, name="chartcoder")


_COMPILED: list[Any] = []


def graph() -> Any:
    """The compiled graph of this process, for ``langgraph.json``."""
    if not _COMPILED:
        _COMPILED.append(build_graph())
    return _COMPILED[0]


class Watcher(Protocol):
    """Sees a run from outside: a trace, a progress display."""

    def begin(self, chart: Chart, context: Context) -> None:
        """Before the first step."""

    def step(self, node: str, update: dict[str, Any]) -> None:
        """After each node, with what it gave."""

    def finish(self, coding: Coding) -> None:
        """After the last step."""


def run_chart(
    chart: Chart,
    context: Context | None = None,
    config: Any = None,
    watcher: Watcher | None = None,
) -> State:
    """Runs one chart and gives everything the run gathered.

    Args:
        chart: the chart.
        context: release, judge and switches.
        config: a LangGraph configuration: callbacks, tags, metadata.
        watcher: sees each step.

    Raises:
        BadInput: the chart has no text.
    """
    if not chart.text.strip():
        raise BadInput(f"The chart {chart.id} is empty; give a chart with text.")
    given = context or _DEFAULT
    options = {
        "run_name": "chartcoder",
        "tags": ["chartcoder"],
        "metadata": {"chart": chart.sha256[:12], "release": given.book.release.name},
        **(config or {}),
    }
    if watcher is not None:
        watcher.begin(chart, given)
    modes = ["values"] if watcher is None else ["values", "updates"]
    final: dict[str, Any] = {}
    for mode, value in graph().stream(
        {"chart": chart}, config=options, context=given, stream_mode=modes
    ):
        if mode == "values":
            final = value
        elif watcher is not None:
            for node, update in value.items():
                watcher.step(node, update or {})
    if watcher is not None:
        watcher.finish(final["coding"])
    return cast("State", final)


def code_chart(
    chart: str | Chart,
    encounter: Encounter | None = None,
    release: str | None = None,
    context: Context | None = None,
    watcher: Watcher | None = None,
) -> Coding:
    """Codes one chart.

    Args:
        chart: the text, or a ``Chart``.
        encounter: what is known of the visit; replaces that of a ``Chart``.
        release: the release, where no context is given.
        context: release, judge and switches.
        watcher: sees each step, such as a ``TraceFile``.

    Returns:
        The coding with the proof of each code.

    Raises:
        BadInput: the chart has no text, or the release cannot be opened.
    """
    given = Chart(text=chart) if isinstance(chart, str) else chart
    if encounter is not None:
        given = given.model_copy(update={"encounter": encounter})
    result = run_chart(given, context or Context(release=release), watcher=watcher)
    return result["coding"]
