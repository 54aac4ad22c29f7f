"""Other words for what a phrase says, for a second look when the first one found too little.

A misspelt word is mended by the nearest word of the index; a word the index lacks is taken apart
(``scapulalgia``: pain, scapula); a site is named by its synonym, or by the part of the body it
lies in (a coder who finds no finger looks under hand). Tables: ``resources/lexicon/sites.tsv`` and
``suffixes.toml``.
"""

import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from chartcoder.index.store import IndexStore
from chartcoder.index.words import EMPTY, canonical, read_table, tokens
from chartcoder.tabular.home import resources

Wording = tuple[tuple[str, ...], float]

_SYNONYM = 0.97
_PART = 0.82
_APART = 0.85
_MENDED = 0.95
_LEAST_LIKE = 80.0
_SHORTEST = 5
_MOST = 4
_LONGEST_SITE = 4


@cache
def _sites() -> dict[tuple[str, ...], list[tuple[tuple[str, ...], float]]]:
    """The words of a site to the words of what it may be looked up under."""
    found: dict[tuple[str, ...], list[tuple[tuple[str, ...], float]]] = {}
    for row in read_table(resources() / "lexicon" / "sites.tsv"):
        site, other = tuple(tokens(row["site"])), tuple(tokens(row["part_of"]))
        if not site or not other or site == other:
            continue
        if row["kind"] == "synonym":
            found.setdefault(site, []).insert(0, (other, _SYNONYM))
            found.setdefault(other, []).append((site, _SYNONYM))
        elif row["kind"] == "part":
            found.setdefault(site, []).append((other, _PART))
    return found


@cache
def _endings() -> dict[str, tuple[str, ...]]:
    return {r["suffix"]: tuple(tokens(r["means"].split(" or ")[0])) for r in _formation()["rule"]}


@cache
def _roots() -> dict[str, tuple[str, ...]]:
    return {
        r["form"]: tuple(tokens(r["means"].split(" or ")[0])) for r in _formation()["combining"]
    }


@cache
def _formation() -> dict[str, list[dict[str, str]]]:
    with (resources() / "lexicon" / "suffixes.toml").open("rb") as stream:
        return tomllib.load(stream)


class Parts(NamedTuple):
    """What a medical word is made of.

    Attributes:
        ending: its ending as written: ``spasm``.
        means: canonical words for the ending.
        site: canonical words for the root.
    """

    ending: str
    means: tuple[str, ...]
    site: tuple[str, ...]


@lru_cache(maxsize=4096)
def take_apart(word: str) -> Parts | None:
    """Takes a medical word apart: ``scapulalgia`` is pain, scapula; None where it is not one."""
    for length in range(len(word) - 3, 3, -1):
        ending = _endings().get(word[-length:])
        if ending is None:
            continue
        root = word[:-length]
        for form in (root, root + "o", root[:-1] + "o" if root[-1:] in "aei" else root):
            site = _roots().get(form)
            if site:
                return Parts(word[-length:], ending, site)
    return None


class Rewording:
    """Finds other words for phrases over one opened index."""

    def __init__(self, store: IndexStore) -> None:
        self._store = store
        self._nearest: dict[str, tuple[str, float] | None] = {}

    def of(self, said: Sequence[str]) -> list[Wording]:
        """Other wordings of a phrase, each with how far it is trusted, the best first.

        Args:
            said: the canonical words of the phrase.
        """
        wordings: dict[tuple[str, ...], float] = {}
        known = self._mended(said)
        if known is not None:
            wordings[known[0]] = known[1]
        for words, trust in self._apart(said):
            wordings.setdefault(words, trust)
        base, base_trust = known or (tuple(said), 1.0)
        for words, trust in _resited(base):
            wordings.setdefault(words, trust * base_trust)
        wordings.pop(tuple(said), None)
        return sorted(wordings.items(), key=lambda w: (-w[1], w[0]))[:_MOST]

    def _mended(self, said: Sequence[str]) -> Wording | None:
        trust = 1.0
        words = []
        for word in said:
            near = self.nearest(word) if self._store.posting(word) is None else None
            words.append(near[0] if near else word)
            trust *= near[1] * _MENDED if near else 1.0
        return (tuple(dict.fromkeys(words)), trust) if trust < 1.0 else None

    def nearest(self, word: str) -> tuple[str, float] | None:
        """The word of the index nearest to one it does not know, with how alike they are."""
        if word not in self._nearest:
            self._nearest[word] = self._find_nearest(word)
        return self._nearest[word]

    def _find_nearest(self, word: str) -> tuple[str, float] | None:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        if len(word) < _SHORTEST or not word.isalpha():
            return None
        words, lengths = self._store.vocabulary, range(len(word) - 2, len(word) + 3)
        like = [
            other
            for first in sorted({word[0], word[1]})
            for other in words[bisect_left(words, first) : bisect_left(words, first + "~")]
            if len(other) in lengths
        ]
        found = process.extractOne(
            word, like, scorer=OSA.normalized_similarity, score_cutoff=_LEAST_LIKE / 100
        )
        return (canonical(found[0]), float(found[1])) if found else None

    def _apart(self, said: Sequence[str]) -> Iterator[Wording]:
        words: list[str] = []
        for word in said:
            parts = take_apart(word) if self._store.posting(word) is None else None
            if parts is None:
                words.append(word)
            elif self._store.posting(parts.ending) is not None:
                words += (parts.ending, *parts.site)
            else:
                words += (*parts.means, *parts.site)
        apart = tuple(w for w in dict.fromkeys(words) if w not in EMPTY)
        if apart != tuple(said):
            yield apart, _APART


def _resited(said: Sequence[str]) -> Iterator[Wording]:
    """The phrase with each site it names named otherwise."""
    for start in range(len(said)):
        for end in range(min(len(said), start + _LONGEST_SITE), start, -1):
            others = _sites().get(tuple(said[start:end]))
            if others:
                for other, trust in others[:3]:
                    words = (*said[:start], *other, *said[end:])
                    yield tuple(dict.fromkeys(words)), trust
                break
