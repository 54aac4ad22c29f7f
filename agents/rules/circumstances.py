"""Circumstances beside the diseases: self-harm in the past, housing, adherence, dependence, shots.

Which words tell which circumstance stands in ``resources/rules/circumstances.toml``. Social
circumstances may come from any clinician's note (I.B.14), the others from the provider's.
"""

import re
import string
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from chartcoder.agents.rules.mentions import Role
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.substances import Told
from chartcoder.agents.values import Encounter
from chartcoder.tabular.home import resources

_TOLD = frozenset(
    ["diagnosis", "past", "surgical", "history", "plan", "prose", "medications", "social",
     "system", "course", "obstetric"]
)  # fmt: skip
_ANY = _TOLD | {"nursing", "other"}
_DENIED = frozenset(["absent", "hypothetical"])
_CAPITAL = re.compile(r"(?<!\\)[A-Z]")
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_NOT_SO = frozenset(["absent", "family", "possible", "hypothetical", "planned", "screening"])


class Circumstance(NamedTuple):
    """One row of ``circumstances.toml``; its fields are explained there."""

    code: str
    says: re.Pattern[str]
    unless: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    ages: tuple[float, float]
    setting: str
    zones: frozenset[str]
    negated: bool
    beside: tuple[str, ...]
    forbids: re.Pattern[str] | None
    role: Role


def _one_of(words: list[str]) -> re.Pattern[str] | None:
    """The alternatives in lower case: they are looked for in a chart folded once, which is twice
    as fast as to compare without regard to case."""
    if not words:
        return None
    joined = "|".join(f"(?:{w})" for w in words)
    return re.compile(_CAPITAL.sub(lambda found: found.group().lower(), joined))


@cache
def _table() -> tuple[Circumstance, ...]:
    with (resources() / "rules" / "circumstances.toml").open("rb") as stream:
        rows = tomllib.load(stream)["circumstance"]
    found = []
    for row in rows:
        says = _one_of(row["says"])
        if says is not None:
            first, last = row.get("ages", (0, 131))
            found.append(
                Circumstance(
                    row["code"], says, _one_of(row.get("unless", [])), _one_of(row.get("with", [])),
                    (float(first), float(last)), row.get("setting", ""),
                    frozenset(row["zones"]) if "zones" in row
                    else _ANY if row.get("who") == "any" else _TOLD,
                    bool(row.get("negated")), tuple(row.get("beside", ())),
                    _one_of(row.get("except", [])),
                    "history" if row.get("role") == "history" else "status",
                )
            )  # fmt: skip
    return tuple(found)


def find_circumstances(reading: Reading, encounter: Encounter) -> Iterator[Told]:
    """Circumstances that the chart tells of the patient, each code once.

    Args:
        reading: the chart.
        encounter: its age and setting decide what can be meant.
    """
    text = reading.text.translate(_FOLD)
    for row in _table():
        if encounter.age is not None and not row.ages[0] <= encounter.age < row.ages[1]:
            continue
        if row.setting and encounter.setting != row.setting:
            continue
        if row.forbids and row.forbids.search(text):
            continue
        if row.beside and not any(
            f.code.startswith(row.beside) and f.assertion == "present" for f in reading.conditions
        ):
            continue
        told = next(_told(row, reading, text), None)
        if told is not None:
            yield told


def _told(row: Circumstance, reading: Reading, text: str) -> Iterator[Told]:
    for found in row.says.finditer(text):
        stretch = reading.stretch_at(found.start())
        if stretch is None or stretch.zone not in row.zones:
            continue
        limit = stretch.around[1] if stretch.kind == "topic" else stretch.end
        if found.end() > limit:
            continue
        said = text[stretch.start : limit]
        if row.unless and row.unless.search(said):
            continue
        if row.needs and not row.needs.search(said):
            continue
        said_as = reading.said_of(stretch, found.start(), found.end())[0]
        if said_as in _NOT_SO and not (row.negated and said_as in _DENIED):
            continue
        yield Told(
            row.code, found.start(), found.end(), stretch, row.role, "a circumstance of the patient"
        )
