"""Excludes1, three-valued: a conflict, documented as unrelated, or to be asked.

The note of either code, or of any header above it, may exclude the other. The codes settle it
unless the note has an exception of its own, the codes are for different sides of the body, one is
for a sequela, or the guidelines name the pair. Excludes2 never blocks (I.A.12.b).

Source: Official Guidelines I.A.12.a.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache

from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.findings import RANK, Finding, Severity
from chartcoder.tabular.home import resources
from chartcoder.tabular.references import Reference, references
from chartcoder.tabular.rulebook import Item, Target

SECTION = "I.A.12.a"

_EXCEPTION = re.compile(r"\b(?:except|unless|other than)\b")
_CURRENT = re.compile(r"\bcurrent\b")
_SIDE = re.compile(r"\b(right|left|bilateral)\b", re.IGNORECASE)


def excludes1(
    codes: CodeSet, documented_unrelated: Iterable[tuple[str, str]] = ()
) -> list[Finding]:
    """Finds the pairs that an Excludes1 note forbids.

    Args:
        codes: the code set.
        documented_unrelated: pairs of undotted codes or headers that the chart says have nothing
            to do with each other.

    Returns:
        One finding a pair: ``error`` for a conflict, ``query`` where the codes cannot settle it,
        ``info`` where the chart does.
    """
    worst: dict[tuple[int, int], Finding] = {}
    unrelated = tuple(documented_unrelated)
    for index, item in enumerate(codes.items):
        for other, target in codes.named(item.rules.excludes1, index):
            partner = codes.items[other]
            # What a note sends away inside its own category is a choice there, not a pair.
            if target.owner in partner.ancestors:
                continue
            # "current injury" does not speak of what is left of an old one.
            if partner.bare[6:] == "S" and _CURRENT.search(target.line.words):
                continue
            pair = (min(index, other), max(index, other))
            finding = _settle(target, item, partner, unrelated)
            if pair not in worst or RANK[finding.severity] < RANK[worst[pair].severity]:
                worst[pair] = finding
    return [worst[pair] for pair in sorted(worst)]


def _settle(
    target: Target, item: Item, other: Item, unrelated: Sequence[tuple[str, str]]
) -> Finding:
    severity: Severity
    section = SECTION
    if _documented(item, other, unrelated):
        severity = "info"
        message = f"{item.code} and {other.code} are documented as unrelated, so both may stand."
    elif asked := _asked(item, other):
        severity, (reason, section) = "query", asked
        message = (
            f"{item.code} and {other.code} exclude each other if they are for the same condition; "
            f"{reason}. Ask the provider, or name them with --documented-unrelated."
        )
    elif _EXCEPTION.search(target.line.words):
        severity = "query"
        message = (
            f"{item.code} excludes {other.code} with an exception that the codes cannot settle; "
            "look in the chart or ask the provider."
        )
    elif (item.bare[6:] == "S") != (other.bare[6:] == "S"):
        severity = "query"
        message = (
            f"{item.code} and {other.code} exclude each other, but one is for the sequela of an "
            "old injury; ask the provider whether they are for the same condition."
        )
    elif sides := _opposite(item, other):
        severity = "query"
        message = (
            f"{item.code} ({sides[0]}) and {other.code} ({sides[1]}) exclude each other on the "
            "same side; if they are unrelated both may stand, if that is unclear ask the provider."
        )
    else:
        severity = "error"
        message = (
            f"{item.code} and {other.code} are not coded together: {item.name}; "
            f"{other.name}. Only if the chart shows them unrelated may both stand."
        )
    return Finding(
        "excludes1", severity, (item.code, other.code), message, target.line.words,
        target.block.origin, section,
    )  # fmt: skip


def _documented(item: Item, other: Item, unrelated: Sequence[tuple[str, str]]) -> bool:
    return any(
        (item.bare.startswith(one) and other.bare.startswith(two))
        or (item.bare.startswith(two) and other.bare.startswith(one))
        for one, two in unrelated
    )


def _opposite(item: Item, other: Item) -> tuple[str, str] | None:
    sides = []
    for one in (item, other):
        said = {word.lower() for word in _SIDE.findall(one.entry.title)}
        if said not in ({"right"}, {"left"}):
            return None
        sides.append(said.pop())
    return (sides[0], sides[1]) if sides[0] != sides[1] else None


@cache
def _pairs_to_ask() -> tuple[tuple[tuple[Reference, ...], tuple[Reference, ...], str, str], ...]:
    with (resources() / "rules" / "excludes.toml").open("rb") as stream:
        rows = tomllib.load(stream)["ask"]
    return tuple(
        (references(r["codes"]), references(r["partner"]), r["reason"], r["section"]) for r in rows
    )


def _asked(item: Item, other: Item) -> tuple[str, str] | None:
    for codes, partners, reason, section in _pairs_to_ask():
        for one, two in ((item, other), (other, item)):
            if any(r.covers(one.where, one.bare) for r in codes) and any(
                r.covers(two.where, two.bare) for r in partners
            ):
                return reason, section
    return None
