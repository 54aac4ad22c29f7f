"""Walks the Alphabetic Index from the words of a chart to entries, as a coder does.

The main term and its subterms are found by ``rank``; see is followed into the branch it names and
down it by the words that are left (I.A.16), see also where the first look leaves words over; the
tables are entered by site and behaviour, by substance and intent.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from chartcoder.index.calibration import UNSURE, sure_among
from chartcoder.index.rank import Asked, Question, Ranked, Ranker, merged, value
from chartcoder.index.rewording import Rewording
from chartcoder.index.steps import End, Look, Step
from chartcoder.index.store import IndexStore
from chartcoder.index.tables import Ask, read_asks
from chartcoder.index.terms import Pointer, Term
from chartcoder.index.words import LATERALITY, signed, tokens

_MOST_HOPS = 4
_LINES = 3
_REMEMBERED = 2048
_UNDER_WAY = 16
_HOP = 0.985
_ALSO = 0.93
_SEVERAL = 0.6
_FIRST_LOOK = 0.8
_WORTH_FOLLOWING = 0.5
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


class Walk:
    """One phrase being looked up; what was walked for few entries serves for more of them.

    Args:
        navigator: over the opened index.
        question: the phrase as it is read.
        asks: what it asks of the tables.
        again: look a second time, with other words, where the first look finds too little.
    """

    def __init__(
        self, navigator: "Navigator", question: Question, asks: Sequence[Ask], again: bool
    ) -> None:
        self._navigator = navigator
        self._question = question
        self._asks = asks
        self._again = again

    def entries(self, limit: int, category: str = "") -> list[Found]:
        """The best entries, as ``Navigator.find`` gives them.

        Args:
            limit: how many entries to consider.
            category: give only those of them whose code begins with these three characters.
        """
        best: dict[tuple[str, str], tuple[float, Asked, End]] = {}
        top = 0.0
        for look in self._first:
            top = max(top, self._keep(best, look, limit))
        if self._again and top < _FIRST_LOOK:
            for look in self._further:
                self._keep(best, look, limit)
        ranked = sorted(best.values(), key=lambda f: (-f[0], f[2].step.ranked.number))[:limit]
        scored = [(round(score, 6), end.code[:3]) for score, _, end in ranked]
        store = self._navigator.store
        if not category:
            store.load(store.above(end.step.ranked.number for _, _, end in ranked))
        return [
            self._navigator.found(self._question, asked, end, score, sure_among(scored, place))
            for place, (score, asked, end) in enumerate(ranked)
            if not category or scored[place][1] == category
        ]

    def _keep(
        self, best: dict[tuple[str, str], tuple[float, Asked, End]], look: Look, limit: int
    ) -> float:
        """Takes up the codes of a look that are better than those there are; gives its best."""
        asked, trust = look.asked, look.trust
        top = 0.0
        for ends in self._navigator.ends(look, limit * _LINES):
            for end in ends:
                key = (end.code, end.manifestation)
                score = end.score * trust
                known = best.get(key)
                if known is None or score > known[0]:
                    best[key] = (score, asked, end)
                    top = max(top, score)
        return top

    @cached_property
    def _first(self) -> list[Look]:
        """The look with the words as they are, then the tables."""
        navigator = self._navigator
        asked = Asked(navigator.store, self._question)
        cells = [tuple(navigator.table(ask, asked)) for ask in self._asks]
        return [navigator.look(asked), *(Look(asked, (), 1.0, {0: ends}) for ends in cells)]

    @cached_property
    def _further(self) -> list[Look]:
        """The second look: words of one family, and other words for what the phrase says."""
        navigator, question = self._navigator, self._question
        looks = []
        wider = Asked(navigator.store, question, kin=True)
        if any(len(group.members) > 1 for group in wider.groups):
            looks.append(navigator.look(wider))
        for words, trust in navigator.rewording.of(question.said):
            other = Asked(navigator.store, question._replace(said=words))
            looks.append(navigator.look(other, trust))
        return looks


class Navigator:
    """Finds index entries for phrases over one opened index."""

    def __init__(self, store: IndexStore) -> None:
        self.store = store
        self.ranker = Ranker(store)
        self.rewording = Rewording(store)
        self._memory: dict[tuple[str, int, frozenset[str], bool, str], list[Found]] = {}
        self._walks: dict[tuple[Question, tuple[Ask, ...], bool], Walk] = {}
        self._titles: dict[int, tuple[str, ...]] = {}

    def find(
        self,
        phrase: str,
        limit: int = 10,
        context: Sequence[str] = (),
        again: bool = True,
        category: str = "",
    ) -> list[Found]:
        """Ranks index entries for a phrase.

        Args:
            phrase: the words of the chart, abbreviations already written out.
            limit: how many entries to give.
            context: further words that may settle a subterm but need not be explained.
            again: look a second time, with other words, where the first look finds too little.
            category: give only those whose code begins with these three characters.

        Returns:
            Entries with a code, best first; empty where no word of the phrase is known.
        """
        near = frozenset(w for text in context for w in tokens(text))
        key = (phrase, limit, near, again, category)
        known = self._memory.get(key)
        if known is None:
            found = self._walk(phrase, near, again).entries(limit, category)
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            known = self._memory[key] = found
        return known

    def _walk(self, phrase: str, near: frozenset[str], again: bool) -> Walk:
        read = signed(phrase)
        residual = _RESIDUAL.search(phrase) is not None
        question = Question(read.said, read.denied, read.side, near, residual)
        asks = tuple(read_asks(phrase))
        key = (question, asks, again)
        known = self._walks.get(key)
        if known is None:
            known = Walk(self, question, asks, again)
            if len(self._walks) >= _UNDER_WAY:
                self._walks.clear()
            self._walks[key] = known
        return known

    def find_words(
        self, words: Sequence[str], limit: int = 10, context: Iterable[str] = ()
    ) -> list[Found]:
        """As ``find``, for canonical words."""
        return self.find(" ".join(w for w in words if w not in LATERALITY), limit, tuple(context))

    def look(self, asked: Asked, trust: float = 1.0) -> Look:
        """One look with the words as they are."""
        return Look(asked, self.ranker.rank(asked), trust, {})

    def ends(self, look: Look, most: int) -> Iterator[tuple[End, ...]]:
        """The codes that the best lines of a look lead to, line by line.

        Args:
            look: the look.
            most: how many of its lines to follow.
        """
        if not look.ranked:
            yield from look.ends.values()
            return
        ranked = look.ranked[:most]
        new = [one.number for place, one in enumerate(ranked) if place not in look.ends]
        if new:
            self.store.load(new)
        least = ranked[0].score * _WORTH_FOLLOWING
        for place, one in enumerate(ranked):
            known = look.ends.get(place)
            if known is None:
                term = self.store.term(one.number)
                step = Step(one, one.score)
                if term.see or term.see_also:
                    known = tuple(self._ends(step, look.asked, least))
                else:
                    end = End(one.score, step, term.code, term.manifestation)
                    known = (end,) if term.code else ()
                look.ends[place] = known
            yield known

    def _ends(self, step: Step, asked: Asked, least: float = 0.0) -> Iterator[End]:
        """The codes that a walk comes to from here."""
        term = self.store.term(step.ranked.number)
        if step.column and term.cells:
            code = dict(term.cells).get(step.column, "")
            if code:
                yield End(step.score, step, code, "")
        elif term.code:
            yield End(step.score, step, term.code, term.manifestation)
        follow = (term.see or term.see_also) and step.score >= least
        if follow and len(step.hops) < _MOST_HOPS:
            for pointer in self.store.pointers(term.id):
                if not (pointer.also and term.code and step.ranked.explained > 0.97):
                    yield from self._follow(step, pointer, asked)

    def _follow(self, step: Step, pointer: Pointer, asked: Asked) -> Iterator[End]:
        """Goes where a pointer says, and down from there by the words that are left."""
        said = step.said | self.ranker.said(step.ranked.number)
        factor = _ALSO if pointer.also else _HOP
        onward = step._replace(hops=(*step.hops, pointer), said=said)
        if pointer.kind == "category":
            share = 1.0 if len(pointer.codes) == 1 else _SEVERAL
            for code in pointer.codes:
                yield End(step.score * factor * share, onward, f"{code.rstrip('-')}-", "")
        elif pointer.kind == "table":
            yield from self._follow_to_table(onward, pointer, asked, factor)
        elif pointer.kind == "term":
            rest = frozenset(p.number for w in tokens(pointer.rest) if (p := self.store.posting(w)))
            for number in pointer.terms:
                if number not in step.visited:
                    branch = (number, self.store.term(number).end)
                    yield from self._down(onward, asked, branch, rest, factor, rows=False)

    def _follow_to_table(
        self, step: Step, pointer: Pointer, asked: Asked, factor: float
    ) -> Iterator[End]:
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
        self, step: Step, asked: Asked, branch: tuple[int, int], rest: frozenset[int],
        factor: float, rows: bool,
    ) -> Iterator[End]:  # fmt: skip
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
        self, step: Step, asked: Asked, ranked: Sequence[Ranked], factor: float
    ) -> Iterator[End]:
        """The best of several terms, judged over the whole way to them."""
        for one in ranked[:8]:
            explained = asked.explained(step.said | self.ranker.said(one.number))
            supplied = one.supplied * step.ranked.supplied
            score = factor * value(explained, supplied) * (1.0 - _UNUSED * (1.0 - one.explained))
            here = Ranked(score, one.number, explained, supplied)
            visited = step.visited | {one.number}
            yield from self._ends(step._replace(ranked=here, score=score, visited=visited), asked)

    def table(self, ask: Ask, asked: Asked) -> Iterator[End]:
        """The cells of a table that a phrase asks for by itself."""
        branch = self.store.span(ask.table)
        said = frozenset(p.number for w in tokens(ask.said) if (p := self.store.posting(w)))
        if branch[0] == branch[1]:
            read = signed(f"{ask.title} {ask.place}")
            titled = Asked(self.store, asked.question._replace(said=read.said))
            for one in self.ranker.rank(titled)[:8]:
                yield from self._ends(Step(one, one.score * _HOP, said=said), asked)
            return
        read = signed(ask.place)
        place = Asked(self.store, asked.question._replace(said=read.said))
        rows = self.ranker.rank(place, self._table_words(), branch, rows=True)
        if ask.table == "neoplasm" and not rows:
            rows = self.ranker.judge(place, self._table_words(), [branch[0]])
        start = Step(Ranked(1.0, branch[0], 1.0, 1.0), 1.0, said=said, column=ask.column)
        if ask.part:
            both = dict.fromkeys((*read.said, *tokens(ask.said)))
            asked = Asked(self.store, asked.question._replace(said=tuple(both)))
        yield from self._onward(start, asked, rows, _PART if ask.part else 1.0)

    def found(self, question: Question, asked: Asked, end: End, score: float, sure: float) -> Found:
        """The entry that a walk came to, with what it explains of the phrase."""
        number = end.step.ranked.number
        stands, said = asked.stands, end.step.said
        read = asked.question.said
        words = stands.keys() & self.ranker.words(number)
        if said:
            words |= stands.keys() & said
        heard = {read[stands[n][0]] for n in words}
        # Words that were replaced for a second look count as explained when a new one is.
        anew = bool(heard.difference(question.said))
        matched = tuple(w for w in question.said if w in heard or (anew and w not in read))
        demanded, ends = self.store.demanded
        row = self.store.term(number)
        missing = [
            n
            for n in demanded[ends[number] : ends[number + 1]]
            if n not in stands and n not in said
        ]
        return Found(
            code=end.code,
            score=round(score, 6),
            term=number,
            path=(*self._path(number), *self._column(row, end.step.column)),
            hops=tuple(self._hop(pointer) for pointer in end.step.hops),
            matched=matched,
            unmatched=tuple(w for w in question.said if w not in matched),
            missing=tuple(sorted(self.store.vocabulary[n] for n in missing)),
            manifestation=end.manifestation,
            book=row.book,
            sure=sure,
        )

    def _path(self, number: int) -> tuple[str, ...]:
        """The titles from the main term down."""
        if number not in self._titles:
            self._titles[number] = tuple([term.title for term in self.store.path(number)])
        return self._titles[number]

    def _column(self, row: Term, number: int) -> tuple[str, ...]:
        """The heading of the table's column, which a coder names after the row."""
        heading = self.store.headings.get((row.book, number)) if row.cells else None
        return (heading,) if heading else ()

    def _hop(self, pointer: Pointer) -> str:
        titles = ", ".join(self._path(pointer.source))
        return f"{titles}: see {'also ' if pointer.also else ''}{pointer.text}"
