"""Finds the problems of an assessment or plan: numbered, bulleted or short lines, as units.

A problem is a heading with the lines under it as its context. The same problem named in the
assessment and again in the plan is one. Headings of tests, treatment and administration are none.
"""

import re
from typing import NamedTuple

from chartcoder.agents.rules.document import Document, Line, not_problems

ASSESSING = frozenset(
    ["assessment", "assessment_plan", "discharge_diagnosis", "final_diagnosis", "problem_list",
     "admission_diagnosis"]
)  # fmt: skip
PLANNING = frozenset(["plan", "medical_decision", "hospital_course", "emergency_course"])
LISTING = frozenset(
    ["discharge_diagnosis", "final_diagnosis", "problem_list", "admission_diagnosis"]
)
_RANK = re.compile(
    r"(?:(?:principal|primary|secondary|other|additional|associated|active|chronic|admitting|"
    r"admission|final|discharge|working|main|current)\s*)+(?:diagnos[ei]s|problems?|dx|conditions?)?"
    r"\s*(?:\([^)]*\))?\s*[:\-–]\s*|(?:diagnos[ei]s|problems?|dx)\s*(?:#?\d+)?\s*:\s*",
    re.IGNORECASE,
)
_MOST_WORDS = 14
_CUT = re.compile(r"\.\s|\.$|\s[-–—]{1,2}>?\s|\t|\s\|\s?|:\s|:$|\s→\s|\s->\s|\?\s")
_LABEL = re.compile(r"\s*([A-Za-z][A-Za-z /&'-]{1,45}?)\s*:\s*")


class Problem(NamedTuple):
    """One problem of the chart.

    Attributes:
        start: offset of its heading.
        end: offset after its heading.
        context: the stretch of the chart with the lines under it, ``(start, end)``.
        section: kind of the section.
        order: place among the problems of the chart, from 0.
        prose: it is a sentence of running text, not a heading of its own.
    """

    start: int
    end: int
    context: tuple[int, int]
    section: str
    order: int
    prose: bool


def find_problems(document: Document) -> list[Problem]:
    """The problems of a chart's assessing and planning sections, in order."""
    problems: list[Problem] = []
    groups: dict[int, list[Line]] = {}
    for line in document.lines:
        if line.section in ASSESSING or line.section in PLANNING:
            groups.setdefault(line.place, []).append(line)
    for lines in groups.values():
        problems += _of_section(lines, len(problems))
    if not any(line.section in ASSESSING for line in document.lines):
        for lines in _numbered_lists(document):
            problems += _of_section(lines, len(problems))
    headed = any(not problem.prose for problem in problems)
    return [problem for problem in problems if not (headed and problem.prose)]


def _numbered_lists(document: Document) -> list[list[Line]]:
    """Numbered lists under headings that say nothing: the problems of a chart without others."""
    lists: dict[int, list[Line]] = {}
    for line in document.lines:
        if line.section in ("", "other"):
            lists.setdefault(line.place, []).append(line)
    return [lines for lines in lists.values() if sum(1 for x in lines if x.bullet == "number") >= 2]


def _of_section(lines: list[Line], first: int) -> list[Problem]:
    planning = lines[0].section in PLANNING
    numbered = any(line.bullet == "number" for line in lines)
    short_heads = _short_heads(lines)
    listing = lines[0].section in LISTING
    # A list that begins with a bullet has its problems behind bullets; what follows it is no head.
    marks_lead = lines[0].bullet == "mark" and lines[0].section in ASSESSING
    found: list[tuple[Line, int, int, bool]] = []
    for place, line in enumerate(lines):
        ranked = _RANK.match(line.text)
        if ranked is not None:
            line = line._replace(start=line.start + ranked.end(), text=line.text[ranked.end() :])
            if not line.text.strip():
                continue
        if is_administrative(line.text):
            continue
        if listing:
            is_head = bool(line.bullet) or len(line.text.split()) <= _MOST_WORDS
        elif ranked is not None:
            is_head = True
        elif numbered:
            is_head = line.bullet == "number" or (
                not line.bullet and place in short_heads and not planning
            )
        elif short_heads and not marks_lead:
            is_head = place in short_heads
        else:
            is_head = line.bullet == "mark" and not planning
        if is_head:
            cut = head_length(line.text)
            found.append((line, line.start, line.start + cut, False))
        elif not line.bullet and (not planning or line.section != "plan"):
            found.append((line, line.start, line.end, True))
    problems = []
    for place, (line, start, end, prose) in enumerate(found):
        following = next((s for _, s, _, p in found[place + 1 :] if not p), lines[-1].end)
        context = (start, line.end if prose else max(following, end))
        problems.append(Problem(start, end, context, line.section, first + place, prose))
    return problems


def _short_heads(lines: list[Line]) -> frozenset[int]:
    """Places of unbulleted short lines that head what follows: the problems of many notes."""
    heads = set()
    for place, line in enumerate(lines):
        if line.bullet or len(line.text.split()) > _MOST_WORDS:
            continue
        if is_administrative(line.text) or _RANK.match(line.text):
            continue
        cut = head_length(line.text)
        words = line.text[:cut].split()
        follows = place + 1 < len(lines) and lines[place + 1].bullet == "mark"
        alone = cut >= len(line.text.rstrip(" .:")) and len(words) <= 9
        if follows or alone or (line.section in ASSESSING and len(words) <= 7):
            heads.add(place)
    return frozenset(heads)


def head_length(text: str) -> int:
    """How many characters of a line are its heading: up to the first stop, dash or colon."""
    found = _CUT.search(text)
    if not found or found.start() == 0:
        return len(text.rstrip(" .:"))
    return found.start()


def is_administrative(text: str) -> bool:
    """Says whether a line is headed by something that is never a diagnosis."""
    label = _LABEL.match(text)
    name = label.group(1) if label else text.rstrip(" .:")
    return " ".join(name.lower().split()) in not_problems()
