"""What a confidence means: from a raw score to the share of codes with it that are right."""

import tomllib
from bisect import bisect_left
from functools import cache

from chartcoder.tabular.home import resources


@cache
def _points() -> tuple[tuple[float, ...], tuple[float, ...]]:
    path = resources() / "rules" / "calibration.toml"
    rows = tomllib.loads(path.read_text("utf-8"))["points"]
    return tuple(raw for raw, _ in rows), tuple(share for _, share in rows)


def calibrated(raw: float) -> float:
    """The probability that a code with this raw score is right.

    Args:
        raw: score of the Index entry times sureness of the descent, 0 to 1.

    Returns:
        Linear between the rows of ``resources/rules/calibration.toml``, rounded to 4 digits.
    """
    scores, shares = _points()
    if raw <= scores[0]:
        return shares[0]
    if raw >= scores[-1]:
        return shares[-1]
    place = bisect_left(scores, raw)
    low, high = scores[place - 1], scores[place]
    share = shares[place - 1] + (shares[place] - shares[place - 1]) * (raw - low) / (high - low)
    return round(share, 4)
