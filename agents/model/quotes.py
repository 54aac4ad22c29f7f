"""Locates a model's quotes in the chart. The text of a span is always the chart's own.

Three ways, in this order: the quote as it stands; with white space, case, quotation marks and
dashes folded; a bounded fuzzy match. The last may bridge a slip of the pen and nothing more: it may
change no number, no negation and no side.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Literal, NamedTuple

from rapidfuzz import fuzz

from chartcoder.agents.model.lexicon import words as words_of

How = Literal["exact", "folded", "fuzzy"]

_LEAST_FUZZY = 12
_MOST_FUZZY = 400
_LIKENESS = 90.0
_ELLIPSIS = re.compile(r"\s*(?:\.{3,}|…|\[\.\.\.\])\s*")
_WORDS = re.compile(r"[a-z0-9]+(?:[.,/][0-9]+)*")
_SIGNS = dict(zip("‘’“”–—‑−", "''\"\"----", strict=True))


class Located(NamedTuple):
    """Where a quote stands: ``chart[start:end]`` is its true text."""

    start: int
    end: int
    how: How


class Folded(NamedTuple):
    """A text folded for comparison, with the place each folded character came from."""

    text: str
    places: tuple[int, ...]


def fold_text(text: str) -> Folded:
    """Folds runs of white space, case, compatibility forms, quotation marks and dashes."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            if characters and characters[-1] != " ":
                characters.append(" ")
                places.append(place)
            continue
        sign = _SIGNS.get(character, character)
        for folded in unicodedata.normalize("NFKC", sign).casefold():
            if folded.isspace():
                continue
            characters.append(folded)
            places.append(place)
    return Folded("".join(characters), tuple(places))


class QuoteFinder:
    """Locates quotes in one chart.

    Args:
        text: the decoded chart.
        rank: gives a place its rank, lowest first, where a quote occurs more than once; by
            default the first occurrence is taken.
    """

    def __init__(self, text: str, rank: Callable[[int], int] | None = None) -> None:
        self.text = text
        self._rank = rank or (lambda place: 0)
        self._folded: Folded | None = None

    def find(self, quote: str) -> Located | None:
        """Where the quote stands; None where the chart does not have it.

        White space and quotation marks around the quote are not part of it.
        """
        bare = quote.strip().strip('"“”').strip()
        if not any(c.isalnum() for c in bare):
            return None
        return self._exact(bare) or self._by_folding(bare) or self._fuzzy(bare)

    def parts(self, quote: str) -> list[Located]:
        """The parts of a quote with omissions marked by dots; empty unless all are there."""
        found = [self.find(part) for part in _ELLIPSIS.split(quote) if part.strip()]
        return [f for f in found if f is not None] if all(found) else []

    def _best(self, starts: list[int]) -> int:
        return min(starts, key=lambda start: (self._rank(start), start))

    def _exact(self, quote: str) -> Located | None:
        starts = _whole_occurrences(self.text, quote)
        if not starts:
            return None
        start = self._best(starts)
        return Located(start, start + len(quote), "exact")

    @property
    def folded(self) -> Folded:
        """The chart, folded once."""
        if self._folded is None:
            self._folded = fold_text(self.text)
        return self._folded

    def _by_folding(self, quote: str) -> Located | None:
        wanted = fold_text(quote).text.strip()
        starts = _whole_occurrences(self.folded.text, wanted) if wanted else []
        if not starts:
            return None
        places = self.folded.places
        begun = {places[start]: start for start in starts}
        first = begun[self._best(sorted(begun))]
        return Located(places[first], places[first + len(wanted) - 1] + 1, "folded")

    def _fuzzy(self, quote: str) -> Located | None:
        wanted = fold_text(quote).text.strip()
        if not _LEAST_FUZZY <= len(wanted) <= _MOST_FUZZY or len(wanted) > len(self.folded.text):
            return None
        match = fuzz.partial_ratio_alignment(wanted, self.folded.text, score_cutoff=_LIKENESS)
        if match is None:
            return None
        start, end = _widened(self.folded.text, match.dest_start, match.dest_end)
        found = self.folded.text[start:end]
        if fuzz.ratio(wanted, found) < _LIKENESS or _guarded(wanted) != _guarded(found):
            return None
        places = self.folded.places
        return Located(places[start], places[end - 1] + 1, "fuzzy")


def _whole_occurrences(text: str, wanted: str) -> list[int]:
    """Where the wanted words stand, not as a part of longer words if they also stand alone."""
    every: list[int] = []
    whole: list[int] = []
    start = text.find(wanted)
    while start >= 0:
        every.append(start)
        end = start + len(wanted)
        before = start > 0 and text[start - 1].isalnum() and wanted[0].isalnum()
        after = end < len(text) and text[end].isalnum() and wanted[-1].isalnum()
        if not before and not after:
            whole.append(start)
        start = text.find(wanted, start + 1)
    # Half a word is a quote only where it is long enough not to be there by accident.
    return whole or (every if len(wanted) >= _LEAST_FUZZY else [])


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch grown to whole words and trimmed of spaces."""
    while start < end and text[start] == " ":
        start += 1
    while end > start and text[end - 1] == " ":
        end -= 1
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end


def _guarded(text: str) -> list[str]:
    """The words a fuzzy match may not change: numbers, negations, sides, grades."""
    words = _WORDS.findall(text)
    guarded = words_of("guarded_words")
    return sorted(w for w in words if w in guarded or any(c.isdigit() for c in w))
