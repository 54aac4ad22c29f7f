"""Neurological deficits of a stroke, which its clinicians document on examination.

Hemiplegia, aphasia, facial weakness, a field cut or dysphagia are reported beside an acute stroke
even where they pass (I.C.18.b: not routinely part of it).
"""

import tomllib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Places, Reading
from chartcoder.agents.rules.scan import mention_of
from chartcoder.tabular.home import resources


class _Group(NamedTuple):
    diagnoses: tuple[str, ...]
    deficits: tuple[str, ...]
    zones: frozenset[str]
    section: str


@cache
def _groups() -> tuple[_Group, ...]:
    with (resources() / "rules" / "deficits.toml").open("rb") as stream:
        rows = tomllib.load(stream)["group"]
    return tuple(
        _Group(
            tuple(row["diagnoses"]), tuple(row["deficits"]), frozenset(row["zones"]), row["section"]
        )
        for row in rows
    )  # fmt: skip


def find_deficits(reading: Reading, known: Sequence[Mention]) -> list[Mention]:
    """Deficits stated on examination or in the course beside the disease that brings them about.

    Args:
        reading: the chart.
        known: the mentions found so far; the disease must be among them, as present.
    """
    codes = [
        best[0].code
        for m in known
        if m.assertion == "present" and m.role in ("problem", "finding")
        for best in [reading.lookup.find(m.phrase, 1)]
        if best
    ]
    taken = Places((m.start, m.end) for m in known)
    found: dict[str, Mention] = {}
    for group in _groups():
        if not any(code.startswith(group.diagnoses) for code in codes):
            continue
        for one in reading.conditions:
            if (
                one.assertion == "present"
                and one.stretch.zone in group.zones
                and one.code.startswith(group.deficits)
                and not taken.hold(one.spot.start, one.spot.end)
            ):
                reason = f"a deficit of the stroke ({group.section})"
                found.setdefault(one.code, mention_of(one)._replace(reason=reason))
    return list(found.values())
