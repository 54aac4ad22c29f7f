"""The candidates on the desk while a set is settled: putting codes in the place of others."""

from collections.abc import Iterable, Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.descent import Facts
from chartcoder.agents.validator import candidate, gather_facts
from chartcoder.agents.values import (
    Candidate,
    Chart,
    Evidence,
    IndexEntry,
    NoteWeighed,
    Rejected,
)
from chartcoder.index.terms import Term
from chartcoder.index.words import tokens


class Desk:
    """The candidates on the desk while they are combined."""

    def __init__(
        self,
        chart: Chart,
        book: Book,
        evidence: Sequence[Evidence],
        candidates: Sequence[Candidate],
    ) -> None:
        self.chart = chart
        self.book = book
        self.by_id = {e.id: e for e in evidence}
        self.alive = list(candidates)
        self.before = {c.code for c in candidates}
        self.replaced: list[Rejected] = []
        self.wanted: list[tuple[str, str, str]] = []
        self._said: dict[str, list[frozenset[str]]] = {}

    def items(self, candidates: Iterable[Candidate]) -> list[Evidence]:
        """The evidence of candidates, each once."""
        numbers = dict.fromkeys(n for c in candidates for n in c.evidence)
        return [self.by_id[n] for n in numbers if n in self.by_id]

    def holds(self, prefix: str) -> bool:
        """Says whether a code that begins so is on the desk."""
        return any(c.code.startswith(prefix) for c in self.alive)

    def has(self, code: str) -> bool:
        """Says whether just this code is on the desk."""
        return any(c.code == code for c in self.alive)

    def _entry(self, code: str, parts: list[Candidate]) -> IndexEntry:
        """The way through the Index to a combined code; by its parts where none leads to it."""
        hop = f"combined from {' and '.join(p.code for p in parts[:4])}"
        said = {w for item in self.items(parts) for w in tokens(item.phrase)}
        best: tuple[int, int, Term] | None = None
        for place, term in enumerate(self.book.index.leading_to(code)):
            words = {w for step in self.book.index.path(term.id) for w in tokens(step.title)}
            rank = (len(words & said) * 2 - len(words - said), -place)
            if best is None or rank > best[:2]:
                best = (*rank, term)
        if best is None:
            return parts[0].entry.model_copy(update={"hops": (*parts[0].entry.hops, hop)})
        term = best[2]
        path = tuple(step.title for step in self.book.index.path(term.id))
        return IndexEntry(
            evidence=parts[0].evidence[0], code=term.code, path=path, hops=(hop,), score=1.0,
            book=term.book,
        )  # fmt: skip

    def _facts_of(self, parts: list[Candidate]) -> Facts:
        gathered = [gather_facts(item, self.chart) for item in self.items(parts)]
        if not gathered:
            return Facts(frozenset(), frozenset(), "", "initial", frozenset())
        first = gathered[0]
        for facts in gathered[1:]:
            first = first._replace(
                words=first.words | facts.words, context=first.context | facts.context,
                side=first.side or facts.side, phrase=first.phrase | facts.phrase,
            )  # fmt: skip
        return first

    def _add(
        self, code: str, parts: list[Candidate], entry: IndexEntry, confidence: float,
        undocumented: tuple[str, ...], role: str, why: str, section: str,
    ) -> None:  # fmt: skip
        numbers = tuple(dict.fromkeys(n for part in parts for n in part.evidence))
        new = candidate(self.book.tabular, code, numbers, entry, confidence, undocumented, role)
        note = NoteWeighed(kind="combination", text=why, origin=section, outcome="applied")
        new = new.model_copy(update={"notes": (note, *new.notes)})
        place = max((self.alive.index(p) for p in parts if p in self.alive), default=-1) + 1
        self.alive.insert(place, new)

    def _put(
        self, code: str, parts: list[Candidate], entry: IndexEntry,
        undocumented: tuple[str, ...], dropped: list[str], why: str, section: str,
    ) -> None:  # fmt: skip
        dropped = [d for d in dropped if d != code]
        if not self.holds(code):
            confidence = min(part.confidence for part in parts)
            self._add(code, parts, entry, confidence, undocumented, "sole", why, section)
            new = next(c for c in self.alive if c.code == code)
            places = [i for i, c in enumerate(self.alive) if c.code in dropped]
            if places and places[0] < self.alive.index(new):
                self.alive.remove(new)
                self.alive.insert(places[0], new)
        else:
            place = next(i for i, c in enumerate(self.alive) if c.code == code)
            numbers = (*self.alive[place].evidence, *(n for p in parts for n in p.evidence))
            self.alive[place] = self.alive[place].model_copy(
                update={"evidence": tuple(dict.fromkeys(numbers))}
            )
        self._drop(dropped, code, parts, why, section)

    def _drop(
        self, dropped: list[str], by: str, parts: list[Candidate], why: str, section: str
    ) -> None:
        for one in [c for c in self.alive if c.code in dropped and c.code != by]:
            self.alive.remove(one)
            self.replaced.append(
                Rejected(
                    code=one.code, title=one.title, agent="reconciler", rule="combination",
                    reason=f"{by} stands in its place: {why} ({section})", evidence=one.evidence,
                )
            )  # fmt: skip
