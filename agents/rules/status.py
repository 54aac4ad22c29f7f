"""Status: organs gone or transplanted, devices, long-term medicines, tobacco, weight, allergies.

Which words say which status stands in ``resources/rules/history_status.tsv``, which medicine
counts as which long-term use in ``resources/lexicon/drugs.tsv`` (I.C.21.c.3, I.C.4.a.3, I.B.14).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.descent import side_of
from chartcoder.agents.rules.allergies import find_allergies
from chartcoder.agents.rules.circumstances import find_circumstances
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.gestation import find_gestation
from chartcoder.agents.rules.history import is_present, wording_of
from chartcoder.agents.rules.medicines import find_medicines
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.substances import Told, find_substances
from chartcoder.agents.rules.wording import Hit, Wordings
from chartcoder.agents.rules.zones import Stretch
from chartcoder.agents.values import Encounter
from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources

_TELLING = frozenset(
    ["diagnosis", "past", "surgical", "history", "plan", "prose", "medications", "social", "system"]
)
_KINDS = frozenset(["status", "absence", "history"])
_REPORTED = (
    "Z21", "Z66", "Z74.01", "Z79", "Z85", "Z86", "Z87.1", "Z87.3", "Z87.4", "Z87.8", "Z89", "Z90",
    "Z92.3", "Z93", "Z94", "Z95", "Z96.0", "Z96.1", "Z96.2", "Z96.4", "Z96.6", "Z96.82", "Z98.1",
    "Z98.2", "Z98.5",
    "Z98.4", "Z98.84", "Z22.7", "Z22.32",
    "Z99.0", "Z99.1", "Z99.2", "Z99.81", "I25.2",
)  # fmt: skip
# Organs whose absence says nothing in a visit for something else.
_NO_BEARING = frozenset(["Z90.49", "Z90.89", "Z98.4", "Z98.41", "Z98.42"])
_BMI = re.compile(r"\b(?:bmi|body mass index)\b[^\d\n]{0,15}(\d{2}(?:\.\d+)?)", re.I)
_UNDERWEIGHT = re.compile(r"\bunderweight\b(?! (?:for|infant|baby))", re.I)
_RANGE = re.compile(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?)| or (less|greater))")
_WEIGHT = re.compile(r"E66|E43|E44|E46|E45|E40|E41|E42|R63\.[456]|R64|E88\.A|O99\.21")


class _Row(NamedTuple):
    code: str
    kind: str
    unless: re.Pattern[str] | None


@cache
def _table() -> tuple[tuple[_Row, ...], Wordings]:
    rows: list[_Row] = []
    states: list[tuple[str, int]] = []
    for row in read_table(resources() / "rules" / "history_status.tsv"):
        number = len(rows)
        unless = re.compile(row["unless"], re.IGNORECASE) if row["unless"] else None
        rows.append(_Row(row["code"], row["kind"], unless))
        if row["kind"] in _KINDS and row["code"].startswith(_REPORTED):
            states += [(phrase.strip(), number) for phrase in row["phrase"].split("|")]
    return tuple(rows), Wordings(states)


def find_status(reading: Reading, encounter: Encounter) -> list[Mention]:
    """Status and long-term use that the chart tells, one mention a code.

    Args:
        reading: the chart.
        encounter: its age tells newborns and children apart.
    """
    found: dict[str, Mention] = {}
    for told in (
        *_states(reading, encounter), *find_medicines(reading),
        *find_substances(reading, encounter), *_weight(reading, encounter),
        *find_allergies(reading), *find_circumstances(reading, encounter),
        *find_gestation(reading, encounter),
    ):  # fmt: skip
        if told.code not in found:
            title = wording_of(reading.lookup, told.code)
            if title:
                found[told.code] = _mention(told, title)
    return list(found.values())


def _mention(told: Told, title: str) -> Mention:
    stretch = told.stretch
    return Mention(
        told.start, told.end, title, "present", "", False, stretch.zone,
        (stretch.start, stretch.end), role=told.role, reason=told.reason,
    )  # fmt: skip


def _states(reading: Reading, encounter: Encounter) -> Iterator[Told]:
    rows, states = _table()
    for stretch in reading.stretches:
        if stretch.zone not in _TELLING:
            continue
        for hit in states.find(reading.words(stretch)):
            code, kind, unless = rows[hit.row]
            if unless and unless.search(reading.text, stretch.start, stretch.end):
                continue
            assertion, _ = reading.said_of(stretch, hit.start, hit.end)
            if assertion not in ("present", "historical"):
                continue
            if _not_in_place(reading.text, stretch, hit):
                continue
            if kind == "absence" and not _done_before(
                reading, stretch, encounter, code.startswith("Z89")
            ):
                continue
            told_as_past = stretch.zone in ("past", "surgical", "history", "prose")
            if code in _NO_BEARING and told_as_past and encounter.setting != "inpatient":
                continue
            if code != "Z90.89" and not is_present(code, reading):
                sided = _sided(code, reading, stretch, hit)
                yield Told(sided, hit.start, hit.end, stretch, "status", "a lasting state")


def _not_in_place(text: str, stretch: Stretch, hit: Hit) -> bool:
    """It is talked of, planned, or no longer there: words before it, or in its own clause."""
    begin = max(stretch.start, *(text.rfind(m, stretch.start, hit.start) + 1 for m in ",("))
    ends = [e for m in ",)" if (e := text.find(m, hit.end, stretch.end)) >= 0]
    end = min(ends, default=stretch.end)
    return (
        cue("not_yet").search(text, stretch.start, hit.start) is not None
        or cue("not_yet").search(text, hit.end, end) is not None
        or cue("undone").search(text, begin, hit.start) is not None
        or cue("undone").search(text, hit.end, end) is not None
    )


def _sided(code: str, reading: Reading, stretch: Stretch, hit: Hit) -> str:
    """For a row that leaves the side open: the code below it for the side that was said."""
    entry = reading.lookup.book.tabular.get(code)
    if entry is None or entry.billable:
        return code
    words = [w for w in reading.words(stretch) if hit.start <= w.start < hit.end]
    side = side_of([w.form for w in words])
    for below in reading.lookup.book.tabular.billable_under(code):
        if side and re.search(rf"\b{side}\b", below.title):
            return below.code
    return code


def _done_before(reading: Reading, stretch: Stretch, encounter: Encounter, limb: bool) -> bool:
    """An operation that was done before this encounter, not during it or some day."""
    if stretch.zone in ("past", "surgical", "medications", "social"):
        return True
    said = reading.text[stretch.start : stretch.end]
    if limb and stretch.zone != "plan":
        return True
    if cue("done_now").search(said):
        return False
    if stretch.zone == "plan" or (encounter.setting == "inpatient" and stretch.zone != "diagnosis"):
        return cue("done_before").search(said) is not None
    return True


def _weight(reading: Reading, encounter: Encounter) -> Iterator[Told]:
    """A body mass index counts only beside a provider's diagnosis of weight (I.B.14)."""
    if encounter.age is not None and encounter.age < 20:
        return
    if any(f.code[0] == "O" and f.assertion == "present" for f in reading.conditions):
        # No body mass index in pregnancy (I.B.14).
        return
    thin = list(_underweight(reading))
    yield from thin
    if not thin and not any(
        _WEIGHT.match(f.code)
        and f.assertion == "present"
        and f.stretch.zone not in ("results", "exam")
        for f in reading.conditions
    ):
        return
    for stretch in reading.stretches:
        if stretch.zone in ("copied", "family"):
            continue
        found = _BMI.search(reading.text, stretch.start, stretch.end)
        if found:
            code = _bmi_code(reading.lookup.book, float(found.group(1)))
            if code:
                yield Told(
                    code, found.start(), found.end(), stretch, "status",
                    "body mass index beside a diagnosis of weight (I.B.14)",
                )  # fmt: skip


def _underweight(reading: Reading) -> Iterator[Told]:
    """The provider calls the patient underweight; the word stands by itself in the Index."""
    for stretch in reading.stretches:
        if stretch.zone not in _TELLING | {"course"}:
            continue
        for found in _UNDERWEIGHT.finditer(reading.text, stretch.start, stretch.end):
            if reading.said_of(stretch, found.start(), found.end())[0] == "present":
                yield Told(
                    "R63.6", found.start(), found.end(), stretch, "finding", "called underweight"
                )
                return


def _bmi_code(book: Book, value: float) -> str:
    """The adult body mass index code whose range holds a value."""
    for entry in book.tabular.billable_under("Z68"):
        found = _RANGE.search(entry.title)
        if not found or "adult" not in entry.title:
            continue
        first = float(found.group(1))
        if found.group(3) == "less":
            if value < first + 0.1:
                return entry.code
        elif found.group(3) == "greater":
            if value >= first:
                return entry.code
        elif first <= value < float(found.group(2)) + 0.1:
            return entry.code
    return ""
