"""The valid codes of one set, ready to be held against the notes of each other."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chartcoder.tabular.references import Reference, place, references
from chartcoder.tabular.rulebook import Item, Target

_WORD = re.compile(r"[a-z]+")
_GRAMMAR = {"with", "th", "character", "characters", "the", "of", "a", "and", "or"}


class Span(NamedTuple):
    """One reference of a row of the rules, ready to be compared.

    Attributes:
        low: first ``place`` inside.
        end: last ``place`` inside.
        reference: as it was read.
    """

    low: str
    end: str
    reference: Reference


def spans(codes: str) -> tuple[Span, ...]:
    """The codes that a row of the rules names, written as a note would name them."""
    return tuple(Span(place(r.low), r.end, r) for r in references(codes))


def letters(named: Iterable[Span]) -> set[str]:
    """The first letters that the codes named can have."""
    return {
        chr(number) for span in named for number in range(ord(span.low[0]), ord(span.end[0]) + 1)
    }


def within(named: Iterable[Span], item: Item) -> bool:
    """Says whether a code is among those named."""
    where, bare = item.where, item.bare
    return any(
        low <= where <= end and (not reference.position or reference.shows(bare))
        for low, end, reference in named
    )


class CodeSet:
    """The codes in their sequence, each once, and sorted as the book has them.

    Attributes:
        items: the codes with their rules, in their sequence.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = tuple(items)
        self._sorted = sorted(range(len(self.items)), key=lambda i: self.items[i].where)
        self._places = [self.items[i].where for i in self._sorted]

    def named(self, targets: Iterable[Target], index: int) -> Iterator[tuple[int, Target]]:
        """The other codes that notes of one code name.

        Args:
            targets: what the notes name.
            index: the code that carries them; it never names itself.

        Yields:
            The place of the other code in the sequence, and what names it.
        """
        places = self._places
        last = len(places)
        for target in targets:
            at = bisect_left(places, target.low)
            while at < last and places[at] <= target.end:
                other = self._sorted[at]
                at += 1
                if other != index and _meant(target, self.items[other]):
                    yield other, target


def _meant(target: Target, other: Item) -> bool:
    reference = target.reference
    if reference.position and not reference.shows(other.bare):
        return False
    return not reference.qualifier or _title_shows(reference.qualifier, other)


def _title_shows(qualifier: str, other: Item) -> bool:
    wanted = set(_WORD.findall(qualifier.lower())) - _GRAMMAR
    return wanted <= set(_WORD.findall(other.entry.title.lower()))
