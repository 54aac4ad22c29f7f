"""Walks the Alphabetic Index from the words of a chart to entries, as a coder does.

Every path of the index (main term, subterms) is compared with a phrase at once, which is a walk
with an unbounded beam: a path is as good as the share of the phrase it explains and the share of
its own words that the phrase supplies. Nonessential modifiers neither help nor hurt (I.A.7); see
is followed into the branch it names (I.A.16); a path that demands a word the phrase contradicts
or lacks ranks below the default code (I.A.18).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chartcoder.index.store import IndexStore
from chartcoder.index.terms import BOOKS, Term
from chartcoder.index.words import LATERALITY, tokens

_COMMON = 6000


class Found(NamedTuple):
    """One entry of the index, as good as it fits a phrase.

    Attributes:
        code: the code the entry names, with a trailing dash where it is incomplete.
        score: 0 to 1.
        term: id of the entry.
        path: its titles from the main term down.
        hops: what was followed to reach it: see pointers, as sentences; empty for none.
        matched: words of the phrase it explains.
        unmatched: words of the phrase it does not.
        missing: words it demands that the phrase lacks.
        manifestation: the code in brackets that goes second; empty for none.
        book: the file it stands in.
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


# How far an entry's source is trusted, all else equal.
_TRUST = {
    "index": 1.0, "supplement": 1.0, "title": 0.97, "inclusion": 0.97, "neoplasm": 0.9,
    "external": 0.8, "drug": 0.6,
}  # fmt: skip


class Navigator:
    """Finds index entries for phrases over one opened index."""

    def __init__(self, store: IndexStore) -> None:
        self.store = store
        self._trust = [_TRUST[book] for book in BOOKS]
        self._memory: dict[tuple[tuple[str, ...], int], list[Found]] = {}

    def find(self, phrase: str, limit: int = 10, context: Sequence[str] = ()) -> list[Found]:
        """Ranks index entries for a phrase.

        Args:
            phrase: the words of the chart, abbreviations already written out.
            limit: how many entries to give.
            context: further words that may settle a subterm but need not be explained.

        Returns:
            Entries with a code, best first; empty where no word of the phrase is known.
        """
        words = [w for w in tokens(phrase) if w not in LATERALITY]
        return self.find_words(words, limit, context)

    def find_words(
        self, words: Sequence[str], limit: int = 10, context: Iterable[str] = ()
    ) -> list[Found]:
        """As ``find``, for canonical words."""
        known = tuple(dict.fromkeys(words))
        key = (known, limit)
        if not context and key in self._memory:
            return self._memory[key]
        ranked = self._rank(known)[: limit * 3]
        found: dict[tuple[str, str], Found] = {}
        for score, number in ranked:
            for entry in self._entries(number, score, known, ()):
                seen = found.get((entry.code, entry.manifestation))
                if seen is None or entry.score > seen.score:
                    found[(entry.code, entry.manifestation)] = entry
        result = sorted(found.values(), key=lambda f: (-f.score, f.term))[:limit]
        if not context:
            self._memory[key] = result
        return result

    def _rank(self, words: tuple[str, ...]) -> list[tuple[float, int]]:
        store = self.store
        postings = [(w, p) for w in words if (p := store.posting(w)) is not None]
        if not postings:
            return []
        weight_of_phrase = sum(p[0] for _, p in postings) + 0.6 * (len(words) - len(postings))
        rare = [p for _, p in postings if len(p[1]) <= _COMMON]
        if not rare:
            rare = [min((p for _, p in postings), key=lambda p: len(p[1]))]
        candidates: set[int] = set()
        for posting in rare:
            candidates |= posting[1]
        demanded: dict[int, float] = {}
        explained: dict[int, float] = {}
        for _, (weight, essential, allowed, lead) in postings:
            for number in essential & candidates if len(essential) > _COMMON else essential:
                demanded[number] = demanded.get(number, 0.0) + weight
            for number in allowed & candidates:
                explained[number] = explained.get(number, 0.0) + weight
            for number in lead & candidates:
                explained[number] = explained.get(number, 0.0) + 0.02
        totals, books, trust = store.totals, store.books, self._trust
        ranked = []
        for number, share in demanded.items():
            of_phrase = min(1.0, (share + explained.get(number, 0.0)) / weight_of_phrase)
            of_entry = share / totals[number] if totals[number] else 0.0
            score = of_phrase**1.2 * (0.35 + 0.65 * of_entry) * trust[books[number]]
            ranked.append((score, number))
        ranked.sort(key=lambda pair: (-pair[0], pair[1]))
        return ranked

    def _entries(
        self, number: int, score: float, words: tuple[str, ...], hops: tuple[str, ...]
    ) -> Iterable[Found]:
        term = self.store.term(number)
        path = self.store.path(number)
        demanded = {w for step in path for w in tokens(step.title)}
        matched = tuple(w for w in words if w in demanded)
        unmatched = tuple(w for w in words if w not in demanded)
        missing = tuple(sorted(demanded.difference(words) - LATERALITY))
        titles = tuple(step.title for step in path)
        if term.code:
            yield Found(
                term.code, round(score, 6), number, titles, hops, matched, unmatched, missing,
                term.manifestation, term.book,
            )  # fmt: skip
        if term.see and len(hops) < 3:
            yield from self._follow(term, titles, score, words, hops)

    def _follow(
        self,
        term: Term,
        titles: tuple[str, ...],
        score: float,
        words: tuple[str, ...],
        hops: tuple[str, ...],
    ) -> Iterable[Found]:
        target = [w for w in tokens(term.see) if w not in LATERALITY]
        if not target:
            return
        consumed = {w for title in titles for w in tokens(title)}
        rest = [w for w in words if w not in consumed]
        wanted = tuple(dict.fromkeys([*target, *rest]))
        hop = f"{', '.join(titles)}: see {term.see}"
        for follow_score, number in self._rank(wanted)[:4]:
            if self.store.term(number).see:
                continue
            for entry in self._entries(number, score * follow_score, words, (*hops, hop)):
                yield entry
