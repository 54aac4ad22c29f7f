"""Ranks codes for a phrase: the lines of the Tabular List by their letters, fused with the walk.

Search runs over all codes, always. It reaches what walking does not: cut and misspelt words,
titles written short, words that stand in a title and not in the Index. What the Index leads to is
taken as well, and where both agree the code rises.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from chartcoder.index.calibration import sureness
from chartcoder.index.dense import Dense, open_dense
from chartcoder.index.letters import Letters, Read, Scored, default_character
from chartcoder.index.lexicon import wordings
from chartcoder.index.lines import Lines, open_lines
from chartcoder.index.navigate import Found, Navigator
from chartcoder.index.store import open_index
from chartcoder.tabular.codes import dotted, is_code_shaped, normalise, undotted, with_seventh
from chartcoder.tabular.release import Release
from chartcoder.tabular.store import TabularList

_EXTENDED = 10
_WORDINGS = 3
_CHILDREN = 8
_LONGEST = 1000
_MOST_UNDER = 60
_SEVENTHS = 4
_PLAIN = 0.93
_CLEAR = 0.9
_ENTRIES = 16
_MEANT = 40
_AGREEMENT = 0.5
_UNNAMED_SIDE = 0.7
_SIDES = frozenset(["right", "left", "bilateral", "r", "l", "rt", "lt", "bi"])
_FINE = 0.001
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
        self.letters = Letters(lines)
        self.navigator = navigator
        self.dense = dense

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
        asked = self.letters.read(text)
        lexical = self.letters.ranked(asked, text, headers)
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

    # Walk

    def _walked(
        self, asked: Read, text: str, headers: bool, again: bool
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

    def _below(self, code: str, asked: Read, headers: bool, fully: bool) -> list[tuple[float, str]]:
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
                whole = self.letters.extended(asked, number, place == 0)[:_SEVENTHS]
                found += [(share - 0.03 * i, one.code) for i, one in enumerate(whole)]
        return found

    # Meaning

    def _meant(self, asked: Read, text: str, headers: bool) -> dict[str, float]:
        """The codes whose lines are nearest in meaning, with their cosine."""
        found: dict[str, float] = {}
        flags = self.lines.flags
        for number, cosine in self.dense.nearest(text, _MEANT) if self.dense else ():
            if flags[number] & 2 and not headers:
                continue
            code = self.lines.codes[number]
            if self.lines.seventh[number] >= 0 and not flags[number] & 2:
                code = self.letters.extended(asked, number, False)[0].code
            found.setdefault(code, cosine)
        return found

    # Both

    def _fused(
        self,
        lexical: Sequence[Scored],
        walked: Iterable[tuple[float, str, Found]],
        meant: Mapping[str, float],
        limit: int,
    ) -> list[Hit]:
        by_letters: dict[str, Scored] = {}
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
            third = self.dense.sureness(meant[code]) if self.dense and code in meant else 0.0
            scores[code] = fuse(first, second, third)
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
                    sibling = with_seventh(sibling, default_character(pairs))
                if sibling in scores:
                    continue
                residual = _RESIDUAL if codes[place][-1] == "8" else 1.0
                score = scores[code] * _BESIDE * residual
                if sibling not in found or score > found[sibling][0]:
                    found[sibling] = (score, code)
        return found

    def _why(
        self,
        letters: Scored | None,
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
        meaning: sureness of the line nearest in meaning; 0 for none.
    """
    shares = [sureness("letters", letters) if letters else 0.0]
    shares.append(sureness("walk", walk) if walk else 0.0)
    shares.append(meaning)
    shares.sort(reverse=True)
    together = shares[0]
    for share in shares[1:]:
        together += _AGREEMENT * (1.0 - together) * share
    return together + _FINE * (letters + walk + meaning)


def open_searcher(release: Release, inclusions: bool = True, model: Path | None = None) -> Searcher:
    """Opens the search of a release, building what it needs when it is first asked for.

    Args:
        release: the release.
        inclusions: also look through the inclusion terms.
        model: folder of a sentence-embedding model, for search by meaning; None to do without.

    Raises:
        MissingPrerequisite: a model was named and the extra ``dense`` is not installed.
        BadInput: the folder holds no model.
    """
    dense = open_dense(release, model, inclusions) if model else None
    navigator = Navigator(open_index(release, inclusions))
    return Searcher(release.tabular, open_lines(release, inclusions), navigator, dense)
