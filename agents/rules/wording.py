"""Tells a row of a knowledge table in the words of a chart, whatever their order and form.

A row's phrase is brought into canonical words like the book's wordings; windows of a stretch are
compared with it as sets. A row for the same side comes first, then one that names no side.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chartcoder.agents.descent import side_of
from chartcoder.agents.rules.spots import Word
from chartcoder.index.lexicon import write_out
from chartcoder.index.words import EMPTY, LATERALITY, canonical, split

_LONGEST = 6


class Hit(NamedTuple):
    """A row told in a stretch: offsets in the chart, and which row."""

    start: int
    end: int
    row: int


class Wordings:
    """The phrases of a table, ready to be found.

    Args:
        phrases: pairs of a phrase and the number of its row; the first of two alike counts.
    """

    def __init__(self, phrases: Iterable[tuple[str, int]]) -> None:
        self._rows: dict[str, dict[str, int]] = {}
        for phrase, row in phrases:
            for wording in (phrase, write_out(phrase)):
                forms = [canonical(w) for w in split(wording) if w not in EMPTY]
                key = key_of(forms)
                if key:
                    self._rows.setdefault(key, {}).setdefault(side_of(forms), row)

    def find(self, words: Sequence[Word]) -> list[Hit]:
        """Rows told among words, the longest first where two overlap, in order."""
        hits = list(self._windows(words))
        hits.sort(key=lambda h: (-h[2], h[0]))
        taken = [False] * len(words)
        chosen = []
        for first, last, _, row in hits:
            if not any(taken[first:last]):
                taken[first:last] = [True] * (last - first)
                chosen.append(Hit(words[first].start, words[last - 1].end, row))
        return sorted(chosen)

    def _windows(self, words: Sequence[Word]) -> Iterator[tuple[int, int, int, int]]:
        for first in range(len(words)):
            if not words[first].form:
                continue
            forms: dict[str, None] = {}
            for last in range(first, len(words)):
                word = words[last]
                if word.stop and not word.form:
                    break
                if not word.form:
                    continue
                forms[word.form] = None
                if len(forms) > _LONGEST:
                    break
                rows = self._rows.get(key_of(forms))
                if rows is not None:
                    side = side_of(forms)
                    row = rows.get(side, rows.get(""))
                    if row is not None:
                        yield first, last + 1, len(forms), row


def key_of(forms: Iterable[str]) -> str:
    """Canonical words as one key, sides left aside."""
    return " ".join(sorted({f for f in forms if f not in LATERALITY}))
