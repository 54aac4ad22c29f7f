"""Every Excludes1 pair that simple_icd_10_cm can name, held against ours."""

import re
import warnings
from collections import Counter
from functools import cache
from types import ModuleType

import pytest

from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.excludes import excludes1
from chartcoder.tabular.release import Release
from chartcoder.tabular.rulebook import RuleBook, rule_book

_NAMED = re.compile(r"\(([^()]*)\)")
_CODE = re.compile(r"[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?")


@pytest.fixture(scope="module")
def peer() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import simple_icd_10_cm

        simple_icd_10_cm.get_all_codes()
    return simple_icd_10_cm


def named_codes(peer: ModuleType, text: str) -> list[str]:
    """The codes in the parentheses of a note, by the simplest reading: no ranges, no conditions."""
    if " with " in text.partition("(")[2]:
        return []
    codes = []
    for group in _NAMED.findall(text):
        for part in re.split(r"[,;]", group):
            found = _CODE.fullmatch(part.strip().rstrip("-."))
            if found and peer.is_valid_item(found[0]) and not peer.is_chapter_or_block(found[0]):
                codes.append(found[0])
    return codes


def test_excludes1_agrees_with_the_peer_library(peer: ModuleType, bundled: Release) -> None:
    """Leaves of what carries the note against leaves of each code the note names."""
    book = rule_book(bundled.tabular)
    outcome: Counter[str] = Counter()
    unexplained = []

    @cache
    def leaves(code: str, block: bool = False) -> tuple[str, ...]:
        below = [code, *peer.get_descendants(code, prioritize_blocks=block)]
        # A block without codes of its own (V00-V99) is a leaf to the peer.
        ends = [c for c in below if not peer.is_chapter_or_block(c) and peer.is_leaf(c)]
        return tuple(dict.fromkeys((ends[0], ends[len(ends) // 2], ends[-1]))) if ends else ()

    for owner in peer.get_all_codes(True):
        block = peer.is_chapter_or_block(owner)
        for text in peer.get_excludes1(owner, prioritize_blocks=block):
            for partner in named_codes(peer, text):
                for one in leaves(owner, block):
                    for two in leaves(partner):
                        told = pair_outcome(book, owner, text, one, two)
                        outcome[told] += 1
                        if told == "missed":
                            unexplained.append((owner, text, one, two))
    assert not unexplained
    assert outcome["found"] > 15_000
    # Explained: one leaf is both, the note speaks of "current" and the leaf is a sequela, or the
    # note sends to a code below the one that carries it.
    assert sum(outcome.values()) - outcome["found"] < 100


def pair_outcome(book: RuleBook, owner: str, text: str, one: str, two: str) -> str:
    if one == two:
        return "same code"
    first, second = book.item(one), book.item(two)
    assert first is not None and second is not None, (one, two)
    if excludes1(CodeSet([first, second])):
        return "found"
    if "current" in text and two.endswith("S"):
        return "sequela"
    if owner in {step.code for step in book.tabular.path(two)}:
        return "below itself"
    return "missed"
