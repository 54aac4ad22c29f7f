"""Checking a code set: the whole command beside a plain import, and many sets in one process.

Run it with ``python -m chartcoder.evaluation.benchmarks.checking``.

- ``peer``: the import of simple_icd_10_cm, which reads its XML and checks nothing
- ``check``: the command ``chartcoder check`` on twenty codes, the cache in place, a whole process
- random sets of twelve billable codes in one process, time a set: every set new (``first``), and
  again when the rules of its codes have been read (``again``)
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, quantiles

from chartcoder.evaluation.benchmarks.opening import Cost, measure

# A valid set, so that the command exits with 0: a stay with sepsis, its manifestations and history.
TWENTY = (
    "A41.51 R65.20 N17.9 J96.01 N39.0 E11.22 I13.0 I50.33 N18.4 I25.10 E78.5 K21.9 G47.33 E66.9 "
    "Z68.35 M17.11 D64.9 Z79.4 Z87.891 Z16.12"
).split()
AIM_RATIO = 0.08
AIM_MILLISECONDS = 2.0
SET_SIZE = 12


def whole_processes(repeats: int) -> tuple[Cost, Cost]:
    """Measures the import and the command turn by turn.

    Args:
        repeats: processes of each; one more is run before and not counted.

    Returns:
        The medians of the import, and of the command.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        imported: list[Cost] = []
        checked: list[Cost] = []
        for turn in range(repeats + 1):
            one = measure(["-c", "import simple_icd_10_cm"], home)
            two = measure(["-m", "chartcoder", "check", "--all", *TWENTY], home)
            if turn:
                imported.append(one)
                checked.append(two)
    return _middle(imported), _middle(checked)


def _middle(costs: list[Cost]) -> Cost:
    return Cost(*(median(numbers) for numbers in zip(*costs, strict=True)))


def random_sets(sets: int, seed: int = 2026) -> dict[str, list[float]]:
    """Checks random sets in this process.

    Args:
        sets: how many.
        seed: of their choice.

    Returns:
        Seconds of CPU a set, for the first time and again.
    """
    from chartcoder.tabular.check import check
    from chartcoder.tabular.release import open_release

    tabular = open_release("bundled").tabular
    billable = [entry.code for entry in tabular.billable()]
    numbers = random.Random(seed)
    chosen = [numbers.sample(billable, SET_SIZE) for _ in range(sets)]
    taken: dict[str, list[float]] = {}
    for name in ("first", "again"):
        times = []
        for codes in chosen:
            started = time.process_time()
            check(codes, tabular)
            times.append(time.process_time() - started)
        taken[name] = times
    return taken


def main() -> int:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description="Checking code sets, beside simple_icd_10_cm.")
    parser.add_argument("--repeats", type=int, default=7, metavar="N", help="processes a program")
    parser.add_argument("--sets", type=int, default=10_000, metavar="N", help="sets of 12 codes")
    options = parser.parse_args()
    peer, own = whole_processes(max(1, options.repeats))
    print(f"{'':8}{'CPU s':>8}{'wall s':>8}{'MiB':>7}{'CPU':>8}{'wall':>8}{'memory':>8}  aim")
    for name, cost, aim in (("import", peer, ""), ("check", own, f"time {AIM_RATIO}")):
        print(
            f"{name:8}{cost.cpu:8.3f}{cost.wall:8.3f}{cost.memory:7.1f}{cost.cpu / peer.cpu:8.3f}"
            f"{cost.wall / peer.wall:8.3f}{cost.memory / peer.memory:8.3f}  {aim or 1}"
        )
    print(
        f"\n{options.sets:,} random sets of {SET_SIZE} codes, CPU ms a set (aim {AIM_MILLISECONDS})"
    )
    for name, times in random_sets(max(2, options.sets)).items():
        slow = quantiles(times, n=100)[98]
        print(
            f"{name:8}mean {mean(times) * 1000:.2f}, median {median(times) * 1000:.2f}, "
            f"99 % under {slow * 1000:.2f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
