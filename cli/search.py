"""``chartcoder search``: ranked codes for a phrase, with why."""

import argparse
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from chartcoder.cli.common import (
    add_common_options,
    json_text,
    open_named_release,
    print_json,
    say,
)
from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.index.search import Hit, Searcher

_SHOWN = 10
_WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of this command."""
    parser.add_argument(
        "text", nargs="*", metavar="TEXT", help="words of a chart, a short title, or a code"
    )
    parser.add_argument(
        "-k", type=int, default=_SHOWN, metavar="N", help=f"how many codes ({_SHOWN})"
    )
    parser.add_argument("--headers", action="store_true", help="also codes that are not billable")
    parser.add_argument(
        "--file", metavar="QUERIES",
        help="read a phrase a line, answer a line each; `-` reads standard input",
    )  # fmt: skip
    parser.add_argument(
        "--without-inclusion-terms", action="store_true",
        help="look through titles and Index alone, to measure with inclusion terms",
    )  # fmt: skip
    parser.add_argument(
        "--dense", type=Path, metavar="MODEL",
        help="folder of a sentence-embedding model, for search by meaning too (extra `dense`)",
    )  # fmt: skip
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Prints ranked codes.

    Raises:
        BadInput: no phrase or both kinds were given, or the phrase cannot be looked up.
    """
    from chartcoder.index.ask import clean_phrase

    if options.k < 1:
        raise BadInput(f"-k {options.k} asks for no code; give a number from 1.")
    if bool(options.text) == (options.file is not None):
        raise BadInput("Give `chartcoder search` either a phrase or --file with a phrase a line.")
    if options.file is not None:
        return _run_file(options)
    phrase = clean_phrase(" ".join(options.text))
    searcher = _opened(options)
    hits = searcher.search(phrase, options.k, options.headers)
    if not hits:
        _say_unknown(phrase, searcher)
    if options.json:
        print_json([hit._asdict() for hit in hits])
    else:
        for hit in hits:
            print(_shown(hit))
    return 0


def _opened(options: argparse.Namespace) -> "Searcher":
    from chartcoder.index.search import open_searcher

    return open_searcher(
        open_named_release(options), not options.without_inclusion_terms, options.dense
    )


def _run_file(options: argparse.Namespace) -> int:
    """A line of answers for a line of the file, in order; the release is opened once.

    A line that is no phrase has no answers, so that line numbers of questions and answers agree.
    """
    from chartcoder.index.ask import clean_phrase

    lines = _lines(options.file)
    searcher = _opened(options)
    for number, line in enumerate(lines, 1):
        hits: list[Hit] = []
        try:
            hits = searcher.search(clean_phrase(line), options.k, options.headers)
        except BadInput as problem:
            say(f"line {number}: {problem}")
        if options.json:
            results = [hit._asdict() for hit in hits]
            print(json_text({"query": line, "results": results}, indent=None))
        else:
            print(f"{line}: {'  '.join(f'{h.code} {h.score:.3f}' for h in hits) or 'nothing'}")
    return 0


def _lines(name: str) -> list[str]:
    """The lines of a file of phrases without their ends.

    Raises:
        BadInput: it cannot be read as UTF-8 text, or holds no phrase.
    """
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as problem:
        raise BadInput(
            f"The queries {name} cannot be read ({problem.strerror}); give a text file."
        ) from problem
    except UnicodeDecodeError as problem:
        raise BadInput(
            f"The queries {name} are not UTF-8 text at byte {problem.start}; save them as UTF-8."
        ) from problem
    if not text.strip():
        raise BadInput(f"The queries {name} hold no phrase; write one a line.")
    lines = text.replace("\r\n", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _shown(hit: "Hit") -> str:
    head = f"{hit.code:9} {hit.score:.3f}  "
    title = textwrap.fill(hit.title, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    indent = " " * len(head)
    why = textwrap.fill(hit.why, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")
    return f"{title}\n{why}"


def _say_unknown(phrase: str, searcher: "Searcher") -> None:
    from chartcoder.index.ask import NearTerms

    near = NearTerms(searcher.navigator.store).of(phrase) if searcher.navigator else []
    offer = f"; nearest are {', '.join(near)}" if near else ""
    say(f"nothing is like {phrase!r}{offer}.")
