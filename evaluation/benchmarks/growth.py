"""How time and memory grow with the number of charts and with the length of one.

Run it with ``python -m chartcoder.evaluation.benchmarks.growth``. Every line is a process of its
own; time is CPU time after the release is open. 1.0 is the first line of each table.
"""

import sys
import time
from collections.abc import Sequence

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

_MODULE = "chartcoder.evaluation.benchmarks.growth"
CHARTS = (1, 10, 100)
WORDS = (100, 300, 1_000, 3_000, 10_000)


def charts(arguments: Sequence[str]) -> Numbers:
    """CPU seconds a chart for so many charts in one process, after one that is not counted."""
    from chartcoder.agents.values import Chart
    from chartcoder.graph.context import Context
    from chartcoder.graph.pipeline import run_chart

    count = int(arguments[0])
    context = Context(release="bundled")
    texts = sample_texts()
    run_chart(Chart.model_validate({"text": "Assessment: Gout."}), context)
    began = time.process_time()
    for number in range(count):
        text = f"{texts[number % len(texts)]}\nChart {number}\n"
        run_chart(Chart.model_validate({"id": str(number), "text": text}), context)
    return {"time": (time.process_time() - began) / count, "memory": peak_memory()}


def words(arguments: Sequence[str]) -> Numbers:
    """CPU seconds for one note of so many words, the second time it is seen."""
    from chartcoder.agents.values import Chart
    from chartcoder.graph.context import Context
    from chartcoder.graph.pipeline import run_chart

    note = note_of(int(arguments[0]))
    context = Context(release="bundled")
    chart = Chart.model_validate({"text": note})
    codes = len(run_chart(chart, context)["coding"].assigned)
    return {
        "time": cpu_of(lambda: run_chart(chart, context), 3), "memory": peak_memory(),
        "words": len(note.split()), "codes": codes,
    }  # fmt: skip


def main() -> None:
    """Prints the tables."""
    took = [(n, run_part(_MODULE, "charts", str(n))) for n in CHARTS]
    first = took[0][1]
    rows: list[tuple[object, ...]] = [
        (str(n), t["time"] * 1000, t["time"] / first["time"], t["memory"],
         t["memory"] / first["memory"])
        for n, t in took
    ]  # fmt: skip
    print(table(("charts", "ms a chart", "ratio", "MiB", "ratio"), rows))
    print()
    notes = [run_part(_MODULE, "words", str(n)) for n in WORDS]
    base = notes[0]
    per_word = base["time"] / base["words"]
    rows = [
        (f"{t['words']:,}", t["time"] * 1000, t["time"] / base["time"],
         t["time"] / t["words"] / per_word, t["memory"], t["memory"] / base["memory"], t["codes"])
        for t in notes
    ]  # fmt: skip
    print(table(("words", "ms", "ratio", "a word", "MiB", "ratio", "codes"), rows))


PARTS = {"charts": charts, "words": words}

if __name__ == "__main__":
    sys.exit(run_benchmark(_MODULE, PARTS, main, "Growth with charts and words."))
