"""Brings the words of charts and of the book into one form, so that they can be compared.

Lower case, without accents and possessives, plurals to singular, British to American spelling,
adjectives to the noun the book uses ("renal" to "kidney", "diabetic" to "diabetes"). The tables
stand in ``resources/lexicon``.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from chartcoder.tabular.codes import fold
from chartcoder.tabular.home import resources

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|\+")
_JOINED = re.compile(r"\b(gastro|non|post|pre|anti|sub|inter|intra|extra|peri|hyper|hypo|co|re|"
                     r"micro|macro|multi|semi|ultra|retro|para|infra|supra|trans|uni|bi|poly|"
                     r"broncho|cardio|cerebro|musculo|neuro|osteo|self)-(?=[a-z])")  # fmt: skip

# Words that carry no meaning of their own in a title or an index entry.
EMPTY = frozenset(
    "a an and are as at be by current for from had has have he her his in into is it its of on or "
    "other otherwise she that the their there these this those to type types use used was were "
    "which while who with within due nos nec unspecified specified elsewhere classified "
    "classifiable patient pt encounter certain part site sites unsp".split()
)
LATERALITY = frozenset(["right", "left", "bilateral", "unilateral", "side", "sided", "both"])


def read_table(path: Path) -> list[dict[str, str]]:
    """Reads a tab-separated lexicon: header line, ``#`` lines are comments.

    Returns an empty list where the file is not there.
    """
    if not path.is_file():
        return []
    lines = [
        line.split("\t")
        for line in path.read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    header = [name.strip() for name in lines[0]]
    return [
        dict(zip(header, [*(c.strip() for c in row), *[""] * len(header)], strict=False))
        for row in lines[1:]
    ]


@cache
def word_forms() -> dict[str, str]:
    """One word to the word the book uses, from the lexicons of spellings and adjectives."""
    folder = resources() / "lexicon"
    forms: dict[str, str] = {}
    for row in read_table(folder / "variants.tsv"):
        variant, preferred = fold(row["variant"]).lower(), fold(row["preferred"]).lower()
        single = " " not in variant and " " not in preferred
        if single and row["kind"] in ("spelling", "word-form"):
            forms.setdefault(singular(variant), singular(preferred))
    for adjective, nouns in _adjectives().items():
        if len(nouns) == 1 and " " not in adjective and " " not in nouns[0]:
            forms.setdefault(singular(adjective), singular(nouns[0]))
    return forms


@cache
def _adjectives() -> dict[str, list[str]]:
    nouns: dict[str, list[str]] = {}
    for row in read_table(resources() / "lexicon" / "adjectives.tsv"):
        nouns.setdefault(fold(row["adjective"]).lower(), []).append(fold(row["noun"]).lower())
    return nouns


@cache
def ambiguous_forms() -> dict[str, tuple[str, ...]]:
    """An adjective of several sites to the canonical words of each: cervical to neck, cervix."""
    return {
        canonical(adjective): tuple(dict.fromkeys(t for noun in nouns for t in tokens(noun)))
        for adjective, nouns in _adjectives().items()
        if len(nouns) > 1 and " " not in adjective
    }


def singular(word: str) -> str:
    """The singular of an English word by its ending: ``kidneys`` to ``kidney``."""
    if len(word) <= 3 or not word.endswith("s"):
        return word
    if word.endswith(("ss", "us", "is", "ias", "oas")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=65536)
def canonical(word: str) -> str:
    """The form of one word (lower case, folded) in which charts and book are compared."""
    if word.endswith("'s"):
        word = word[:-2]
    plain = singular(word.replace("'", ""))
    return word_forms().get(plain, plain)


def split(text: str) -> list[str]:
    """The words of a text, folded and lower case, hyphenated prefixes joined."""
    plain = text.lower() if text.isascii() else fold(text).lower()
    if "-" in plain:
        plain = _JOINED.sub(r"\1", plain)
    return _WORD.findall(plain)


class Signed(NamedTuple):
    """The words of a text, told apart by what they say.

    Attributes:
        said: canonical words that carry meaning, in order, each once, without sides.
        denied: those that "without", "not" or "no" takes back.
        side: ``right``, ``left``, ``bilateral`` or an empty text.
    """

    said: tuple[str, ...]
    denied: tuple[str, ...]
    side: str


def signed(text: str) -> Signed:
    """Reads a phrase or a title: what it says, what it denies, which side it names.

    ``signed("Ketoacidosis without coma, left eye")`` says ketoacidosis and eye, denies coma, and
    names the left side. A denial ends at a comma, at "with" and at "but".
    """
    said: dict[str, None] = {}
    denied: dict[str, None] = {}
    sides: set[str] = set()
    denying = False
    plain = text.lower() if text.isascii() else fold(text).lower()
    if "-" in plain:
        plain = _JOINED.sub(r"\1", plain)
    if "w/o" in plain:
        plain = plain.replace("w/o", "without ")
    for word in _MARKED.findall(plain):
        role = _ROLES.get(word)
        if role is None:
            (denied if denying else said)[canonical(word)] = None
        elif role == "side":
            sides.add(word)
        elif role == "denial":
            denying = True
        elif role == "end":
            denying = False
    return Signed(
        tuple(said), tuple([w for w in denied if w not in said]) if denied else (), _side(sides)
    )


def _side(named: set[str]) -> str:
    if not named:
        return ""
    if named & {"bilateral", "both"} or {"right", "left"} <= named:
        return "bilateral"
    return next((side for side in ("right", "left") if side in named), "")


_MARKED = re.compile(_WORD.pattern + "|[,;:]")
_ROLES = (
    dict.fromkeys(EMPTY, "empty")
    | dict.fromkeys(LATERALITY, "side")
    | dict.fromkeys(("without", "not", "no"), "denial")
    | dict.fromkeys((",", ";", ":", "with", "but"), "end")
)


def tokens(text: str) -> list[str]:
    """The canonical words of a text that carry meaning, in order, each once."""
    seen: dict[str, None] = {}
    for word in split(text):
        if word not in EMPTY:
            seen[canonical(word)] = None
    return list(seen)


def token_set(texts: Iterable[str]) -> set[str]:
    """The canonical words of several texts."""
    return {token for text in texts for token in tokens(text)}
