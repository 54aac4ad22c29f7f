"""What the scores of walk and search mean: measured on entries held out of the Index, and checked.

``python -m chartcoder.evaluation.sureness --release ZIP`` measures and prints
``resources/calibration.toml``; with ``--write`` it writes the file. For the walk: paths of official
entries held out of the Index, and of our supplement held out as a whole, in equal parts. For the
letters: the supplement's paths searched in the titles and inclusion terms.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from chartcoder.evaluation.held_out import Query, Workshop, on_one_line
from chartcoder.index.calibration import UNSURE, Table, rising, share_at, sureness
from chartcoder.index.lexicon import wordings
from chartcoder.index.navigate import Found, Navigator
from chartcoder.index.search import Searcher
from chartcoder.tabular.codes import undotted
from chartcoder.tabular.errors import BadInput, ChartcoderError
from chartcoder.tabular.home import resources
from chartcoder.tabular.release import open_release

_SHARE_HELD = 0.2
_FITTED_ON = 0
_GROUPS = 10
_HEADER = """\
# What a score means; see index/calibration.py. Pairs of score and the share of first answers of
# that score that were right. Made by
# python -m chartcoder.evaluation.sureness --release ZIP --write
"""


class Agreement(NamedTuple):
    """How far sureness and the share that was right agree.

    Attributes:
        entries: how many first entries were judged.
        agreement: 1 less the mean distance between sureness and share over ten groups.
        unsure: share that is called unsure.
        wrong: share of those that was wrong.
    """

    entries: int
    agreement: float
    unsure: float
    wrong: float


Scored = tuple[float, bool]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints or writes the tables.

    Returns:
        0; 2 on bad input.
    """
    parser = argparse.ArgumentParser(
        prog="python -m chartcoder.evaluation.sureness",
        description="Measure what the scores of walk and search mean.",
    )
    parser.add_argument("--release", help="a release with the official index (as elsewhere)")
    parser.add_argument("--size", type=int, default=4000, help="queries of each kind (4000)")
    parser.add_argument("--write", action="store_true", help="write resources/calibration.toml")
    options = parser.parse_args(arguments)
    try:
        release = open_release(options.release)
        with tempfile.TemporaryDirectory() as folder:
            text = calibration(Workshop(release, Path(folder)), options.size)
    except ChartcoderError as problem:
        sys.stderr.write(f"sureness: {' '.join(str(problem).split())}\n")
        return 2
    if options.write:
        (resources() / "calibration.toml").write_text(text, "utf-8")
    sys.stdout.write(text)
    return 0


def calibration(workshop: Workshop, size: int) -> str:
    """The calibration tables, measured on held-out entries, as TOML.

    Args:
        workshop: of a release with the official index.
        size: how many queries of each kind.

    Raises:
        BadInput: the release has no official index, whose entries could be held out.
    """
    if workshop.release.index_kind != "official":
        raise BadInput("Calibration needs a release with the official index; give its zip.")
    searcher = Searcher(workshop.release.tabular, workshop.lines(True), None)
    own = workshop.entries(_supplement(workshop), size, _FITTED_ON)
    tables = {
        "walk": walked_blind(workshop, size, _FITTED_ON),
        "letters": scored(searcher.letters.best, own),
    }
    return _HEADER + "".join(f"{name} = {rising(pairs)}\n" for name, pairs in tables.items())


def walked_blind(workshop: Workshop, size: int, seed: int) -> list[Scored]:
    """Scores of first entries, and whether they were right, where the right line was held out.

    Args:
        workshop: of a release with the official index.
        size: how many queries of each kind.
        seed: of the draws: which entries are held out and asked for.
    """
    hidden = workshop.held_out("index", _SHARE_HELD, seed)
    official = Navigator(workshop.index(f"held out {seed}", hidden))
    alone = Navigator(workshop.index("no supplement", without=["supplement"]))
    ids = _supplement(workshop)
    return [
        *scored(lambda p: _first(official, p, plain=True), workshop.entries(hidden, size, seed)),
        *scored(lambda p: _first(alone, p, plain=False), workshop.entries(ids, size, seed)),
    ]


def agreement(workshop: Workshop, size: int, seed: int) -> Agreement:
    """How far sureness and share agree on a draw of its own.

    Args:
        workshop: of a release with the official index.
        size: how many queries of each kind.
        seed: of the draws; 0 is what the tables were fitted on.
    """
    return agreement_of(walked_blind(workshop, size, seed))


def agreement_of(pairs: Sequence[Scored], table: Table | None = None) -> Agreement:
    """How far sureness and share agree, over ten groups of scores of equal size.

    Args:
        pairs: score of the walk, and whether the entry was right.
        table: what a score means; None for the fitted tables.
    """
    sure = [
        (share_at(table, score) if table else sureness("walk", score), right)
        for score, right in pairs
    ]
    # Equal scores fall on both sides of a group's end; chance decides which, not the answer.
    random.Random(0).shuffle(sure)
    sure.sort(key=lambda pair: pair[0])
    apart = 0.0
    for start in range(_GROUPS):
        group = sure[start * len(sure) // _GROUPS : (start + 1) * len(sure) // _GROUPS]
        apart += abs(sum(s - right for s, right in group)) / len(sure)
    unsure = [right for share, right in sure if share < UNSURE]
    return Agreement(
        len(sure), 1.0 - apart, len(unsure) / len(sure), 1.0 - sum(unsure) / (len(unsure) or 1)
    )


def _supplement(workshop: Workshop) -> set[int]:
    return {t.id for t in workshop.terms if t.book == "supplement" and t.code}


def _first(navigator: Navigator, phrase: str, plain: bool) -> tuple[float, str] | None:
    best: Found | None = None
    for wording, trust in ((phrase, 1.0),) if plain else wordings(phrase)[:3]:
        for found in navigator.find(wording, 1):
            if best is None or found.score * trust > best.score:
                best = found._replace(score=found.score * trust)
    return (best.score, best.code) if best else None


def scored(
    ask: Callable[[str], tuple[float, str] | None], queries: Sequence[Query]
) -> list[Scored]:
    """Score of each first answer, and whether it was right; queries without answer are left out.

    Args:
        ask: gives score and code of the first answer, or None.
        queries: what to ask.
    """
    pairs = []
    for query in queries:
        found = ask(query.phrase)
        if found:
            pairs.append((found[0], on_one_line(undotted(found[1]).rstrip("-"), query.code)))
    return pairs


if __name__ == "__main__":
    sys.exit(main())
