"""Injuries with what the rest of the chart says of them: site, level, and that they are healing.

A bite is named by the animal and its place stands in the examination; a spinal cord injury by its
level where the patient is introduced; a fracture after its operation by the operation.
"""

import re
from collections.abc import Iterator, Sequence

from chartcoder.agents.rules.assertion import affirmed
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.document import sentences
from chartcoder.agents.rules.history import title_of
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Places, Reading
from chartcoder.agents.rules.scan import mention_of

_UNSITED = "T14"
_CORD = ("S14.1", "S24.1", "S34.1")
_LEVEL = re.compile(
    r"\b([CTLS])(\d{1,2})(?:[-/][CTLS]?\d{1,2})?,? ?(?:level ?)?"
    r"(?=asia|ais|sci\b|para|tetra|quad|complete|incomplete|motor|spinal cord|cord injury)",
    re.IGNORECASE,
)
_GRADE = re.compile(r"\b(?:asia|ais)(?: grade)? ?([a-e])\b", re.IGNORECASE)
_AROUND = 120
_SILENT = frozenset(["family", "past", "copied", "medications", "social"])
_FIXED = re.compile(r"S(?:[0-9]2|[0-9]3|[0-9]6)")


def fit_injuries(mentions: Sequence[Mention], reading: Reading) -> list[Mention]:
    """The mentions, injuries worded with the site or the level that the chart gives them."""
    return [
        mention._replace(phrase=_placed(mention, reading))
        if mention.role == "problem" and mention.assertion == "present"
        else mention
        for mention in mentions
    ]


def _placed(mention: Mention, reading: Reading) -> str:
    best = reading.lookup.find(mention.phrase, 1)
    code = best[0].code if best else ""
    if code.startswith(_UNSITED) and cue("bite").search(mention.phrase):
        return _bitten(mention.phrase, reading) or mention.phrase
    if code.startswith(_CORD) and not best[0].unmatched:
        return _cord(mention.phrase, reading) or mention.phrase
    return mention.phrase


def _bitten(phrase: str, reading: Reading) -> str:
    """The bite with the one site at which the chart finds its traces."""
    found: dict[str, None] = {}
    for stretch in reading.stretches:
        if stretch.zone in _SILENT:
            continue
        for start, end in sentences(reading.text, stretch.start, stretch.end):
            said = affirmed(reading.text[start:end])
            if cue("trace_of_bite").search(said):
                found |= dict.fromkeys(m.lower() for m in cue("site_of_bite").findall(said))
    sited = [site for site in found if " " in site] or list(found)
    if len(sited) != 1:
        return ""
    wording = f"{'insect bite' if cue('insect').search(phrase) else phrase} {sited[0]}"
    best = reading.lookup.find(wording, 1)
    return wording if best and best[0].code.startswith("S") else ""


def _cord(phrase: str, reading: Reading) -> str:
    """The title for the level and completeness of a spinal cord injury."""
    level = _LEVEL.search(phrase) or _LEVEL.search(reading.text)
    if level is None:
        return ""
    near = reading.text[max(0, level.start() - _AROUND) : level.end() + _AROUND]
    grade = _GRADE.search(near)
    if grade is not None:
        complete = grade.group(1).lower() == "a"
    elif re.search(r"\bincomplete\b", near, re.IGNORECASE):
        complete = False
    elif re.search(r"\bcomplete\b", near, re.IGNORECASE):
        complete = True
    else:
        return title_of(reading.lookup.book, _code(level, "0"))
    return title_of(reading.lookup.book, _code(level, "1" if complete else "5"))


def _code(level: re.Match[str], lesion: str) -> str:
    """The code for a level; lesion as of S14.1 and S24.1: 0 not told, 1 complete, 5 incomplete."""
    part, number = level.group(1).upper(), int(level.group(2))
    if part == "C":
        return f"S14.1{lesion}{number}"
    if part == "T":
        return f"S24.1{lesion}{1 if number == 1 else 2 if number < 7 else 3 if number < 11 else 4}"
    if part == "L":
        return f"S34.1{'2' if lesion == '5' else lesion}{number}"
    return f"S34.13{ {'0': '9', '1': '1', '5': '2'}[lesion] }"


def find_healing(reading: Reading, known: Sequence[Mention]) -> Iterator[Mention]:
    """Injuries named by the operation that set them, while they heal (I.C.19.a, I.C.21.c.7).

    Args:
        reading: the chart.
        known: the mentions found already.

    Yields:
        The injury, present: aftercare of an injury is coded as the injury, subsequent encounter.
    """
    taken = Places((m.start, m.end) for m in known if m.assertion == "present")
    for found in reading.stated_in(["diagnosis"]):
        if found.assertion != "historical" or not _FIXED.match(found.code):
            continue
        if taken.hold(found.spot.start, found.spot.end) or not cue("healing").search(found.said):
            continue
        if not (cue("healed").search(found.said) or re.search(r"\b(?:19|20)\d\d\b", found.said)):
            yield mention_of(found)._replace(
                assertion="present", reason="an injury that is healing"
            )
