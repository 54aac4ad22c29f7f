"""What the notes and the guidelines ask of the sequence of a code set.

A constraint says that some codes stand before others, and why. Those of notes are hard; the rest
give way where they would contradict a note.

Source: Official Guidelines I.A.13, I.B.7 (code first, use additional code), I.B.8 (acute before
chronic), I.B.10 (sequela), I.C.15.a.1 (chapter 15 first), I.C.20.a.6 (external causes never first),
I.C.21.c.15 (Z codes only first); the rows of ``resources/rules/sequence.toml``.
"""

import re
import tomllib
from functools import cache
from typing import NamedTuple

from chartcoder.tabular.codeset import CodeSet, Span, letters, spans, within
from chartcoder.tabular.edits import may_lead, place_of, states_condition
from chartcoder.tabular.findings import Rule, Severity
from chartcoder.tabular.home import resources
from chartcoder.tabular.notes import Block
from chartcoder.tabular.rulebook import Item, Target

Strength = int
NOTE, GUIDELINE, CUSTOM = 0, 1, 2

_ACUTE = re.compile(r"\b(?:acute|subacute)\b", re.IGNORECASE)
_CHRONIC = re.compile(r"\bchronic\b", re.IGNORECASE)
_TAIL = re.compile(r"\b(?:with|without|due to|in)\b.*", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")
_EMPTY_WORDS = {
    "acute", "subacute", "chronic", "unspecified", "other", "specified", "recurrent", "of", "and",
    "the", "not", "as", "or", "nonspecific", "simple",
}  # fmt: skip


class Constraint(NamedTuple):
    """Codes that stand before others.

    Attributes:
        before: places in the given sequence of the codes that go first, all of them.
        after: places of the codes that follow.
        rule: the rule a violation counts under.
        severity: of a violation.
        reason: one clause without full stop.
        note: the words of the note; empty where a guideline says it.
        origin: the code, section or chapter that carries the note.
        section: of the Official Guidelines.
        strength: ``NOTE``, ``GUIDELINE`` or ``CUSTOM``: the higher gives way to the lower.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    rule: Rule
    severity: Severity
    reason: str
    note: str = ""
    origin: str = ""
    section: str = ""
    strength: Strength = GUIDELINE

    def violated(self) -> bool:
        """Says whether the given sequence has it the other way round."""
        return max(self.before) > min(self.after)


def constraints(codes: CodeSet) -> list[Constraint]:
    """All constraints on a code set, those of notes first."""
    found: list[Constraint] = []
    for index, item in enumerate(codes.items):
        for block, targets in item.rules.code_first:
            found += _code_first(codes, index, block, targets)
    for index, item in enumerate(codes.items):
        for block, targets in item.rules.use_additional:
            found += _use_additional(codes, index, block, targets)
    found += _chapter_15(codes)
    found += _only_first(codes)
    found += _guideline_rows(codes)
    found += _acute_before_chronic(codes)
    return found


def _code_first(
    codes: CodeSet, index: int, block: Block, targets: tuple[Target, ...]
) -> list[Constraint]:
    named = dict(codes.named(targets, index))
    item = codes.items[index]
    if block.adverse_effect:
        # The nature of an adverse effect can be any condition: one before the drug may be it.
        conditions = (i for i, o in enumerate(codes.items) if i != index and states_condition(o))
        first = next(conditions, None)
        if first is not None and first < index and first not in named:
            return [after_leader(item, index, first)]
    if not named:
        return []
    if block.underlying or block.adverse_effect:
        # One cause settles the note: the one that stands first in the given sequence.
        named = {min(named): named[min(named)]}
    return [
        Constraint(
            (other,), (index,), "code-first", "error",
            f"the note asks for {codes.items[other].code} first",
            target.line.words, block.origin, "I.A.13" if item.manifestation else "I.B.7", NOTE,
        )
        for other, target in sorted(named.items())
    ]  # fmt: skip


def _use_additional(
    codes: CodeSet, index: int, block: Block, targets: tuple[Target, ...]
) -> list[Constraint]:
    named = dict(codes.named(targets, index))
    item = codes.items[index]
    return [
        Constraint(
            (index,), (other,), "use-additional", "query",
            f"{codes.items[other].code} is an additional code and usually follows {item.code}",
            target.line.words, block.origin, "I.B.7", CUSTOM,
        )
        for other, target in sorted(named.items())
    ]  # fmt: skip


def _chapter_15(codes: CodeSet) -> list[Constraint]:
    # O94 is a sequela code and follows the residual condition (I.C.15.p.3).
    own = tuple(i for i, item in enumerate(codes.items) if item.chapter == "15" and may_lead(item))
    rest = tuple(i for i, item in enumerate(codes.items) if item.chapter != "15")
    if not own or not rest:
        return []
    severity: Severity = "error" if 0 in rest else "warning"
    return [
        Constraint(
            own, rest, "code-first", severity,
            "codes of chapter 15 have sequencing priority over codes from other chapters",
            section="I.C.15.a.1",
        )
    ]  # fmt: skip


def _only_first(codes: CodeSet) -> list[Constraint]:
    found: list[Constraint] = []
    only = {i: row for i, item in enumerate(codes.items) if (row := place_of(item).only_first)}
    obstetric = any(item.chapter == "15" for item in codes.items)
    for index, row in only.items():
        rest = tuple(
            i
            for i, item in enumerate(codes.items)
            if i not in only and not (obstetric and item.chapter == "15")
        )
        if rest:
            found.append(
                Constraint(
                    (index,), rest, "unacceptable-principal", "warning",
                    f"{codes.items[index].code} is {row.what}",
                    section=row.section,
                )
            )  # fmt: skip
    return found


class _Order(NamedTuple):
    before: tuple[Span, ...]
    after: tuple[Span, ...]
    reason: str
    section: str
    severity: Severity


@cache
def _orders() -> tuple[_Order, ...]:
    with (resources() / "rules" / "sequence.toml").open("rb") as stream:
        rows = tomllib.load(stream)["order"]
    return tuple(
        _Order(spans(r["before"]), spans(r["after"]), r["reason"], r["section"], r["severity"])
        for r in rows
    )


@cache
def _orders_by_letter() -> dict[str, list[tuple[int, _Order]]]:
    found: dict[str, list[tuple[int, _Order]]] = {}
    for number, row in enumerate(_orders()):
        for letter in letters((*row.before, *row.after)):
            found.setdefault(letter, []).append((number, row))
    return found


_ROLES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}


def _roles(item: Item) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of the rows in which a code goes before, and goes after."""
    if item.chapter == "19" and item.bare[6:] == "S":
        # The rows speak of current injuries and burns.
        return (), ()
    found = _ROLES.get(item.code)
    if found is None:
        near = _orders_by_letter().get(item.bare[0], [])
        found = _ROLES[item.code] = (
            tuple(number for number, row in near if within(row.before, item)),
            tuple(number for number, row in near if within(row.after, item)),
        )
    return found


def _guideline_rows(codes: CodeSet) -> list[Constraint]:
    first: dict[int, list[int]] = {}
    second: dict[int, list[int]] = {}
    for index, item in enumerate(codes.items):
        before, after = _roles(item)
        for number in before:
            first.setdefault(number, []).append(index)
        for number in after:
            second.setdefault(number, []).append(index)
    found: list[Constraint] = []
    for number in sorted(first.keys() & second.keys()):
        row = _orders()[number]
        after_only = tuple(i for i in second[number] if i not in first[number])
        if after_only:
            found.append(
                Constraint(
                    tuple(first[number]), after_only, "code-first", row.severity, row.reason,
                    section=row.section,
                )
            )  # fmt: skip
    return found


def _acute_before_chronic(codes: CodeSet) -> list[Constraint]:
    acute: dict[frozenset[str], list[int]] = {}
    chronic: dict[frozenset[str], list[int]] = {}
    for index, item in enumerate(codes.items):
        title = item.entry.title
        is_acute, is_chronic = bool(_ACUTE.search(title)), bool(_CHRONIC.search(title))
        if is_acute != is_chronic:
            (acute if is_acute else chronic).setdefault(_condition(title), []).append(index)
    return [
        Constraint(
            tuple(acute[condition]), tuple(chronic[condition]), "code-first", "warning",
            "of one condition both acute and chronic, the acute is coded first",
            section="I.B.8",
        )
        for condition in sorted(acute.keys() & chronic.keys(), key=sorted)
        if condition
    ]  # fmt: skip


def _condition(title: str) -> frozenset[str]:
    """The words of a title that name the condition, whatever its course."""
    head = _TAIL.sub("", title.split(",")[0]).lower()
    return frozenset(_WORD.findall(head)) - _EMPTY_WORDS


def after_leader(item: Item, index: int, leader: int) -> Constraint:
    """A code that may not be first stands behind one that may."""
    row = place_of(item).never_first
    if row is None:
        return Constraint(
            (leader,), (index,), "manifestation-first", "error",
            f"{item.code} is a manifestation and never first", section="I.A.13",
        )  # fmt: skip
    return Constraint(
        (leader,), (index,), "never-first", "error",
        f"{item.code} may not stand first: it is {row.what}", section=row.section,
    )  # fmt: skip
