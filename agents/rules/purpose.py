"""What the encounter is for, where that is no disease: chemotherapy, a check-up, surveillance.

Source: Official Guidelines I.C.21.c and IV.G; the words stand in ``resources/rules/purposes.toml``,
each row with its section.
"""

import re
import tomllib
from functools import cache, lru_cache
from typing import NamedTuple

from chartcoder.agents.rules.document import Document
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.values import Encounter
from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources

_WORD = re.compile(r"[a-z0-9]+")
_OPENING = 500
_FIRST_LINES = 700
_COMES_FOR = re.compile(
    r"\b(?:here|presents?|presenting|comes?|came|seen|returns?|visit(?:ing)?|admitted)"
    r"(?: (?:in|back|to (?:the )?(?:clinic|office)))?(?: today)?(?: for|:) [^.\n]{3,90}",
    re.IGNORECASE,
)
_CHEMOTHERAPY = ("Z79.63",)
_IMMUNOTHERAPY = ("cancer monoclonal antibody", "antibody drug conjugate or bispecific")


class Purpose(NamedTuple):
    """One row of ``purposes.toml``; its fields are explained there, patterns not yet compiled."""

    title: str
    group: str
    says: str
    anywhere: bool
    needs: str
    unless: str
    settings: tuple[str, ...]
    ages: tuple[float, float]
    section: str


@cache
def _purposes() -> tuple[Purpose, ...]:
    with (resources() / "rules" / "purposes.toml").open("rb") as stream:
        rows = tomllib.load(stream)["purpose"]

    def joined(words: list[str]) -> str:
        return "|".join(f"(?:{word})" for word in words)

    return tuple(
        Purpose(
            row["title"], row.get("group", row["title"]), joined(row["says"]),
            row["where"] == "anywhere", joined(row.get("with", [])),
            joined(row.get("unless", [])), tuple(row.get("setting", ())),
            (float(row["ages"][0]), float(row["ages"][1])) if "ages" in row else (0.0, 131.0),
            row["section"],
        )
        for row in rows
    )  # fmt: skip


@cache
def _drugs() -> dict[str, dict[str, list[str]]]:
    """For the classes of drugs that a purpose may name: their names by the first word."""
    named: dict[str, dict[str, list[str]]] = {"chemotherapy": {}, "immunotherapy": {}}
    for row in read_table(resources() / "lexicon" / "drugs.tsv"):
        name = row["name"].lower()
        if row["class"] in _IMMUNOTHERAPY:
            named["immunotherapy"].setdefault(_WORD.findall(name)[0], []).append(name)
        elif row["long_term_code"].startswith(_CHEMOTHERAPY):
            named["chemotherapy"].setdefault(_WORD.findall(name)[0], []).append(name)
    return named


class _Patterns:
    """Compiles patterns with the drugs of this chart: to look for all drugs would be slow."""

    def __init__(self, text: str) -> None:
        words = frozenset(_WORD.findall(text.lower()))
        self._macros: dict[str, str] = {}
        for macro, names in _drugs().items():
            found = sorted(n for word in words & names.keys() for n in names[word])
            found.sort(key=lambda name: (-len(name), name))
            self._macros[macro] = "(?:" + "|".join(map(re.escape, found)) + ")" if found else "(?!)"

    def of(self, written: str) -> re.Pattern[str]:
        for macro, listed in self._macros.items():
            written = written.replace("{" + macro + "}", listed)
        return _compiled(written)


@lru_cache(maxsize=512)
def _compiled(written: str) -> re.Pattern[str]:
    return re.compile(written, re.IGNORECASE)


def find_purposes(document: Document, encounter: Encounter) -> list[Mention]:
    """Finds what the encounter is for.

    Args:
        document: the chart.
        encounter: its setting and the patient's age decide what can be meant.

    Returns:
        At most one mention for each group of purposes, in the order of the resource.
    """
    setting = encounter.setting or "outpatient"
    found: list[Mention] = []
    groups: set[str] = set()
    patterns = _Patterns(document.text)
    for purpose in _purposes():
        if purpose.group in groups or (purpose.settings and setting not in purpose.settings):
            continue
        if not purpose.ages[0] <= _age(encounter, purpose) < purpose.ages[1]:
            continue
        said = _said(document, purpose, patterns)
        if said is None:
            continue
        groups.add(purpose.group)
        start, end, section = said
        found.append(
            Mention(
                start, end, purpose.title, "present", "", False, section, (start, end),
                role="problem", reason=f"what the encounter is for ({purpose.section})",
            )
        )  # fmt: skip
    return found


def _age(encounter: Encounter, purpose: Purpose) -> float:
    """The age, or one that the purpose fits where the age is not known and it is for adults."""
    if encounter.age is not None:
        return encounter.age
    return purpose.ages[0] if purpose.ages[1] > 18 else 999.0


def _said(document: Document, purpose: Purpose, patterns: _Patterns) -> tuple[int, int, str] | None:
    text = document.text
    for start, end, section in _stretches(document, purpose.anywhere):
        for hit in patterns.of(purpose.says).finditer(text, start, end):
            first = max(text.rfind("\n", 0, hit.start()), text.rfind(". ", 0, hit.start())) + 1
            stops = [p for p in (text.find("\n", hit.end()), text.find(". ", hit.end())) if p >= 0]
            sentence = text[first : min(stops, default=len(text))]
            if purpose.unless and patterns.of(purpose.unless).search(sentence):
                continue
            if purpose.needs and not patterns.of(purpose.needs).search(text):
                return None
            return hit.start(), hit.end(), section
    return None


def _stretches(document: Document, anywhere: bool) -> list[tuple[int, int, str]]:
    text = document.text
    if anywhere:
        return [(0, len(text), "")]
    found: list[tuple[int, int, str]] = []
    for section in document.sections:
        if section.kind == "chief_complaint":
            found.append((section.start, section.end, section.kind))
        elif not section.kind and section.start < _OPENING:
            found.append((section.start, min(section.end, _OPENING), section.kind))
        elif section.kind == "history_present":
            end = min(section.end, section.start + _FIRST_LINES)
            found += [
                (hit.start(), hit.end(), section.kind)
                for hit in _COMES_FOR.finditer(text, section.start, end)
            ]
    return found
