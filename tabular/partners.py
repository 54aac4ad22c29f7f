"""Codes that a note asks for and that are not there.

Source: Official Guidelines I.A.13 (etiology and manifestation), I.B.7 (code first, use additional
code). "Use additional code" is never an error.
"""

import re

from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.edits import may_lead, states_condition
from chartcoder.tabular.findings import Finding, Severity
from chartcoder.tabular.lists import OfficialLists
from chartcoder.tabular.notes import Block
from chartcoder.tabular.rulebook import Item, Target

_DETAIL = re.compile(r"\bto identify (?:the )?(?:specific )?(?:stage|type)\b")


def missing_partners(codes: CodeSet, lists: OfficialLists | None = None) -> list[Finding]:
    """Finds absent etiologies, absent codes to be coded first, and additional codes to think of.

    Args:
        codes: the code set.
        lists: where given, its manifestation codes need an etiology too.
    """
    findings: list[Finding] = []
    for index, item in enumerate(codes.items):
        present = [bool(set(codes.named(t, index))) for _, t in item.rules.code_first]
        listed = lists is not None and lists.holds("Principal_Manifestation", item.bare)
        if item.manifestation or listed:
            if not any(present):
                findings.append(_etiology(codes, index))
            continue
        findings += [
            _code_first(item, block, targets)
            for (block, targets), there in zip(item.rules.code_first, present, strict=True)
            if not there
            and not (block.examples and any(states_condition(o) for o in codes.items[:index]))
        ]
    return findings + _additional(codes)


def _etiology(codes: CodeSet, index: int) -> Finding:
    item = codes.items[index]
    block = item.rules.code_first[0][0] if item.rules.code_first else None
    others = [other for other in codes.items if other is not item and _could_cause(other)]
    severity: Severity = "error"
    if others and (block is None or block.examples):
        severity = "query"
        message = (
            f"{item.name} needs the code of its underlying disease; the note "
            f"gives examples, so say whether {_either([o.code for o in others])} is it."
        )
    else:
        message = f"{item.name} needs the code of its underlying disease before it."
    return Finding(
        "etiology-missing", severity, (item.code,), message,
        block.words if block else "", block.origin if block else "", "I.A.13",
    )  # fmt: skip


def _could_cause(item: Item) -> bool:
    """Neither a symptom, a circumstance nor an external cause, and not itself a manifestation."""
    return may_lead(item) and item.chapter not in ("18", "20", "21")


def _either(codes: list[str]) -> str:
    return codes[0] if len(codes) == 1 else f"one of {', '.join(codes)}"


def _code_first(item: Item, block: Block, targets: tuple[Target, ...]) -> Finding:
    asked = "if it applies" if block.conditional else "before it"
    what = f"the note names {_listed(targets)}" if targets else "the note names no code for it"
    return Finding(
        "code-first", "query", (item.code,),
        f"{item.name} asks for another code {asked}; {what}, and none is there.",
        block.words, block.origin, "I.B.7",
    )  # fmt: skip


def _listed(targets: tuple[Target, ...]) -> str:
    words = list(dict.fromkeys(t.reference.words for t in targets))
    more = f" and {len(words) - 6} more" if len(words) > 6 else ""
    return ", ".join(words[:6]) + more


def _additional(codes: CodeSet) -> list[Finding]:
    """One finding a note, however many of the codes it governs."""
    wanted: dict[tuple[str, int], tuple[Block, tuple[Target, ...], list[Item]]] = {}
    settled: set[tuple[str, int]] = set()
    for index, item in enumerate(codes.items):
        for block, targets in item.rules.use_additional:
            key = (block.origin, block.number)
            if any(True for _ in codes.named(targets, index)):
                settled.add(key)
            wanted.setdefault(key, (block, targets, []))[2].append(item)
    findings = []
    for key, (block, targets, items) in wanted.items():
        if key in settled or not targets:
            continue
        severity: Severity = (
            "query" if _DETAIL.search(block.words) and not block.conditional else "info"
        )
        names = tuple(item.code for item in items)
        findings.append(
            Finding(
                "use-additional", severity, names,
                f"{', '.join(names)}: an additional code may apply, {_listed(targets)}.",
                block.words, block.origin, "I.B.7",
            )
        )  # fmt: skip
    return findings
