"""Personal history: what a condition becomes when the chart says that it is over.

A cancer that was removed, with no treatment directed at it and no sign of it, is history (I.C.2.d,
I.C.2.m); so is an event of the past (I.C.21.c.4). Which history code belongs to which condition
stands in ``resources/rules/past_conditions.tsv``.
"""

from functools import cache
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Found, Reading
from chartcoder.agents.values import Encounter
from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources

_PAST_ZONES = frozenset(["past", "surgical"])
# Cancers and polyps, clots, strokes, infarctions and arrests, organisms, self-harm.
_GUIDES_CARE = (
    "Z85",
    "Z86.00",
    "Z86.01",
    "Z86.1",
    "Z86.3",
    "Z86.7",
    "I25.2",
    "Z87.7",
    "Z87.8",
    "Z91",
)
_REMITTING = ("C90", "C91", "C92", "C93", "C94", "C95")
# Events of which one in the past and one of now are both reported.
_COMES_AGAIN = ("I21", "I22", "I63", "G45", "I26", "I82")
_DIABETES_OF_PREGNANCY = "Z86.32"
_DIABETES = ("E08", "E09", "E10", "E11", "E13")


class Past(NamedTuple):
    """What a condition becomes when it is over."""

    code: str
    kind: str


@cache
def _table() -> dict[str, Past]:
    rows = read_table(resources() / "rules" / "past_conditions.tsv")
    return {row["prefix"]: Past(row["code"], row["kind"]) for row in rows}


def past_of(code: str) -> Past | None:
    """The history code that belongs to a condition's code; the longest prefix counts."""
    bare = code.rstrip("-")
    for length in range(len(bare), 2, -1):
        found = _table().get(bare[:length])
        if found:
            return found
    return None


def title_of(book: Book, code: str) -> str:
    """The words by which the book is asked for a code: its title."""
    entry = book.tabular.get(code)
    return entry.title if entry else ""


def wording_of(lookup: Lookup, code: str) -> str:
    """The words under which the book leads to a code: its title, or a line of the Index.

    Titles of sister codes differ by little; where another one would be found first, the line of the
    Index that has the code is asked for instead.

    Args:
        lookup: look-ups of the chart.
        code: a code or a category.

    Returns:
        The words, empty for a code that the release does not have.
    """
    title = title_of(lookup.book, code)
    if not title or _leads(lookup, title, code):
        return title
    for term in lookup.book.index.leading_to(code):
        words = " ".join(step.title for step in lookup.book.index.path(term.id))
        if _leads(lookup, words, code):
            return words
    return title


def _leads(lookup: Lookup, words: str, code: str) -> bool:
    best = lookup.find(words, 1)
    if not best:
        return False
    found = best[0].code
    return found.startswith(code) or (found.endswith("-") and code.startswith(found.rstrip("-")))


def find_history(reading: Reading, encounter: Encounter) -> list[Mention]:
    """Conditions that the chart tells as over, worded as personal history.

    Args:
        reading: the chart.
        encounter: a visit reports of the past only what bears on care (IV.J).

    Returns:
        One mention a history code, role ``history``, with the chart's words for the condition.
    """
    found: dict[str, Mention] = {}
    for one in reading.conditions:
        past = past_of(one.code)
        if past is None or past.code in found or not _is_over(one, past.kind, reading):
            continue
        if not _bears(past, one, reading, encounter) or _of_another(one):
            continue
        again = one.code.startswith(_COMES_AGAIN) and _told_as_old(one, reading)
        if past.kind != "cancer" and not again and is_present(past.code, reading):
            continue
        title = wording_of(reading.lookup, past.code)
        if title:
            stretch = one.stretch
            found[past.code] = Mention(
                one.spot.start, one.spot.end, title, "present", "", False, stretch.zone,
                (stretch.start, stretch.end), role="history", reason="told as history",
            )  # fmt: skip
    return list(found.values())


def _told_as_old(one: Found, reading: Reading) -> bool:
    """The words right beside it set it apart from one of now: ``old MI``, ``stroke 2015``."""
    before = one.said[: max(0, one.spot.start - one.stretch.start)][-20:]
    after = reading.text[one.spot.end : one.spot.end + 12]
    return bool(cue("old_before").search(before) or cue("year_next").match(after))


def _bears(past: Past, one: Found, reading: Reading, encounter: Encounter) -> bool:
    """For a stay all history counts; for a visit what still guides care, or what it deals with."""
    if past.code == _DIABETES_OF_PREGNANCY and any(
        f.code.startswith(_DIABETES) and f.assertion == "present" for f in reading.conditions
    ):
        return False
    if encounter.setting == "inpatient" or one.stretch.zone not in _PAST_ZONES:
        return True
    return past.code.startswith(_GUIDES_CARE)


def _of_another(one: Found) -> bool:
    """The sentence tells it of a relative or a friend."""
    before = one.said[: max(0, one.spot.start - one.stretch.start)]
    return cue("not_the_patient").search(before) is not None


def _is_over(one: Found, kind: str, reading: Reading) -> bool:
    if one.assertion not in ("present", "historical", "resolved"):
        return False
    zone = one.stretch.zone
    if zone in ("exam", "results", "review", "social", "family"):
        return False
    around = (
        one.stretch.around if one.stretch.kind == "topic" else (one.stretch.start, one.stretch.end)
    )
    clause = reading.text[around[0] : around[1]]
    told = one.assertion == "historical" or (
        kind != "cancer" and bool(cue("healed").search(clause))
    )
    if kind == "cancer":
        if cue("cancer_active").search(clause) and not cue("surely_over").search(clause):
            return False
        if one.code.startswith(_REMITTING) and cue("remission").search(clause):
            # Leukemia and myeloma in remission have codes of their own (I.C.2.n).
            return False
        if cue("taken_out").search(one.said):
            return not cue("cancer_active").search(one.said)
        if cue("surely_over").search(clause) or (told and not cue("cancer_active").search(clause)):
            return True
        return zone in _PAST_ZONES and bool(cue("over").search(clause))
    if kind == "acute":
        if one.code.startswith("I63") and cue("residual").search(reading.text, *one.stretch.around):
            return False
        near = reading.text[max(one.stretch.start, one.spot.start - 20) : one.spot.start]
        if cue("old_before").search(near) and zone not in ("plan",):
            return True
        before = one.said[: max(0, one.spot.start - one.stretch.start)]
        if cue("had_once").search(before) and cue("year_after").match(reading.text, one.spot.end):
            return zone in ("history", "prose", *_PAST_ZONES)
        if zone in _PAST_ZONES:
            return told or bool(cue("dated").search(clause) or cue("history").search(clause))
        return told and zone in ("history", "prose", "diagnosis", "plan")
    if kind == "removed":
        after = reading.text[one.spot.end : one.spot.end + 15]
        return told or bool(cue("dated").search(after))
    if one.mark and one.mark.chronic_stays and is_chronic(one.code):
        return False
    return told or (one.assertion == "resolved" and zone in _PAST_ZONES)


def is_present(code: str, reading: Reading) -> bool:
    """A condition of which this is the history code is told as present."""
    return any(
        one.assertion == "present"
        and one.stretch.zone not in _PAST_ZONES
        and (past := past_of(one.code)) is not None
        and past.code == code
        and not _is_over(one, past.kind, reading)
        for one in reading.conditions
    )


@cache
def _chronic() -> tuple[str, ...]:
    rows = read_table(resources() / "rules" / "chronic_conditions.tsv")
    return tuple(row["prefix"] for row in rows)


def is_chronic(code: str) -> bool:
    """Says whether a condition's code is of those that stay once they are there."""
    return code.startswith(_chronic())
