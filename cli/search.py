"""``chartcoder search TEXT``: ranks codes for a phrase, and says why."""

import argparse
import textwrap
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from chartcoder.cli.common import add_common_options, json_text, open_named_release, print_json
from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.index.search import Searcher
    from chartcoder.tabular.release import Release

MOST_CHARACTERS = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``search``."""
    parser.add_argument("text", nargs="*", metavar="TEXT", help="a phrase, or a code")
    parser.add_argument("-k", type=int, default=10, metavar="N", help="how many codes (10)")
    parser.add_argument("--headers", action="store_true", help="also codes that are not billable")
    parser.add_argument(
        "--file", type=Path, metavar="QUERIES", help="read a phrase a line, print a JSON line each"
    )
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Searches and prints the codes."""
    if options.k < 1:
        raise BadInput(f"-k {options.k} asks for no code; give a number from 1.")
    if options.file is not None:
        if options.text:
            raise BadInput("Both a phrase and --file were given; name one of them.")
        return _file(options)
    phrase = " ".join(options.text)
    checked(phrase)
    release = open_named_release(options)
    searcher = open_searcher(release)
    hits = searcher.search(phrase, options.k, options.headers)
    if options.json:
        print_json([hit._asdict() for hit in hits])
        return 0
    if not hits:
        near = nearest_terms(release, phrase)
        more = f" Near by letters: {', '.join(near)}." if near else ""
        print(f"No code is like {phrase!r}: neither the Index nor a title knows its words.{more}")
        return 0
    for hit in hits:
        head = f"{hit.code:<9} {hit.score:.3f}  "
        print(textwrap.fill(hit.title, 100, initial_indent=head, subsequent_indent=" " * len(head)))
        print(textwrap.fill(hit.why, 100, initial_indent=" " * 10, subsequent_indent=" " * 10))
    return 0


def _file(options: argparse.Namespace) -> int:
    try:
        lines = options.file.read_text("utf-8-sig").splitlines()
    except OSError as problem:
        raise BadInput(f"{options.file} cannot be read ({problem.strerror}).") from problem
    except UnicodeDecodeError as problem:
        raise BadInput(f"{options.file} is not UTF-8 text; save it as UTF-8.") from problem
    if not any(line.strip() for line in lines):
        raise BadInput(f"{options.file} holds no phrase; write one a line.")
    searcher = open_searcher(open_named_release(options))
    for line in lines:
        phrase = line.strip()
        hits = (
            searcher.search(phrase[:MOST_CHARACTERS], options.k, options.headers) if phrase else []
        )
        print(json_text({"query": phrase, "results": [h._asdict() for h in hits]}, indent=None))
    return 0


def open_searcher(release: "Release") -> "Searcher":
    """A searcher over one release, its cache built when it is first asked for."""
    from chartcoder.index.lines import open_lines
    from chartcoder.index.navigate import Navigator
    from chartcoder.index.search import Searcher
    from chartcoder.index.store import open_index

    return Searcher(release.tabular, open_lines(release), Navigator(open_index(release)))


def checked(phrase: str) -> None:
    """Refuses what is no phrase.

    Raises:
        BadInput: it is empty, one letter, far too long, or without a letter the book knows.
    """
    text = phrase.strip()
    if not text:
        raise BadInput("No phrase was given; write the words to look up.")
    if len(text) < 2:
        raise BadInput(f"{text!r} is one character; write at least a word.")
    if len(text) > MOST_CHARACTERS:
        raise BadInput(
            f"The phrase has {len(text):,} characters; give at most {MOST_CHARACTERS:,}, or code a "
            "chart with `chartcoder code`."
        )
    if any(unicodedata.category(c) == "Cc" and c not in "\t\n\r" for c in text):
        raise BadInput("The phrase holds control characters; give plain text.")
    folded = unicodedata.normalize("NFKD", text)
    if not any(c.isascii() and c.isalnum() for c in folded):
        raise BadInput(
            f"{text[:40]!r} has no Latin letter; the Index is in English, so write it in English."
        )


def nearest_terms(release: "Release", phrase: str, most: int = 5) -> list[str]:
    """Words of the Index that are spelt like those of a phrase."""
    from rapidfuzz import process

    from chartcoder.index.store import open_index
    from chartcoder.index.words import tokens

    vocabulary = open_index(release).vocabulary
    found: dict[str, float] = {}
    for word in tokens(phrase):
        for term, score, _ in process.extract(word, vocabulary, limit=most, score_cutoff=60):
            found[term] = max(score, found.get(term, 0.0))
    return sorted(found, key=lambda term: (-found[term], term))[:most]
