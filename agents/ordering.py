"""Puts the codes in sequence: the reason for the encounter first, then what the book asks for.

The chart says what occasioned the visit or the stay: a line that names the principal diagnosis,
the order of the problems, the kind of encounter. The notes and guidelines that constrain the order
are then applied by ``chartcoder.tabular.sequence``; what neither settles is shown as a tie.

Source: Official Guidelines II (principal diagnosis), II.B and II.C (ties), IV.G (first-listed),
I.C.19.b (the most serious injury first), I.C.21.c.15 (encounters for a purpose first).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.values import Candidate, Chart, Evidence
from chartcoder.tabular.codes import undotted
from chartcoder.tabular.edits import may_lead
from chartcoder.tabular.rulebook import rule_book
from chartcoder.tabular.sequence import order

_PRINCIPAL = re.compile(
    r"\b(?:principal|primary|main|chief)\s+(?:(?:discharge|final|admitting|admission|ed)\s+)?"
    r"(?:diagnos[ei]s|dx|problem)\b[ \t]*[:\-–—]?[ \t]*\n?",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"^[ \t#*]*(?:final|discharge|d/c|dc|ed|visit|clinical)?[ \t]*"
    r"(?:diagnos[ei]s|dxs?)\b[^\n:]{0,30}:?",
    re.IGNORECASE | re.MULTILINE,
)
_ADMISSION = re.compile(r"\badm|\binitial|\bpre-?op|\bdifferential", re.IGNORECASE)
_FINAL_LENGTH = 900
_SECTIONS = {
    "final_diagnosis": 1, "discharge_diagnosis": 1,
    "assessment": 2, "assessment_plan": 2, "problem_list": 2, "medical_decision": 2,
    "diagnosis": 2, "plan": 3, "hospital_course": 3, "emergency_course": 3, "course": 3,
    "system": 3, "admission_diagnosis": 4, "chief_complaint": 4, "history_present": 4,
    "history": 4, "prose": 4,
}  # fmt: skip
_ELSEWHERE = 5

# Encounters for a purpose that lead where the visit is for them, and follow where they are not.
_PURPOSES = ("Z08", "Z09", "Z11", "Z12", "Z13", "Z30", "Z31", "Z32", "Z36", "Z43", "Z44", "Z45",
             "Z46", "Z47", "Z48", "Z49", "Z51.5", "Z51.6", "Z51.8", "Z76.0")  # fmt: skip
_OPENING = 500

# Trauma from the most to the least serious, by what the title says.
_GRAVITY = (
    (re.compile(r"hemorrhage|(?:laceration|injury) of (?:aorta|liver|spleen|kidney|lung|heart)|"
                r"cerebral|brainstem|amputation|pneumothorax", re.I), 0),
    (re.compile(r"fracture", re.I), 1),
    (re.compile(r"dislocation|concussion|rupture|nerve|artery", re.I), 2),
    (re.compile(r"laceration|puncture|open (?:bite|wound)", re.I), 3),
    (re.compile(r"sprain|strain|tear|subluxation", re.I), 4),
    (re.compile(r"contusion|abrasion|superficial|insect|blister", re.I), 6),
)  # fmt: skip
_MIDDLE = 5


class Ordered(NamedTuple):
    """Candidates in sequence, and the groups of codes whose order is free."""

    candidates: tuple[Candidate, ...]
    ties: tuple[tuple[str, ...], ...]


def put_in_order(
    chart: Chart,
    book: Book,
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
    first: str = "",
) -> Ordered:
    """Orders the codes of a chart.

    Args:
        chart: the chart.
        book: the opened book.
        evidence: the evidence of the chart.
        candidates: the set, each code once.
        first: the code that the judge names as the reason for the encounter; empty for none.
    """
    by_id = {e.id: e for e in evidence}
    principal = _named_stretches(chart.text)
    keyed = sorted(candidates, key=lambda c: (*_key(chart, book, c, by_id, principal), c.code))
    keyed = _gravest_injury_first(keyed)
    keyed = _led(book, sorted(keyed, key=lambda c: c.code != first))
    by_code = {c.code: c for c in keyed}
    found = order([c.code for c in keyed], book.tabular)
    ties = tuple(group for group in found.ties if len(group) > 1)
    return Ordered(tuple(by_code[code] for code in found.codes), ties)


def _named_stretches(text: str) -> list[tuple[int, int, int]]:
    """Where the chart names its principal diagnosis, 0, and its final diagnoses, 1."""
    found = []
    for label in _PRINCIPAL.finditer(text):
        end = text.find("\n", label.end())
        found.append((label.end(), end if end >= 0 else len(text), 0))
    for label in _FINAL.finditer(text):
        if _ADMISSION.search(label.group()):
            continue
        blank = re.compile(r"\n[ \t]*\n").search(text, label.end() + 2)
        end = blank.start() if blank else len(text)
        found.append((label.end(), min(end, label.end() + _FINAL_LENGTH), 1))
    return found


def _key(
    chart: Chart,
    book: Book,
    candidate: Candidate,
    by_id: dict[int, Evidence],
    principal: list[tuple[int, int, int]],
) -> tuple[int, int, int]:
    items = [by_id[n] for n in candidate.evidence if n in by_id]
    places = [_place(item, principal, chart.text) for item in items] or [(_ELSEWHERE, 10**9)]
    section, start = min(places)
    return _rank(chart, book, candidate, items, section), section, start


def _place(item: Evidence, principal: list[tuple[int, int, int]], text: str) -> tuple[int, int]:
    """Where evidence stands, or is named again in a list of diagnoses: the best of these."""
    start = item.span.start
    again = re.compile(rf"(?<!\w){re.escape(item.span.text)}(?!\w)", re.IGNORECASE)
    for begin, end, rank in sorted(principal, key=lambda p: p[2]):
        named = again.search(text, begin, end)
        if named is not None:
            return rank, named.start()
    ranks = [rank for begin, end, rank in principal if begin <= start < end]
    return min([*ranks, _SECTIONS.get(item.span.section, _ELSEWHERE)]), start


def _rank(
    chart: Chart, book: Book, candidate: Candidate, items: list[Evidence], section: int
) -> int:
    code = candidate.code
    if code[0] in "VWXY":
        return 8
    if code[0] == "Z":
        if code.startswith(_PURPOSES):
            opens = any(
                i.span.start < _OPENING or i.span.section == "chief_complaint" for i in items
            )
            return 0 if opens or section == 0 else 2
        item = rule_book(book.tabular).item(code)
        return 5 if item is not None and not may_lead(item) else 4
    if code[0] == "R" and chart.encounter.setting == "inpatient":
        # II.A: a symptom is no principal diagnosis where a definitive one is established.
        return 3
    return 2


def _gravest_injury_first(candidates: list[Candidate]) -> list[Candidate]:
    """Current injuries among themselves go from the most to the least serious (I.C.19.b)."""
    places = [i for i, c in enumerate(candidates) if c.code[0] == "S" and c.code[-1] in "ABC"]
    ranked = sorted((candidates[i] for i in places), key=lambda c: _gravity(c.title))
    for place, one in zip(places, ranked, strict=True):
        candidates[place] = one
    return candidates


def _gravity(title: str) -> int:
    return next((rank for pattern, rank in _GRAVITY if pattern.search(title)), _MIDDLE)


def _led(book: Book, candidates: list[Candidate]) -> list[Candidate]:
    """Puts the first code that may lead in front of those that only follow."""
    rules = rule_book(book.tabular)
    for place, one in enumerate(candidates):
        item = rules.item(one.code)
        if item is not None and may_lead(item) and not _is_drug_effect(one.code):
            return [one, *candidates[:place], *candidates[place + 1 :]]
    return candidates


def _is_drug_effect(code: str) -> bool:
    """An adverse effect or underdosing follows what it brought about (I.C.19.e.5)."""
    return "T36" <= code[:3] <= "T50" and undotted(code)[5:6] in ("5", "6")
