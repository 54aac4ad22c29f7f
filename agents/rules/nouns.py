"""Tells words of conditions from words of sites, of procedures and of the business of a visit."""

from functools import cache, lru_cache

from chartcoder.index.lexicon import soft_words
from chartcoder.index.words import EMPTY, LATERALITY, canonical, read_table, split
from chartcoder.tabular.home import resources


@cache
def site_words() -> frozenset[str]:
    """Canonical single words that name a part of the body."""
    words: set[str] = set()
    for row in read_table(resources() / "lexicon" / "sites.tsv"):
        for name in (row["site"], row["part_of"]):
            words.update(canonical(w) for w in split(name))
    for row in read_table(resources() / "lexicon" / "adjectives.tsv"):
        if row["kind"] == "site":
            words.update(split(row["adjective"]))
    # What an adjective of a site comes to may itself be a condition ("sciatic", "sciatica").
    conditions = {
        canonical(w)
        for row in read_table(resources() / "lexicon" / "adjectives.tsv")
        if row["kind"] == "condition"
        for w in split(row["noun"])
    }
    return frozenset(words - EMPTY - conditions)


@cache
def _procedures() -> tuple[frozenset[str], tuple[str, ...]]:
    lines = (resources() / "lexicon" / "procedures.txt").read_text("utf-8").splitlines()
    words = [w for line in lines if not line.startswith("#") for w in line.split()]
    plain = frozenset(canonical(part) for w in words if w[0] != "-" for part in split(w))
    return plain, tuple(w[1:] for w in words if w[0] == "-")


@cache
def purpose_words() -> frozenset[str]:
    """Words that make an encounter of a test, a procedure or a check."""
    lines = (resources() / "lexicon" / "purpose_words.txt").read_text("utf-8").splitlines()
    words = [w for line in lines if not line.startswith("#") for w in line.split()]
    return frozenset(part for w in words for part in split(w))


@cache
def modifier_words() -> frozenset[str]:
    """Words that qualify a condition and name none."""
    lines = (resources() / "lexicon" / "modifiers.txt").read_text("utf-8").splitlines()
    words = [w for line in lines if not line.startswith("#") for w in line.split()]
    return frozenset(part for w in words for part in split(w))


@lru_cache(maxsize=8192)
def is_procedure(word: str) -> bool:
    """Says whether a word names a test, a procedure or something of the visit's business."""
    plain, suffixes = _procedures()
    return canonical(word) in plain or (len(word) > 6 and word.endswith(suffixes))


@lru_cache(maxsize=8192)
def kind_of_phrase(phrase: str) -> str:
    """What the words of a phrase name.

    Returns:
        ``condition``, ``procedure``, ``site``, ``modifier`` for words that only qualify, or an
        empty text for words that say nothing.
    """
    sites, modifiers = site_words(), modifier_words()
    found = ""
    for word in split(phrase):
        plain = canonical(word)
        if plain in EMPTY or word in LATERALITY or word in soft_words():
            continue
        if len(word) == 1 or word[0].isdigit():
            continue
        if word in modifiers:
            found = found or "modifier"
        elif is_procedure(word):
            found = "procedure"
        elif plain in sites or word in sites:
            found = "procedure" if found == "procedure" else "site"
        else:
            return "condition"
    return found
