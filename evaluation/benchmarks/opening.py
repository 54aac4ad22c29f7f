"""Opening the Tabular List, side by side with ``simple_icd_10_cm``, each time in a fresh process.

Run it with ``python -m chartcoder.evaluation.benchmarks.opening``. Three programs are measured,
turn by turn so that a busy machine slows them alike:

- ``peer``: imports simple_icd_10_cm, which reads its XML, and asks it about five codes
- ``cold``: opens the bundled release from the same XML, writes the cache, asks about the same codes
- ``warm``: the command ``chartcoder lookup`` with the cache in place, as a whole process

Printed are medians and their ratios to the peer: CPU time (user and system), time on the clock,
and the largest resident memory that the system saw (``ru_maxrss``).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from chartcoder.tabular.errors import MissingPrerequisite

CODES = ("M17.11", "E11.9", "S52.501A", "I10", "O09.93")

_PEER = f"""
import simple_icd_10_cm as book
for code in {CODES!r}:
    book.get_full_data(code); book.get_ancestors(code); book.get_excludes1(code)
"""
_COLD = f"""
from chartcoder.tabular.release import open_release
book = open_release("bundled").tabular
for code in {CODES!r}:
    book.get(code); book.path(code); book.notes(code)
"""

# A process begins with the size of the one that started it, so a bare interpreter does that.
_LAUNCHER = """
import os, sys, time
quiet = os.open(os.devnull, os.O_WRONLY)
started = time.perf_counter()
actions = [(os.POSIX_SPAWN_DUP2, quiet, 1)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, used = os.wait4(process, 0)
print(used.ru_utime + used.ru_stime, time.perf_counter() - started, used.ru_maxrss)
sys.exit(status != 0)
"""


class Cost(NamedTuple):
    """What one process took.

    Attributes:
        cpu: seconds, user and system.
        wall: seconds on the clock.
        memory: largest resident size, in MiB.
    """

    cpu: float
    wall: float
    memory: float


class Aim(NamedTuple):
    """Shares of the peer that a program is to stay below."""

    time: float
    memory: float


AIMS = {"cold": Aim(0.25, 0.75), "warm": Aim(0.06, 0.2)}


def measure(program: list[str], home: Path) -> Cost:
    """Runs a program as a process of its own.

    Args:
        program: arguments for the Python interpreter.
        home: its ``CHARTCODER_HOME``.

    Raises:
        MissingPrerequisite: the program failed, or the system cannot tell what a process took.
    """
    if not hasattr(os, "wait4"):
        raise MissingPrerequisite("This benchmark needs os.wait4; run it on Linux or macOS.")
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, sys.executable, *program],
        env={**os.environ, "CHARTCODER_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise MissingPrerequisite(
            f"The program {' '.join(program)[:60]!r} failed; see its message above."
        )
    cpu, wall, size = map(float, run.stdout.split())
    return Cost(cpu, wall, size / (2**20 if sys.platform == "darwin" else 2**10))


def measure_all(repeats: int) -> dict[str, Cost]:
    """Measures the three programs.

    Args:
        repeats: processes a program; one more is run before and not counted.

    Returns:
        The median of each number, by program.
    """
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm"
        programs: dict[str, Callable[[int], tuple[list[str], Path]]] = {
            "peer": lambda turn: (["-c", _PEER], warm),
            "cold": lambda turn: (["-c", _COLD], Path(folder) / f"cold-{turn}"),
            "warm": lambda turn: (["-m", "chartcoder", "lookup", CODES[0]], warm),
        }
        taken: dict[str, list[Cost]] = {name: [] for name in programs}
        for turn in range(repeats + 1):
            for name, program in programs.items():
                cost = measure(*program(turn))
                if turn:
                    taken[name].append(cost)
    return {
        name: Cost(*(sorted(numbers)[len(numbers) // 2] for numbers in zip(*costs, strict=True)))
        for name, costs in taken.items()
    }


def table(costs: dict[str, Cost]) -> str:
    """The costs as lines of text, with their ratios to the peer."""
    peer = costs["peer"]
    lines = [f"{'':6}{'CPU s':>8}{'wall s':>8}{'MiB':>7}{'CPU':>8}{'wall':>8}{'memory':>8}  aim"]
    for name, cost in costs.items():
        aim = AIMS.get(name)
        lines.append(
            f"{name:6}{cost.cpu:8.3f}{cost.wall:8.3f}{cost.memory:7.1f}"
            f"{cost.cpu / peer.cpu:8.3f}{cost.wall / peer.wall:8.3f}"
            f"{cost.memory / peer.memory:8.3f}"
            + (f"  time {aim.time}, memory {aim.memory}" if aim else "  1")
        )
    return "\n".join(lines)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Opening a release, beside simple_icd_10_cm.")
    parser.add_argument("--repeats", type=int, default=7, metavar="N", help="processes a program")
    print(table(measure_all(max(1, parser.parse_args().repeats))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
