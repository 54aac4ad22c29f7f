"""What a report says of groups, cost, sequence and evidence, by worked examples."""

from typing import Any

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.values import Chart
from chartcoder.evaluation.codebook import CodeBook, within
from chartcoder.evaluation.gold import GoldChart, gold_from
from chartcoder.evaluation.measure import Evaluation
from chartcoder.evaluation.page import page, without_text
from chartcoder.evaluation.places import quote_places
from chartcoder.evaluation.record import ChartRecord, failed_record
from chartcoder.evaluation.show import listing, summary
from chartcoder.tabular.release import Release

TEXT = "Assessment: HTN, on\n lisinopril. Chest pain denied."
USAGE = {"calls": 4, "prompt_tokens": 900, "completion_tokens": 100, "seconds": 2.0, "cost": 0.01}


@pytest.fixture(scope="module")
def codebook(bundled: Release) -> CodeBook:
    return CodeBook(Book(bundled))


def record(identity: str, *codes: str, **rest: Any) -> ChartRecord:
    made = failed_record(Chart.model_validate({"id": identity, "text": TEXT}), "", 0.5)
    start = TEXT.index("HTN")
    span = {"start": start, "end": start + 3, "text": "HTN"}
    assigned: list[Any] = [
        {"code": c, "title": "", "spans": [span], "verbatim": True, "confidence": 1.0,
         "degraded": False}
        for c in codes
    ]  # fmt: skip
    return {**made, "assigned": assigned, **rest}  # type: ignore[typeddict-item]


def gold(identity: str, *codes: Any, **rest: Any) -> GoldChart:
    return gold_from({"id": identity, "codes": list(codes), **rest}, "here")


def report(
    codebook: CodeBook, pairs: list[tuple[ChartRecord, GoldChart]], text: str | None = TEXT
) -> dict[str, Any]:
    texts = {r["id"]: text for r, _ in pairs} if text is not None else None
    answers = {g.id: g for _, g in pairs}
    return Evaluation([r for r, _ in pairs], answers, codebook, texts, rounds=20).report()


def test_measure_groups_by_chapter_and_frequency(codebook: CodeBook) -> None:
    pairs = [
        (record("a", "I10"), gold("a", "I10", "E11.9")),
        (record("b", "I10", "R07.9"), gold("b", "I10")),
        (record("c", "E11.9"), gold("c", "E11.9")),
    ]
    got = report(codebook, pairs)
    assert {c: (b["hit"], b["missed"], b["false"]) for c, b in got["by_chapter"].items()} == {
        "4": (1, 1, 0), "9": (2, 0, 0), "18": (0, 0, 1),
    }  # fmt: skip
    frequency = got["by_frequency"]
    assert (frequency["2-4"]["codes"], frequency["2-4"]["hit"], frequency["2-4"]["missed"]) == (
        2, 3, 1,
    )  # fmt: skip
    assert (frequency["not in the gold"]["codes"], frequency["not in the gold"]["false"]) == (1, 1)
    assert got["chart_exact_match"] == round(1 / 3, 4)
    macro = (1 + 2 / 3 + 0) / 3
    assert got["exact"]["macro_f1"] == pytest.approx(macro, abs=1e-4)
    assert "average='macro'" in got["definitions"]["macro_f1"]


def test_measure_cost_is_there_where_a_model_judged(codebook: CodeBook) -> None:
    assert set(report(codebook, [(record("a"), gold("a"))])["cost"]) == {
        "seconds", "seconds_per_chart",
    }  # fmt: skip
    dear = {**USAGE, "calls": 6, "cost": 0.03}
    got = report(
        codebook, [(record("a", usage=USAGE), gold("a")), (record("b", usage=dear), gold("b"))]
    )
    cost = got["cost"]
    assert (cost["calls_per_chart"], cost["prompt_tokens_per_chart"]) == (5, 900)
    assert (cost["cost_per_chart"], cost["judge_seconds_per_chart"]) == (0.02, 2)
    assert "5.00 calls, 900 prompt and 100 completion tokens" in summary(got)


def test_measure_first_listed_only_where_the_gold_is_in_sequence(codebook: CodeBook) -> None:
    core = {"code": "I10", "kind": "core", "alternatives": ["I15.9"]}
    other = {"code": "E11.9", "kind": "core"}
    pairs = [
        (record("a", "I15.9", "E11.9"), gold("a", core, other)),
        (record("b", "E11.9", "I10"), gold("b", core, other)),
        (record("c", "E11.9"), gold("c", "I10")),
    ]
    first = report(codebook, pairs)["first_listed"]
    assert (first["charts"], first["agreed"], first["rate"]) == (2, 1, 0.5)


def test_measure_evidence_overlap_with_the_quotes(codebook: CodeBook) -> None:
    def quoted(code: str, quote: str) -> dict[str, str]:
        return {"code": code, "kind": "core", "evidence": quote}

    pairs = [
        (record("a", "I10"), gold("a", quoted("I10", "HTN, on lisinopril"))),
        (record("b", "I10"), gold("b", quoted("I10", "Chest pain"))),
        (record("c", "I10"), gold("c", quoted("I10", "not in the chart"))),
    ]
    got = report(codebook, pairs)["evidence_overlap"]
    assert (got["hits_with_quote"], got["overlapping"], got["quotes_not_in_chart"]) == (2, 1, 1)
    assert report(codebook, pairs, None)["evidence_overlap"]["hits_with_quote"] == 0


def test_measure_assigned_codes_that_are_no_codes_are_told_apart(codebook: CodeBook) -> None:
    got = report(codebook, [(record("a", "I10", "I99.99", "E11.6", "J45"), gold("a", "I10"))])
    quality = got["assigned_quality"]
    assert (quality["fabricated"], quality["not_billable"]) == (0.25, 0.5)


def test_measure_charts_without_gold_and_without_codes(codebook: CodeBook) -> None:
    assert report(codebook, [])["charts"] == 0
    nothing = report(codebook, [(record("a"), gold("a"))])
    assert nothing["chart_exact_match"] == 1
    assert nothing["exact"]["f1"] == 0
    assert summary(nothing)


def test_measure_what_the_gold_decided_against_stands_first(codebook: CodeBook) -> None:
    against = gold("a", "E11.9", not_coded=[{"what": "pressure (I10)", "why": "once"}])
    got = report(codebook, [(record("a", "I10"), against)])
    assert got["not_coded_assigned"] == [{"id": "a", "code": "I10", "what": "pressure (I10)"}]
    lines = summary(got).splitlines()
    assert lines.index("Assigned although the gold decided against it:") < 4


def test_measure_listing_has_words_and_the_published_rows_have_none(codebook: CodeBook) -> None:
    evaluation = Evaluation(
        [record("a", "I10", "R07.9")], {"a": gold("a", "I10", "J18.9")}, codebook
    )
    rows = evaluation.rows()
    text = listing(rows, codebook)
    assert "missed     J18.9" in text
    assert "[HTN]" in text
    assert "HTN" not in str([without_text(row) for row in rows])


def test_measure_page_escapes_what_it_shows(codebook: CodeBook) -> None:
    whole = report(codebook, [(record("<b>", "I10"), gold("<b>", "I10"))])
    run = {
        "judge": "rules", "release": {"year": "2026", "source": "<i>", "index": "official"},
        "way_back": True, "version": "1", "code_state": "x", "model": None, "command": "a & b",
    }  # fmt: skip
    methods = {
        "prompts": {"extractor": "<script>"}, "policies_changed": {},
        "policies": {"outpatient": {}, "inpatient": {}}, "rules_that_turned_codes_down": [],
    }  # fmt: skip
    rows = [
        without_text(r)
        for r in Evaluation([record("<b>", "I10")], {"<b>": gold("<b>", "I10")}, codebook).rows()
    ]
    text = page({**whole, "run": run, "methods": methods, "by_chart": rows}, False)
    for dangerous in ("<b>", "<i>", "<script>", "a & b"):
        assert dangerous not in text


@pytest.mark.parametrize(
    ("quote", "places"),
    [
        ("HTN, on lisinopril", [(12, 31)]),
        ("chest PAIN", [(33, 43)]),
        ("asthma", []),
        ("  ", []),
        ("(HTN", []),
    ],
)
def test_measure_quotes_are_found_across_line_ends(
    quote: str, places: list[tuple[int, int]]
) -> None:
    assert quote_places(quote, TEXT) == places


@pytest.mark.parametrize(
    ("entry", "code", "leads"),
    [
        ("E11.6-", "E11.65", True), ("E11", "E11.65", True), ("S93.40", "S93.401A", True),
        ("E11.9", "E11.65", False), ("E11.65", "E11", True), ("", "E11.65", False),
        ("-", "E11.65", False),
    ],
)  # fmt: skip
def test_measure_index_entry_leads_to_a_code(entry: str, code: str, leads: bool) -> None:
    assert within(entry, code) is leads
