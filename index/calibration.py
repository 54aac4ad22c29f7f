"""What a score means: the share of phrases for which the first entry of such a score was right.

The tables in ``resources/calibration.toml`` were measured by ``python -m
chartcoder.evaluation.sureness`` on index entries held out of the index, official and our own,
whose paths were looked up as phrases; they rise with the score.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import Literal

from chartcoder.tabular.home import resources

Scale = Literal["walk", "letters"]
Table = tuple[tuple[float, ...], tuple[float, ...]]
UNSURE = 0.5
_TIE = 0.002


@cache
def _points(scale: Scale) -> Table:
    with (resources() / "calibration.toml").open("rb") as stream:
        return table_of(tomllib.load(stream)[scale])


def table_of(rows: Sequence[Sequence[float]]) -> Table:
    """Pairs of score and share as two rows that ``share_at`` reads."""
    return tuple(float(r[0]) for r in rows), tuple(float(r[1]) for r in rows)


def sureness(scale: Scale, score: float) -> float:
    """The probability, 0 to 1, that a first entry or line with this score is the right one."""
    return share_at(_points(scale), score)


def sure_among(scored: Sequence[tuple[float, str]], place: int) -> float:
    """How sure an entry of a walk is; entries of different categories that tie share it.

    Args:
        scored: score and category of each entry, best first.
        place: of the entry among them.
    """
    score, category = scored[place]
    rivals = {category}
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(scored) and abs(scored[at][0] - score) < _TIE:
            rivals.add(scored[at][1])
            at += step
    return round(sureness("walk", score) / len(rivals), 4)


def share_at(table: Table, score: float) -> float:
    """The share at a score: between two points of a table on the line that joins them."""
    scores, shares = table
    place = bisect_right(scores, score)
    if place == 0:
        return shares[0]
    if place == len(scores):
        return shares[-1]
    low, high = scores[place - 1], scores[place]
    part = (score - low) / (high - low) if high > low else 1.0
    return shares[place - 1] + part * (shares[place] - shares[place - 1])


def rising(pairs: Sequence[tuple[float, bool]], bins: int = 12) -> list[list[float]]:
    """A rising table of score and share right: neighbours that fall are pooled.

    Args:
        pairs: score, and whether the answer was right.
        bins: how many groups of equal size to begin with.

    Returns:
        Pairs of score and share, from score 0 on; empty for no pairs.

    Source: the pool-adjacent-violators algorithm (Ayer and others, 1955).
    """
    by_score: dict[float, list[int]] = {}
    for score, right in pairs:
        counted = by_score.setdefault(score, [0, 0])
        counted[0] += right
        counted[1] += 1
    least = max(1, len(pairs) // bins)
    pools: list[tuple[float, float, int]] = []
    sums, rights, count = 0.0, 0, 0
    for place, score in enumerate(sorted(by_score), 1):
        right_here, number = by_score[score]
        sums, rights, count = sums + score * number, rights + right_here, count + number
        if count < least and place < len(by_score):
            continue
        pools.append((sums, float(rights), count))
        sums, rights, count = 0.0, 0, 0
        while len(pools) > 1 and pools[-2][1] / pools[-2][2] > pools[-1][1] / pools[-1][2]:
            later, earlier = pools.pop(), pools.pop()
            pools.append((earlier[0] + later[0], earlier[1] + later[1], earlier[2] + later[2]))
    table = [[round(s / n, 3), round(r / n, 3)] for s, r, n in pools]
    return [[0.0, 0.0], *table] if table and table[0][0] > 0 else table
