"""Holds every path of the index against a phrase at once: a walk with an unbounded beam.

A path is as good as the share of the phrase it explains and the share of its own words that the
phrase supplies. Nonessential modifiers and other forms explain words but demand none (I.A.7). A
path that says what the phrase denies, or denies what it says, is contradicted.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from chartcoder.index.store import HEADER, RESIDUAL, SIDES, UNSPECIFIED, IndexStore, Posting
from chartcoder.index.terms import BOOKS

UNKNOWN_WEIGHT = 0.5
_KIN = 0.85
_WALKED = 4000
_KEPT = 60
_WORTH = 0.5
_CONTRADICTED = 0.45
_IN_CONTEXT = 0.35
_RESIDUAL_WEIGHT = 0.2
_UNSPECIFIED = 0.998
_HEADER = 0.995
_NOT_RESIDUAL = 0.88
_SLACK = 1.000001
_POWER = 1.2
_FLOOR = 0.35

# How far an entry's source is trusted, all else equal.
_TRUST = {
    "index": 1.0, "supplement": 1.0, "title": 0.985, "inclusion": 0.985, "neoplasm": 1.0,
    "external": 0.85, "drug": 1.0,
}  # fmt: skip
# Phrase's side down, line's side across: none, right, left, bilateral.
_SIDE = (
    (1.0, 0.95, 0.95, 0.95),
    (0.99, 1.0, 0.75, 0.75),
    (0.99, 0.75, 1.0, 0.75),
    (0.99, 0.85, 0.85, 1.0),
)


class Question(NamedTuple):
    """What is looked up.

    Attributes:
        said: canonical words to be explained, each once.
        denied: canonical words that the phrase takes back.
        side: right, left, bilateral or empty.
        context: canonical words that may settle a subterm but need no explanation.
        residual: the phrase itself says "other", "specified" or NEC.
    """

    said: tuple[str, ...]
    denied: tuple[str, ...] = ()
    side: str = ""
    context: frozenset[str] = frozenset()
    residual: bool = False


class Ranked(NamedTuple):
    """A term as it fits a question.

    Attributes:
        score: 0 to 1.
        number: id of the term.
        explained: weighted share of the phrase that it explains.
        supplied: weighted share of its demanded words that the phrase supplies.
    """

    score: float
    number: int
    explained: float
    supplied: float


class Group(NamedTuple):
    """A word of the phrase and the words of the index that stand for it.

    Attributes:
        word: the word.
        weight: how much it tells.
        members: the words that stand for it, itself first where the index knows it, with how
            well they do.
    """

    word: str
    weight: float
    members: tuple[tuple[Posting, float], ...]


class Asked:
    """A question read against one index.

    Args:
        store: the opened index.
        question: what is looked up.
        kin: let words of one family stand for each other.
    """

    def __init__(self, store: IndexStore, question: Question, kin: bool = False) -> None:
        self._store = store
        self.question = question
        self.groups: list[Group] = []
        self.total = 0.0
        for word in question.said:
            posting = store.posting(word)
            weight = posting.weight if posting else UNKNOWN_WEIGHT
            members = [(posting, 1.0)] if posting else []
            if kin and posting:
                members += [(p, _KIN) for w in posting.kin if (p := store.posting(w))]
            self.total += weight
            self.groups.append(Group(word, weight, tuple(members)))

    @cached_property
    def stands(self) -> dict[int, tuple[int, float]]:
        """Word number to the place of the phrase's word it stands for, and how well."""
        found: dict[int, tuple[int, float]] = {}
        for place, group in enumerate(self.groups):
            for posting, share in group.members:
                if posting.number not in found or share > found[posting.number][1]:
                    found[posting.number] = (place, share)
        return found

    @cached_property
    def near(self) -> frozenset[int]:
        """Numbers of the words of the context."""
        return self._numbers(self.question.context)

    @cached_property
    def against(self) -> frozenset[int]:
        """Numbers of denials that the phrase contradicts."""
        return self._numbers(f"-{w}" for w in self.question.said)

    @cached_property
    def denied(self) -> frozenset[int]:
        """Numbers of the words that the phrase takes back."""
        return self._numbers(self.question.denied)

    @cached_property
    def agreeing(self) -> frozenset[int]:
        """Numbers of denials that the phrase makes too."""
        return self._numbers(f"-{w}" for w in self.question.denied)

    def explained(self, numbers: Iterable[int]) -> float:
        """The weighted share of the phrase that these words explain."""
        best: dict[int, float] = {}
        for number in numbers:
            stand = self.stands.get(number)
            if stand is not None and stand[1] > best.get(stand[0], 0.0):
                best[stand[0]] = stand[1]
        return (
            sum(self.groups[place].weight * share for place, share in best.items()) / self.total
            if self.total
            else 0.0
        )

    def without(self, numbers: frozenset[int]) -> "Asked":
        """The question without the words that these explain."""
        gone = {self.stands[n][0] for n in numbers if n in self.stands}
        if not gone:
            return self
        rest = Asked(self._store, self.question._replace(said=()))
        rest.groups = [g for place, g in enumerate(self.groups) if place not in gone]
        rest.total = sum(g.weight for g in rest.groups)
        rest.question = self.question._replace(said=tuple(g.word for g in rest.groups))
        return rest

    def _numbers(self, words: Iterable[str]) -> frozenset[int]:
        return frozenset(p.number for w in words if (p := self._store.posting(w)))


class Ranker:
    """Ranks the lines of one opened index."""

    def __init__(self, store: IndexStore) -> None:
        self.store = store
        self._trust = [_TRUST[book] for book in BOOKS]
        self._sets: dict[tuple[int, bool], frozenset[int]] = {}

    def words(self, number: int) -> "array[int]":
        """Numbers of the words that the path of a term demands, then of those it allows."""
        words, ends = self.store.demanded
        others, other_ends = self.store.allowed
        return (
            words[ends[number] : ends[number + 1]]
            + others[other_ends[number] : other_ends[number + 1]]
        )

    def said(self, number: int) -> frozenset[int]:
        """Numbers of the words that the path of a term demands or allows."""
        return frozenset(self.words(number))

    def rank(
        self,
        asked: Asked,
        given: frozenset[int] = frozenset(),
        branch: tuple[int, int] | None = None,
        rows: bool = False,
    ) -> list[Ranked]:
        """The best lines for a question.

        Args:
            asked: what is looked up.
            given: numbers of words that a pointer has already said; they count as supplied.
            branch: only terms with ids from the first up to the second.
            rows: the rows of the tables in place of the lines.

        Returns:
            At most 60, best first.
        """
        found = self._walk(asked, branch, rows)
        return self.judge(asked, given, found) if found else []

    def _walk(self, asked: Asked, branch: tuple[int, int] | None, rows: bool) -> Sequence[int]:
        """Candidates: the rare words' lines are walked, the common words only looked up in them."""
        walked: list[tuple[int, float, list[Sequence[int]], Group]] = []
        for group in asked.groups:
            ids = [_within(p.rows if rows else p.lines, branch) for p, _ in group.members]
            size = sum(map(len, ids))
            if size:
                walked.append((size, group.weight, ids, group))
        walked.sort(key=lambda w: w[:2])
        # Lines that share the same words of the phrase stand together: sets split such a company
        # by a further word faster than a loop over its lines.
        companies: list[tuple[float, frozenset[int]]] = []
        seen = count = 0
        most = 0.0
        crowded = False
        left = sum(weight * len(ids) for _, weight, ids, _ in walked)
        for size, weight, ids, group in walked:
            grow = not companies or seen + size <= _WALKED
            if grow:
                seen += size
            # What only the words from here on can explain is too little beside the best.
            crowded = crowded or max(count, size) > _KEPT * len(ids)
            if crowded and left < _WORTH * most:
                grow = False
            left -= weight * len(ids)
            for place, (posting, _) in enumerate(group.members):
                whole = branch is None or not grow
                part = self._set(posting, rows) if whole else frozenset(ids[place])
                companies = _split(companies, part, weight, grow)
            most = max(share for share, _ in companies)
            count = sum(len(lines) for _, lines in companies)
        if count <= _KEPT and not crowded:
            return sorted(number for _, lines in companies for number in lines)
        least = _WORTH * most
        return self._shortest([company for company in companies if company[0] >= least])

    def _shortest(self, companies: list[tuple[float, frozenset[int]]]) -> list[int]:
        """The lines that say most of the phrase and little else, best first."""
        totals = self.store.totals
        companies.sort(key=lambda company: -company[0])
        best: list[tuple[float, int]] = []
        for share, lines in companies:
            square = share * share
            if len(best) == _KEPT:
                # A longer line of this share is worse than the last of those there are.
                most = (square / best[-1][0] - share) * _SLACK
                lines = frozenset([number for number in lines if totals[number] <= most])
            best += [(square / (totals[number] + share), -number) for number in lines]
            best.sort(reverse=True)
            del best[_KEPT:]
        return [-number for _, number in best]

    def _set(self, posting: Posting, rows: bool) -> frozenset[int]:
        key = (posting.number, rows)
        known = self._sets.get(key)
        if known is None:
            known = self._sets[key] = frozenset(posting.rows if rows else posting.lines)
        return known

    def judge(self, asked: Asked, given: frozenset[int], numbers: Iterable[int]) -> list[Ranked]:
        """As ``rank``, for terms that are named."""
        store = self.store
        near, against, total = asked.near, asked.against, asked.total
        denied, agreeing = asked.denied, asked.agreeing
        weights, flags, books = store.weights, store.flags, store.books
        # A word of the index that stands for one of the phrase: the bit of its place, what it
        # counts for the entry, and for the phrase.
        stands = {
            word: (1 << place, weights[word] * share, asked.groups[place].weight * share)
            for word, (place, share) in asked.stands.items()
        }
        demanded, demanded_ends = store.demanded
        allowed, allowed_ends = store.allowed
        sides = _SIDE[SIDES.index(asked.question.side)]
        residual = 0.0 if asked.question.residual else _RESIDUAL_WEIGHT
        trust = self._trust
        stand_of = stands.get
        telling = frozenset(stands) | against | agreeing
        was_residual = asked.question.residual
        ranked = []
        for number in numbers:
            matched = missing = explained = 0.0
            counted = 0
            words = demanded[demanded_ends[number] : demanded_ends[number + 1]]
            contradicted = bool(denied) and not denied.isdisjoint(words)
            for word in words:
                stand = stand_of(word)
                if stand is not None:
                    place, of_word, of_said = stand
                    matched += of_word
                    if not counted & place:
                        counted |= place
                        explained += of_said
                elif word in given:
                    matched += weights[word]
                elif word in near:
                    missing += weights[word] * _IN_CONTEXT
                else:
                    missing += weights[word]
            others = allowed[allowed_ends[number] : allowed_ends[number + 1]]
            for word in others if not telling.isdisjoint(others) else ():
                stand = stand_of(word)
                if stand is not None and not counted & stand[0]:
                    counted |= stand[0]
                    explained += stand[2]
                elif word in against:
                    contradicted = True
                elif word in agreeing:
                    matched += 0.1
            flag = flags[number]
            of_phrase = explained / total if total else 0.0
            need = matched + missing + (residual if flag & RESIDUAL else 0.0)
            of_entry = matched / need if need else 0.0
            score = value(of_phrase, of_entry) * trust[books[number]] * sides[flag & 3]
            if contradicted:
                score *= _CONTRADICTED
            if flag & UNSPECIFIED:
                score *= _UNSPECIFIED
            if flag & HEADER:
                score *= _HEADER
            if was_residual and not flag & RESIDUAL:
                score *= _NOT_RESIDUAL
            ranked.append((-score, number, of_phrase, of_entry))
        ranked.sort()
        return [Ranked(-score, number, said, own) for score, number, said, own in ranked]


def value(of_phrase: float, of_entry: float) -> float:
    """What a path is worth that explains and is supplied so much, each 0 to 1."""
    return float(of_phrase**_POWER * (_FLOOR + (1 - _FLOOR) * of_entry))


def merged(first: Iterable[Ranked], second: Iterable[Ranked]) -> list[Ranked]:
    """Two rankings as one, each term with its better score."""
    best = {one.number: one for one in first}
    for one in second:
        if one.number not in best or one.score > best[one.number].score:
            best[one.number] = one
    return sorted(best.values(), key=lambda r: (-r.score, r.number))


def _split(
    companies: Sequence[tuple[float, frozenset[int]]],
    part: frozenset[int],
    weight: float,
    grow: bool,
) -> list[tuple[float, frozenset[int]]]:
    """Splits companies of lines by whether they say a word, too.

    Args:
        companies: pairs of what the lines share with the phrase, and the lines.
        part: the lines that say the word.
        weight: how much it tells.
        grow: also take up lines that say only this word.
    """
    found = []
    for share, lines in companies:
        both = lines & part
        if both:
            found.append((share + weight, both))
            if grow:
                part = part - both
            lines = lines - both
        if lines:
            found.append((share, lines))
    if grow and part:
        found.append((weight, part))
    return found


def _within(ids: "array[int]", branch: tuple[int, int] | None) -> Sequence[int]:
    if branch is None:
        return ids
    return ids[bisect_left(ids, branch[0]) : bisect_left(ids, branch[1])]
