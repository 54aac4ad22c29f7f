"""Problem headings as clinicians write them, with the codes a coder would report for each.

``python -m chartcoder.evaluation.phrases tests/data/phrases.tsv`` codes each heading as a chart of
one line and says how many are right, by speciality and by half, and whether the confidence means
what it says. ``--fit`` prints the calibration table of ``resources/rules/calibration.toml``, fitted
on the odd rows; the reliability on the even rows is the held-out check.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from chartcoder.agents.values import Chart, Encounter
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import run_chart
from chartcoder.index.words import read_table
from chartcoder.tabular.errors import BadInput

_LEAST = 30


class Phrase(NamedTuple):
    """One heading: its words, the code sets that are right, the speciality."""

    text: str
    answers: tuple[frozenset[str], ...]
    speciality: str


class Outcome(NamedTuple):
    """What became of one heading.

    Attributes:
        phrase: the heading.
        assigned: the codes given, in sequence.
        exact: the codes given are one of the right sets.
        judged: for each code given, its raw confidence and whether it is right.
    """

    phrase: Phrase
    assigned: tuple[str, ...]
    exact: bool
    judged: tuple[tuple[float, bool], ...]


def read_phrases(path: Path) -> list[Phrase]:
    """Reads a table of ``phrase``, ``codes``, ``speciality``.

    Codes are separated by commas; alternatives by ``|``.

    Raises:
        BadInput: the file is missing or has other columns.
    """
    rows = read_table(path)
    if not rows or not {"phrase", "codes", "speciality"} <= rows[0].keys():
        raise BadInput(
            f"{path} is no table of phrase, codes, speciality; give tests/data/phrases.tsv."
        )
    return [
        Phrase(
            row["phrase"],
            tuple(
                frozenset(code.strip() for code in answer.split(","))
                for answer in row["codes"].split("|")
            ),
            row["speciality"],
        )
        for row in rows
    ]


def code_phrase(phrase: Phrase, context: Context) -> Outcome:
    """Codes one heading as a chart of one line."""
    chart = Chart(
        id="phrase",
        text=f"ASSESSMENT\n1. {phrase.text}\n",
        encounter=Encounter(setting="outpatient"),
    )
    state = run_chart(chart, context)
    raw = {candidate.code: candidate.confidence for candidate in state.get("chosen", [])}
    assigned = tuple(one.code for one in state["coding"].assigned)
    right = frozenset().union(*phrase.answers)
    exact = any(answer == set(assigned) for answer in phrase.answers) or (
        bool(assigned)
        and set(assigned) <= right
        and any(answer <= set(assigned) for answer in phrase.answers)
    )
    judged = tuple((raw[code], code in right) for code in assigned if code in raw)
    return Outcome(phrase, assigned, exact, judged)


def fit(points: Iterable[tuple[float, bool]]) -> list[tuple[float, float]]:
    """A monotone table from raw confidence to the share that is right.

    Pool adjacent violators (Ayer et al., 1955) over bins of at least thirty codes.

    Returns:
        Pairs of raw confidence and probability, both rising.
    """
    # Codes of one confidence stay together: their order says nothing.
    by_raw: dict[float, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for raw, right in points:
        group = by_raw[round(raw, 2)]
        group[0] += raw
        group[1] += right
        group[2] += 1.0
    blocks: list[list[float]] = []
    for raw in sorted(by_raw):
        if blocks and blocks[-1][2] < _LEAST:
            blocks[-1] = [x + y for x, y in zip(blocks[-1], by_raw[raw], strict=True)]
        else:
            blocks.append(by_raw[raw])
    place = 1
    while place < len(blocks):
        if blocks[place - 1][1] / blocks[place - 1][2] >= blocks[place][1] / blocks[place][2]:
            last = blocks.pop(place)
            blocks[place - 1] = [x + y for x, y in zip(blocks[place - 1], last, strict=True)]
            place = max(1, place - 1)
        else:
            place += 1
    return [(round(b[0] / b[2], 3), round(b[1] / b[2], 3)) for b in blocks]


def interpolated(table: Sequence[tuple[float, float]], raw: float) -> float:
    """The probability of a raw confidence, linear between the rows of a table."""
    if not table:
        return raw
    if raw <= table[0][0]:
        return table[0][1] * raw / table[0][0] if table[0][0] else table[0][1]
    for (low, first), (high, second) in pairwise(table):
        if raw <= high:
            return first + (second - first) * (raw - low) / (high - low)
    return table[-1][1]


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="chartcoder.evaluation.phrases", description=__doc__)
    parser.add_argument("phrases", type=Path)
    parser.add_argument("--release", default=None)
    parser.add_argument("--fit", action="store_true", help="print a calibration table")
    parser.add_argument("--show", action="store_true", help="list what is wrong")
    parser.add_argument("--most", type=int, default=None, help="only the first so many rows")
    options = parser.parse_args(words)
    context = Context(release=options.release)
    outcomes = [code_phrase(p, context) for p in read_phrases(options.phrases)[: options.most]]
    _print(outcomes, options)
    return 0


def _print(outcomes: list[Outcome], options: argparse.Namespace) -> None:
    out = sys.stdout.write
    halves = outcomes[0::2], outcomes[1::2]
    out(f"exact {_share(outcomes)} of {len(outcomes)}; odd rows {_share(halves[0])}, "
        f"even rows {_share(halves[1])}\n")  # fmt: skip
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.phrase.speciality].append(outcome)
    for name, group in sorted(groups.items()):
        out(f"  {name:<14}{_share(group)} of {len(group)}\n")
    table = fit(point for o in halves[0] for point in o.judged)
    held_out = [(interpolated(table, raw), ok) for o in halves[1] for raw, ok in o.judged]
    out("confidence, fitted on odd rows, on even rows (said, right, codes):\n")
    for low in (0.0, 0.5, 0.7, 0.8, 0.9):
        high = {0.0: 0.5, 0.5: 0.7, 0.7: 0.8, 0.8: 0.9, 0.9: 1.01}[low]
        inside = [(p, ok) for p, ok in held_out if low <= p < high]
        if inside:
            said = sum(p for p, _ in inside) / len(inside)
            right = sum(ok for _, ok in inside) / len(inside)
            out(f"  {said:.2f}  {right:.2f}  {len(inside)}\n")
    if options.fit:
        for raw, probability in table:
            out(f"    [{raw}, {probability}],\n")
    if options.show:
        for outcome in outcomes:
            if not outcome.exact:
                wanted = " | ".join(", ".join(sorted(a)) for a in outcome.phrase.answers)
                got = ", ".join(outcome.assigned) or "nothing"
                out(f"  {outcome.phrase.text}: {got} instead of {wanted}\n")


def _share(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(o.exact for o in outcomes) / max(len(outcomes), 1):.3f}"


if __name__ == "__main__":
    sys.exit(main())
