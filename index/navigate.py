"""Walks the Alphabetic Index from the words of a chart to entries, as a coder does.

The main term and its subterms are found by ``rank``; see is followed into the branch it names and
down it by the words that are left (I.A.16), see also where the first look leaves words over; the
tables are entered by site and behaviour, by substance and intent.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from chartcoder.index.calibration import UNSURE, sureness
from chartcoder.index.rank import Asked, Question, Ranked, Ranker, merged, value
from chartcoder.index.rewording import Rewording
from chartcoder.index.store import IndexStore
from chartcoder.index.tables import Ask, read_asks
from chartcoder.index.terms import Pointer, Term
from chartcoder.index.words import LATERALITY, signed, tokens

_MOST_HOPS = 4
_HOP = 0.985
_ALSO = 0.93
_SEVERAL = 0.6
_FIRST_LOOK = 0.8
_WORTH_FOLLOWING = 0.5
_TIE = 0.002
_PART = 0.95
_UNUSED = 0.02
_TABLE_WORDS = tuple(tokens("neoplasm neoplastic malignant primary secondary"))
_RESIDUAL = re.compile(r"\bNEC\b|\b(?:other|specified)\b(?! disease)")


class Found(NamedTuple):
    """One entry of the index, as good as it fits a phrase.

    Attributes:
        code: the code the entry names, with a trailing dash where it is incomplete.
        score: 0 to 1.
        term: id of the entry.
        path: its titles from the main term down; of a table, row and then column.
        hops: what was followed to reach it: see pointers, as sentences; empty for none.
        matched: words of the phrase it explains.
        unmatched: words of the phrase it does not.
        missing: words it demands that the phrase lacks.
        manifestation: the code in brackets that goes second; empty for none.
        book: the file it stands in.
        sure: how probable it is that a first entry of this score is right, 0 to 1, as measured
            on held-out entries; less where an entry of another category scores the same.
    """

    code: str
    score: float
    term: int
    path: tuple[str, ...]
    hops: tuple[str, ...]
    matched: tuple[str, ...]
    unmatched: tuple[str, ...]
    missing: tuple[str, ...]
    manifestation: str
    book: str
    sure: float = 0.0

    @property
    def unsure(self) -> bool:
        """Whether another entry is more likely than not."""
        return self.sure < UNSURE


class _Step(NamedTuple):
    """Where a walk stands.

    Attributes:
        ranked: the term, with what it explains and is supplied on the whole way.
        score: how good the walk is so far.
        hops: the pointers that were followed: pairs of the term that carries it and the pointer.
        visited: terms that were landed on.
        said: numbers of the words said on the way, before this term.
        column: column of the table that is asked for, 0 for none.
    """

    ranked: Ranked
    score: float
    hops: tuple[Pointer, ...] = ()
    visited: frozenset[int] = frozenset()
    said: frozenset[int] = frozenset()
    column: int = 0


class _End(NamedTuple):
    """A code that a walk comes to."""

    score: float
    step: _Step
    code: str
    manifestation: str


class _Found(NamedTuple):
    """A code with the reading of the question under which it was found."""

    score: float
    asked: Asked
    end: _End


class _Keep(Protocol):
    """Takes the codes a look comes to."""

    def __call__(self, asked: Asked, ends: Iterable[_End], trust: float = 1.0) -> None: ...


class Navigator:
    """Finds index entries for phrases over one opened index."""

    def __init__(self, store: IndexStore) -> None:
        self.store = store
        self.ranker = Ranker(store)
        self._rewording = Rewording(store)
        self._memory: dict[tuple[str, int, frozenset[str], bool], list[Found]] = {}

    def find(
        self, phrase: str, limit: int = 10, context: Sequence[str] = (), again: bool = True
    ) -> list[Found]:
        """Ranks index entries for a phrase.

        Args:
            phrase: the words of the chart, abbreviations already written out.
            limit: how many entries to give.
            context: further words that may settle a subterm but need not be explained.
            again: look a second time, with other words, where the first look finds too little.

        Returns:
            Entries with a code, best first; empty where no word of the phrase is known.
        """
        near = frozenset(w for text in context for w in tokens(text))
        key = (phrase, limit, near, again)
        known = self._memory.get(key)
        if known is None:
            read = signed(phrase)
            residual = _RESIDUAL.search(phrase) is not None
            question = Question(read.said, read.denied, read.side, near, residual)
            known = self._memory[key] = self._find(question, limit, read_asks(phrase), again)
        return known

    def find_words(
        self, words: Sequence[str], limit: int = 10, context: Iterable[str] = ()
    ) -> list[Found]:
        """As ``find``, for canonical words."""
        return self.find(" ".join(w for w in words if w not in LATERALITY), limit, tuple(context))

    def _find(
        self, question: Question, limit: int, asks: Sequence[Ask], again: bool
    ) -> list[Found]:
        best: dict[tuple[str, str], _Found] = {}

        def keep(asked: Asked, ends: Iterable[_End], trust: float = 1.0) -> None:
            for end in ends:
                key = (end.code, end.manifestation)
                score = end.score * trust
                if key not in best or score > best[key].score:
                    best[key] = _Found(score, asked, end)

        asked = Asked(self.store, question)
        self._look(asked, keep, limit)
        for ask in asks:
            keep(asked, self._table(ask, asked))
        top = max((found.score for found in best.values()), default=0.0)
        if again and top < _FIRST_LOOK:
            self._look_again(question, keep, limit)
        ranked = sorted(best.values(), key=lambda f: (-f.score, f.end.step.ranked.number))
        return _with_sureness(
            [self._found(question, f.asked, f.end, f.score) for f in ranked[:limit]]
        )

    def _look(self, asked: Asked, keep: _Keep, limit: int, trust: float = 1.0) -> None:
        """One look with the words as they are."""
        ranked = self.ranker.rank(asked)
        self.store.load(one.number for one in ranked[: limit * 3])
        for one in ranked[: limit * 3]:
            step = _Step(one, one.score)
            keep(asked, self._ends(step, asked, ranked[0].score * _WORTH_FOLLOWING), trust)

    def _look_again(self, question: Question, keep: _Keep, limit: int) -> None:
        """The second look: words of one family, and other words for what the phrase says."""
        wider = Asked(self.store, question, kin=True)
        if any(len(group.members) > 1 for group in wider.groups):
            self._look(wider, keep, limit)
        for words, trust in self._rewording.of(question.said):
            self._look(Asked(self.store, question._replace(said=words)), keep, limit, trust)

    def _ends(self, step: _Step, asked: Asked, least: float = 0.0) -> Iterator[_End]:
        """The codes that a walk comes to from here."""
        term = self.store.term(step.ranked.number)
        if step.column and term.cells:
            code = dict(term.cells).get(step.column, "")
            if code:
                yield _End(step.score, step, code, "")
        elif term.code:
            yield _End(step.score, step, term.code, term.manifestation)
        follow = (term.see or term.see_also) and step.score >= least
        if follow and len(step.hops) < _MOST_HOPS:
            for pointer in self.store.pointers(term.id):
                if not (pointer.also and term.code and step.ranked.explained > 0.97):
                    yield from self._follow(step, pointer, asked)

    def _follow(self, step: _Step, pointer: Pointer, asked: Asked) -> Iterator[_End]:
        """Goes where a pointer says, and down from there by the words that are left."""
        said = step.said | self.ranker.said(step.ranked.number)
        factor = _ALSO if pointer.also else _HOP
        onward = step._replace(hops=(*step.hops, pointer), said=said)
        if pointer.kind == "category":
            share = 1.0 if len(pointer.codes) == 1 else _SEVERAL
            for code in pointer.codes:
                yield _End(step.score * factor * share, onward, f"{code.rstrip('-')}-", "")
        elif pointer.kind == "table":
            yield from self._follow_to_table(onward, pointer, asked, factor)
        elif pointer.kind == "term":
            rest = frozenset(p.number for w in tokens(pointer.rest) if (p := self.store.posting(w)))
            for number in pointer.terms:
                if number not in step.visited:
                    branch = (number, self.store.term(number).end)
                    yield from self._down(onward, asked, branch, rest, factor, rows=False)

    def _follow_to_table(
        self, step: _Step, pointer: Pointer, asked: Asked, factor: float
    ) -> Iterator[_End]:
        """Neoplasm, by site; Table of Drugs and Chemicals: the row that the words left name."""
        column = pointer.column or step.column
        if column:
            step = step._replace(column=column)
            rest = self._table_words()
            if pointer.terms:
                number = pointer.terms[0]
                branch = (number, self.store.term(number).end)
                yield from self._down(step, asked, branch, rest, factor, rows=True)
            else:
                rows = self.ranker.rank(
                    asked.without(step.said), step.said | rest, self.store.span("drug"), rows=True
                )
                yield from self._onward(step, asked, rows, factor)

    def _table_words(self) -> frozenset[int]:
        return frozenset(p.number for w in _TABLE_WORDS if (p := self.store.posting(w)))

    def _down(
        self, step: _Step, asked: Asked, branch: tuple[int, int], rest: frozenset[int],
        factor: float, rows: bool,
    ) -> Iterator[_End]:  # fmt: skip
        """From a term down its branch by the words of the phrase that it does not say itself.

        Words that chose the pointer may choose below it too: Pain, foot is Pain > limb > lower >
        foot.
        """
        number = branch[0]
        given = step.said | rest | self.ranker.said(number)
        left = asked.without(self.ranker.said(number))
        below = self.ranker.rank(left, given, branch, rows) if left.groups else []
        if all(one.number != number for one in below):
            below = merged(below, self.ranker.judge(left, given, [number]))
        yield from self._onward(
            step._replace(visited=step.visited | {number}), asked, below, factor
        )

    def _onward(
        self, step: _Step, asked: Asked, ranked: Sequence[Ranked], factor: float
    ) -> Iterator[_End]:
        """The best of several terms, judged over the whole way to them."""
        for one in ranked[:8]:
            explained = asked.explained(step.said | self.ranker.said(one.number))
            supplied = one.supplied * step.ranked.supplied
            score = factor * value(explained, supplied) * (1.0 - _UNUSED * (1.0 - one.explained))
            here = Ranked(score, one.number, explained, supplied)
            visited = step.visited | {one.number}
            yield from self._ends(step._replace(ranked=here, score=score, visited=visited), asked)

    def _table(self, ask: Ask, asked: Asked) -> Iterator[_End]:
        """The cells of a table that a phrase asks for by itself."""
        branch = self.store.span(ask.table)
        said = frozenset(p.number for w in tokens(ask.said) if (p := self.store.posting(w)))
        if branch[0] == branch[1]:
            read = signed(f"{ask.title} {ask.place}")
            titled = Asked(self.store, asked.question._replace(said=read.said))
            for one in self.ranker.rank(titled)[:8]:
                yield from self._ends(_Step(one, one.score * _HOP, said=said), asked)
            return
        read = signed(ask.place)
        place = Asked(self.store, asked.question._replace(said=read.said))
        rows = self.ranker.rank(place, self._table_words(), branch, rows=True)
        if ask.table == "neoplasm" and not rows:
            rows = self.ranker.judge(place, self._table_words(), [branch[0]])
        start = _Step(Ranked(1.0, branch[0], 1.0, 1.0), 1.0, said=said, column=ask.column)
        if ask.part:
            both = dict.fromkeys((*read.said, *tokens(ask.said)))
            asked = Asked(self.store, asked.question._replace(said=tuple(both)))
        yield from self._onward(start, asked, rows, _PART if ask.part else 1.0)

    def _found(self, question: Question, asked: Asked, end: _End, score: float) -> Found:
        number = end.step.ranked.number
        path = self.store.path(number)
        stands, said = asked.stands, end.step.said
        places = {stands[n][0] for n in self.ranker.words(number) if n in stands}
        if said:
            places.update(stands[n][0] for n in said if n in stands)
        read = asked.question.said
        heard = {word for place, word in enumerate(read) if place in places}
        # Words that were replaced for a second look count as explained when a new one is.
        anew = bool(heard.difference(question.said))
        matched = tuple(w for w in question.said if w in heard or (anew and w not in read))
        words, ends = self.store.demanded
        missing = [
            n for n in words[ends[number] : ends[number + 1]] if n not in stands and n not in said
        ]
        return Found(
            code=end.code,
            score=round(score, 6),
            term=number,
            path=(*(term.title for term in path), *self._column(path[-1], end.step.column)),
            hops=tuple(self._hop(pointer) for pointer in end.step.hops),
            matched=matched,
            unmatched=tuple(w for w in question.said if w not in matched),
            missing=tuple(sorted(self.store.vocabulary[n] for n in missing)),
            manifestation=end.manifestation,
            book=path[-1].book,
        )

    def _column(self, row: Term, number: int) -> tuple[str, ...]:
        """The heading of the table's column, which a coder names after the row."""
        heading = self.store.headings.get((row.book, number)) if row.cells else None
        return (heading,) if heading else ()

    def _hop(self, pointer: Pointer) -> str:
        titles = ", ".join(term.title for term in self.store.path(pointer.source))
        return f"{titles}: see {'also ' if pointer.also else ''}{pointer.text}"


def _with_sureness(ranked: list[Found]) -> list[Found]:
    """Adds how sure each entry is; entries of different categories that tie share it."""
    found = []
    first = last = 0
    for one in ranked:
        while ranked[first].score - one.score >= _TIE:
            first += 1
        while last < len(ranked) and one.score - ranked[last].score < _TIE:
            last += 1
        rivals = {rival.code[:3] for rival in ranked[first:last]}
        found.append(one._replace(sure=round(sureness("walk", one.score) / len(rivals), 4)))
    return found
