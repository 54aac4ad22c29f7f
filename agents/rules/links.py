"""What the book says of conditions together: rows of ``links.toml``, "with" subterms of the Index.

Source: Official Guidelines I.A.15 ("with"), I.B.9 (combination codes).
"""

import re
import tomllib
from functools import cache, lru_cache
from typing import NamedTuple

from chartcoder.index.store import IndexStore
from chartcoder.index.terms import Term
from chartcoder.index.words import LATERALITY, tokens
from chartcoder.tabular.home import resources

DIABETES = ("E08", "E09", "E10", "E11", "E13")
_WITH = frozenset(["with", "in"])
TYPE_1 = re.compile(
    r"\bT1DM\b|\bDM ?(?:type )?1\b|\bIDDM type 1\b|\b(?:type|t) ?(?:1|I)\b (?:DM|diabet\w+)"
    r"|\bdiabetes(?: mellitus)?,? type ?(?:1|I)\b|\bjuvenile diabetes\b",
    re.IGNORECASE,
)
TYPE_2 = re.compile(
    r"\bT2DM\b|\bDM ?(?:type )?2\b|\bNIDDM\b|\b(?:type|t) ?(?:2|II)\b (?:DM|diabet\w+)"
    r"|\bdiabetes(?: mellitus)?,? type ?(?:2|II)\b",
    re.IGNORECASE,
)


class Fact(NamedTuple):
    """One row of ``links.toml``; its fields are explained there."""

    when: tuple[tuple[str, ...], ...]
    result: str
    replaces: tuple[str, ...]
    keeps: tuple[str, ...]
    adds: tuple[str, ...]
    needs_link: bool
    same_site: bool
    why: str
    section: str


@cache
def read_facts() -> tuple[tuple[Fact, ...], dict[str, tuple[int, ...]]]:
    """The facts in the order in which they apply, and their places by category.

    What joins most goes first; among equals what only strikes out a vague code. The category, or
    the letter where a fact is for a whole chapter, is that of a fact's first group.
    """
    with (resources() / "rules" / "links.toml").open("rb") as stream:
        rows = tomllib.load(stream)["link"]
    facts = [
        Fact(
            tuple(tuple(group) for group in row["when"]), row["result"],
            tuple(row.get("replaces", ())), tuple(row.get("keeps", ())),
            tuple(row.get("adds", ())), bool(row.get("needs_link")), bool(row.get("same_site")),
            row["why"], row["section"],
        )
        for row in rows
    ]  # fmt: skip
    facts.sort(key=lambda f: (-len(f.when), bool(f.result)))
    by_category: dict[str, list[int]] = {}
    for number, fact in enumerate(facts):
        for category in dict.fromkeys(prefix[:3] for prefix in fact.when[0]):
            by_category.setdefault(category, []).append(number)
    return tuple(facts), {category: tuple(found) for category, found in by_category.items()}


class Branch(NamedTuple):
    """A subterm under "with": the default code of its term, and the words that it demands."""

    default: str
    term: Term
    words: frozenset[str]


@lru_cache(maxsize=4096)
def with_branches(index: IndexStore, code: str) -> tuple[Branch, ...]:
    """The subterms under "with" of the terms that lead to a code, of its own category."""
    found: list[Branch] = []
    for term in index.leading_to(code):
        if term.book not in ("index", "supplement"):
            continue
        heads = [(term.code, child) for child in index.children(term.id)]
        # Diabetes may have several complications, each joined under the same "with".
        several = code.startswith(DIABETES) and term.parent >= 0
        above = index.term(term.parent) if several else None
        if above is not None and above.title in _WITH and above.parent >= 0:
            heads.append((index.term(above.parent).code, above))
        for default, head in heads:
            for sub in index.children(head.id) if head.title in _WITH else ():
                words = frozenset(tokens(sub.title)) - LATERALITY
                if sub.code[:3] == code[:3] and words and not sub.title.endswith("NEC"):
                    found.append(Branch(default, sub, words))
    return tuple(found)


def without_side(title: str) -> str:
    """A title without the words of a side."""
    words = title.lower().replace(",", " ").split()
    return " ".join(w for w in words if w not in ("right", "left", "bilateral", "unilateral"))
