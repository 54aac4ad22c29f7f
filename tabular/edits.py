"""Edits: what may be first-listed, and what fits the age, the sex and the setting.

What follows from the classification and the guidelines stands in ``resources/rules/edits.toml``;
the lists of the Medicare Code Editor and of codes exempt from present-on-admission reporting are
used where a user has added them.

Source: the section named in each row; Definitions of Medicare Code Edits, chapters 4, 5, 6, 9;
Official Guidelines, Appendix I.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from chartcoder.tabular.codeset import Span, letters, spans, within
from chartcoder.tabular.findings import Circumstances, Finding, Severity
from chartcoder.tabular.home import resources
from chartcoder.tabular.lists import OfficialLists
from chartcoder.tabular.rulebook import Item

SEX_EDIT_ENDED = "2024-10-01"
MANIFESTATION = "I.A.13"

# Ages of the Medicare Code Editor's lists, in years: from, below.
_LIST_AGES: dict[str, tuple[float, float, str]] = {
    "Newborn_Only": (0, 1, "newborn"),
    "Pediatric_Only": (0, 18, "pediatric"),
    "Maternity_Only": (9, 65, "maternity"),
    "Adult_Only": (15, 125, "adult"),
}


class Row(NamedTuple):
    """One row of the edits.

    Attributes:
        spans: the codes it is about.
        exceptions: codes taken out again.
        title: pattern that the title must show; None for any.
        what: completes "... is ...".
        section: of the guidelines, or what else says so.
        severity: of the finding.
        at_least: age in years from which it fits.
        below: age in years from which it fits no more.
        sex: whom it is for.
    """

    spans: tuple[Span, ...]
    exceptions: tuple[Span, ...]
    title: re.Pattern[str] | None
    what: str
    section: str
    severity: Severity
    at_least: float
    below: float
    sex: str

    def holds(self, item: Item) -> bool:
        """Says whether the row is about this code."""
        if not within(self.spans, item):
            return False
        if self.title is not None and not self.title.search(item.entry.title):
            return False
        return not within(self.exceptions, item)


@cache
def rows(kind: str) -> tuple[Row, ...]:
    """The rows of one kind: ``never_first``, ``only_first``, ``unacceptable``, ``age``, ``sex``."""
    return tuple(_row(r) for r in _tables()[kind])


def _rows_at(kind: str, letter: str) -> list[Row]:
    return _by_letter(kind).get(letter, [])


@cache
def _by_letter(kind: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows(kind):
        for letter in letters(row.spans):
            found.setdefault(letter, []).append(row)
    return found


@cache
def _tables() -> dict[str, list[dict[str, Any]]]:
    with (resources() / "rules" / "edits.toml").open("rb") as stream:
        return tomllib.load(stream)


def _row(written: dict[str, Any]) -> Row:
    pattern = written.get("title")
    return Row(
        spans(written["codes"]), spans(written.get("except", "")),
        re.compile(pattern, re.IGNORECASE) if pattern else None,
        written.get("what", ""), written.get("section", ""), written.get("severity", "error"),
        written.get("from", 0), written.get("below", 1000), written.get("sex", ""),
    )  # fmt: skip


def row_of(kind: str, item: Item) -> Row | None:
    """The first row of a kind that is about a code."""
    return next((row for row in _rows_at(kind, item.bare[0]) if row.holds(item)), None)


class Place(NamedTuple):
    """What the edits say of a code's place in the sequence.

    Attributes:
        never_first: why it may not be first.
        only_first: why it may only be first.
    """

    never_first: Row | None
    only_first: Row | None


_PLACES: dict[str, Place] = {}


def place_of(item: Item) -> Place:
    """Whether a code may be first, or only first."""
    found = _PLACES.get(item.code)
    if found is None:
        found = Place(row_of("never_first", item), row_of("only_first", item))
        _PLACES[item.code] = found
    return found


def may_lead(item: Item) -> bool:
    """Says whether a code may be first-listed: no manifestation, and not barred by a guideline."""
    if item.manifestation:
        return False
    barred = place_of(item).never_first
    return barred is None or barred.severity != "error"


def states_condition(item: Item) -> bool:
    """Says whether a code states a disease, symptom or injury that may stand by itself."""
    return may_lead(item) and item.chapter not in ("20", "21")


def first_listed(
    items: Sequence[Item], setting: str | None, lists: OfficialLists | None
) -> list[Finding]:
    """What is wrong with the code that stands first."""
    if not items:
        return []
    first = items[0]
    findings: list[Finding] = []
    listed = lists is not None and lists.holds("Principal_Manifestation", first.bare)
    if first.manifestation or listed:
        findings.append(
            Finding(
                "manifestation-first", "error", (first.code,),
                f"{first.name} is a manifestation and never first: its "
                "underlying disease comes before it.",
                section=MANIFESTATION if first.manifestation else lists.source if lists else "",
            )
        )  # fmt: skip
    barred = place_of(first).never_first
    if barred is not None:
        findings.append(_barred(first, barred, alone=len(items) == 1))
    if setting == "inpatient" and barred is None:
        findings += _unacceptable(first, lists)
    return findings


def _barred(first: Item, row: Row, *, alone: bool) -> Finding:
    more = " The code it belongs to is missing." if alone else ""
    verb = "may not" if row.severity == "error" else "should not"
    return Finding(
        "never-first", row.severity, (first.code,),
        f"{first.name} {verb} stand first: it is {row.what}.{more}",
        section=row.section,
    )  # fmt: skip


def _unacceptable(first: Item, lists: OfficialLists | None) -> list[Finding]:
    if lists is not None and lists.edits:
        if not lists.holds("Principal_Unacceptable", first.bare):
            return []
        return [
            Finding(
                "unacceptable-principal", "error", (first.code,),
                f"{first.name} is unacceptable as the principal diagnosis of an "
                "inpatient.",
                section=lists.source,
            )
        ]  # fmt: skip
    row = row_of("unacceptable", first)
    if row is None:
        return []
    return [
        Finding(
            "unacceptable-principal", "warning", (first.code,),
            f"{first.name} is hardly acceptable as the principal diagnosis of an "
            f"inpatient: it is {row.what}.",
            section=row.section,
        )
    ]  # fmt: skip


def person(
    items: Sequence[Item], encounter: Circumstances, lists: OfficialLists | None
) -> list[Finding]:
    """What does not fit the age or the sex of the patient."""
    findings: list[Finding] = []
    for item in items:
        if encounter.age is not None:
            finding = _age(item, encounter.age, lists)
            findings += [finding] if finding else []
        if encounter.sex is not None:
            finding = _sex(item, encounter.sex, encounter.date, lists)
            findings += [finding] if finding else []
    return findings


def _age(item: Item, age: float, lists: OfficialLists | None) -> Finding | None:
    for row in _rows_at("age", item.bare[0]):
        if row.holds(item) and not row.at_least <= age < row.below:
            return Finding(
                "age", row.severity, (item.code,),
                f"{item.name} is {row.what}; the patient is {_years(age)}.",
                section=row.section,
            )  # fmt: skip
    if lists is not None:
        for name, (at_least, below, what) in _LIST_AGES.items():
            if lists.holds(name, item.bare) and not at_least <= age < below:
                return Finding(
                    "age", "error", (item.code,),
                    f"{item.name} is on the list of {what} diagnoses; the patient "
                    f"is {_years(age)}.",
                    section=lists.source,
                )  # fmt: skip
    return None


def _years(age: float) -> str:
    if age >= 2:
        return f"{age:g} years old"
    return f"{round(age * 12)} months old" if age >= 0.17 else f"{round(age * 365.25)} days old"


def sex_of(item: Item, lists: OfficialLists | None = None) -> str:
    """Whom a code is for by list, category or title: female, male, or an empty text for both."""
    if lists is not None and lists.edits:
        for sex in ("female", "male"):
            other = "male" if sex == "female" else "female"
            if lists.holds(f"{sex.title()}_Only", item.bare):
                return "" if lists.holds(f"{other.title()}_Only", item.bare) else sex
    said = {row.sex for row in _rows_at("sex", item.bare[0]) if row.holds(item)}
    return said.pop() if len(said) == 1 else ""


def _sex(item: Item, sex: str, date: str | None, lists: OfficialLists | None) -> Finding | None:
    meant = sex_of(item, lists)
    if meant in ("", sex):
        return None
    severity: Severity = "warning" if date is not None and date < SEX_EDIT_ENDED else "info"
    return Finding(
        "sex", severity, (item.code,),
        f"{item.name} is for {meant} patients; the record says {sex}. The edit is "
        "informational since October 2024.",
        section="Medicare Code Edits, sex conflict",
    )  # fmt: skip


def present_on_admission(items: Sequence[Item], lists: OfficialLists | None) -> list[Finding]:
    """Which codes need no present-on-admission indicator, where the list was added."""
    exempt = tuple(i.code for i in items if lists is not None and i.bare in lists.poa_exempt)
    if not exempt:
        return []
    return [
        Finding(
            "present-on-admission", "info", exempt,
            f"{', '.join(exempt)}: exempt from present-on-admission reporting, the indicator stays "
            "blank.",
            section="Appendix I",
        )
    ]  # fmt: skip
