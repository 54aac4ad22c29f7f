"""What the chart says of a condition elsewhere: its severity, its course, the side of each stage.

A letter names "bipolar I disorder" in one sentence and puts "this depressive episode at
moderate" in another; an eye note heads "POAG" and stages each eye below. A condition is coded as
closely as the chart documents it (I.B.2), so these words go with it to the look-up.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import SILENT, Reading
from chartcoder.index.lexicon import write_out
from chartcoder.index.words import LATERALITY, split
from chartcoder.tabular.home import resources

_GONE = frozenset(["family", "past"]) | SILENT
_SENTENCE_END = re.compile(r"[.;]\s|\n")
_SIDED = re.compile(
    r"\b(?P<side>OD|OS|OU|[RL]|[Rr]ight|[Ll]eft|[Bb]ilateral)(?: eye| side)?(?: is| was|[:=])? +"
    r"(?P<grade>(?:mild|mod|moderate|severe|advanced|indeterminate|end[- ]stage|stage \w+"
    r"|grade \w+)\b)"
)
_SIDE = {"od": "right eye", "os": "left eye", "ou": "both eyes", "r": "right", "l": "left"}
_REACH = 160


class _Said(NamedTuple):
    key: str
    of: tuple[str, ...]
    chart: bool
    says: re.Pattern[str]
    adds: str


@cache
def _table() -> tuple[_Said, ...]:
    rows = tomllib.loads((resources() / "rules" / "qualified.toml").read_text("utf-8"))["said"]
    return tuple(
        _Said(
            row["key"], tuple(row["of"]), row["where"] == "chart",
            re.compile(row["says"], re.IGNORECASE), row["adds"],
        )
        for row in rows
    )  # fmt: skip


def qualify(mentions: Sequence[Mention], reading: Reading) -> list[Mention]:
    """The mentions with what the chart says of them elsewhere.

    Args:
        mentions: conditions found so far; those that are not present stay as they are.
        reading: the chart.

    Returns:
        The same mentions in the same order, phrases made longer where the Index has a line for the
        longer phrase; a condition whose sides are staged one by one becomes one mention a side.
    """
    found: list[Mention] = []
    for mention in mentions:
        if mention.assertion == "present" and mention.role == "problem":
            found += _by_side(mention, reading) or [_qualified(mention, reading)]
        else:
            found.append(mention)
    return found


def _qualified(mention: Mention, reading: Reading) -> Mention:
    best = reading.lookup.find(mention.phrase, 1)
    if not best:
        return mention
    settled: set[str] = set()
    for row in _table():
        if row.key in settled or not best[0].code.startswith(row.of):
            continue
        words = _said_of(mention, row, reading)
        if words:
            settled.add(row.key)
            mention = _with(mention, words, reading)
    return mention


def _said_of(mention: Mention, row: _Said, reading: Reading) -> str:
    """The words a row adds to a mention; empty where the chart does not say it."""
    text = reading.text
    if row.chart:
        places = [(0, len(text))]
    else:
        places = [(_sentence_start(text, mention.start), _next_end(text, mention.end))]
    for start, end in places:
        for found in row.says.finditer(text, start, end):
            stretch = reading.stretch_at(found.start())
            if row.chart and (stretch is None or stretch.zone in _GONE):
                continue
            groups = ["" if g is None else g.lower() for g in found.groups()]
            return " ".join(row.adds.format("", *groups).split())
    return ""


def _with(mention: Mention, words: str, reading: Reading) -> Mention:
    """The mention with words more, where the Index leads the longer phrase on."""
    further = [w for w in split(words) if w not in split(mention.phrase)]
    if not further:
        return mention
    longer = f"{mention.phrase} {' '.join(further)}"
    lookup = reading.lookup
    plain, closer = lookup.find(mention.phrase, 1), lookup.find(longer, 1)
    if not plain or not closer or closer[0].code[:2] != plain[0].code[:2]:
        return mention
    return mention._replace(phrase=longer, modifiers=(*mention.modifiers, *further))


def _by_side(mention: Mention, reading: Reading) -> list[Mention]:
    """One mention a side where the lines of a problem stage its sides one by one."""
    text, lookup = reading.text, reading.lookup
    if LATERALITY.intersection(split(write_out(mention.phrase, lookup.context))):
        return []
    plain = lookup.find(mention.phrase, 1)
    sides: dict[str, Mention] = {}
    for side, grade, start, end in _sided(text, mention.end, min(mention.context[1], len(text))):
        phrase = f"{mention.phrase} {side} {grade}"
        best = lookup.find(phrase, 1)
        if plain and best and best[0].code[:3] == plain[0].code[:3]:
            sides.setdefault(
                side,
                mention._replace(
                    phrase=phrase, start=mention.start if not sides else start,
                    end=mention.end if not sides else end, modifiers=(side, grade),
                ),
            )  # fmt: skip
    return list(sides.values()) if len(sides) > 1 else []


def _sided(text: str, start: int, end: int) -> Iterator[tuple[str, str, int, int]]:
    stop = min(end, start + _REACH)
    line_end = text.find("\n\n", start, stop)
    for found in _SIDED.finditer(text, start, line_end if line_end >= 0 else stop):
        side = found["side"].lower()
        grade = "moderate" if found["grade"] == "mod" else found["grade"].lower()
        yield _SIDE.get(side, side), grade, found.start(), found.end()


def _sentence_start(text: str, place: int) -> int:
    start = 0
    for found in _SENTENCE_END.finditer(text, max(0, place - _REACH), place):
        start = found.end()
    return max(start, place - _REACH)


def _next_end(text: str, place: int) -> int:
    ends = _SENTENCE_END.finditer(text, place, place + 2 * _REACH)
    first = next(ends, None)
    if first is None or first.group() == "\n":
        return first.start() if first else min(len(text), place + 2 * _REACH)
    second = next(ends, None)
    return second.start() if second else min(len(text), place + 2 * _REACH)
