"""Drugs as causes: what a drug did when taken as ordered, and doses not taken (I.C.19.e.5).

The condition is coded first, then the drug, with 5 for an adverse effect or 6 for underdosing. A
drug alone leads to nothing: the chart must tie a condition to it. Where the Table of Drugs files a
drug is looked up in the table itself, and for drugs it does not name in
``resources/rules/drug_effects.tsv``.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.drugs import Drug
from chartcoder.agents.rules.history import title_of
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Places, Reading
from chartcoder.agents.rules.scan import mention_of
from chartcoder.agents.rules.zones import Stretch
from chartcoder.index.words import read_table, tokens
from chartcoder.tabular.home import resources

BY_A_DRUG = "brought about by a drug"
_ADVERSE_COLUMN = 6
JOINED = re.compile(r"\s*(?:\+|and|&|/|,)\s*")
_ZONES = frozenset(["diagnosis", "course", "plan", "system", "history", "prose", "past", "results"])
# Never taken as ordered: their effects are intoxication and what else their use brings about.
_ILLICIT = ("T40.1", "T40.5", "T43.65")
# What only a provider gives: that it was not given is a decision, no underdosing.
_GIVEN = frozenset(["T45.1X", "T45.AX", "T50.8X", "T41.20"])
_TELLS_EFFECTS = frozenset(["diagnosis", "course", "plan", "system", "prose"])
_LOOK_BACK = 800
_LIST_GOES_ON = re.compile(r"\s*(?:[,.;:)/&+]|and\b|or\b|$)", re.M)
_RIGHT_BEHIND = 25
_ENDS = re.compile(r"[.;](?!\d)|\n")
_NEAR = 90
# Poisonings and the use of psychoactive substances are no effects of a drug taken as ordered.
_NO_EFFECTS = ("T", "F10", "F11", "F12", "F13", "F14", "F15", "F16", "F17", "F18", "F19")
_OF_DRUGS = re.compile(r"\bdrug|induced|medica", re.IGNORECASE)


class Tied(NamedTuple):
    """A drug named as the cause of something, or as taken less than ordered.

    Attributes:
        start: offset of the drug's name.
        end: offset after it.
        stem: where the Table of Drugs files it, without the character for what happened.
        before: what it caused stands before it (``due to warfarin``), else after it.
        stretch: where it stands.
        kind: ``5`` for an adverse effect, ``6`` for underdosing.
    """

    start: int
    end: int
    stem: str
    before: bool
    stretch: Stretch
    kind: str


class _Table(NamedTuple):
    words: re.Pattern[str]
    stems: dict[str, str]
    drugs: dict[str, str]
    classes: dict[str, str]


@cache
def _table() -> _Table:
    rows = read_table(resources() / "rules" / "drug_effects.tsv")
    stems = {r["name"].lower(): r["stem"] for r in rows if r["kind"] == "word"}
    words = "|".join(sorted(map(re.escape, stems), key=lambda w: (-len(w), w)))
    return _Table(
        re.compile(rf"(?<![\w-])(?:{words})(?!\w)", re.I), stems,
        {r["name"].lower(): r["stem"] for r in rows if r["kind"] == "drug"},
        {r["name"]: r["stem"] for r in rows if r["kind"] == "class"},
    )  # fmt: skip


def stem_of(drug: Drug, book: Book) -> str:
    """Where the Table of Drugs files a drug; empty where it is not known."""
    table = _table()
    generic = drug.generic.lower()
    if generic in table.drugs:
        return table.drugs[generic]
    return _in_table(generic, book) or table.classes.get(drug.group, "")


def _in_table(generic: str, book: Book) -> str:
    """What the official Table of Drugs and Chemicals has for a drug."""
    words = tokens(generic)
    posting = book.index.posting(words[0]) if words else None
    if posting is None:
        return ""
    for number in posting.rows:
        term = book.index.term(number)
        if term.book == "drug" and term.parent < 0 and term.title.lower() == generic:
            for column, code in term.cells:
                if column == _ADVERSE_COLUMN:
                    return code.rstrip("-")[:-1]
    return ""


def substances_in(reading: Reading, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Drugs and groups of drugs named in a stretch.

    Args:
        reading: the chart.
        start: offset at which the stretch begins.
        end: offset after it.

    Yields:
        Start, end, and where the Table of Drugs files it, without the character for the intent.
    """
    book, text, table = reading.lookup.book, reading.text, _table()
    taken = []
    for named in reading.drugs_in(start, end):
        stem = stem_of(named.drug, book)
        if stem:
            taken.append((named.start, named.end))
            yield named.start, named.end, stem
    for found in table.words.finditer(text, start, end):
        if not any(s < found.end() and found.start() < e for s, e in taken):
            yield (
                found.start(),
                found.end(),
                _one_of_group(table.stems[found.group().lower()], reading, found.start()),
            )


def _one_of_group(stem: str, reading: Reading, place: int) -> str:
    """For a group ("NSAID induced"): where the one such drug that the chart names is filed.

    Drugs named before the group count first: what is given afterwards brought nothing about.
    """
    if len(stem) < 6 or stem[-1] == "X":
        return stem
    for drugs in ([d for d in reading.drugs if d.start < place], reading.drugs):
        stems = {
            s for d in drugs if (s := stem_of(d.drug, reading.lookup.book))[:5] == stem[:5]
        }  # fmt: skip
        if len(stems) == 1:
            return stems.pop()
    return stem


@lru_cache(maxsize=8)
def find_tied(reading: Reading) -> tuple[Tied, ...]:
    """Drugs that the chart ties to a condition, or names as taken less than ordered."""
    text = reading.text
    found: list[Tied] = []
    for stretch in reading.stretches:
        if stretch.zone not in _ZONES:
            continue
        said = text[stretch.start : stretch.end]
        less = cue("less_taken").search(said) is not None and cue("not_less").search(said) is None
        last_tied = -1
        named = sorted(substances_in(reading, stretch.start, stretch.end))
        if less and not named and cue("doses_skipped").search(said):
            before = list(substances_in(reading, max(0, stretch.start - _LOOK_BACK), stretch.start))
            if before:
                start, end, stem = max(before)
                found.append(Tied(start, end, stem, False, stretch, "6"))
        for start, end, stem in named:
            lead = text[stretch.start : start]
            joined = last_tied >= 0 and _in_list(text, last_tied, start, end)
            if (cue("tied_before").search(lead) or joined) and not cue("not_adverse").search(lead):
                last_tied = end
                found.append(Tied(start, end, stem, True, stretch, "5"))
            elif cue("tied_to_the_one_before").match(text, end):
                found.append(Tied(start, end, stem, True, stretch, "5"))
            elif cue("tied_after").match(text, end) or _names_effect(reading, stretch, start, end):
                found.append(Tied(start, end, stem, False, stretch, "5"))
            elif less and stem not in _GIVEN and start == _nearest(text, stretch, named):
                found.append(Tied(start, end, stem, False, stretch, "6"))
    return tuple(found)


def _in_list(text: str, last: int, start: int, end: int) -> bool:
    """The drug goes on a list of causes, and is not the remedy named behind them."""
    if not JOINED.fullmatch(text, last, start):
        return False
    return text[last:start].strip() != "," or _LIST_GOES_ON.match(text, end) is not None


def _names_effect(reading: Reading, stretch: Stretch, start: int, end: int) -> bool:
    """The drug is the adjective of a condition: ``opioid constipation``, ``statin myopathy``."""
    tabular = reading.lookup.book.tabular
    for found in reading.conditions_in(stretch):
        if found.code.startswith(_NO_EFFECTS):
            continue
        if found.spot.start - end == 1 and reading.text[end] == " ":
            return True
        if found.spot.start == start and found.spot.end > end:
            entry = tabular.get(found.code.rstrip("-"))
            if entry is not None and _OF_DRUGS.search(entry.title):
                return True
    return False


def _nearest(text: str, stretch: Stretch, named: Sequence[tuple[int, int, str]]) -> int:
    """Where the drug begins of which less was taken: the nearest to the words that say so."""
    hit = cue("less_taken").search(text, stretch.start, stretch.end)
    if hit is None:
        return -1
    gaps = [(max(hit.start() - end, start - hit.end()), start) for start, end, _ in named]
    gap, start = min(gaps)
    return start if gap < _NEAR else -1


def find_adverse(reading: Reading, known: Sequence[Mention]) -> list[Mention]:
    """Mentions for the drugs themselves, worded as the Tabular List does.

    Args:
        reading: the chart.
        known: the mentions found already: an adverse effect needs a condition beside it.

    Returns:
        One mention for each place where a drug is named so, role ``cause``.
    """
    found: list[Mention] = []
    book = reading.lookup.book
    stated = sorted((m.start, m.end) for m in known if m.assertion in ("present", "resolved"))
    for tied in find_tied(reading):
        if tied.kind == "5" and not _beside(tied, stated, reading):
            continue
        title = title_of(book, tied.stem + tied.kind)
        if title and not tied.stem.startswith(_ILLICIT):
            stretch = tied.stretch
            found.append(
                Mention(
                    tied.start, tied.end, title, "present", "", False, stretch.zone,
                    (stretch.start, stretch.end), role="cause",
                    reason="drug as the cause" if tied.kind == "5" else "taken less than ordered",
                )
            )  # fmt: skip
    return found


def find_effects(reading: Reading, known: Sequence[Mention]) -> list[Mention]:
    """What a drug brought about, where no other finder took it up (I.C.19.e.5.a).

    Args:
        reading: the chart.
        known: the mentions found already.

    Returns:
        The conditions that the treating provider ties to a drug, symptoms included: the nature of
        an adverse effect is coded with the drug.
    """
    taken = Places((m.start, m.end) for m in known if m.assertion == "present")
    found = []
    for tied in find_tied(reading):
        if tied.kind != "5" or tied.stretch.zone not in _TELLS_EFFECTS:
            continue
        for one in reading.conditions_in(tied.stretch):
            place = (one.spot.start, one.spot.end)
            if one.assertion != "present" or one.code[0] in "TVWXYZ" or taken.hold(*place):
                continue
            if _next_to(tied, place, reading.text):
                found.append(mention_of(one)._replace(reason=BY_A_DRUG))
    return found


def _beside(tied: Tied, stated: Sequence[tuple[int, int]], reading: Reading) -> bool:
    """A condition told as present stands beside the drug."""
    first = bisect_left(stated, (tied.start - _LOOK_BACK, 0))
    last = bisect_left(stated, (tied.end + _LOOK_BACK, 0))
    places = [*stated[first:last]]
    places += [
        (f.spot.start, f.spot.end) for f in reading.conditions_in(tied.stretch)
        if f.assertion == "present" and f.code[0] not in "VWXYZ"
    ]  # fmt: skip
    if any(_next_to(tied, place, reading.text) for place in places):
        return True
    # "Acute ulcer, NSAID induced": the words say so themselves, whatever wording the condition has.
    return tied.before and cue("tied_to_the_one_before").match(reading.text, tied.end) is not None


def _next_to(tied: Tied, place: tuple[int, int], text: str) -> bool:
    """A condition stands where the drug's effect is named: before it or behind it, or around it."""
    start, end = place
    if start <= tied.start and tied.end <= end:
        return True
    gap = tied.start - end if tied.before else start - tied.end
    between = text[min(end, tied.end) : max(start, tied.start)]
    return -1 <= gap < (_NEAR if tied.before else _RIGHT_BEHIND) and not _ENDS.search(between)
