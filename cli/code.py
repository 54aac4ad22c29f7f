"""``chartcoder code CHART``: codes one chart, with the proof of each code."""

import argparse
import shutil
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

from chartcoder.cli.common import (
    add_common_options,
    add_encounter_options,
    encounter_of,
    print_json,
    say,
)
from chartcoder.cli.model_options import add_model_arguments, judge_factory

if TYPE_CHECKING:
    from chartcoder.agents.values import Assigned, Coding

_TRACING = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``code``."""
    parser.add_argument("chart", metavar="CHART", help="a text file, or - for standard input")
    add_encounter_options(parser)
    add_common_options(parser)
    parser.add_argument(
        "--policy", action="append", default=[], metavar="NAME=VALUE",
        help="change a policy of the rules judge (resources/rules/policies.toml)",
    )  # fmt: skip
    parser.add_argument("--no-way-back", action="store_true", help="switch the loops off")
    parser.add_argument(
        "--html", metavar="FILE", help="write a page that shows the chart and codes"
    )
    parser.add_argument("--fhir", metavar="FILE", help="write a FHIR R4 bundle")
    parser.add_argument("--trace", metavar="FILE", help="write what happened, step by step")
    parser.add_argument(
        "--trace-text", action="store_true", help="keep chart text in the trace, not its offsets"
    )
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Codes the chart and prints the coding."""
    began = time.monotonic()
    with _progress(began):
        from chartcoder.agents.reading import read_chart
        from chartcoder.agents.values import Encounter
        from chartcoder.graph.context import Context
        from chartcoder.graph.pipeline import code_chart

        told = encounter_of(options)
        chart, remark = read_chart(options.chart, Encounter(**told._asdict()))
        if remark:
            say(remark)
        _say_tracing()
        context = Context(
            release=options.release,
            judge=judge_factory(options),
            way_back=not options.no_way_back,
            policies=_policies(options.policy),
        )
        for notice in context.book.release.notices:
            say(notice)
        coding = code_chart(chart, context=context, watcher=_trace(options))
    if options.html:
        from chartcoder.report.page import write_page

        write_page(coding, chart, Path(options.html))
    if options.fhir:
        from chartcoder.report.fhir import write_bundle

        write_bundle(coding, chart, Path(options.fhir))
    if options.json:
        print_json(coding.to_json())
    else:
        print(table(coding, shutil.get_terminal_size((100, 40)).columns))
    return 0


def table(coding: "Coding", width: int) -> str:
    """The coding for a reader: each code with the words in the chart and the way to it."""
    head = f"{coding.release.year} ({coding.release.source}, {coding.release.index} index)"
    lines = [f"ICD-10-CM {head}, judge: {coding.judge}", ""]
    if not coding.assigned:
        lines.append("No codes: the chart documents no condition that is coded.")
    for one in coding.assigned:
        lines += _assigned(one, width)
    for heading, rows in (
        ("Findings", [f"{f.severity}: {f.message}" for f in coding.findings]),
        ("Ask the provider", [q.question for q in coding.queries]),
        ("Not coded, for you to consider",
         [f"{s.code} {s.title}: {s.reason}" for s in coding.suggestions]),
    ):  # fmt: skip
        if rows:
            lines += ["", f"{heading}:"]
            for row in rows:
                lines += textwrap.wrap(row, width, initial_indent="  ", subsequent_indent="    ")
    lost = coding.losses
    if lost.degraded_items or lost.dropped_quotes or lost.failed_calls:
        lines += [
            "",
            f"Losses: {lost.failed_calls} failed calls, {lost.dropped_quotes} quotes not in the "
            f"chart, decided by the rules judge: {', '.join(lost.degraded_items)}",
        ]
    for remark in lost.remarks:
        lines += ["", *textwrap.wrap(f"Note: {remark}.", width, subsequent_indent="  ")]
    return "\n".join(lines)


def _assigned(one: "Assigned", width: int) -> list[str]:
    mark = "  (degraded)" if one.degraded else ""
    lines = textwrap.wrap(
        f"{one.sequence:>2}. {one.code:<9}{one.title}  [{one.confidence:.2f}]{mark}",
        width, subsequent_indent=" " * 13,
    )  # fmt: skip
    words = " | ".join(" ".join(s.text.split()) for s in one.evidence)
    path = " > ".join(one.index_path)
    for label, text in (
        ("chart", f"“{words}”" if words else ""),
        ("index", "; ".join([*one.hops, path])),
        ("tabular", " > ".join(one.tabular_path)),
    ):
        if text:
            lines += textwrap.wrap(
                f"{label:<8}{text}", width, initial_indent=" " * 4, subsequent_indent=" " * 12
            )
    return lines


def _policies(given: list[str]) -> tuple[tuple[str, str], ...]:
    from chartcoder.tabular.errors import BadInput

    pairs = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput(f"The policy {text!r} has no value; write it as NAME=VALUE.")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _trace(options: argparse.Namespace):  # type: ignore[no-untyped-def]
    if not options.trace:
        return None
    from chartcoder.graph.trace import TraceFile

    return TraceFile(Path(options.trace), options.trace_text, options.chart)


def _say_tracing() -> None:
    import os

    for name in _TRACING:
        if os.environ.get(name, "").lower() in ("true", "1"):
            say(f"{name} is on: this run, with the chart's text, is sent to LangSmith.")
            return
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") and os.environ.get("LANGSMITH_OTEL_ENABLED"):
        say(
            "OpenTelemetry export is on: this run, with the chart's text, is sent to the collector."
        )


class _progress:  # noqa: N801
    """Says on a terminal that work goes on, once it takes longer than a second."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.timer: object = None

    def __enter__(self) -> None:
        if not sys.stderr.isatty():
            return
        import threading

        timer = threading.Timer(
            1.0, lambda: print("chartcoder: working ...", end="\r", file=sys.stderr, flush=True)
        )
        timer.daemon = True
        timer.start()
        self.timer = timer

    def __exit__(self, *_: object) -> None:
        if self.timer is not None:
            self.timer.cancel()  # type: ignore[attr-defined]
            print(" " * 30, end="\r", file=sys.stderr, flush=True)
