"""Finds the term that the words of a pointer name: "Shock, anaphylactic" is Shock > anaphylactic.

A pointer writes main term and subterms with commas between, not always in the words of the titles:
it leaves words out, joins two levels, swaps them, or names what a nonessential modifier says.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from chartcoder.index.terms import Book, Term
from chartcoder.index.words import canonical, split

# Segments that name no subterm: what they stand for only the chart can say.
BY = re.compile(
    r"^(?:by |if known|if applicable|any |using |specific|nature of|first listed|underlying|"
    r"associated |type of|condition|according)"
)
_PLURAL = re.compile(r"\(\w{1,4}\)")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_IDLE = frozenset("a an and of or the by for to in from nec nos".split())
_BREADTH = 6
_CLEAR = 0.45
# Of two lines alike, one that only points elsewhere is not the one that is meant: "Failure, heart"
# is not Failure > cardiac (see Failure, heart).
_ONLY_POINTS = 0.15
_DISTANCE: dict[Book, float] = {"index": 0.1, "external": 0.3, "neoplasm": 0.3, "supplement": 0.6}


class Landing(NamedTuple):
    """Where the words of a pointer lead.

    Attributes:
        cost: how far title and words differ, 0 for not at all.
        number: id of the term.
        rest: segments that no subterm answers.
        by: segments such as "by site", and what follows them.
    """

    cost: float
    number: int
    rest: tuple[str, ...]
    by: tuple[str, ...]


class _Title(NamedTuple):
    """A title in the forms a pointer may write it in."""

    forms: frozenset[tuple[str, ...]]
    words: frozenset[str]
    allowed: frozenset[str]


@lru_cache(maxsize=131072)
def plain(text: str) -> tuple[str, ...]:
    """The canonical words of a title or a segment, what stands in brackets left out."""
    bare = _BRACKETS.sub(" ", text) if "(" in text or "[" in text else text
    return tuple([canonical(w) for w in split(bare)])


def _content(words: Iterable[str]) -> frozenset[str]:
    return frozenset(words) - _IDLE


@lru_cache(maxsize=131072)
def _read(title: str, nonessential: tuple[str, ...]) -> _Title:
    bare = _PLURAL.sub("", title) if "(" in title else title
    whole = plain(bare)
    forms = {whole} if bare == title else {whole, plain(title)}
    if "," in bare:
        # "Diabetes, diabetic" is found as either word; "Wound, open" only as a whole.
        first, *others = [part.strip() for part in bare.split(",")]
        stem = first[:4].lower()
        alike = [part for part in others if part.lower().startswith(stem)]
        forms.update(plain(part) for part in alike)
        if others[0] in alike:
            forms.add(plain(first))
    elif " or " in bare:
        # "acute or subacute" is found as either.
        forms.update(plain(part) for part in bare.split(" or "))
    forms.discard(())
    words = _content(whole)
    allowed = words.union(*[plain(n) for n in nonessential]) if nonessential else words
    return _Title(frozenset(forms), words, allowed)


class Lander:
    """Finds terms by the words of pointers.

    Args:
        terms: all terms; ``terms[i].id == i``.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = terms
        self._mains: dict[str, list[int]] = defaultdict(list)
        self._drugs: dict[str, list[int]] = defaultdict(list)
        self._exact: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._by_word: dict[int, dict[str, list[int]]] = {}
        for term in terms:
            if term.parent >= 0 or term.book in ("title", "inclusion"):
                continue
            read = self._title(term.id)
            by_word = self._drugs if term.book == "drug" else self._mains
            for word in read.words:
                by_word[word].append(term.id)
            if term.book != "drug":
                for form in read.forms:
                    self._exact[form].append(term.id)

    def land(self, source: Term, segments: Sequence[str]) -> Landing | None:
        """Where a pointer of a term leads; None where no main term answers its first words.

        Args:
            source: the term that carries the pointer; its book is looked in first.
            segments: the words between the commas.
        """
        landing = self._land(source, tuple(segments))
        if landing is None or landing.rest:
            respelt = tuple(self._respelt(s) for s in segments)
            if respelt != tuple(segments):
                return self._land(source, respelt) or landing
        return landing

    def _land(self, source: Term, segments: tuple[str, ...]) -> Landing | None:
        exact: Iterable[int] = ()
        if source.book != "drug":
            exact = self._exact.get(plain(segments[0]), ())
        named = [
            (self._distance(source, n) + self._pointing(n), n, segments[1:])
            for n in exact
            if n != source.id
        ]
        named.sort()
        best: Landing | None = None
        for starts in (named, self._starts(source, segments)):
            for cost, number, rest in starts:
                landing = self.down(number, rest, cost, source.id)
                if best is None or _order(landing) < _order(best):
                    best = landing
            if best is not None and not best.rest and best.cost < _CLEAR:
                break
        return best

    def _starts(
        self, source: Term, segments: tuple[str, ...]
    ) -> Iterable[tuple[float, int, tuple[str, ...]]]:
        """Main terms, or terms beside the source, that the first words of a pointer may name."""
        mains = self._drugs if source.book == "drug" else self._mains
        heads = _heads(segments)
        found = []
        for number in _sharing(mains, heads):
            if number == source.id:
                continue
            distance = self._distance(source, number) + self._pointing(number)
            found += [
                (cost + distance, number, rest)
                for cost, rest in _match(self._title(number), heads)
                if cost < 1.2
            ]
        if not found or min(cost for cost, *_ in found) >= 1.0:
            found += self._beside(source, heads)
        found.sort()
        yield from found[:12]

    def _beside(
        self, source: Term, heads: Sequence["_Head"]
    ) -> list[tuple[float, int, tuple[str, ...]]]:
        """Terms below any term above the source: "see Newborn, jaundice" said inside a branch."""
        found = []
        above = source.parent
        while above >= 0:
            for number in _sharing(self._below(above), heads):
                if number != source.id:
                    found += [
                        (cost + 0.5, number, rest)
                        for cost, rest in _match(self._title(number), heads)
                        if cost < 1.0
                    ]
            above = self.terms[above].parent
        return found

    def _distance(self, source: Term, number: int) -> float:
        book = self.terms[number].book
        return 0.0 if book == source.book else _DISTANCE.get(book, 1.0)

    def _pointing(self, number: int) -> float:
        term = self.terms[number]
        points = bool(term.see) and not term.code and not term.cells and term.end == term.id + 1
        return _ONLY_POINTS if points else 0.0

    def _title(self, number: int) -> _Title:
        term = self.terms[number]
        return _read(term.title, term.nonessential)

    def _children(self, number: int) -> Iterable[int]:
        child, end = number + 1, self.terms[number].end
        while child < end:
            yield child
            child = self.terms[child].end

    def _below(self, number: int) -> dict[str, list[int]]:
        """The children of a term by the words of their titles."""
        known = self._by_word.get(number)
        if known is None:
            known = defaultdict(list)
            for child in self._children(number):
                for word in self._title(child).allowed:
                    known[word].append(child)
            self._by_word[number] = known
        return known

    def down(
        self, number: int, segments: tuple[str, ...], cost: float = 0.0, source: int = -1
    ) -> Landing:
        """From a term down as far as the words lead; the cheapest of a few ways.

        Args:
            number: id of the term.
            segments: the words between the commas.
            cost: of the way so far.
            source: id of the term that carries the pointer, which cannot be what it names.
        """
        if not segments:
            return Landing(cost, number, (), ())
        if BY.match(segments[0].lower()):
            # "by site": what follows chooses below the site, which only the chart can name.
            return Landing(cost, number, (), segments)
        heads = _heads(segments)
        ways = [
            (cost + c + self._pointing(child), child, rest)
            for child in _sharing(self._below(number), heads)
            for c, rest in _match(self._title(child), heads)
        ]
        if not ways or min(ways)[0] > cost + 0.3:
            for child in self._children(number):
                ways += [
                    (cost + c + 0.4 + self._pointing(grandchild), grandchild, rest)
                    for grandchild in _sharing(self._below(child), heads)
                    for c, rest in _match(self._title(grandchild), heads)
                    if c < 0.5
                ]
        own = self._title(number)
        if heads and heads[0].said <= own.allowed:
            # The segment repeats what the title itself, or a nonessential modifier, says.
            ways.append((cost + 0.35, number, segments[1:]))
        if len(segments) > 1:
            # "Bite, superficial, hand" stands in the book as Bite, hand, superficial.
            later = _heads(segments[1:])
            ways += [
                (cost + c + 0.6, child, (segments[0], *rest))
                for child in _sharing(self._below(number), later)
                for c, rest in _match(self._title(child), later)
                if c < 0.3
            ]
        best = Landing(cost + 2.0 * len(segments), number, segments, ())
        ways = sorted(way for way in ways if way[1] != source or way[2])
        for way_cost, child, rest in ways[:_BREADTH]:
            landing = self.down(child, rest, way_cost, source)
            if _order(landing) < _order(best):
                best = landing
            if not best.rest and best.cost < way_cost + _CLEAR:
                break
        return best

    def _respelt(self, segment: str) -> str:
        """A segment with each word that no title has replaced by the nearest one that some has."""
        words = [self._nearest(w) for w in plain(segment)]
        return " ".join(words) if tuple(words) != plain(segment) else segment

    @lru_cache(maxsize=1024)  # noqa: B019
    def _nearest(self, word: str) -> str:
        from rapidfuzz.process import extractOne

        if len(word) < 5 or word in self._vocabulary:
            return word
        like = [w for w in self._vocabulary if w[0] == word[0]]
        found = extractOne(word, like, score_cutoff=85)
        return found[0] if found else word

    @cached_property
    def _vocabulary(self) -> dict[str, None]:
        words: dict[str, None] = {}
        for term in self.terms:
            if term.book not in ("title", "inclusion"):
                words.update(dict.fromkeys(plain(term.title)))
        return words


class _Head(NamedTuple):
    """The first segments of a pointer, read as one title."""

    joined: tuple[str, ...]
    said: frozenset[str]
    rest: tuple[str, ...]
    levels: int


def _heads(segments: tuple[str, ...]) -> list[_Head]:
    heads = []
    for count in range(1, min(3, len(segments)) + 1):
        joined = plain(" ".join(segments[:count]))
        said = _content(joined)
        if said:
            heads.append(_Head(joined, said, segments[count:], count))
    return heads


def _sharing(numbers_by_word: dict[str, list[int]], heads: Sequence[_Head]) -> list[int]:
    """The terms that share a word with the first segments."""
    words = heads[0].said if heads else ()
    return sorted({n for word in words for n in numbers_by_word.get(word, ())})


def _order(landing: Landing) -> tuple[int, float, int]:
    return (len(landing.rest), landing.cost, landing.number)


def _match(title: _Title, heads: Sequence[_Head]) -> list[tuple[float, tuple[str, ...]]]:
    """How a title answers the first segments: pairs of cost and the segments left over."""
    found: list[tuple[float, tuple[str, ...]]] = []
    for joined, said, rest, levels in heads:
        if joined in title.forms:
            found.append((0.02 * (levels - 1), rest))
        elif not title.words:
            continue
        elif said == title.words:
            found.append((0.1, rest))
        elif title.words <= said <= title.allowed:
            found.append((0.15, rest))
        elif said <= title.allowed and said & title.words:
            found.append((0.3 + 0.2 * len(title.words - said), rest))
        elif title.words < said and levels == 1:
            left = " ".join(w for w in joined if w not in title.words)
            found.append((0.5 + 0.1 * len(said - title.words), (left, *rest)))
        elif len(said & title.words) >= 0.6 * len(said | title.words):
            found.append((0.8, rest))
    return found
