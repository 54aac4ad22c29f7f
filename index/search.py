"""Ranks codes for a phrase: the lines of the Tabular List by their letters, fused with the walk.

Search runs over all codes, always. It reaches what walking does not: cut and misspelt words,
titles written short, words that stand in a title and not in the Index. What the Index leads to is
taken as well, and where both agree the code rises.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from chartcoder.index.abbreviate import BEST, Comparison, Fit, Phrase, Vocabulary, raw_words
from chartcoder.index.calibration import sureness
from chartcoder.index.dense import Dense
from chartcoder.index.lexicon import wordings
from chartcoder.index.lines import Lines, open_lines
from chartcoder.index.navigate import Found, Navigator
from chartcoder.index.store import open_index
from chartcoder.tabular.codes import dotted, is_code_shaped, normalise, undotted, with_seventh
from chartcoder.tabular.release import Release
from chartcoder.tabular.store import TabularList

_NEAREST = 50
_EXTENDED = 10
_WORDINGS = 3
_CHILDREN = 8
_LONGEST = 1000
_FORGIVEN = 12
_MOST_UNDER = 60
_SEVENTHS = 4
_PLAIN = 0.93
_CLEAR = 0.9
_ENTRIES = 16
_MEANT = 40
_UNNAMED = 0.2
_ORDER = 0.03
_AGREEMENT = 0.5
_UNNAMED_SIDE = 0.7
_SIDES = frozenset(["right", "left", "bilateral", "r", "l", "rt", "lt", "bi"])
_FINE = 0.001
_UNSPOKEN = 0.25
_EXTENSION = 0.1
_LEADING = 6
_BESIDE = 0.2
_RESIDUAL = 1.5


class Hit(NamedTuple):
    """A code for a phrase.

    Attributes:
        code: the code, billable unless headers were asked for.
        title: its title.
        score: 0 to 1.
        why: what led to it, in words.
    """

    code: str
    title: str
    score: float
    why: str


class _Scored(NamedTuple):
    """A line, or a line with a 7th character, as it answers a phrase."""

    score: float
    code: str
    line: int


class _Extension(NamedTuple):
    """A 7th character's meaning as it answers a phrase."""

    character: str
    fit: Fit
    answered: frozenset[str]


class _Asked:
    """A phrase that is looked for, with what was found out about lines on the way."""

    def __init__(self, phrase: Phrase, vocabulary: Vocabulary, lines: Lines) -> None:
        self.comparison = Comparison(phrase, vocabulary)
        self.phrase = phrase
        self._lines = lines
        self._fits: dict[int, Fit] = {}
        self._worths: dict[int, float] = {}
        self._extensions: dict[tuple[tuple[str, str], ...], list[_Extension]] = {}

    def fit(self, number: int) -> Fit:
        """How a line answers the phrase."""
        known = self._fits.get(number)
        if known is None:
            known = self._fits[number] = self.comparison.fit(self._lines.line(number))
        return known

    def worth(self, number: int) -> float:
        """What a line is worth for the phrase."""
        known = self._worths.get(number)
        if known is None:
            known = self._worths[number] = self.comparison.worth(self.fit(number))
        return known

    def weigh_order(self, numbers: Sequence[int]) -> None:
        """Lets the order of the words tell between the best lines, alike but for it.

        Args:
            numbers: all lines that are compared, the best first.
        """
        for place, number in enumerate(numbers):
            kept = self.comparison.order(self._lines.line(number)) if place < _EXTENDED else 0.0
            self._worths[number] = self.worth(number) * (1 - _ORDER) + _ORDER * kept

    def extensions(self, pairs: tuple[tuple[str, str], ...]) -> list[_Extension]:
        """How the meanings of 7th characters answer the phrase."""
        known = self._extensions.get(pairs)
        if known is None:
            known = self._extensions[pairs] = [
                _Extension(character, *self.comparison.fit_words(_words_of(meaning)))
                for character, meaning in pairs
            ]
        return known


@lru_cache(maxsize=1024)
def _words_of(meaning: str) -> tuple[str, ...]:
    return tuple(raw_words(meaning))


class Searcher:
    """Searches one release.

    Args:
        tabular: the Tabular List.
        lines: its lines.
        navigator: walks the Index; None to search the lines alone.
        dense: finds lines by meaning; None to do without.
    """

    def __init__(
        self,
        tabular: TabularList,
        lines: Lines,
        navigator: Navigator | None,
        dense: Dense | None = None,
    ) -> None:
        self.tabular = tabular
        self.lines = lines
        self.navigator = navigator
        self.dense = dense

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.lines.vocabulary, self.lines.weights)

    def search(self, text: str, limit: int = 10, headers: bool = False) -> list[Hit]:
        """Ranks codes for a phrase.

        Args:
            text: words of a chart, a title written short, or a code.
            limit: how many codes to give.
            headers: also codes that are not billable.

        Returns:
            Codes, best first; empty where nothing is like the phrase.
        """
        named = self._code(text, limit, headers)
        if named:
            return named
        text = text[:_LONGEST]
        asked = self._read(text)
        lexical = self._lexical(asked, text, headers)
        walked: Iterable[tuple[float, str, Found]] = ()
        if not lexical or lexical[0].score < _PLAIN:
            again = not lexical or lexical[0].score < _CLEAR
            walked = self._walked(asked, text, headers, again)
        meant = self._meant(asked, text, headers) if self.dense else {}
        return self._fused(lexical, walked, meant, limit)

    def _code(self, text: str, limit: int, headers: bool) -> list[Hit]:
        """A code given as a phrase answers with the code, or with what stands below it."""
        plain = normalise(text) if len(text) < 20 else ""
        if not is_code_shaped(plain):
            return []
        entry = self.tabular.get(plain)
        if entry is not None and (entry.billable or headers):
            return [Hit(entry.code, entry.title, 1.0, "the code itself")]
        below = self.tabular.billable_under(plain)
        return [
            Hit(e.code, e.title, round(1.0 - i * 1e-6, 6), f"under {plain}")
            for i, e in enumerate(below[:limit])
        ]

    # Lines

    def best_by_letters(self, text: str) -> tuple[float, str] | None:
        """The line most like a phrase in its letters: its worth, and its code; None for none."""
        found = self._lexical(self._read(text), text, headers=False)
        return (found[0].score, found[0].code) if found else None

    def _read(self, text: str) -> _Asked:
        return _Asked(self._vocabulary.read(text), self._vocabulary, self.lines)

    def _lexical(self, asked: _Asked, text: str, headers: bool) -> list[_Scored]:
        """The lines most like the phrase in their letters."""
        if not asked.phrase.words:
            return []
        lines, flags = self.lines, self.lines.flags
        numbers = [n for n in lines.nearest(text, _NEAREST) if headers or not flags[n] & 2]
        asked.comparison.forgive([lines.line(n) for n in numbers[:_FORGIVEN]])
        ranked = sorted([(asked.worth(n), -n) for n in numbers], reverse=True)
        asked.weigh_order([-n for _, n in ranked])
        ranked = sorted([(asked.worth(n), -n) for n in numbers], reverse=True)
        scored: list[_Scored] = []
        for place, (value, negative) in enumerate(ranked):
            number = -negative
            if lines.seventh[number] < 0 or flags[number] & 2:
                penalty = 0.5 * _UNNAMED if asked.phrase.seventh else 0.0
                scored.append(_Scored(value - penalty, lines.codes[number], number))
            else:
                scored += self._extended(asked, number, place < _EXTENDED)
        scored.sort(key=lambda s: (-s.score, s.line, s.code))
        return scored

    def _extended(self, asked: _Asked, number: int, fully: bool) -> list[_Scored]:
        """A line with each 7th character it takes; only the likeliest one where not ``fully``."""
        pairs = self.lines.sevenths[self.lines.seventh[number]]
        base, fit, phrase = self.lines.codes[number], asked.fit(number), asked.phrase
        total_asked = asked.comparison.asked or 1.0
        default = _default_character(pairs)
        plain = asked.worth(number)
        own = {self.lines.vocabulary[n] for n in self.lines.line(number)}
        found: list[tuple[float, str]] = []
        spoken = False
        for extension in asked.extensions(pairs):
            character, more_fit = extension.character, extension.fit
            gained = 0.0
            for weight, has, more in zip(phrase.weights, fit.said, more_fit.said, strict=True):
                if more > has:
                    gained += weight * (more - has)
            spoken = spoken or not extension.answered <= own
            if phrase.seventh:
                named = phrase.seventh == character.lower()
                value = plain + gained / total_asked / BEST - (0.0 if named else _UNNAMED)
            else:
                share = more_fit.covered / more_fit.total if more_fit.total else 0.0
                value = plain + (gained / total_asked - _EXTENSION * (1.0 - share)) / BEST
            found.append((value, character))
        if not spoken and not phrase.seventh:
            # Nothing is said of the encounter: the 7th character that says least comes first.
            found = [(plain - (0.0 if c == default else _UNSPOKEN), c) for _, c in found]
        found.sort(key=lambda pair: (-pair[0], pair[1] != default, pair[1]))
        return [
            _Scored(value, with_seventh(base, character), number)
            for value, character in (found if fully else found[:1])
        ]

    # Walk

    def _walked(
        self, asked: _Asked, text: str, headers: bool, again: bool
    ) -> Iterator[tuple[float, str, Found]]:
        """The codes that the Index leads to."""
        if self.navigator is None:
            return
        best: dict[str, tuple[float, Found]] = {}
        for wording, trust in wordings(text)[:_WORDINGS]:
            for found in self.navigator.find(wording, _ENTRIES, again=again):
                score = found.score * trust
                if found.code not in best or score > best[found.code][0]:
                    best[found.code] = (score, found)
        ranked = sorted(best.items(), key=lambda b: (-b[1][0], b[0]))
        for place, (code, (score, found)) in enumerate(ranked):
            for share, complete in self._below(code, asked, headers, place < _EXTENDED):
                yield score * share, complete, found

    def _below(
        self, code: str, asked: _Asked, headers: bool, fully: bool
    ) -> list[tuple[float, str]]:
        """The billable codes an entry's code stands for, the likeliest first."""
        bare = undotted(code.rstrip("-"))
        if headers or not code.endswith("-"):
            return [(1.0, dotted(bare))]
        codes, numbers = self.lines.titled
        first, last = bisect_left(codes, bare), bisect_left(codes, bare + "~")
        under = [numbers[i] for i in range(first, last) if not self.lines.flags[numbers[i]] & 2]
        if not under:
            return [(1.0, dotted(bare))]
        ranked = sorted([(asked.worth(n), -n) for n in under[:_MOST_UNDER]], reverse=True)
        best = ranked[0][0] or 1.0
        sided = frozenset() if _SIDES.intersection(asked.phrase.words) else self._sides
        found = []
        for place, (value, negative) in enumerate(ranked[: _CHILDREN if fully else 1]):
            number = -negative
            share = 1.0 - 0.02 * place - 0.2 * (1.0 - value / best)
            if sided and place and not sided.isdisjoint(self.lines.line(number)):
                share *= _UNNAMED_SIDE
            if self.lines.seventh[number] < 0:
                found.append((share, self.lines.codes[number]))
            else:
                whole = self._extended(asked, number, place == 0)[:_SEVENTHS]
                found += [(share - 0.03 * i, one.code) for i, one in enumerate(whole)]
        return found

    # Meaning

    def _meant(self, asked: _Asked, text: str, headers: bool) -> dict[str, float]:
        """The codes whose lines are nearest in meaning, with their cosine."""
        found: dict[str, float] = {}
        flags = self.lines.flags
        for number, cosine in self.dense.nearest(text, _MEANT) if self.dense else ():
            if flags[number] & 2 and not headers:
                continue
            code = self.lines.codes[number]
            if self.lines.seventh[number] >= 0 and not flags[number] & 2:
                code = self._extended(asked, number, False)[0].code
            found.setdefault(code, cosine)
        return found

    # Both

    def _fused(
        self,
        lexical: Sequence[_Scored],
        walked: Iterable[tuple[float, str, Found]],
        meant: Mapping[str, float],
        limit: int,
    ) -> list[Hit]:
        by_letters: dict[str, _Scored] = {}
        for one in lexical:
            by_letters.setdefault(one.code, one)
        by_walk: dict[str, tuple[float, Found]] = {}
        for score, code, found in walked:
            if code not in by_walk or score > by_walk[code][0]:
                by_walk[code] = (score, found)
        scores = {}
        for code in {*by_letters, *by_walk, *meant}:
            first = by_letters[code].score if code in by_letters else 0.0
            second = by_walk[code][0] if code in by_walk else 0.0
            scores[code] = fuse(first, second, meant.get(code, 0.0))
        highest = max(scores.values(), default=0.0) * _BESIDE * _RESIDUAL
        beside = {}
        if sum(score > highest for score in scores.values()) < limit:
            beside = self._beside(scores)
            scores |= {code: score for code, (score, _) in beside.items()}
        hits: list[Hit] = []
        for code in sorted(scores, key=lambda c: (-scores[c], c)):
            entry = self.tabular.get(code)
            if entry is None:
                continue
            why = self._why(by_letters.get(code), by_walk.get(code), meant.get(code))
            if code in beside:
                why = f"beside {beside[code][1]}"
            hits.append(Hit(entry.code, entry.title, round(min(1.0, scores[code]), 6), why))
            if len(hits) == limit:
                break
        return hits

    @cached_property
    def _sides(self) -> frozenset[int]:
        """Numbers of the words that name a side."""
        return frozenset(n for n, w in enumerate(self.lines.vocabulary) if w in _SIDES)

    def _beside(self, scores: Mapping[str, float]) -> dict[str, tuple[float, str]]:
        """Codes that stand beside the best ones in the Tabular List, with whom they stand."""
        codes, numbers = self.lines.titled
        found: dict[str, tuple[float, str]] = {}
        for code in sorted(scores, key=lambda c: (-scores[c], c))[:_LEADING]:
            entry = self.tabular.get(code)
            if entry is None or entry.parent < 0:
                continue
            above = self.tabular.at(entry.parent)
            if above.kind != "code":
                continue
            bare = undotted(above.code)
            first, last = bisect_left(codes, bare), bisect_left(codes, bare + "~")
            for place in range(first, min(last, first + _MOST_UNDER)):
                number = numbers[place]
                sibling = self.lines.codes[number]
                if self.lines.flags[number] & 2 or sibling == entry.base:
                    continue
                if self.lines.seventh[number] >= 0:
                    pairs = self.lines.sevenths[self.lines.seventh[number]]
                    sibling = with_seventh(sibling, _default_character(pairs))
                if sibling in scores:
                    continue
                residual = _RESIDUAL if codes[place][-1] == "8" else 1.0
                score = scores[code] * _BESIDE * residual
                if sibling not in found or score > found[sibling][0]:
                    found[sibling] = (score, code)
        return found

    def _why(
        self,
        letters: _Scored | None,
        walk: tuple[float, Found] | None,
        cosine: float | None,
    ) -> str:
        reasons = []
        if walk is not None:
            found = walk[1]
            parts = [f"index: {' > '.join(found.path)}"]
            parts += [f"by {hop}" for hop in found.hops]
            if found.matched:
                parts.append(f"matched {' '.join(found.matched)}")
            if found.unmatched:
                parts.append(f"not matched {' '.join(found.unmatched)}")
            if found.missing:
                parts.append(f"not said {' '.join(found.missing)}")
            reasons.append(", ".join(parts))
        if letters is not None:
            kind = "title" if self.lines.flags[letters.line] & 1 else "inclusion term"
            reasons.append(f"{kind} like the phrase by {min(letters.score, 1.0):.2f}")
        if cosine is not None:
            reasons.append(f"near in meaning by {cosine:.2f}")
        return "; ".join(reasons)


def fuse(letters: float, walk: float, meaning: float = 0.0) -> float:
    """The scores of one code as one: the surest one, raised where the others agree.

    Args:
        letters: worth of the best line.
        walk: score of the best index entry.
        meaning: cosine of the nearest line; 0 for none.
    """
    shares = [sureness("letters", letters) if letters else 0.0]
    shares.append(sureness("walk", walk) if walk else 0.0)
    shares.append(sureness("meaning", meaning) if meaning else 0.0)
    shares.sort(reverse=True)
    together = shares[0]
    for share in shares[1:]:
        together += _AGREEMENT * (1.0 - together) * share
    return together + _FINE * (letters + walk + meaning)


@lru_cache(maxsize=1024)
def _default_character(pairs: tuple[tuple[str, str], ...]) -> str:
    """The 7th character that says least: initial encounter, not applicable, unspecified."""
    for character, meaning in pairs:
        if "unspecified" in meaning:
            return character
    return pairs[0][0]


def open_searcher(release: Release) -> Searcher:
    """Opens the search of a release, building what it needs when it is first asked for."""
    return Searcher(release.tabular, open_lines(release), Navigator(open_index(release)))
