"""Sides: both where one code says so, a side beside itself unspecified, one side beside both.

Source: Official Guidelines I.B.13.
"""

import re
from typing import NamedTuple

from chartcoder.tabular.codes import category
from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.findings import Finding, Suggestion
from chartcoder.tabular.rulebook import Item
from chartcoder.tabular.store import Entry, TabularList

SECTION = "I.B.13"

_SIDE = re.compile(r"\b(right|left|bilateral|unspecified)\b")
_WORD = re.compile(r"[a-z0-9]+")
_EMPTY_WORDS = {"unilateral", "of", "the", "side", "and", "in"}
_ORGANS = {"eye", "ear", "breast", "limb", "knee", "hip", "hand", "foot"}


class Sided(NamedTuple):
    """A code that says a side.

    Attributes:
        side: right, left, bilateral or unspecified.
        condition: the other words of the title, in any order, singular.
        family: its category with the characters that stand behind the side.
    """

    side: str
    condition: frozenset[str]
    family: str


_SIDED: dict[str, Sided | None] = {}


def sided(entry: Entry) -> Sided | None:
    """Reads the side from a title; None where it says none, or more than one."""
    if entry.code not in _SIDED:
        _SIDED[entry.code] = _read(entry)
    return _SIDED[entry.code]


def _read(entry: Entry) -> Sided | None:
    title = entry.title.lower()
    said = _SIDE.findall(title)
    clear = [s for s in said if s != "unspecified"]
    if len(set(clear)) > 1 or not said:
        return None
    side = clear[0] if clear else "unspecified"
    words = _WORD.findall(title)
    if side == "unspecified":
        # Of several, the one before the organ is the side; where none is left, it is not one.
        words = _without_last(words, "unspecified")
    else:
        words = [w for w in words if w != side]
    condition = frozenset(w.rstrip("s") for w in words) - _EMPTY_WORDS
    return Sided(side, condition, category(entry.code))


def _without_last(words: list[str], word: str) -> list[str]:
    at = len(words) - 1 - words[::-1].index(word)
    return [*words[:at], *words[at + 1 :]]


def laterality(codes: CodeSet, tabular: TabularList) -> list[Finding]:
    """Finds codes whose sides do not go together."""
    groups: dict[str, list[tuple[Item, Sided]]] = {}
    for item in codes.items:
        found = sided(item.entry)
        if found is not None:
            groups.setdefault(found.family, []).append((item, found))
    findings: list[Finding] = []
    for members in groups.values():
        if len(members) > 1:
            findings += _in_family(members, tabular)
    return findings


def _in_family(members: list[tuple[Item, Sided]], tabular: TabularList) -> list[Finding]:
    findings: list[Finding] = []
    for place, (item, one) in enumerate(members):
        for other, two in members[place + 1 :]:
            if not _same(one, two):
                continue
            sides = {one.side, two.side}
            codes = (item.code, other.code)
            if sides == {"right", "left"}:
                both = _bilateral(item, one, tabular)
                if both is not None:
                    findings.append(
                        _finding(
                            codes, f"{item.code} and {other.code} are the right and the left side; "
                            f"{both.code} says both.", both,
                        )
                    )  # fmt: skip
            elif "bilateral" in sides and len(sides) == 2:
                findings.append(
                    _finding(
                        codes, f"{item.code} and {other.code}: a bilateral code covers each side."
                    )
                )
            elif "unspecified" in sides and len(sides) == 2:
                findings.append(
                    _finding(
                        codes,
                        f"{item.code} and {other.code}: the side is specified, so the code for the "
                        "unspecified side says nothing more.",
                    )
                )
    return findings


def _finding(codes: tuple[str, ...], message: str, both: Entry | None = None) -> Finding:
    suggestion = (Suggestion(both.code, both.title),) if both else ()
    return Finding("laterality", "warning", codes, message, section=SECTION, suggestion=suggestion)


def _same(one: Sided, two: Sided) -> bool:
    """The same condition: equal words, but for the organ that "bilateral" may leave out."""
    return one.condition == two.condition or (
        "bilateral" in (one.side, two.side) and one.condition ^ two.condition <= _ORGANS
    )


def _bilateral(item: Item, one: Sided, tabular: TabularList) -> Entry | None:
    """The code that says both sides of the same condition, if the category has one."""
    found = [
        entry
        for entry in tabular.billable_under(category(item.code))
        if (other := sided(entry)) and other.side == "bilateral" and _same(one, other)
    ]
    return found[0] if len(found) == 1 else None
