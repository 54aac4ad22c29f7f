"""Status: organs gone or transplanted, devices, long-term medicines, tobacco, weight, allergies.

Which words say which status stands in ``resources/rules/history_status.tsv``, which medicine
counts as which long-term use in ``resources/lexicon/drugs.tsv`` (I.C.21.c.3, I.C.4.a.3, I.B.14).
"""

import re
from collections.abc import Iterator
from functools import cache

from chartcoder.agents.book import Book
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.drugs import DrugNamed
from chartcoder.agents.rules.history import is_present, title_of
from chartcoder.agents.rules.mentions import Mention, Role
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.wording import Wordings
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
    "Z92.3", "Z93", "Z94", "Z95", "Z96.0", "Z96.1", "Z96.4", "Z96.6", "Z98.1", "Z98.2", "Z98.5",
    "Z98.84",
    "Z99.0", "Z99.1", "Z99.2", "Z99.81", "I25.2",
)  # fmt: skip
_MEDICINE_ZONES = _TELLING | {"course"}
_AGAINST_CANCER = frozenset(
    ["alkylating agent", "antimetabolite", "mitotic inhibitor", "antitumor antibiotic",
     "topoisomerase inhibitor", "targeted cancer drug", "cancer monoclonal antibody",
     "antibody drug conjugate or bispecific"]
)  # fmt: skip
_LASTING_ONLY = frozenset(["Z79.891", "Z79.1", "Z79.2", "Z79.52"])
_SMOKERS_AGE = 8
_SHORT_STAY = frozenset(["heparin", "enoxaparin", "dalteparin", "fondaparinux", "tinzaparin"])
_BMI = re.compile(r"\b(?:bmi|body mass index)\b[^\d\n]{0,15}(\d{2}(?:\.\d+)?)", re.I)
_RANGE = re.compile(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?)| or (less|greater))")
_WEIGHT = re.compile(r"E66|E43|E44|E46|E45|E40|E41|E42|R63\.[456]|R64|E88\.A|O99\.21")


@cache
def _table() -> tuple[tuple[tuple[str, str], ...], Wordings, Wordings]:
    rows: list[tuple[str, str]] = []
    states: list[tuple[str, int]] = []
    allergies: list[tuple[str, int]] = []
    for row in read_table(resources() / "rules" / "history_status.tsv"):
        number = len(rows)
        rows.append((row["code"], row["kind"]))
        for phrase in row["phrase"].split("|"):
            phrase = phrase.strip()
            if row["kind"] == "allergy":
                allergies.append((phrase, number))
            elif row["kind"] in _KINDS and row["code"].startswith(_REPORTED):
                states.append((phrase, number))
    return tuple(rows), Wordings(states), Wordings(allergies)


def find_status(reading: Reading, encounter: Encounter) -> list[Mention]:
    """Status and long-term use that the chart tells, one mention a code.

    Args:
        reading: the chart.
        encounter: its age tells newborns and children apart.
    """
    found: dict[str, Mention] = {}
    for code, mention in (
        *_states(reading), *_medicines(reading), *_tobacco(reading, encounter),
        *_weight(reading, encounter), *_allergies(reading),
    ):  # fmt: skip
        found.setdefault(code, mention)
    return list(found.values())


def _mention(
    reading: Reading, stretch: Stretch, start: int, end: int, code: str, role: Role, reason: str
) -> Iterator[tuple[str, Mention]]:
    title = title_of(reading.lookup.book, code)
    if title:
        yield code, Mention(
            start, end, title, "present", "", False, stretch.zone, (stretch.start, stretch.end),
            role=role, reason=reason,
        )  # fmt: skip


def _states(reading: Reading) -> Iterator[tuple[str, Mention]]:
    rows, states, _ = _table()
    for stretch in reading.stretches:
        if stretch.zone not in _TELLING and not cue("orders").search(
            reading.text, stretch.start, stretch.end
        ):
            continue
        for hit in states.find(reading.words(stretch)):
            assertion, _ = reading.said_of(stretch, hit.start, hit.end)
            if assertion not in ("present", "historical"):
                continue
            if cue("not_yet").search(reading.text, stretch.start, stretch.end):
                continue
            code = rows[hit.row][0]
            if code != "Z90.89" and not is_present(code, reading):
                yield from _mention(
                    reading, stretch, hit.start, hit.end, code, "status", "a lasting state"
                )


def _medicines(reading: Reading) -> Iterator[tuple[str, Mention]]:
    type_one = reading.diabetes_type == "1"
    cancer = any(f.code[0] == "C" and f.assertion == "present" for f in reading.conditions)
    diabetes = {
        f.code[:3] for f in reading.conditions if f.code[:3] in ("E08", "E09", "E10", "E11", "E13")
    }
    for stretch in reading.stretches:
        if stretch.zone not in _MEDICINE_ZONES:
            continue
        for named in reading.drugs_in(stretch.start, stretch.end):
            clause = _clause(reading.text, stretch, named)
            if cue("not_taken").search(clause):
                continue
            if stretch.zone == "course" and not cue("kept").search(clause):
                continue
            for code in named.drug.codes:
                if _counts(code, named, clause, diabetes, type_one) and not (
                    cancer and named.drug.group in _AGAINST_CANCER
                ):
                    yield from _mention(
                        reading, stretch, named.start, named.end, code, "medication",
                        "taken long term",
                    )  # fmt: skip


def _counts(code: str, named: DrugNamed, clause: str, diabetes: set[str], type_one: bool) -> bool:
    if code == "Z79.899" or named.drug.generic in _SHORT_STAY:
        return False
    if code in _LASTING_ONLY:
        return bool(cue("long_use").search(clause))
    if code == "Z79.4":
        return bool(diabetes - {"E10"}) and not ("E10" in diabetes and type_one)
    if code in ("Z79.84", "Z79.85"):
        return bool(diabetes)
    return True


def _clause(text: str, stretch: Stretch, named: DrugNamed) -> str:
    """The words between the marks of punctuation around a medicine, a little beyond its dose."""
    start = max((text.rfind(mark, stretch.start, named.start) for mark in ";,.("), default=-1)
    start = max(start + 1, stretch.start)
    ends = [
        place
        for mark in (";", ",", ". ", ")")
        if (place := text.find(mark, named.end, stretch.end)) >= 0
    ]
    return text[start : min(ends, default=stretch.end)]


def _tobacco(reading: Reading, encounter: Encounter) -> Iterator[tuple[str, Mention]]:
    """Smoking, in the past or now; now it counts for a stay, or where it is addressed (IV.J)."""
    if encounter.age is not None and encounter.age < _SMOKERS_AGE:
        return
    told = [s for s in reading.stretches if s.zone in _TELLING]
    for stretch in told:
        found = cue("quit").search(reading.text, stretch.start, stretch.end)
        said = reading.text[stretch.start : stretch.end]
        if found and not cue("not_the_patient").search(said):
            yield from _mention(
                reading, stretch, found.start(), found.end(), "Z87.891", "history",
                "smoked in the past",
            )  # fmt: skip
            return
    for stretch in told:
        said = reading.text[stretch.start : stretch.end]
        found = cue("smokes").search(reading.text, stretch.start, stretch.end)
        if found is None or cue("not_smoking").search(said):
            continue
        if encounter.setting == "inpatient" or cue("smoking_addressed").search(said):
            yield from _mention(
                reading, stretch, found.start(), found.end(), "F17.210", "status", "smokes"
            )
        return


def _weight(reading: Reading, encounter: Encounter) -> Iterator[tuple[str, Mention]]:
    """A body mass index counts only beside a provider's diagnosis of weight (I.B.14)."""
    if encounter.age is not None and encounter.age < 20:
        return
    if not any(
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
                yield from _mention(
                    reading,
                    stretch,
                    found.start(),
                    found.end(),
                    code,
                    "status",
                    "body mass index beside a diagnosis of weight",
                )


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


def _allergies(reading: Reading) -> Iterator[tuple[str, Mention]]:
    rows, _, allergies = _table()
    for stretch in reading.stretches:
        if stretch.zone not in _TELLING and stretch.zone != "allergies":
            continue
        for hit in allergies.find(reading.words(stretch)):
            if reading.said_of(stretch, hit.start, hit.end)[0] in ("present", "historical"):
                yield from _mention(
                    reading, stretch, hit.start, hit.end, rows[hit.row][0], "status", "allergy"
                )
