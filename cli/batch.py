"""``chartcoder batch CHARTS OUT``: codes many charts, resumable, in parallel."""

import argparse
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chartcoder.cli.common import (
    add_release_option,
    add_switches,
    counted,
    policies_of,
    positive,
    print_json,
    say,
)
from chartcoder.cli.model_options import add_model_arguments, judge_factory

if TYPE_CHECKING:
    from chartcoder.graph.batch import Done

_SECONDS_BETWEEN_WORDS = 10.0
_FEW = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``batch``."""
    parser.add_argument(
        "charts", metavar="CHARTS", help="a folder of text files, or JSON lines with id and text"
    )
    parser.add_argument("out", metavar="OUT", help="the JSON-lines file to write or to finish")
    parser.add_argument(
        "--encounters", metavar="FILE",
        help="JSON lines of setting, age, sex and date by chart id",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="processes (default: one a processor)"
    )
    add_release_option(parser)
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    add_switches(parser)
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Codes the charts; charts that failed are lines of OUT and are counted."""
    from chartcoder.graph.batch import code_all
    from chartcoder.graph.charts import left_out, read_charts
    from chartcoder.graph.context import Context
    from chartcoder.graph.encounters import read_encounters
    from chartcoder.graph.workers import cores

    encounters = read_encounters(options.encounters) if options.encounters else {}
    sources = read_charts(options.charts, encounters)
    tell_of(left_out(options.charts), "is no text file and was left out", "are no text files and "
            "were left out")  # fmt: skip
    tell_of(sorted(set(encounters) - {s.id for s in sources}), "has an encounter and no chart",
            "have an encounter and no chart")  # fmt: skip
    for source in sources:
        if source.remark:
            say(source.remark)
    context = Context(
        release=options.release,
        judge=judge_factory(options),
        way_back=not options.no_way_back,
        policies=policies_of(options),
    )
    for notice in context.book.release.notices:
        say(notice)
    workers = options.workers
    if workers is None:
        # Starting a process costs as much as coding a few charts, and a server is not flooded.
        workers = cores() if context.judge is None and len(sources) > _FEW else 1
    with Progress(len(sources)) as progress:
        code_all(sources, options.out, context, workers, progress.done)
    counts = {
        "charts": len(sources), "failed": progress.failed, "from_an_earlier_run": progress.before,
        "seconds": round(progress.seconds, 1),
    }  # fmt: skip
    if options.json:
        print_json(counts)
    return 0


def tell_of(names: list[str], one: str, many: str) -> None:
    """Says of some names, of the first few at most, what is the matter with them."""
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        say(f"{', '.join(names[:5])}{more} {one if len(names) == 1 else many}.")


class Progress:
    """Tells on standard error how far the work is: a bar on a terminal, else a line at times."""

    def __init__(self, total: int) -> None:
        """Begins.

        Args:
            total: how many charts there are.
        """
        self.total = total
        self.finished = self.before = self.failed = 0
        self.seconds = 0.0
        self._began = self._said = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                "charts", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task("charts", total=self.total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self.seconds = time.monotonic() - self._began
        if self._bar is not None:
            self._bar.stop()
        if kind is None or issubclass(kind, KeyboardInterrupt):
            before = f", {self.before} by an earlier run" if self.before else ""
            failed = f", {self.failed} of them failed" if self.failed else ""
            say(
                f"{self.finished} of {counted(self.total, 'chart')} done{before}{failed}, "
                f"{self.seconds:.1f} s."
            )

    def done(self, line: "Done") -> None:
        """Counts one line."""
        self.finished += 1
        self.before += line.before
        if line.error:
            self.failed += 1
            if not line.before:
                self._say(f"{line.id} failed: {line.error}")
        if self._bar is not None:
            self._bar.update(self._task, completed=self.finished)
            return
        now = time.monotonic()
        if now - self._said > _SECONDS_BETWEEN_WORDS and self.finished < self.total:
            self._said = now
            fresh = self.finished - self.before
            left = (now - self._began) / max(fresh, 1) * (self.total - self.finished)
            say(f"{self.finished} of {self.total} charts, about {duration(left)} left.")

    def _say(self, sentence: str) -> None:
        if self._bar is not None:
            self._bar.console.print(f"chartcoder: {sentence}", markup=False, highlight=False)
        else:
            say(sentence)


def duration(seconds: float) -> str:
    """A time for a reader: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
