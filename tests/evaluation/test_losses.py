"""Stage losses: they add up whatever the run looks like, and name the right stage."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartcoder.agents.book import Book
from chartcoder.agents.values import Encounter
from chartcoder.evaluation.codebook import CodeBook
from chartcoder.evaluation.gold import GoldChart, GoldCode, NotCoded
from chartcoder.evaluation.losses import STAGES, Trail, false_codes, missed_codes
from chartcoder.evaluation.measure import Evaluation
from chartcoder.evaluation.record import ChartRecord
from chartcoder.evaluation.scores import match
from chartcoder.tabular.release import Release

CODES = [
    "E11.9", "E11.65", "E11.621", "L97.511", "I10", "I50.9", "N18.30", "S93.401A", "S93.402A",
    "Z79.4", "R07.9", "J18.9", "B17.1", "Q99.999", "M17.0",
]  # fmt: skip
PHRASES = ["type 2 diabetes", "hypertension", "sprain of right ankle", "insulin", "pneumonia", "q"]


@pytest.fixture(scope="session")
def codebook(bundled: Release) -> CodeBook:
    return CodeBook(Book(bundled))


def span(text: str) -> dict[str, Any]:
    return {"start": 0, "end": len(text), "text": text}


def evidence(number: int, phrase: str, reason: str = "") -> dict[str, Any]:
    return {
        "id": number, "spans": [span(phrase)], "phrase": phrase, "modifiers": [],
        "assertion": "present", "reason": reason,
    }  # fmt: skip


def entry(number: int, code: str, picked: bool = True) -> dict[str, Any]:
    return {
        "evidence": number, "code": code, "manifestation": "", "path": [code], "score": 1.0,
        "picked": picked,
    }  # fmt: skip


def record(assigned: list[str], **rest: Any) -> ChartRecord:
    made = {
        "id": "c", "sha256": "", "characters": 0, "encounter": {}, "seconds": 0.0, "error": "",
        "judge": "rules", "evidence": [], "passed_over": [], "entries": [], "candidates": [],
        "chosen": [], "rejected": [], "suggested": [], "queries": 0, "findings": [],
        "turns_back": 0, "losses": {}, "usage": None,
        "assigned": [
            {"code": c, "title": "", "spans": [span("hypertension")], "verbatim": True,
             "confidence": 1.0, "degraded": False}
            for c in assigned
        ],
    }  # fmt: skip
    return {**made, **rest}  # type: ignore[typeddict-item]


def gold(*codes: GoldCode, not_coded: tuple[NotCoded, ...] = ()) -> GoldChart:
    return GoldChart("c", codes, Encounter.model_validate({}), not_coded)


codes = st.sampled_from(CODES)
numbers = st.integers(0, 3)
candidates = st.lists(
    st.fixed_dictionaries({"code": codes, "evidence": st.lists(numbers, max_size=2)}), max_size=6
)
entries = st.lists(st.builds(entry, numbers, st.one_of(codes, st.just("E11.6-")), st.booleans()))
items = st.lists(st.builds(evidence, numbers, st.sampled_from(PHRASES)), max_size=4)
gold_codes = st.lists(
    st.builds(
        GoldCode, codes, st.booleans(), st.lists(codes, max_size=2).map(tuple),
        st.lists(st.sampled_from(PHRASES), max_size=1).map(tuple),
    ),
    max_size=6, unique_by=lambda one: one.code,
)  # fmt: skip
runs = st.builds(
    record, st.lists(codes, max_size=6, unique=True), evidence=items, passed_over=items,
    entries=entries, candidates=candidates, chosen=candidates,
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(runs, gold_codes), min_size=1, max_size=4))
def test_losses_add_up_to_the_missed_codes_of_any_run(
    codebook: CodeBook, charts: list[tuple[ChartRecord, list[GoldCode]]]
) -> None:
    records, answers = [], {}
    for place, (one, wanted) in enumerate(charts):
        records.append({**one, "id": f"c{place}"})
        answers[f"c{place}"] = gold(*wanted)._replace(id=f"c{place}")
    report = Evaluation(records, answers, codebook, rounds=3).report()  # type: ignore[arg-type]
    assert sum(report["losses"].values()) == report["missed"] == report["exact"]["missed"]
    assert sum(report["false_by_stage"].values()) == report["false"] == report["exact"]["false"]
    assert set(report["losses"]) == set(STAGES)
    assert sum(report["false_nearness"].values()) == report["false"]
    reach = report["stage_recall"]
    steps = [reach[k] for k in ("evidence", "index_found", "index", "candidates", "chosen")]
    assert steps == sorted(steps, reverse=True)
    assert report["gold_codes"] == report["missed"] + report["exact"]["hit"]
    for block in (report["by_chapter"], report["by_frequency"], report["by_setting"]):
        assert sum(row["missed"] for row in block.values()) == report["missed"]
        assert sum(row["false"] for row in block.values()) == report["false"]


SPRAIN = GoldCode("S93.401A")
DIABETES = GoldCode("E11.65")


@pytest.mark.parametrize(
    ("run", "wanted", "stage", "how"),
    [
        (record([]), DIABETES, "evidence", "no mention marked"),
        (
            record([], passed_over=[evidence(0, "type 2 diabetes", "denied")]),
            GoldCode("E11.9"), "evidence", "passed over: 'type 2 diabetes' (denied)",
        ),
        (
            record([], evidence=[evidence(0, "type 2 diabetes mellitus")]),
            GoldCode("E11.9"), "index", "no entry found",
        ),
        (
            record([], evidence=[evidence(0, "sprain of ankle")], entries=[entry(0, "S93.49-")]),
            SPRAIN, "index", "no entry found",
        ),
        (
            record([], evidence=[evidence(0, "sugar")], entries=[entry(0, "E11.65", False)]),
            DIABETES, "index", "not picked",
        ),
        (
            record([], evidence=[evidence(0, "sugar")], entries=[entry(0, "E11.6-")]),
            DIABETES, "validator", "another code was verified",
        ),
        (
            record([], candidates=[{"code": "E11.65", "evidence": [0]}]),
            DIABETES, "validator", "not supported",
        ),
        (
            record(
                [], candidates=[{"code": "E11.65", "evidence": [0]}],
                rejected=[{"code": "E11.65", "agent": "validator", "rule": "r", "reason": "why"}],
            ),
            DIABETES, "validator", "turned down by the validator (r): why",
        ),
        (
            record(["I10"], chosen=[{"code": "E11.65", "evidence": [0]}]),
            DIABETES, "reconciler", "not kept",
        ),
        (
            record([], chosen=[{"code": "E11.69", "evidence": [0]}]),
            GoldCode("E11.65", True, ("E11.69",)), "reconciler", "not kept",
        ),
    ],
)  # fmt: skip
def test_losses_charge_a_missed_code_to_the_stage_it_did_not_pass(
    codebook: CodeBook, run: ChartRecord, wanted: GoldCode, stage: str, how: str
) -> None:
    answer = gold(wanted)
    found = match(answer.codes, [a["code"] for a in run["assigned"]])
    (lost,) = missed_codes(answer, found, Trail(run, codebook))
    assert (lost.stage, how in lost.how) == (stage, True), lost


def the_false(run: ChartRecord, answer: GoldChart, codebook: CodeBook) -> Any:
    found = match(answer.codes, [a["code"] for a in run["assigned"]])
    (wrong,) = false_codes(answer, found, Trail(run, codebook))
    return wrong


def test_losses_false_code_of_a_mention_that_should_not_count(codebook: CodeBook) -> None:
    run = record(
        ["I10"], evidence=[evidence(0, "hypertension")],
        chosen=[{"code": "I10", "evidence": [0]}],
    )  # fmt: skip
    wrong = the_false(run, gold(GoldCode("M17.0")), codebook)
    assert (wrong.stage, wrong.nearness, wrong.instead) == ("evidence", "none", "")


def test_losses_false_code_where_the_right_one_was_among_the_entries(codebook: CodeBook) -> None:
    run = record(
        ["E11.9"], evidence=[evidence(0, "type 2 diabetes with hyperglycemia")],
        entries=[entry(0, "E11.9"), entry(0, "E11.65")],
        chosen=[{"code": "E11.9", "evidence": [0]}],
    )  # fmt: skip
    wrong = the_false(run, gold(DIABETES), codebook)
    assert (wrong.stage, wrong.nearness, wrong.instead) == ("validator", "category", "E11.65")
    assert wrong.in_reach == "index"


def test_losses_false_code_where_no_entry_led_to_the_right_one(codebook: CodeBook) -> None:
    run = record(
        ["I15.9"], evidence=[evidence(0, "hypertension")], entries=[entry(0, "I15.9")],
        chosen=[{"code": "I15.9", "evidence": [0]}],
    )  # fmt: skip
    assert the_false(run, gold(GoldCode("I10")), codebook).stage == "index"


def test_losses_false_code_kept_beside_the_right_one(codebook: CodeBook) -> None:
    run = record(
        ["S93.401D"], evidence=[evidence(0, "sprain of right ankle")],
        chosen=[{"code": "S93.401D", "evidence": [0]}, {"code": "S93.401A", "evidence": [0]}],
    )  # fmt: skip
    wrong = the_false(run, gold(SPRAIN), codebook)
    assert (wrong.stage, wrong.nearness, wrong.in_reach) == ("reconciler", "specificity", "chosen")


def test_losses_false_code_that_only_the_reconciler_knows(codebook: CodeBook) -> None:
    assert the_false(record(["I13.0"]), gold(), codebook).stage == "reconciler"


@pytest.mark.parametrize(
    "item",
    [
        NotCoded("raised pressure (I10)", "", ("I10",)),
        NotCoded("Essential; hypertension", "", ()),
    ],
)
def test_losses_tell_what_the_gold_decided_against(codebook: CodeBook, item: NotCoded) -> None:
    run = record(["I10"], chosen=[{"code": "I10", "evidence": [0]}])
    assert the_false(run, gold(not_coded=(item,)), codebook).warned == item.what
    other = NotCoded("pneumonia (J18.9)", "", ("J18.9",))
    assert the_false(run, gold(not_coded=(other,)), codebook).warned == ""
