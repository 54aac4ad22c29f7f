"""Spots conditions in running text: stretches whose words are a whole wording of the book.

A window of up to seven words, abbreviations written out and sides left aside, is looked up by its
set of words; the longest window wins. Time grows with the length of the text, not its square.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.nouns import site_words
from chartcoder.index.lexicon import (
    is_abbreviation,
    longest_abbreviation,
    measured,
    preferred,
    sense_of,
)
from chartcoder.index.words import EMPTY, LATERALITY, canonical, split
from chartcoder.tabular.home import resources

MOST_WORDS = 7
_SHOUTED = 5
_NEAR = 300
_SIDES = {"L": "left", "R": "right"}
_MEASURED = re.compile(r"[\d.]+\s*$")
_VALUE = re.compile(r"\s?(?:[<>≥≤~]|in the|was|of|at)?\s?\d{2,3}(?:s\b|\b(?![/.]))")
_CHUNK = re.compile(r"[^\s,;:()\[\]\"“”<>]+|[,;:()\[\]\"“”<>]")
_PART = re.compile(r"[^/+=→–—~]+|[/+=→–—~]")
_EDGE = ".!?*'’"
_MEASURE = re.compile(
    r"(?<![\w])[<>~≈]?\d[\d.,]*\s?(?:mg|mcg|g|kg|gm|ml|l|dl|cm|mm|m|h|hr|hrs|d|wk|wks|mo|u|units?|iu|meq|mmol|%|yr|yrs|yo|y|x|min|sec|s|"
    r"lb|lbs|oz|in|ft|f|c|bpm|years?|months?|weeks?|days?|hours?|minutes?|times|tabs?|puffs?|am|pm|ppd|py|pack)\b"
    r"(?:[-/]\w+)*(?:-old)?|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b\d+\.\d+\b|\b\d{2,}\b(?!\s?(?:week|wk))",
    re.I,
)
_LINKS = frozenset("and or with of in on from due the a an & w w/ d/t 2/2 c/b".split())
_JOINS = frozenset(["and", "or", "&"])
_BEFORE_TO = frozenset(
    "due secondary related allergic allergy allergies exposure injury reaction attributed".split()
)
_BREAKS = frozenset(
    "no not without w/o denies denied but vs versus then who which that because although however "
    "if when after before since until than has have had was were are been will would should may "
    "r/o s/p h/o hx c/o without neg negative by for at as is to says said per".split()
)
_NO_CONDITION = frozenset(["test", "drug", "procedure", "charting", "timing", "organism"])


class Word(NamedTuple):
    """A word of a chart as it is compared with the book.

    Attributes:
        start: offset of the chart's own characters it comes from.
        end: offset after them.
        written: the word, abbreviations written out; several come from one abbreviation.
        form: its canonical form; empty for a word without meaning of its own.
        stop: no condition reaches across it: punctuation, negation, a verb, a test or treatment.
    """

    start: int
    end: int
    written: str
    form: str
    stop: bool


class Spot(NamedTuple):
    """A condition named in the chart.

    Attributes:
        start: offset of its first character, sides and stages beside it included.
        end: offset after its last.
        phrase: its words, abbreviations written out.
        terms: ids of index terms of which its words are the whole wording.
    """

    start: int
    end: int
    phrase: str
    terms: tuple[int, ...]


class _Words(NamedTuple):
    qualifiers: frozenset[str]
    extends: frozenset[str]
    never: frozenset[str]


@cache
def _table() -> _Words:
    table = tomllib.loads((resources() / "lexicon" / "spots.toml").read_text("utf-8"))
    return _Words(
        frozenset(canonical(w) for w in table["qualifiers"]),
        frozenset(canonical(w) for w in table["extends"]),
        frozenset(" ".join(sorted({canonical(p) for p in split(w)})) for w in table["never"]),
    )


def qualifiers() -> frozenset[str]:
    """Canonical words that qualify a condition and are none by themselves."""
    return _table().qualifiers


def not_conditions() -> frozenset[str]:
    """Wordings of the book, as sorted canonical words, that are no condition by themselves."""
    return _table().never


def read_words(text: str, start: int, end: int, lookup: Lookup) -> list[Word]:
    """The words of a stretch, abbreviations written out, with the offsets they come from."""
    pieces = list(_pieces(text, start, end))
    whole = text[start:end]
    capitals = whole.isupper() and len(pieces) > _SHOUTED
    words: list[Word] = []
    place = 0
    while place < len(pieces):
        taken = 0
        for length in range(min(longest_abbreviation(), len(pieces) - place), 0, -1):
            first, last = pieces[place][0], pieces[place + length - 1][1]
            written = text[first:last]
            if written not in _SIDES and not is_abbreviation(written):
                continue
            if any(pieces[i][2] for i in range(place, place + length)):
                continue
            near = (
                whole if len(whole) < 2 * _NEAR else text[max(start, first - _NEAR) : last + _NEAR]
            )
            if length > 1 and (last - first > 24 or "  " in written):
                continue
            side = _SIDES.get(written)
            if side and not _MEASURED.search(text, max(start, first - 6), first):
                words.append(Word(first, last, side, side, False))
                taken = length
                break
            # Where all is in capitals they say nothing; abbreviations told by them do not count.
            sense = sense_of(written.lower() if capitals else written, near, lookup.context)
            if sense is not None and sense.kind == "diagnosis" and _VALUE.match(text, last):
                sense = measured(written) or sense
            if sense is not None and (written == "pH" or _is_service(text, last)):
                words.append(Word(first, last, written, "", True))
                taken = length
                break
            if sense is not None:
                if sense.kind in _NO_CONDITION and sense.kind != "charting":
                    words += [
                        word._replace(stop=True) for word in _expanded(first, last, sense.expansion)
                    ] or [Word(first, last, written, "", True)]
                else:
                    words += _expanded(first, last, sense.expansion)
                taken = length
                break
        if not taken:
            first, last, stops = pieces[place]
            raw = text[first:last]
            if raw.lower() == "to" and words and words[-1].written.lower() in _BEFORE_TO:
                words.append(Word(first, last, "to", "", False))
            else:
                words += _plain(raw, first, last, stops)
            taken = 1
        place += taken
    return words


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Word-like pieces; whole where a slash belongs to them ("w/o", "c/w"), else cut at it."""
    position = start
    for measure in _MEASURE.finditer(text, start, end):
        yield from _chunks(text, position, measure.start())
        yield measure.start(), measure.end(), True
        position = measure.end()
    yield from _chunks(text, position, end)


def _chunks(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    for chunk in _CHUNK.finditer(text, start, end):
        first, last = chunk.start(), chunk.end()
        while first < last and text[first] in _EDGE:
            first += 1
        cut = last
        while first < cut and text[cut - 1] in _EDGE:
            cut -= 1
        if first == cut:
            yield chunk.start(), last, True
            continue
        body = text[first:cut]
        if len(body) == 1 and body in ',;:()[]"“”<>':
            yield first, cut, True
        elif ("/" in body and len(body) <= 6) or not re.search(r"[/+=→–—~]", body):
            yield first, cut, False
        else:
            for part in _PART.finditer(body):
                sign = part.group() in "/+=→–—~"
                yield first + part.start(), first + part.end(), sign
        if last > cut and text[cut] in "!?":
            yield cut, last, True


def _is_service(text: str, end: int) -> bool:
    """A service that says something stands here, not a condition: ``ID says``, ``GI: ...``."""
    return cue("service_says").match(text, end) is not None


def _expanded(first: int, last: int, expansion: str) -> list[Word]:
    found = []
    for word in split(expansion):
        if word in ("without", "no"):
            found.append(Word(first, last, word, "", True))
        else:
            form = "" if word in EMPTY else canonical(word)
            found.append(Word(first, last, word, form, False))
    return found


def _plain(raw: str, first: int, last: int, stops: bool) -> list[Word]:
    if stops:
        return [Word(first, last, raw, "", True)]
    lower = raw.lower()
    if raw == "pH" or lower in _BREAKS:
        return [Word(first, last, raw, "", True)]
    if lower in _LINKS:
        return [Word(first, last, lower, "", False)]
    if "/" in raw and lower not in _LINKS:
        halves = []
        offset = first
        for part in re.split(r"(/)", raw):
            if part == "/":
                halves.append(Word(offset, offset + 1, "/", "", True))
            elif part:
                halves += _plain(part, offset, offset + len(part), False)
            offset += len(part)
        return halves
    found = []
    parts = split(raw)
    for word in parts:
        form = "" if word in EMPTY else canonical(word)
        found.append(Word(first, last, raw if len(parts) == 1 else word, form, False))
    return found or [Word(first, last, raw, "", True)]


def find_spots(text: str, start: int, end: int, lookup: Lookup) -> list[Spot]:
    """Conditions named in a stretch, none overlapping another, in order."""
    return spots_among(read_words(text, start, end, lookup), lookup)


def spots_among(words: list[Word], lookup: Lookup, also: tuple[str, ...] = ()) -> list[Spot]:
    """As ``find_spots``, for words that are read already.

    Args:
        words: of one stretch.
        lookup: for the index.
        also: canonical words that hold for the whole chart; a wording that has them as well
            comes before one that has not.
    """
    hits: list[tuple[int, int, int, tuple[int, ...]]] = []
    for first in range(len(words)):
        if not words[first].form or words[first].form in LATERALITY:
            continue
        hits += _windows(words, first, lookup, also)
    hits.sort(key=lambda h: (-h[2], h[0], h[1]))
    taken = [False] * len(words)
    chosen = []
    for first, last, _, terms in hits:
        if not any(taken[first:last]):
            taken[first:last] = [True] * (last - first)
            chosen.append((first, last, terms))
    chosen.sort()
    spots = []
    halves = [
        half for first, last, _ in chosen if (half := _half_named(words, first, last, lookup))
    ]
    for start, place, spot in halves:
        spots.append(spot)
        taken[start:place] = [True] * (place - start)
        chosen = [c for c in chosen if not (start <= c[0] and c[1] <= place)]
    for first, last, terms in chosen:
        begin, stop = _widened(words, first, last, taken)
        phrase = " ".join(w.written for w in words[begin:stop] if not w.stop)
        spots.append(Spot(words[begin].start, words[stop - 1].end, phrase, terms))
    return sorted(spots)


def _half_named(
    words: list[Word], first: int, last: int, lookup: Lookup
) -> tuple[int, int, Spot] | None:
    """The condition named by half before another: ``brain and adrenal metastases`` names brain
    metastases too. Gives the places of its own words and the spot."""
    place = first - 1
    if place < 1 or words[place].written not in ("and", "or", "&"):
        return None
    rest = [w.form for w in words[first + 1 : last] if w.form and w.form not in LATERALITY]
    found: tuple[int, tuple[int, ...]] | None = None
    forms: list[str] = []
    for start in range(place - 1, max(-1, place - 5), -1):
        word = words[start]
        if word.stop or not rest:
            break
        if not word.form or word.form in LATERALITY:
            continue
        forms.append(word.form)
        terms = lookup.book.index.worded(tuple(dict.fromkeys([*forms, *rest])))
        if terms:
            found = start, terms
    if found is None:
        return None
    start, terms = found
    half = [w.written for w in words[start:place] if not w.stop]
    tail = [w.written for w in words[first + 1 : last] if not w.stop]
    spot = Spot(words[start].start, words[place - 1].end, " ".join(half + tail), terms)
    return start, place, spot


def _windows(
    words: list[Word], first: int, lookup: Lookup, also: tuple[str, ...]
) -> Iterator[tuple[int, int, int, tuple[int, ...]]]:
    """Every whole wording that begins at a word: first, last, how many words, terms."""
    table = _table()
    index = lookup.book.index
    forms: dict[str, None] = {}
    plain: list[str] = []
    joined = False
    for last in range(first, len(words)):
        word = words[last]
        if word.stop:
            return
        if not word.form:
            joined = joined or word.written in _JOINS
            continue
        plain.append(word.written)
        if word.form not in LATERALITY:
            forms[word.form] = None
        if len(forms) > MOST_WORDS:
            return
        if not forms or word.form in LATERALITY:
            continue
        key = " ".join(sorted(forms))
        if key in table.never or (len(forms) == 1 and not _may_stand_alone(word)):
            continue
        terms: tuple[int, ...] = ()
        if also:
            terms = index.worded(tuple(dict.fromkeys((*forms, *also))))
        if not terms:
            terms = index.worded(tuple(forms))
        size = len(forms) * 2
        if not terms and not joined:
            core = [f for f in forms if f not in table.qualifiers]
            if core and len(core) < len(forms) and " ".join(sorted(core)) not in table.never:
                terms = index.worded(core)
                size = len(core) * 2 + 1
                if len(core) == 1 and terms and core[0] in site_words():
                    terms = ()
        if not terms and len(plain) <= 4 and key not in table.never:
            for wording in preferred(" ".join(plain)):
                other = tuple(
                    dict.fromkeys(
                        canonical(w) for w in split(wording)
                        if w not in EMPTY and w not in LATERALITY
                    )
                )  # fmt: skip
                if " ".join(sorted(other)) in table.never:
                    continue
                terms = index.worded(other) if other else ()
                if terms:
                    break
        if terms:
            yield first, last + 1, size, terms


def _may_stand_alone(word: Word) -> bool:
    form = word.form
    if len(form) <= 3 and word.written.islower() and word.end - word.start == len(form):
        return False
    return len(form) > 2 and not form.isdigit() and form not in site_words()


def _widened(words: list[Word], first: int, last: int, taken: list[bool]) -> tuple[int, int]:
    """The window with the words beside it that belong to it: side, acuity, stage, site."""
    extends, sites = _table().extends, site_words()

    def belongs(place: int) -> bool:
        word = words[place]
        known = word.form in extends or word.form in sites
        return bool(word.form) and known and not word.stop and not taken[place]

    first, last = _whole_abbreviation(words, first, last)
    begin, stop = first, last
    while begin > 0 and first - begin < 4 and belongs(begin - 1):
        begin -= 1
    while stop < len(words) and stop - last < 4:
        if belongs(stop):
            stop += 1
        elif (
            stop + 1 < len(words)
            and words[stop].written in ("of", "in", "the")
            and belongs(stop + 1)
        ):
            stop += 2
        else:
            break
    stop = _after_comma(words, stop, taken)
    for place in (*range(begin, first), *range(last, stop)):
        taken[place] = True
    return begin, stop


def _whole_abbreviation(words: list[Word], first: int, last: int) -> tuple[int, int]:
    """The window with all words that the chart wrote as one abbreviation."""
    place = words[first].start, words[first].end
    while first > 0 and (words[first - 1].start, words[first - 1].end) == place:
        first -= 1
    place = words[last - 1].start, words[last - 1].end
    while last < len(words) and (words[last].start, words[last].end) == place:
        last += 1
    return first, last


def _after_comma(words: list[Word], stop: int, taken: list[bool]) -> int:
    """Takes in what only qualifies behind a comma: ``Asthma, mild intermittent``."""
    extends = _table().extends
    if stop >= len(words) or words[stop].written != ",":
        return stop
    place = stop + 1
    while place < len(words) and not words[place].stop and not taken[place]:
        if words[place].form and words[place].form not in extends:
            return stop
        place += 1
    fits = stop + 1 < place <= stop + 5 and (place == len(words) or words[place].stop)
    return place if fits else stop
