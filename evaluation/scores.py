"""Scores of codings against gold.

A chart is matched at a level (exact code, three characters, chapter): the level's names are
compared as sets. A core gold code is hit where it is assigned, or else where one of its
alternatives is. An assigned code is correct where it hits some core code, left out where the gold
has it as optional, false otherwise; so one assigned code may stand for two core codes that share
an alternative, and a second alternative beside a code already hit is false. On plain gold this is
the usual multi-label precision, recall and F1, as scikit-learn computes them.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from chartcoder.evaluation.gold import GoldCode

Level = Callable[[str], str]

MACRO_F1 = (
    "mean over all codes that stand in the gold as core or were assigned falsely of the code's own "
    "F1 over all charts, 0 where it has no hit (scikit-learn: average='macro', zero_division=0, "
    "over the union of the labels); an alternative counts under the gold's code"
)
HIERARCHICAL = (
    "codes of a chart are replaced by themselves and everything above them up to the chapter; "
    "precision, recall and F1 over those sets (Kiritchenko et al. 2006); an alternative counts as "
    "its code, optional codes are left out"
)
SEED = 20260401


class Counts(NamedTuple):
    """What one precision, recall and F1 are made of.

    Attributes:
        correct: assigned codes that hit a core gold code.
        false: assigned codes that are neither correct nor optional.
        hit: core gold codes hit.
        missed: core gold codes not hit.
    """

    correct: int = 0
    false: int = 0
    hit: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of assigned codes that are correct; 0 where nothing was assigned."""
        return _share(self.correct, self.correct + self.false)

    @property
    def recall(self) -> float:
        """The share of core gold codes that are hit; 0 where there are none."""
        return _share(self.hit, self.hit + self.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return harmonic(self.precision, self.recall)


def total(counts: Iterable[Counts]) -> Counts:
    """The sum of counts; empty gives zeros."""
    return Counts(*(sum(column) for column in zip(*counts, strict=True)))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def harmonic(precision: float, recall: float) -> float:
    """The F1 of a precision and a recall; 0 where both are."""
    return _share(2 * precision * recall, precision + recall)


class Match(NamedTuple):
    """One chart's codes held against its gold, at one level.

    Attributes:
        hits: pairs of gold code and the assigned code that hit it, in the gold's order.
        missed: core gold codes without a hit, in the gold's order.
        false: assigned codes that are errors, in sequence.
        optional: assigned codes that are neither hit nor error, in sequence.
    """

    hits: tuple[tuple[str, str], ...]
    missed: tuple[str, ...]
    false: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def counts(self) -> Counts:
        """The numbers of the match."""
        correct = len({assigned for _, assigned in self.hits})
        return Counts(correct, len(self.false), len(self.hits), len(self.missed))

    @property
    def exact(self) -> bool:
        """Nothing missed and nothing false."""
        return not self.missed and not self.false


def same(code: str) -> str:
    """The level of whole codes."""
    return code


def three_characters(code: str) -> str:
    """The level of categories."""
    return code[:3]


def match(gold: Sequence[GoldCode], assigned: Sequence[str], level: Level = same) -> Match:
    """Holds assigned codes against gold.

    Args:
        gold: the chart's gold codes, core and optional.
        assigned: the codes given, in sequence; repeated ones count once.
        level: the name under which a code is compared.
    """
    given = list(dict.fromkeys(level(code) for code in assigned))
    wanted: dict[str, list[str]] = {}
    for one in gold:
        if one.core:
            wanted.setdefault(level(one.code), []).extend(level(a) for a in one.alternatives)
    optional = {level(code) for one in gold if not one.core for code in one.all_codes}
    there = set(given)
    hits: list[tuple[str, str]] = []
    missed: list[str] = []
    for code, alternatives in wanted.items():
        by = next((c for c in (code, *alternatives) if c in there), None)
        if by is None:
            missed.append(code)
        else:
            hits.append((code, by))
    credited = {by for _, by in hits}
    rest = [code for code in given if code not in credited]
    return Match(
        tuple(hits),
        tuple(missed),
        tuple(code for code in rest if code not in optional),
        tuple(code for code in rest if code in optional),
    )


def by_label(matches: Iterable[Match]) -> dict[str, Counts]:
    """For each gold or falsely assigned code its counts over all charts, sorted by code."""
    tally: dict[str, list[int]] = {}
    for one in matches:
        for code, _ in one.hits:
            row = tally.setdefault(code, [0, 0, 0, 0])
            row[0] += 1
            row[2] += 1
        for code in one.false:
            tally.setdefault(code, [0, 0, 0, 0])[1] += 1
        for code in one.missed:
            tally.setdefault(code, [0, 0, 0, 0])[3] += 1
    return {code: Counts(*tally[code]) for code in sorted(tally)}


def macro(counts: Iterable[Counts]) -> tuple[float, float, float]:
    """Precision, recall and F1, each the mean over labels; zeros where there is none."""
    rows = list(counts)
    n = len(rows)
    return (
        _share(sum(c.precision for c in rows), n),
        _share(sum(c.recall for c in rows), n),
        _share(sum(c.f1 for c in rows), n),
    )


def hierarchical(
    gold: Sequence[GoldCode],
    found: Match,
    ancestors: Callable[[str], Sequence[str]],
) -> Counts:
    """The counts of one chart with every code replaced by itself and what stands above it.

    Args:
        gold: the chart's gold codes.
        found: their exact match.
        ancestors: from the chapter down to the code, both included.

    Source: Kiritchenko, Matwin, Nock, Famili: Learning and Evaluation in the Presence of Class
    Hierarchies, 2006.
    """
    wanted = {node for one in gold if one.core for node in ancestors(one.code)}
    stands_for = [code for code, _ in found.hits]
    given = {node for code in (*stands_for, *found.false) for node in ancestors(code)}
    both = len(wanted & given)
    return Counts(both, len(given) - both, both, len(wanted) - both)


def tree_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """The number of steps between two codes in the tree.

    Args:
        first: the path from the chapter down to one code.
        second: the path to the other; without a common chapter they meet in the root.
    """
    shared = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        shared += 1
    return len(first) + len(second) - 2 * shared


def draws(size: int, rounds: int = 1000, seed: int = SEED) -> list[list[int]]:
    """The samples with replacement of a bootstrap: which charts each round takes."""
    source = random.Random(seed)
    places = range(size)
    return [source.choices(places, k=size) for _ in range(rounds)] if size else []


def interval(
    rows: Sequence[Counts], statistic: Callable[[Counts], float], rounds: Sequence[Sequence[int]]
) -> tuple[float, float]:
    """The 95 % percentile interval of a statistic of summed counts, resampling charts.

    Args:
        rows: the counts of each chart.
        statistic: what is computed of their sum.
        rounds: the draws, from ``draws``.

    Returns:
        The 2.5 and 97.5 percentiles; both the value itself where there is no draw.
    """
    if not rounds:
        value = statistic(total(rows))
        return value, value
    values = sorted(statistic(summed(rows, chosen)) for chosen in rounds)
    return percentile(values, 0.025), percentile(values, 0.975)


def summed(rows: Sequence[Counts], chosen: Sequence[int]) -> Counts:
    """The sum of the counts at these places, each as often as it is named."""
    correct = false = hit = missed = 0
    for place in chosen:
        row = rows[place]
        correct += row[0]
        false += row[1]
        hit += row[2]
        missed += row[3]
    return Counts(correct, false, hit, missed)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of sorted values lies, by linear interpolation."""
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
