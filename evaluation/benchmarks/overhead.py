"""What the graph costs beside the agents' own work, with and without checkpointers.

Run it with ``python -m chartcoder.evaluation.benchmarks.overhead``. Inside every node the CPU time
of its thread is taken; the graph's share is what the process took beyond that. 1.0 is the agents'
own work.
"""

import functools
import importlib.util
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chartcoder.evaluation.benchmarks.measure import (
    Numbers,
    peak_memory,
    run_benchmark,
    run_part,
    sample_texts,
    table,
)

_MODULE = "chartcoder.evaluation.benchmarks.overhead"
_REPEATS = 5
SAVERS = {
    "none": "no checkpointer",
    "memory": "InMemorySaver",
    "sqlite": "SqliteSaver",
}


class Inside:
    """Adds up the CPU time that nodes take in their threads."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._lock = threading.Lock()

    def timed(self, node: Callable[..., Any]) -> Callable[..., Any]:
        """The node, its time taken."""

        @functools.wraps(node)
        def wrapped(*values: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return node(*values, **named)
            finally:
                with self._lock:
                    self.seconds += time.thread_time() - began
                    self.calls += 1

        return wrapped


def graph(arguments: Sequence[str]) -> Numbers:
    """CPU seconds of the sample charts: inside the nodes, and as a whole."""
    from chartcoder.agents.values import Chart
    from chartcoder.graph import pipeline
    from chartcoder.graph.context import Context

    inside = Inside()
    for name in pipeline.build_graph().nodes:
        if callable(getattr(pipeline, name, None)):
            setattr(pipeline, name, inside.timed(getattr(pipeline, name)))
    context = Context(release="bundled")
    charts = [
        Chart.model_validate({"id": str(n), "text": text}) for n, text in enumerate(sample_texts())
    ]
    with ExitStack() as stack:
        compiled = pipeline.build_graph(checkpointer=_saver(arguments[0], stack))

        def work(turn: int) -> None:
            for chart in charts:
                thread = {"configurable": {"thread_id": f"{chart.id}-{turn}"}}
                compiled.invoke({"chart": chart}, config=thread, context=context)

        work(-1)
        inside.seconds, inside.calls = 0.0, 0
        began = time.process_time()
        for turn in range(_REPEATS):
            work(turn)
        taken = time.process_time() - began
    runs = _REPEATS * len(charts)
    return {
        "inside": inside.seconds / runs, "whole": taken / runs, "nodes": inside.calls / runs,
        "memory": peak_memory(),
    }  # fmt: skip


def _saver(kind: str, stack: ExitStack) -> Any:
    if kind == "memory":
        from langgraph.checkpoint.memory import InMemorySaver

        return InMemorySaver()
    if kind == "sqlite":
        from langgraph.checkpoint.sqlite import SqliteSaver

        folder = stack.enter_context(tempfile.TemporaryDirectory())
        return stack.enter_context(SqliteSaver.from_conn_string(str(Path(folder) / "saved.db")))
    return None


def main() -> None:
    """Prints the table."""
    kinds = ["none", "memory"]
    if importlib.util.find_spec("langgraph.checkpoint.sqlite"):
        kinds.append("sqlite")
    took = {kind: run_part(_MODULE, "graph", kind) for kind in kinds}
    rows: list[tuple[object, ...]] = [("the agents alone", took["none"]["inside"] * 1000, 1.0, "")]
    rows += [
        (f"graph, {SAVERS[kind]}", n["whole"] * 1000, n["whole"] / n["inside"], n["memory"])
        for kind, n in took.items()
    ]
    print(f"a sample chart, {took['none']['nodes']:.0f} node runs on average; CPU time")
    print(table(("", "ms", "ratio", "MiB"), rows))
    if "sqlite" not in kinds:
        print("SqliteSaver is not installed: pip install langgraph-checkpoint-sqlite")


if __name__ == "__main__":
    sys.exit(run_benchmark(_MODULE, {"graph": graph}, main, "The graph beside the agents."))
