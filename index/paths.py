"""The words of index lines: what a path demands, allows and denies, and which words are kin."""

import re
from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from chartcoder.index.terms import Term
from chartcoder.index.words import Signed, ambiguous_forms, signed


class PathWords(NamedTuple):
    """The canonical words of a path from a main term down.

    Attributes:
        demanded: words a phrase must have for the path to be the right one.
        allowed: words that change nothing: nonessential modifiers and other forms.
        denied: words that the path takes back: "without coma".
        side: right, left, bilateral or empty.
    """

    demanded: tuple[str, ...]
    allowed: tuple[str, ...]
    denied: tuple[str, ...]
    side: str


def is_residual(term: Term) -> bool:
    """Says whether a line is for what the book has no line of its own for: NEC, "Other ..."."""
    title = term.title
    return title.startswith("Other ") or title.endswith("NEC") or "specified type" in title


def words_of(term: Term, above: PathWords | None = None) -> PathWords:
    """The words of a path, given those of the path above it.

    Alternative forms that a title lists after a comma ("Infarct, infarction") are allowed, not
    demanded.
    """
    own = _own_words(term.title, term.nonessential)
    if above is None:
        return own
    demanded = above.demanded
    if new := tuple([word for word in own.demanded if word not in demanded]):
        demanded += new
    allowed = above.allowed
    if own.allowed:
        allowed = tuple(dict.fromkeys(allowed + own.allowed))
    if allowed and new:
        allowed = tuple([word for word in allowed if word not in demanded])
    denied = above.denied + own.denied if own.denied else above.denied
    return PathWords(demanded, allowed, denied, own.side or above.side)


@lru_cache(maxsize=131072)
def _own_words(title: str, nonessential: tuple[str, ...]) -> PathWords:
    allowed: dict[str, None] = {}
    if "," in title:
        first, *others = title.split(",")
        stem = first[:4].lower().replace("-", "")
        kept = [first]
        for other in others:
            start = other.strip().lower()[:4]
            if len(start) == 4 and start == stem and " " not in other.strip():
                allowed.update(dict.fromkeys(signed(other).said))
            else:
                kept.append(other)
        read = signed(",".join(kept))
    else:
        read = signed(title)
    for modifier in nonessential:
        allowed.update(dict.fromkeys(_plain(modifier)))
    said = read.said
    optional = tuple([w for w in allowed if w not in said]) if allowed else ()
    return PathWords(said, optional, read.denied, read.side)


@lru_cache(maxsize=16384)
def _plain(text: str) -> tuple[str, ...]:
    read: Signed = signed(text)
    return tuple(w for w in read.said if len(w) > 1 or w.isdigit())


def kin_of(vocabulary: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Words of one family, told by a shared beginning and a common ending: fracture, fractured."""
    families: dict[str, list[str]] = defaultdict(list)
    for word in vocabulary:
        if len(word) > 5 and word.isalpha():
            families[stem(word)].append(word)
    kin = {
        word: tuple(w for w in family if w != word)
        for family in families.values()
        if 1 < len(family) <= 8
        for word in family
    }
    for word, others in ambiguous_forms().items():
        if word in vocabulary:
            there = [other for other in others if other in vocabulary and other != word]
            kin[word] = tuple(dict.fromkeys((*kin.get(word, ()), *there)))
            for other in there:
                kin[other] = tuple(dict.fromkeys((*kin.get(other, ()), word)))
    return kin


_ENDINGS = (
    "ations", "ation", "atory", "ating", "ative", "ated", "ates", "ions", "ion", "ively", "ive",
    "ical", "ically", "ics", "ic", "ies", "ing", "ed", "ous", "osis", "otic", "otically", "al",
    "ally", "ary", "ar", "es", "e", "s", "ity", "ly", "or", "er", "ment", "y", "ia", "us", "um",
)  # fmt: skip


_ENDING = re.compile(f"(?:{'|'.join(_ENDINGS)})$")


def stem(word: str) -> str:
    """The beginning of a word without a common ending; at least five letters stay."""
    found = _ENDING.search(word, 5)
    return word[: found.start()] if found else word
