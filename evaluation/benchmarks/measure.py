"""What the benchmarks share: parts that run in a process of their own, and how they are measured.

A part is a function of a benchmark module that gives numbers. It runs as
``python -m MODULE --part NAME [ARGUMENTS]`` and prints them as JSON, so that neither memory nor
caches of one part help or burden another.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from chartcoder.tabular.errors import MissingPrerequisite
from chartcoder.tabular.home import resources

Numbers = dict[str, Any]
Part = Callable[[Sequence[str]], Numbers]


def run_part(module: str, part: str, *arguments: str) -> Numbers:
    """Runs a part in a process of its own.

    Args:
        module: the benchmark's module.
        part: its name.
        arguments: are handed to the part.

    Raises:
        MissingPrerequisite: the process failed; its own message stands on standard error.
    """
    command = [sys.executable, "-m", module, "--part", part, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise MissingPrerequisite(
            f"The part {part} of {module.rpartition('.')[2]} failed; see its message above."
        )
    numbers: Numbers = json.loads(done.stdout)
    return numbers


def run_benchmark(
    module: str, parts: Mapping[str, Part], main: Callable[[], None], about: str
) -> int:
    """The command line of a benchmark module: the whole, or one part for ``run_part``."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--part", choices=sorted(parts), help="run this part alone, print JSON")
    parser.add_argument("arguments", nargs="*", help="for the part")
    options = parser.parse_args()
    if options.part is not None:
        print(json.dumps(parts[options.part](options.arguments)))
        return 0
    try:
        main()
    except MissingPrerequisite as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def peak_memory() -> float:
    """The largest resident size of this process so far, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():
        # getrusage counts what the starting process had; this counts from the own start.
        for line in status.read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def cpu_of(work: Callable[[], object], repeats: int = 5) -> float:
    """The median CPU time of a piece of work in seconds, all threads; it is done once before."""
    work()
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return median(taken)


def sample_texts() -> list[str]:
    """The texts of the sample charts, in the order of their names."""
    files = sorted((resources() / "charts").glob("*.txt"))
    return [file.read_text("utf-8") for file in files]


def note_of(words: int) -> str:
    """A note of about this many words, made of the lines of the sample charts in turn."""
    lines = [line for text in sample_texts() for line in text.splitlines(keepends=True)]
    taken: list[str] = []
    count = place = 0
    while count < words:
        line = lines[place % len(lines)]
        taken.append(line)
        count += len(line.split())
        place += 1
    return "".join(taken)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows of names and numbers as aligned text; the first column is of names."""
    cells = [[str(h) for h in head], *([_shown(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
