"""How well the Index is walked and searched: a table of query sets with what was to be reached.

Run it with ``chartcoder evaluate navigation`` or ``python -m chartcoder.evaluation.navigation``.
Every set has known answers and is asked over the full code set; no set meets the very line it was
taken from. Sets that are drawn are drawn once a seed, and the table shows the mean and the range.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from chartcoder.evaluation.held_out import (
    Query,
    Recall,
    Workshop,
    on_one_line,
    recall,
    same,
    same_or_below,
    walker,
)
from chartcoder.evaluation.sureness import agreement
from chartcoder.index.navigate import Navigator
from chartcoder.index.search import Searcher
from chartcoder.index.store import IndexStore, open_index
from chartcoder.index.terms import Book, Pointer
from chartcoder.tabular.errors import BadInput, ChartcoderError
from chartcoder.tabular.release import Release, open_release

_BOOKS_OF_INDEX: tuple[Book, ...] = (
    "inclusion", "supplement", "index", "external", "neoplasm", "drug",
)  # fmt: skip
_SHARE_HELD = 0.2
_MOST_HOPS = 4
_FEWER_IS_BETTER = "unresolved"
_NAMES = ("R@1", "R@1 not verbatim", "R@5", "R@20")


class Figure(NamedTuple):
    """One figure of the table.

    Attributes:
        name: the query set and how it was asked.
        measure: what is counted.
        aim: what was to be reached; None for a figure that is only reported.
        measured: the mean over the seeds; None where something it needs is not there.
        lowest, highest: over the seeds.
        note: how many queries, or what is missing.
    """

    name: str
    measure: str
    aim: float | None
    measured: float | None
    lowest: float
    highest: float
    note: str

    @property
    def reached(self) -> bool | None:
        """Whether the aim was reached; None where there is none or nothing was measured."""
        if self.aim is None or self.measured is None:
            return None
        if self.measure == _FEWER_IS_BETTER:
            return self.measured <= self.aim
        return self.measured >= self.aim


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table.

    Returns:
        0; 2 on bad input.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.size < 1 or options.seeds < 1:
            raise BadInput("--size and --seeds are numbers from 1.")
        release = open_release(options.release)
        figures = []
        if not options.json:
            _say(_HEAD)
        for figure in measure(release, options):
            figures.append(figure)
            if not options.json:
                _say(_line(figure))
    except ChartcoderError as problem:
        sys.stderr.write(f"navigation: {' '.join(str(problem).split())}\n")
        return 2
    if options.json:
        rows = [{**figure._asdict(), "reached": figure.reached} for figure in figures]
        _say(json.dumps({"release": release.year, "index": release.index_kind, "figures": rows},
                        indent=2))  # fmt: skip
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chartcoder evaluate navigation",
        description="Measure how well the Index is walked and searched.",
    )
    parser.add_argument(
        "gold", nargs="?", type=Path, metavar="GOLD",
        help="gold of charts, to count how many of their codes the Index offers",
    )  # fmt: skip
    parser.add_argument(
        "--charts", type=Path, help="the charts of GOLD (default: the folder `notes` beside it)"
    )
    parser.add_argument("--release", help="a release with the official index (as elsewhere)")
    parser.add_argument(
        "--order", type=Path, help="an order file or its zip, which short titles are taken from"
    )
    parser.add_argument("--size", type=int, default=2000, help="queries of a set (2000)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed of the draws (1)")
    parser.add_argument("--seeds", type=int, default=3, help="how many draws of each set (3)")
    parser.add_argument(
        "--dense", type=Path, metavar="MODEL", help="folder of a sentence-embedding model"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def measure(release: Release, options: argparse.Namespace) -> Iterator[Figure]:
    """Yields the figures one by one.

    Raises:
        BadInput: a file that was named cannot be read.
    """
    seeds = range(options.seed, options.seed + options.seeds)
    official = release.index_kind == "official"
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(release, Path(folder))
        whole = Navigator(workshop.index("whole"))
        yield from _short_titles(workshop, whole, options, seeds)
        yield from _inclusion_terms(workshop, options, seeds)
        if official:
            yield from _held_out(workshop, options.size, seeds)
            yield from _tables(workshop, whole, options.size // 2 or 1, seeds)
            yield from _sureness(workshop, options.size, seeds)
    yield from pointer_figures(open_index(release))
    yield from _charts(options, official)


def _short_titles(
    workshop: Workshop, whole: Navigator, options: argparse.Namespace, seeds: range
) -> Iterator[Figure]:
    name = "short titles, searched"
    aims = dict(zip(_NAMES, (0.88, 0.80, 0.94, 0.97), strict=True))
    if options.order is None:
        yield _missing(name, "R@1", 0.88, "name an order file with --order")
        return
    searcher = Searcher(workshop.release.tabular, workshop.lines(True), whole)
    drawn = [workshop.short_titles(options.order, options.size, seed) for seed in seeds]
    yield from _recalls(name, _searched(searcher), drawn, same, aims)


def _inclusion_terms(
    workshop: Workshop, options: argparse.Namespace, seeds: range
) -> Iterator[Figure]:
    release = workshop.release
    drawn = [workshop.inclusion_terms(options.size, seed) for seed in seeds]
    titles = workshop.lines(False)
    bare = Navigator(workshop.index("titles", without=_BOOKS_OF_INDEX))
    lexical = Searcher(release.tabular, titles, bare)
    yield from _recalls(
        "inclusion terms, titles alone, lexical", _searched(lexical), drawn, same_or_below,
        {"R@1": None, "R@5": None, "R@20": 0.68},
    )  # fmt: skip
    name = "inclusion terms, titles alone, with dense"
    if options.dense is None:
        yield _missing(name, "R@20", 0.74, "name a model with --dense")
    else:
        from chartcoder.index.dense import open_dense

        near = open_dense(release, options.dense, inclusions=False)
        dense = Searcher(release.tabular, titles, bare, near)
        yield from _recalls(
            name, _searched(dense), drawn, same_or_below, {"R@1": None, "R@5": None, "R@20": 0.74}
        )
    other = Navigator(workshop.index("no inclusions", without=["inclusion"]))
    yield from _recalls(
        "inclusion terms, titles and Index", _searched(Searcher(release.tabular, titles, other)),
        drawn, same_or_below, {"R@1": None, "R@5": None, "R@20": None},
    )  # fmt: skip


def _held_out(workshop: Workshop, size: int, seeds: range) -> Iterator[Figure]:
    results = []
    for seed in seeds:
        hidden = workshop.held_out("index", _SHARE_HELD, seed)
        walked = walker(workshop.index(f"held out {seed}", hidden))
        results.append(recall(walked, workshop.entries(hidden, size, seed), same))
    yield from _of_recalls(
        "20 % of Index entries held out, walked", results, {"R@1": None, "R@5": None, "R@20": 0.85}
    )
    ids = {t.id for t in workshop.terms if t.book == "supplement" and t.code}
    alone = Navigator(workshop.index("no supplement", without=["supplement"]))
    searcher = Searcher(workshop.release.tabular, workshop.lines(True), alone)
    yield from _recalls(
        "our supplement held out as a whole, searched", _searched(searcher),
        [workshop.entries(ids, size, seed) for seed in seeds], on_one_line,
        {"R@1": None, "R@5": None, "R@20": None},
    )  # fmt: skip


def _tables(workshop: Workshop, whole: Navigator, size: int, seeds: range) -> Iterator[Figure]:
    walk = walker(whole.store)
    for name, drawn in (
        ("neoplasm rows with behaviour, walked", [workshop.neoplasm_rows(size, s) for s in seeds]),
        ("drug rows with intent, walked", [workshop.drug_rows(size, s) for s in seeds]),
    ):
        yield from _recalls(name, walk, drawn, same, {"R@1": 0.95})


def _sureness(workshop: Workshop, size: int, seeds: range) -> Iterator[Figure]:
    rows = [agreement(workshop, size, seed) for seed in seeds]
    yield _figure(
        "first entries, how sure they are", "agreement with the share right", 0.9,
        [row.agreement for row in rows], f"{rows[0].entries:,} entries",
    )  # fmt: skip
    yield _figure(
        "", "wrong where called unsure", None, [row.wrong for row in rows],
        f"{fmean(row.unsure for row in rows):.0%} are unsure",
    )  # fmt: skip


def pointer_figures(store: IndexStore) -> Iterator[Figure]:
    """Yields how many cross-references of an index reach a code or a node under what they name.

    Those that name nothing ("see condition": look under the noun) are counted apart.
    """
    pointers = [p for p in store.all_pointers() if store.term(p.source).book != "supplement"]
    if not pointers:
        return
    naming = [p for p in pointers if p.kind != "noun"]
    reaching = sum(reaches(store, p) for p in naming)
    exact = sum(p.exact and p.kind != "none" for p in naming)
    none = sum(p.kind == "none" for p in pointers)
    note = f"{len(naming):,} that name a place; {len(pointers) - len(naming):,} name the noun"
    yield _figure("see and see also", "reach a code under the named term", 0.995,
                  [reaching / len(naming)], note)  # fmt: skip
    yield _figure("", "every word of them found", None, [exact / len(naming)],
                  f"{exact:,} of {len(naming):,}")  # fmt: skip
    yield _figure("", _FEWER_IS_BETTER, 0.005, [none / len(pointers)],
                  f"{none:,} of {len(pointers):,}")  # fmt: skip


def reaches(store: IndexStore, pointer: Pointer, hops: int = 0) -> bool:
    """Whether following a pointer comes to a code or to a node that stands under one.

    A line that only points elsewhere must lead on; pointers that go in a circle reach nothing.
    """
    if pointer.kind == "category":
        return bool(pointer.codes)
    if pointer.kind == "table" and not pointer.terms:
        return store.span("drug")[0] < store.span("drug")[1]
    return any(_comes_to_code(store, number, hops) for number in pointer.terms)


def _comes_to_code(store: IndexStore, number: int, hops: int) -> bool:
    root = store.term(number)
    branch = [root, *(store.term(n) for n in range(number + 1, root.end))]
    points = bool(root.see) and not root.code and not root.cells and len(branch) == 1
    if not points and any(term.code or term.cells for term in (*branch, *store.path(number))):
        return True
    return hops < _MOST_HOPS and any(
        reaches(store, p, hops + 1)
        for term in branch
        if term.see or term.see_also
        for p in store.pointers(term.id)
    )


def _charts(options: argparse.Namespace, official: bool) -> Iterator[Figure]:
    asked = [("official", options.release, 0.90)] if official else []
    asked.append(("bundled", "bundled", 0.85))
    if options.gold is None:
        for name, _, aim in asked:
            yield _missing(f"codes of charts, {name}", "in reach", aim, "name the gold of charts")
        return
    from chartcoder.evaluation.reach import offered_codes

    charts = options.charts or options.gold.parent / "notes"
    for name, release, aim in asked:
        found = offered_codes(charts, options.gold, release)
        note = f"{found.codes} codes"
        yield _figure(f"codes of charts, {name}", "in the first 10 of some evidence", aim,
                      [found.kept], note)  # fmt: skip
        yield _figure("", "of some mention considered", None, [found.considered], note)
        yield _figure("", "external causes, nothing marked", None, [found.unmarked_external], note)
        if found.own_words >= 0:
            yield _figure("", "of the words the gold quotes", None, [found.own_words], note)


def _searched(searcher: Searcher) -> Callable[[str], list[str]]:
    return lambda phrase: [hit.code for hit in searcher.search(phrase, 20)]


def _recalls(
    name: str,
    ask: Callable[[str], Sequence[str]],
    drawn: Sequence[Sequence[Query]],
    matches: Callable[[str, str], bool],
    aims: Mapping[str, float | None],
) -> Iterator[Figure]:
    yield from _of_recalls(name, [recall(ask, queries, matches) for queries in drawn], aims)


def _of_recalls(
    name: str, results: Sequence[Recall], aims: Mapping[str, float | None]
) -> Iterator[Figure]:
    for place, (measured, aim) in enumerate(aims.items()):
        note = f"{results[0].queries:,} queries, {1000 * fmean(r.seconds for r in results):.1f} ms"
        yield _figure(
            "" if place else name, measured, aim, [r.share(measured) for r in results], note
        )


def _figure(
    name: str, measured: str, aim: float | None, values: Sequence[float], note: str
) -> Figure:
    return Figure(name, measured, aim, fmean(values), min(values), max(values), note)


def _missing(name: str, measured: str, aim: float, note: str) -> Figure:
    return Figure(name, measured, aim, None, 0.0, 0.0, f"not measured: {note}")


_WIDTHS = (46, 34, 6, 10, 15, 8)


def _row(*cells: str) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))


_HEAD = _row("query set", "measure", "aim", "measured", "over seeds", "") + "note"


def _line(figure: Figure) -> str:
    aim = "" if figure.aim is None else f"{figure.aim:.3g}"
    said = {True: "reached", False: "MISSED", None: ""}[figure.reached]
    if figure.measured is None:
        return _row(figure.name, figure.measure, aim, "-", "", "") + figure.note
    spread = ""
    if figure.lowest != figure.highest:
        spread = f"{figure.lowest:.3f}-{figure.highest:.3f}"
    shown = (
        f"{figure.measured:.4f}" if figure.measure == _FEWER_IS_BETTER else f"{figure.measured:.3f}"
    )
    return _row(figure.name, figure.measure, aim, shown, spread, said) + figure.note


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
