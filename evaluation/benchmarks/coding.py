"""Coding one chart: what share is Python's imports, the release, the agents.

Run it with ``python -m chartcoder.evaluation.benchmarks.coding``. The parts of the whole process
are measured in one process with the cache in place; 1.0 is the whole command ``chartcoder code``.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

from chartcoder.evaluation.benchmarks.measure import (
    Numbers,
    cpu_of,
    note_of,
    peak_memory,
    run_benchmark,
    run_part,
    sample_texts,
    table,
)

_MODULE = "chartcoder.evaluation.benchmarks.coding"
_REPEATS = 5
WORDS = 500


def stages(arguments: Sequence[str]) -> Numbers:
    """CPU seconds of imports, opening and the first chart, then of charts in an open process."""
    clock = time.process_time
    began = clock()
    from chartcoder.agents.values import Chart
    from chartcoder.graph.context import Context
    from chartcoder.graph.pipeline import run_chart

    imported = clock()
    context = Context(release="bundled")
    _ = context.book.tabular, context.book.index
    opened = clock()
    charts = [
        Chart.model_validate({"id": str(n), "text": text}) for n, text in enumerate(sample_texts())
    ]
    run_chart(charts[0], context)
    first = clock()
    long = Chart.model_validate({"id": "long", "text": note_of(WORDS)})
    words = sum(len(c.text.split()) for c in charts)
    samples = cpu_of(lambda: [run_chart(c, context) for c in charts], _REPEATS)
    return {
        "imports": imported - began,
        "release": opened - imported,
        "first chart": first - opened,
        "sample": samples / len(charts),
        "sample words": words / len(charts),
        "long": cpu_of(lambda: run_chart(long, context), _REPEATS),
        "memory": peak_memory(),
    }


def whole() -> float:
    """The median CPU time of the command ``chartcoder code`` as a process, warm, in seconds."""
    command = [sys.executable, "-m", "chartcoder", "code", "-", "--release", "bundled", "--json"]
    taken = []
    for _ in range(_REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            command, input=sample_texts()[0], stdout=subprocess.DEVNULL, text=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(taken)


def main() -> None:
    """Prints the table."""
    run_part(_MODULE, "stages")  # makes the cache
    process = whole()
    took = run_part(_MODULE, "stages")
    rows = [("whole command, first sample chart", process * 1000, 1.0)]
    rows += [
        (f"  {name}", took[name] * 1000, took[name] / process)
        for name in ("imports", "release", "first chart")
    ]
    rows += [
        (f"a sample chart of {took['sample words']:.0f} words, open process",
         took["sample"] * 1000, took["sample"] / process),
        (f"a note of {WORDS} words, open process", took["long"] * 1000,
         took["long"] / process),
    ]  # fmt: skip
    print(table(("CPU time", "ms", "ratio"), rows))
    print(f"peak memory {took['memory']:.0f} MiB")


if __name__ == "__main__":
    sys.exit(run_benchmark(_MODULE, {"stages": stages}, main, "Coding one chart."))
