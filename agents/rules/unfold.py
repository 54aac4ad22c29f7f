"""Gives a chart that lost its line breaks its lines back, without moving a character.

Copying out of a form or a message often leaves one long line. A space before a heading or before
the next number of a list becomes a line break there, so that every offset stays true.
"""

import re
from functools import cache
from itertools import groupby

from chartcoder.agents.rules.document import headings
from chartcoder.agents.rules.problems import ASSESSING, PLANNING

_LONG = 300
_HEADINGS = 2
_NUMBER = re.compile(r"(?<=\s)\(?(\d{1,2})[.)][ \t](?=[\"“]?[A-Za-z?])")
_BEFORE = re.compile(r"(?:[.!?%)\]\"”;:]|\d)\s*$|\s{2,}$")


@cache
def _heading() -> re.Pattern[str]:
    """A known heading as it is written: capitals, or a capital first and a colon or number next."""
    known = sorted((h for h in headings() if len(h) > 1), key=lambda h: (h[0], -len(h), h))
    # By first letter, so that most places are passed over after one look.
    listed = "|".join(
        rf"(?={re.escape(letter)})(?:"
        + "|".join(re.escape(h).replace("/", r"\s*/\s*") for h in group)
        + ")"
        for letter, group in groupby(known, key=lambda h: h[0])
    )
    return re.compile(
        rf"(?<=\s)(?-i:(?=[A-Z]))(?P<name>{listed})(?P<after>\s*:|(?=\s))", re.IGNORECASE
    )


def unfold(text: str) -> str:
    """The chart with line breaks for spaces in lines that hold several sections.

    Args:
        text: the chart.

    Returns:
        A text of the same length; the same text where no line is that long.
    """
    lines = text.split("\n")
    if all(len(line) < _LONG for line in lines):
        return text
    return "\n".join(_unfolded(line) if len(line) >= _LONG else line for line in lines)


def _unfolded(line: str) -> str:
    places: set[int] = set()
    kinds: set[str] = set()
    for found in _heading().finditer(line):
        name = found["name"]
        kind = headings()[" ".join(re.sub(r"\s*/\s*", "/", name.lower()).split())]
        # Tests are named in capitals inside sentences too.
        capitals = name.isupper() and kind != "results"
        firm = found["after"].strip() == ":" or capitals or _numbered(line, found.end())
        if not (firm and _BEFORE.search(line, max(0, found.start() - 4), found.start())):
            continue
        kinds.add(kind)
        places.add(found.start() - 1)
        if _numbered(line, found.end()):
            places.add(found.end())
    if len(kinds) < _HEADINGS or not kinds & (ASSESSING | PLANNING):
        return line
    wanted = 1
    for number in _NUMBER.finditer(line):
        if int(number[1]) in (1, wanted):
            wanted = int(number[1]) + 1
            places.add(number.start() - 1)
    letters = list(line)
    for place in places:
        if letters[place].isspace():
            letters[place] = "\n"
    return "".join(letters)


def _numbered(line: str, end: int) -> bool:
    return re.match(r"\s+\(?1[.)]\s", line[end : end + 8]) is not None
