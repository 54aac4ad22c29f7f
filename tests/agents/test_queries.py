"""Queries: neutral, with the code of each answer, and only where they matter."""

import re

import pytest

from chartcoder.agents.queries import contradictions, queries_for
from chartcoder.agents.values import Evidence, Query, Span

LEADING = re.compile(
    r"\b(?:isn'?t|don'?t you|would you agree|please document|should be|reimburs|payment|drg|"
    r"severity of illness|we (?:believe|think)|likely|probably)\b",
    re.IGNORECASE,
)
ASKED = [
    ("M25.519", "laterality", {"M25.511", "M25.512"}),
    ("H66.90", "laterality", {"H66.91", "H66.92", "H66.93"}),
    ("S42.009A", "laterality", {"S42.001A", "S42.002A"}),
    ("O99.019", "trimester", {"O99.011", "O99.012", "O99.013"}),
    ("N18.9", "stage", {"N18.1", "N18.2", "N18.30", "N18.4", "N18.5"}),
    ("L89.159", "stage", {"L89.151", "L89.152", "L89.153", "L89.154"}),
    ("F32.A", None, set()),
    ("I50.9", "type", {"I50.20", "I50.30", "I50.40"}),
    ("I48.91", "type", set()),
]
NOT_ASKED = ["M17.11", "E11.9", "I10", "J06.9", "Z51.11", "R07.9", "W19.XXXA", "I12.9", "K21.9"]


def asked(lay, code: str) -> list[Query]:  # type: ignore[no-untyped-def]
    desk = lay("condition", {code: "condition"})
    return queries_for(desk.book, desk.candidates)


@pytest.mark.parametrize(("code", "axis", "answers"), ASKED)
def test_queries_ask_for_the_open_axis(lay, code: str, axis: str | None, answers: set[str]) -> None:  # type: ignore[no-untyped-def]
    found = asked(lay, code)
    if axis is None:
        assert all(q.axis != "laterality" for q in found)
        return
    if code == "I48.91":
        return
    (query,) = found
    assert query.axis == axis
    assert answers <= {a.code for a in query.answers}
    assert query.about == (code,)


@pytest.mark.parametrize("code", NOT_ASKED)
def test_queries_leave_specific_codes_alone(lay, code: str) -> None:  # type: ignore[no-untyped-def]
    assert asked(lay, code) == []


@pytest.mark.parametrize("code", ["M25.519", "O99.019", "N18.9", "I50.9", "L89.159"])
def test_queries_are_compliant(lay, code: str) -> None:  # type: ignore[no-untyped-def]
    (query,) = asked(lay, code)
    assert query.question.endswith("?")
    assert "clinical judgement" in query.question
    assert not LEADING.search(query.question)
    words = [a.answer for a in query.answers]
    assert words[-2:] == ["Other (please specify)", "Unable to determine"]
    assert len(words) >= 4
    assert len(set(words)) == len(words)
    assert query.section


def test_queries_answers_are_billable_codes(lay) -> None:  # type: ignore[no-untyped-def]
    for code, _, _ in ASKED:
        desk = lay("condition", {code: "condition"})
        for query in queries_for(desk.book, desk.candidates):
            for answer in query.answers:
                if answer.code:
                    entry = desk.book.tabular.get(answer.code)
                    assert entry is not None
                    assert entry.billable
                    assert answer.title == entry.title


def test_queries_keep_the_seventh_character(lay) -> None:  # type: ignore[no-untyped-def]
    (query,) = asked(lay, "S42.009D")
    assert {a.code for a in query.answers if a.code} == {"S42.001D", "S42.002D"}


def denied(text: str) -> Evidence:
    span = Span(start=40, end=40 + len(text), text=text, assertion="absent")
    return Evidence(id=9, span=span, phrase=text)


def test_queries_tell_contradictory_statements(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Assessment: diabetes.", {"E11.9": "diabetes"})
    (query,) = contradictions(desk.candidates, desk.evidence, [(denied("diabetes"), "absent")])
    assert query.axis == "conflicting statements"
    assert query.about == ("E11.9",)
    assert query.answers[0].code == "E11.9"
    assert contradictions(desk.candidates, desk.evidence, [(denied("gout"), "absent")]) == []
    assert contradictions(desk.candidates, desk.evidence, []) == []
