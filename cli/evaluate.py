"""``chartcoder evaluate CHARTS GOLD``: scores against gold, stage losses, comparisons."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chartcoder.cli.common import (
    add_common_options,
    add_switches,
    policies_of,
    positive,
    print_json,
    say,
)
from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.agents.values import Chart
    from chartcoder.evaluation.gold import GoldChart
    from chartcoder.graph.context import Context

FEW = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``evaluate``."""
    parser.add_argument(
        "charts", metavar="CHARTS", nargs="?", help="a folder of text files, or JSON lines"
    )
    parser.add_argument("gold", metavar="GOLD", nargs="?", help="JSON lines of codes by chart")
    add_common_options(parser)
    add_switches(parser)
    parser.add_argument(
        "--only", metavar="IDS", help="chart ids with commas between them, or `odd` or `even`"
    )
    parser.add_argument("--show", action="store_true", help="list what each chart hit and missed")
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="processes (default: one a processor)"
    )
    parser.add_argument(
        "--save", metavar="FILE", help="save the run; one cut off is taken up again"
    )


def run(options: argparse.Namespace) -> int:
    """Runs the charts and prints the report."""
    if options.charts is None or options.gold is None:
        raise BadInput("Name the charts and the gold: `chartcoder evaluate CHARTS GOLD`.")
    from chartcoder.evaluation.codebook import CodeBook
    from chartcoder.evaluation.gold import read_gold
    from chartcoder.evaluation.measure import Evaluation
    from chartcoder.evaluation.record import failed_record
    from chartcoder.evaluation.run import RunFile, run_all, run_one
    from chartcoder.evaluation.show import listing, summary
    from chartcoder.graph.workers import cores, work_through

    gold = read_gold(options.gold)
    charts, left_out = charts_with_gold(options.charts, gold, options.only)
    context = _context(options)
    for notice in context.book.release.notices:
        say(notice)
    save = RunFile(Path(options.save), _header(options, context)) if options.save else None
    workers = options.workers
    if workers is None:
        workers = cores() if context.judge is None and len(charts) > FEW else 1
    try:
        records = list(
            run_all(
                charts, lambda some: work_through(some, run_one, failed_record, context, workers),
                save,
            )
        )  # fmt: skip
    finally:
        if save is not None:
            save.close()
    book = CodeBook(context.book)
    evaluation = Evaluation(records, gold, book, {c.id: c.text for c in charts})
    report = {**evaluation.report(), **left_out, "run": _header(options, context)}
    if options.json:
        print_json({**report, "by_chart": evaluation.rows()} if options.show else report)
        return 0
    if options.show:
        print(listing(evaluation.rows(), book))
    print(summary(report))
    return 0


def charts_with_gold(
    path: str, gold: "dict[str, GoldChart]", only: str | None
) -> "tuple[list[Chart], dict[str, Any]]":
    """The charts to run, and what was left out on either side.

    Raises:
        BadInput: no chart has gold, or ``only`` names a chart that is not there.
    """
    from chartcoder.graph.charts import read_charts

    sources = read_charts(path, {g.id: g.encounter for g in gold.values()})
    for source in sources:
        if source.remark:
            say(source.remark)
    left_out: dict[str, Any] = {
        "gold_without_chart": sorted(set(gold) - {s.id for s in sources}),
        "charts_without_gold": [s.id for s in sources if s.id not in gold],
        "unreadable_charts": {s.id: s.error for s in sources if s.chart is None and s.id in gold},
    }
    charts = [s.chart for s in sources if s.chart is not None and s.id in gold]
    if not charts:
        raise BadInput(
            f"No chart in {path} has an id of the gold; ids are file names without ending."
        )
    for name, what in (
        ("gold_without_chart", "are in the gold and have no chart"),
        ("charts_without_gold", "have no gold and are not scored"),
        ("unreadable_charts", "cannot be read and are not scored"),
    ):
        if left_out[name]:
            listed = list(left_out[name])
            more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
            say(f"{', '.join(listed[:5])}{more} {what}.")
    return _selected(charts, only), left_out


def _selected(charts: "list[Chart]", only: str | None) -> "list[Chart]":
    if only is None:
        return charts
    if only in ("odd", "even"):
        return charts[0::2] if only == "odd" else charts[1::2]
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    known = {chart.id: chart for chart in charts}
    missing = [name for name in wanted if name not in known]
    if missing or not wanted:
        raise BadInput(f"--only names {', '.join(missing) or 'nothing'}: no such chart has gold.")
    return [chart for chart in charts if chart.id in wanted]


def _context(options: argparse.Namespace) -> "Context":
    from chartcoder.graph.context import Context

    return Context(
        release=options.release,
        way_back=not options.no_way_back,
        policies=policies_of(options),
    )


def _header(options: argparse.Namespace, context: "Context") -> dict[str, Any]:
    from chartcoder import __version__
    from chartcoder.evaluation.run import code_state

    release = context.book.release
    return {
        "version": __version__,
        "code_state": code_state(),
        "release": {"year": release.year, "source": release.source, "index": release.index_kind},
        "judge": context.make_judge().name,
        "way_back": context.way_back,
        "policies": dict(context.policies),
        "command": " ".join(["chartcoder", *sys.argv[1:]]),
    }
