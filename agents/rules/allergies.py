"""Allergies that the chart lists or names: status, not a reaction of now (I.C.21.c.3).

Which allergen has which code stands in ``resources/rules/allergens.tsv``: by a medicine's class as
``resources/lexicon/drugs.tsv`` names it, or by the word for the substance. A medicine of no listed
class is "other drugs".
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.substances import Told
from chartcoder.agents.rules.zones import Stretch
from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources

_TOLD = frozenset(
    ["diagnosis", "past", "surgical", "history", "plan", "prose", "medications", "social",
     "system", "course", "procedures", "obstetric", "other", "nursing", "allergies"]
)  # fmt: skip
_LISTED = re.compile(r"\s*(?:ALL|All|ALLG|ALG|ADR|ADRs|Allx)\s?[:=]\s*")
_CLAUSE = re.compile(r"[.;\n]\s|\n")
_BEFORE = 32
_AFTER = 70
_OTHER = "Z88.8"


class _Table(NamedTuple):
    words: re.Pattern[str]
    named: dict[str, str]
    classes: dict[str, str]


@cache
def _table() -> _Table:
    rows = read_table(resources() / "rules" / "allergens.tsv")
    named = {
        name.strip().lower(): row["code"]
        for row in rows if row["kind"] == "word" for name in row["name"].split("|")
    }  # fmt: skip
    words = "|".join(sorted(map(re.escape, named), key=lambda w: (-len(w), w)))
    return _Table(
        re.compile(rf"(?<![\w-])(?:{words})(?:s|es)?(?!\w)", re.I), named,
        {row["name"]: row["code"] for row in rows if row["kind"] == "class"},
    )  # fmt: skip


def find_allergies(reading: Reading) -> list[Told]:
    """Codes of the allergies that a chart lists under a label, or names with the word.

    Args:
        reading: the chart.
    """
    return [told for stretch in reading.stretches for told in _in_stretch(reading, stretch)]


def _in_stretch(reading: Reading, stretch: Stretch) -> Iterator[Told]:
    text = reading.text
    if stretch.zone == "family" or stretch.zone not in _TOLD:
        return
    listed = stretch.zone == "allergies" or _LISTED.match(text, *stretch.around) is not None
    if listed:
        # A label in a later sentence of the line may have closed the list.
        yield from _named(reading, stretch, stretch.start, stretch.end)
        return
    for found in cue("allergy").finditer(text, stretch.start, stretch.end):
        if cue("not_allergy").search(
            text, max(stretch.start, found.start() - 25), found.end() + 12
        ):
            continue
        if cue("not_the_patient").search(text, stretch.start, found.start()):
            continue
        joined = cue("allergy_to").match(text, found.end(), stretch.end)
        if joined:
            end = min(stretch.end, joined.end() + _AFTER)
            cut = cue("allergy_ends").search(text, joined.end(), end)
            yield from _named(reading, stretch, joined.end(), cut.start() if cut else end)
            continue
        first = max(stretch.start, found.start() - _BEFORE)
        if cue("on_list").search(text, found.start(), stretch.end) and cue("reaction").search(
            text, stretch.start, stretch.end
        ):
            yield from _named(reading, stretch, stretch.start, found.start())
            continue
        cut_before = [m.end() for m in cue("allergy_begins").finditer(text, first, found.end())]
        yield from _named(reading, stretch, max(cut_before, default=first), found.start())


def _named(reading: Reading, stretch: Stretch, start: int, end: int) -> Iterator[Told]:
    """The allergens named between two places, those told as tolerated left out."""
    text, table = reading.text, _table()
    found: list[tuple[int, int, str]] = [
        (w.start(), w.end(), _code_of_word(w.group()))
        for w in table.words.finditer(text, start, end)
    ]
    for named in reading.drugs_in(start, end):
        if not any(s < named.end and named.start < e for s, e, _ in found):
            code = table.classes.get(named.drug.group, _OTHER)
            found.append((named.start, named.end, code))
    for first, last, code in sorted(found):
        stop = _CLAUSE.search(text, last, stretch.end)
        after = text[last : min(stop.start() if stop else stretch.end, last + 40)]
        before = text[max(start, first - 25) : first]
        if cue("tolerated_after").match(after) or cue("tolerated_before").search(before):
            continue
        if code:
            yield Told(code, first, last, stretch, "status", "allergy (I.C.21.c.3)")


def _code_of_word(word: str) -> str:
    named = _table().named
    low = word.lower()
    return (
        named.get(low) or named.get(low.removesuffix("s")) or named.get(low.removesuffix("es"), "")
    )
