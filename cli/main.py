"""The command ``chartcoder``: finds the sub-command, runs it, turns errors into one sentence.

Exit codes: 0 done, 1 findings (a check that failed), 2 bad input or a missing prerequisite,
130 interrupted, 141 the reader of the output went away.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from chartcoder import __version__
from chartcoder.cli.common import LazyParser
from chartcoder.tabular.errors import ChartcoderError, MissingPrerequisite

COMMANDS: dict[str, tuple[str, str]] = {
    "code": ("code one chart, with the proof of each code", "chartcoder.cli.code"),
    "check": ("hold a code set against the Tabular List", "chartcoder.cli.check"),
    "lookup": ("show one code with everything that governs it", "chartcoder.cli.lookup"),
    "tree": ("show what stands around a code", "chartcoder.cli.tree"),
    "index": ("walk the Alphabetic Index", "chartcoder.cli.index"),
    "search": ("rank codes for a phrase", "chartcoder.cli.search"),
    "release": ("list, add, fetch, export and compare releases", "chartcoder.cli.release"),
    "batch": ("code many charts, resumable", "chartcoder.cli.batch"),
    "review": ("code a chart and pause for a person", "chartcoder.cli.review"),
    "trace": ("show, compare and replay what happened", "chartcoder.cli.trace"),
    "evaluate": ("score codings against gold codes", "chartcoder.cli.evaluate"),
    "model": ("look at a chat model before it is used as the judge", "chartcoder.cli.model"),
}

INTERRUPTED = 130
READER_GONE = 141


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command; the module of a sub-command is imported when chosen."""
    parser = argparse.ArgumentParser(
        prog="chartcoder",
        description="Assigns ICD-10-CM codes to clinical charts, with the proof of every code.",
    )
    parser.add_argument("--version", action="version", version=f"chartcoder {__version__}")
    commands = parser.add_subparsers(
        title="commands",
        metavar="COMMAND",
        required=True,
        parser_class=LazyParser,
        prog=parser.prog,
    )
    for name, (summary, module) in COMMANDS.items():
        commands.add_parser(name, help=summary, description=_sentence(summary), module=module)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one sub-command.

    Args:
        arguments: the words after ``chartcoder``; those of the process where None.

    Returns:
        The exit code.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # A title with an accent must not end the command where the terminal knows only ASCII.
        sys.stdout.reconfigure(errors="replace")
    try:
        options = make_parser().parse_args(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
    except ChartcoderError as problem:
        print(f"chartcoder: {_one_line(problem)}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] == "chartcoder":
            raise
        missing = MissingPrerequisite(
            f"The package {problem.name} is not installed; run `pip install chartcoder` again."
        )
        print(f"chartcoder: {missing}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("chartcoder: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes standard output once more at its end and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return code


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())
