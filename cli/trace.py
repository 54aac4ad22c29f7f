"""``chartcoder trace show|diff|replay``: looks at what happened in a run."""

import argparse
import shutil
from pathlib import Path

from chartcoder.cli.common import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verbs of ``trace``."""
    verbs = parser.add_subparsers(
        dest="verb", metavar="VERB", required=True, parser_class=argparse.ArgumentParser
    )
    show = verbs.add_parser("show", help="list the steps of a run")
    show.add_argument("trace", type=Path)
    show.add_argument("--json", action="store_true", help="print JSON")
    diff = verbs.add_parser("diff", help="name the first step in which two runs differ")
    diff.add_argument("trace", type=Path)
    diff.add_argument("other", type=Path)
    diff.add_argument("--json", action="store_true", help="print JSON")
    again = verbs.add_parser("replay", help="print the coding again, without judge or release")
    again.add_argument("trace", type=Path)
    again.add_argument("--chart", type=Path, help="the chart, where it is not where it was")
    again.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Runs one verb; ``diff`` gives 1 where the runs differ."""
    from chartcoder.graph.trace import differences, read_trace, replay

    trace = read_trace(options.trace)
    if options.verb == "replay":
        coding = replay(trace, options.chart)
        if options.json:
            print_json(coding)
        else:
            from chartcoder.agents.values import Coding
            from chartcoder.cli.code import table

            print(table(Coding.from_json(coding), shutil.get_terminal_size((100, 40)).columns))
        return 0
    if options.verb == "show":
        if options.json:
            print_json([trace.head, *trace.steps])
            return 0
        head = trace.head
        print(f"chart {head['chart']['id']}, release {head['release']}, judge {head['judge']}")
        for step in trace.steps:
            sizes = ", ".join(
                f"{len(value)} {key}" if isinstance(value, list) else key
                for key, value in step["gave"].items()
                if value not in (None, [], {})
            )
            print(f"{step['step']:>4}  {step['node']:<12}{step['seconds'] * 1000:8.1f} ms  {sizes}")
        return 0
    rows = list(differences(trace, read_trace(options.other)))
    if options.json:
        print_json([{"step": s, "node": n, "what": w} for s, n, w in rows])
    elif not rows:
        print("The runs do not differ.")
    else:
        for number, node, what in rows[:20]:
            print(f"step {number} {node}: {what}")
    return 1 if rows else 0
