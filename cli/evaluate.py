"""``chartcoder evaluate CHARTS GOLD``: scores against gold, stage losses, comparisons."""

import argparse
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chartcoder.cli.batch import Progress
from chartcoder.cli.common import (
    add_common_options,
    add_switches,
    policies_of,
    positive,
    print_json,
    say,
)
from chartcoder.cli.evaluate_query import add_query_options, run_query
from chartcoder.cli.model_options import add_model_arguments, judge_factory
from chartcoder.tabular.errors import BadInput, MissingPrerequisite

if TYPE_CHECKING:
    from chartcoder.agents.values import Chart
    from chartcoder.evaluation.gold import GoldChart
    from chartcoder.evaluation.record import ChartRecord
    from chartcoder.graph.context import Context

FEW = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``evaluate``."""
    parser.add_argument(
        "charts", metavar="CHARTS", nargs="?",
        help="a folder of text files, or JSON lines; or the word `query` (code from description) "
        "or `navigation` (what the Index finds)",
    )  # fmt: skip
    parser.add_argument(
        "gold", metavar="GOLD", nargs="?", help="JSON lines of codes by chart; a query set"
    )
    add_common_options(parser)
    add_switches(parser)
    parser.add_argument(
        "--only", metavar="IDS", help="chart ids with commas between them, or `odd` or `even`"
    )
    parser.add_argument("--show", action="store_true", help="list what each chart hit and missed")
    parser.add_argument(
        "--markdown", action="store_true", help="print the scores as a table for a README"
    )
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="processes (default: one a processor)"
    )
    parser.add_argument(
        "--ablation", action="store_true",
        help="run the charts without the way back too, and compare, paired by chart",
    )  # fmt: skip
    parser.add_argument(
        "--compare", nargs=2, metavar=("A", "B"), help="compare two saved runs, paired by chart"
    )
    parser.add_argument(
        "--report", metavar="DIR", help="write a page and JSON that can be published"
    )
    parser.add_argument(
        "--picture", metavar="FILE", help="draw the losses, as SVG or PNG (extra `plot`)"
    )
    parser.add_argument(
        "--save", metavar="FILE", help="save the run; one cut off is taken up again"
    )
    add_query_options(parser)
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Runs the charts and prints the report, or compares two saved runs.

    Returns:
        0, or 1 where a chart failed.
    """
    if options.compare:
        return _compare_saved(options)
    if options.charts == "query":
        return run_query(options)
    if options.charts == "navigation":
        return _navigation(options)
    if options.charts is None or options.gold is None:
        raise BadInput("Name the charts and the gold: `chartcoder evaluate CHARTS GOLD`.")
    from chartcoder.evaluation.codebook import CodeBook
    from chartcoder.evaluation.gold import read_gold
    from chartcoder.evaluation.measure import Evaluation
    from chartcoder.evaluation.methods import header, methods
    from chartcoder.evaluation.show import listing, markdown, summary
    from chartcoder.graph.batch import check_context

    gold = read_gold(options.gold)
    charts, left_out = charts_with_gold(options.charts, gold, options.only)
    context = _context(options)
    check_context(context)
    for notice in context.book.release.notices:
        say(notice)
    records = _records(charts, gold, context, options.workers, options.save)
    book = CodeBook(context.book)
    evaluation = Evaluation(records, gold, book, {c.id: c.text for c in charts})
    report = {**evaluation.report(), **left_out, "run": header(context, gold)}
    if options.ablation:
        from chartcoder.evaluation.compare import compare

        without = replace(context, way_back=False)
        others = _records(charts, gold, without, options.workers, None)
        report["ablation"] = {
            "a": "without the way back", "b": "with it", **compare(others, records, gold)
        }  # fmt: skip
    if options.report:
        from chartcoder.evaluation.page import write_report

        told = methods(context, records)
        for remark in write_report(Path(options.report), report, told, evaluation.rows()):
            say(remark)
    if options.picture:
        from chartcoder.evaluation.picture import draw

        draw(report, Path(options.picture))
    if options.json:
        print_json({**report, "by_chart": evaluation.rows()} if options.show else report)
    elif options.markdown:
        print(markdown(report, Path(options.charts).name, Path(options.gold).name))
    else:
        if options.show:
            print(listing(evaluation.rows(), book))
        print(summary(report))
        if options.ablation:
            from chartcoder.evaluation.compare import comparison_text

            ablation = report["ablation"]
            print(f"\n{comparison_text(ablation, ablation['a'], ablation['b'])}")
    return 1 if report["failed_charts"] else 0


def _navigation(options: argparse.Namespace) -> int:
    try:
        navigation = import_module("chartcoder.evaluation.navigation")
    except ModuleNotFoundError:
        raise MissingPrerequisite(
            "`evaluate navigation` is not part of this installation; update chartcoder."
        ) from None
    named = {
        "--release": options.release, "--order": options.order, "--size": options.count,
        "--seed": options.sample_seed, "--seeds": options.seeds, "--dense": options.dense,
    }  # fmt: skip
    asked = [word for name, value in named.items() if value is not None for word in (name, value)]
    files = [] if options.gold is None else [options.gold]
    code: int = navigation.main([*map(str, asked), *(["--json"] if options.json else []), *files])
    return code


def _records(
    charts: "list[Chart]",
    gold: "dict[str, GoldChart]",
    context: "Context",
    workers: int | None,
    save: str | None,
) -> "list[ChartRecord]":
    from chartcoder.evaluation.methods import header
    from chartcoder.evaluation.record import failed_record
    from chartcoder.evaluation.run import RunFile, run_all, run_one
    from chartcoder.graph.batch import Done
    from chartcoder.graph.workers import cores, work_through

    count = workers
    if count is None:
        count = cores() if context.judge is None and len(charts) > FEW else 1
    file = RunFile(Path(save), header(context, gold)) if save else None
    try:
        with Progress(len(charts)) as progress:
            records = []
            for record in run_all(
                charts,
                gold,
                lambda some: work_through(some, run_one, failed_record, context, count),
                file,
            ):
                records.append(record)
                before = file is not None and record["id"] in file.done
                progress.done(Done(record["id"], record["error"], before))
            return records
    finally:
        if file is not None:
            file.close()


def _compare_saved(options: argparse.Namespace) -> int:
    from chartcoder.evaluation.compare import compare, comparison_text
    from chartcoder.evaluation.run import read_run

    a, b = (read_run(path) for path in options.compare)
    for identity in sorted(set(a.gold) & set(b.gold)):
        if a.gold[identity].codes != b.gold[identity].codes:
            raise BadInput(
                f"The two runs were scored against different gold for the chart {identity!r}; run "
                "one of them again."
            )
    result = compare(a.records, b.records, {**a.gold, **b.gold})
    if options.json:
        print_json({"a": a.header, "b": b.header, **result})
    else:
        names = (
            f"{p} ({r.header['command']})" for p, r in zip(options.compare, (a, b), strict=True)
        )
        print(comparison_text(result, *names))
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
        judge=judge_factory(options),
        way_back=not options.no_way_back,
        policies=policies_of(options),
    )
