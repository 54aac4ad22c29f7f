"""Tobacco, alcohol and drugs: who smokes what, who stopped, which disorder is in remission.

The Index sends a smoker to nicotine dependence, by product (``Smoker - see Dependence, drug,
nicotine``), one who stopped to Z87.891, a disorder that is over to its own code in remission
(I.C.5.b.1), and beside an alcohol disorder the level in the blood to Y90 (I.B.14). The words stand
in ``resources/lexicon/cues.toml``.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.mentions import Role
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.zones import Stretch
from chartcoder.agents.values import Encounter

_TOLD = frozenset(
    ["diagnosis", "past", "surgical", "history", "plan", "prose", "medications", "social",
     "system", "course", "review", "obstetric"]
)  # fmt: skip
_LEAST_AGE = 8
_PART = re.compile(r"[,;]\s+|(?<=\w)\.\s+|\s+(?:--+|[–—])\s+|\bbut\b|\band (?:is )?now\b|\bnow\b")
_HEAD = 30
_PRODUCTS = (
    ("tobacco_chewed", "F17.220"),
    ("tobacco_other", "F17.290"),
    ("tobacco_cigarettes", "F17.210"),
)
_UNSTATED = "F17.200"
_LEVEL = re.compile(
    r"\b(?:etoh|ethanol|b\.?a\.?l|b\.?a\.?c|blood alcohol(?: level| concentration| content)?|"
    r"(?:serum )?alcohol(?: level| concentration)|level)\b"
    r"\s*(?:of|was|is|:|=)?\s*(\d{1,3}|0?\.\d{2,3})"
    r"(?![\d/.]|\s*(?:drink|beer|x|%? of|yr|year|cc|g\b))",
    re.I,
)
_LEVELS = (20, 40, 60, 80, 100, 120, 200, 240)
_OF_ALCOHOL = re.compile(r"etoh|ethanol|b\.?a\.?[lc]\b|alcohol|intoxicat", re.I)
_BY_ALCOHOL = ("F10", "T51.0", "R78.0")


class Told(NamedTuple):
    """A code that the chart tells, with its place and why it counts."""

    code: str
    start: int
    end: int
    stretch: Stretch
    role: Role
    reason: str


def find_substances(reading: Reading, encounter: Encounter) -> list[Told]:
    """Codes for tobacco, for disorders in remission and for the alcohol in the blood.

    Args:
        reading: the chart.
        encounter: its age tells children, who do not smoke, from others.
    """
    found = [*_remissions(reading), *_withdrawals(reading), *_blood_alcohol(reading)]
    if encounter.age is None or encounter.age >= _LEAST_AGE:
        found += _tobacco(reading)
    return found


def _tobacco(reading: Reading) -> list[Told]:
    """Present use, a code a product; where there is none, past use."""
    now: list[Told] = []
    past: list[Told] = []
    for stretch in reading.stretches:
        if stretch.zone not in _TOLD:
            continue
        for when, part, (start, end) in _parts(reading.text, stretch):
            named = cue("tobacco_named").search(reading.text, start, end)
            if (
                when == "now"
                and named
                and reading.said_of(stretch, named.start(), named.end())[0] == "absent"
            ):
                continue
            if when == "now":
                products = [code for name, code in _PRODUCTS if cue(name).search(part)]
                now += [
                    Told(code, start, end, stretch, "status", "uses tobacco")
                    for code in products or [_UNSTATED]
                ]
            elif when == "past":
                past.append(
                    Told("Z87.891", start, end, stretch, "history", "used tobacco in the past")
                )
    stated = [t for t in now if t.code != _UNSTATED]
    return stated or now[:1] or past[:1]


def _parts(text: str, stretch: Stretch) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """The parts of a sentence that speak of the patient's tobacco: now or past, words, place."""
    head = text[stretch.around[0] : stretch.start]
    labelled = cue("tobacco_label").search(stretch.label) is not None or (
        len(head) <= _HEAD and cue("tobacco_label").search(head) is not None
    )
    spoken: list[tuple[str, str, tuple[int, int]]] = []
    position, named = stretch.start, False
    for mark in [*_PART.finditer(text, stretch.start, stretch.end), None]:
        stop = mark.start() if mark else stretch.end
        # A clause with "who" speaks of the one named before it.
        begin = stretch.start if text.startswith("who ", position) else position
        when = _when(text, begin, stop, labelled, named)
        if when == "past" and spoken:
            spoken = [("past", part, place) for _, part, place in spoken]
        named = named or cue("tobacco_named").search(text, position, stop) is not None
        if when in ("now", "past"):
            spoken.append((when, text[position:stop], (position, stop)))
        elif not when and spoken and spoken[-1][0] == "now":
            # The product may stand behind a comma: "tobacco dependence, cigarettes".
            _, part, place = spoken[-1]
            spoken[-1] = ("now", f"{part}, {text[position:stop]}", place)
        position = mark.end() if mark else stop
    yield from spoken


def _when(text: str, start: int, end: int, labelled: bool, named_before: bool) -> str:
    """``now``, ``past``, ``no`` or, for words that say nothing of it, an empty text."""
    named = cue("tobacco_named").search(text, start, end)
    part = text[start:end]
    if named is None and not labelled and not named_before:
        return ""
    subject = text[start : named.end()] if named else part
    if cue("not_the_patient").search(subject) or cue("tobacco_not").search(part):
        return "no"
    if cue("tobacco_past").search(part) and not cue("tobacco_wish").search(part):
        return "past"
    if named is None:
        return "now" if labelled and not named_before and cue("tobacco_yes").search(part) else ""
    if cue("not_tobacco").search(part):
        return "no"
    uses = cue("tobacco_used").search(part) or (labelled and cue("tobacco_yes").search(part))
    return "now" if uses else ""


def _remissions(reading: Reading) -> Iterator[Told]:
    """Disorders by substance told as in remission, as history, or with the time since the last use.

    Guideline I.C.5.b.1; Index ``History, personal, alcohol dependence`` and ``Disorder, alcohol
    use, in remission``.
    """
    text = reading.text
    for stretch in reading.stretches:
        if stretch.zone not in _TOLD:
            continue
        for name, category in _SUBSTANCES:
            found = cue(name).search(text, stretch.start, stretch.end)
            if found is None:
                continue
            said = text[stretch.start : stretch.end]
            assertion, _ = reading.said_of(stretch, found.start(), found.end())
            if assertion in ("absent", "family", "possible", "hypothetical", "planned"):
                continue
            if cue("not_the_patient").search(text, stretch.start, found.start()):
                continue
            over = cue("in_remission").search(said) or (
                assertion == "historical"
                or cue("former_before").search(said[: found.start() - stretch.start])
            )
            if not over or cue("still_using").search(said):
                continue
            mild = cue("mild_disorder").search(found.group()) is not None
            yield Told(
                f"{category}.{'11' if mild else '21'}", found.start(), found.end(), stretch,
                "history", "in remission (I.C.5.b.1)",
            )  # fmt: skip


def _withdrawals(reading: Reading) -> Iterator[Told]:
    """Withdrawal in alcohol dependence that went without seizures, delirium and hallucinations.

    "Unspecified" is for withdrawal of which nothing is said (F10.239); told so it is uncomplicated.
    """
    text = reading.text
    if cue("complicated_withdrawal").search(text):
        return
    for stretch in reading.stretches:
        named = cue("disorder_alcohol").search(text, stretch.start, stretch.end)
        if named is None or stretch.zone not in ("diagnosis", "course", "system", "plan", "prose"):
            continue
        found = cue("withdrawal").search(text, named.start(), stretch.end)
        if (
            found
            and not cue("mild_disorder").search(named.group())
            and reading.said_of(stretch, found.start(), found.end())[0] == "present"
            and cue("no_complication").search(text, *stretch.around)
        ):
            yield Told(
                "F10.230", named.start(), found.end(), stretch, "history",
                "withdrawal told as without complication",
            )  # fmt: skip
            return


_SUBSTANCES = (
    ("disorder_alcohol", "F10"),
    ("disorder_opioid", "F11"),
    ("disorder_cannabis", "F12"),
    ("disorder_sedative", "F13"),
    ("disorder_cocaine", "F14"),
    ("disorder_stimulant", "F15"),
    ("disorder_several", "F19"),
)


def _blood_alcohol(reading: Reading) -> Iterator[Told]:
    """The level of alcohol in mg per 100 ml beside a condition due to alcohol (I.B.14)."""
    if not any(
        one.code.startswith(_BY_ALCOHOL) and one.assertion == "present"
        for one in reading.conditions
    ):
        return
    levels = []
    for found in _LEVEL.finditer(reading.text):
        stretch = reading.stretch_at(found.start())
        if stretch is None or stretch.zone in ("copied", "family"):
            continue
        around = reading.text[max(stretch.start, found.start() - 40) : found.end()]
        if not _OF_ALCOHOL.search(around):
            continue
        said = found.group(1)
        value = float(said) * 1000 if "." in said else float(said)
        step = sum(value >= least for least in _LEVELS)
        levels.append((value, Told(
            f"Y90.{step}", found.start(), found.end(), stretch, "status",
            "alcohol in the blood beside a condition due to it (I.B.14)",
        )))  # fmt: skip
    if levels:
        yield max(levels, key=lambda level: level[0])[1]
