"""What a score means: the share of phrases for which the first entry of such a score was right.

The tables in ``resources/calibration.toml`` were measured by ``python -m
chartcoder.evaluation.navigation --calibrate`` on index entries held out of the index, official
and our own, whose paths were looked up as phrases; they rise with the score.
"""

import tomllib
from bisect import bisect_right
from functools import cache
from typing import Literal

from chartcoder.tabular.home import resources

Scale = Literal["walk", "letters", "meaning"]
UNSURE = 0.5


@cache
def _points(scale: Scale) -> tuple[tuple[float, ...], tuple[float, ...]]:
    path = resources() / "calibration.toml"
    if not path.is_file():
        return (0.0, 1.0), (0.0, 1.0)
    with path.open("rb") as stream:
        rows = tomllib.load(stream)[scale]
    return tuple(float(r[0]) for r in rows), tuple(float(r[1]) for r in rows)


def sureness(scale: Scale, score: float) -> float:
    """The probability, 0 to 1, that a first entry or line with this score is the right one."""
    scores, shares = _points(scale)
    place = bisect_right(scores, score)
    if place == 0:
        return shares[0]
    if place == len(scores):
        return shares[-1]
    low, high = scores[place - 1], scores[place]
    part = (score - low) / (high - low) if high > low else 1.0
    return shares[place - 1] + part * (shares[place] - shares[place - 1])
