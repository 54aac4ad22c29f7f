"""Cuts problem text into phrases that can be looked up, one condition each."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_JOINT = re.compile(
    r"\s*[,;]\s*(?:and\s+|or\s+)?|\s+(?:and|&|\+|as well as|along with|plus|versus|vs\.?)\s+"
    r"|\s+(?:with|w/?|c/b|complicated by|due to|d/t|secondary to|2/2|from|s/p|in the setting of|"
    r"on|in|associated with|caused by|related to|without|w/o)\s+"
    r"|\s*(?<![\s/][A-Za-z])/(?![A-Za-z]\b)\s*|\s+[-–—]\s+|\.\s+|\s*\(|\)\s*|:\s+",
    re.IGNORECASE,
)
_CAUSAL = re.compile(
    r"due to|d/t|secondary to|2/2|with|w/|c/b|complicated|in the setting|caused|related|associated",
    re.I,
)


class Piece(NamedTuple):
    """A stretch of text to look up: offsets relative to the text it was cut from."""

    start: int
    end: int


def pieces(text: str) -> list[Piece]:
    """Cuts at every joint: commas, "and", "with", "due to", slashes, parentheses."""
    found = []
    start = 0
    for joint in _JOINT.finditer(text):
        if joint.start() > start:
            found.append(Piece(start, joint.start()))
        start = joint.end()
    if start < len(text):
        found.append(Piece(start, len(text)))
    return [p for p in found if text[p.start : p.end].strip()]


def segment(
    text: str, score: Callable[[int, int], float], most: int = 6
) -> Iterator[tuple[int, int]]:
    """Joins neighbouring pieces where they are better looked up together.

    Args:
        text: the problem's words.
        score: how well a stretch ``(start, end)`` is explained by its best entry, times the
            weight of its words.
        most: how many pieces one phrase may join.

    Yields:
        Stretches ``(start, end)`` that together score highest.
    """
    cut = pieces(text)
    count = len(cut)
    best: list[tuple[float, int]] = [(0.0, 0)] * (count + 1)
    for last in range(1, count + 1):
        choices = []
        for first in range(max(0, last - most), last):
            gain = score(cut[first].start, cut[last - 1].end)
            choices.append((best[first][0] + gain, first))
        best[last] = max(choices, key=lambda c: (c[0], -c[1]))
    spans = []
    last = count
    while last > 0:
        first = best[last][1]
        spans.append((cut[first].start, cut[last - 1].end))
        last = first
    yield from reversed(spans)
