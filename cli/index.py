"""``chartcoder index TERM``: walks the Alphabetic Index: main term, subterms, see and see also."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chartcoder.cli.common import add_common_options, counted, open_named_release, print_json
from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.index.store import IndexStore
    from chartcoder.index.terms import Term
    from chartcoder.tabular.release import Release

_BOOKS = {"title": "Tabular List", "inclusion": "Tabular List", "supplement": "supplement"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``index``."""
    parser.add_argument("term", nargs="*", metavar="TERM", help="such as fracture ankle")
    parser.add_argument("-k", type=int, default=8, metavar="N", help="how many entries (8)")
    parser.add_argument("--depth", type=int, default=1, help="how deep to show subterms (1)")
    parser.add_argument(
        "--report", action="store_true", help="say what in the index files leads nowhere"
    )
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Walks and prints the way, or the load report."""
    from chartcoder.cli.search import checked, nearest_terms
    from chartcoder.index.store import open_index

    if options.report:
        return _report(options)
    phrase = " ".join(options.term)
    checked(phrase)
    release = open_named_release(options)
    store = open_index(release)
    entries = list(_entries(release, store, phrase, options.k, options.depth))
    if options.json:
        print_json({"term": phrase, "entries": entries})
        return 0
    if not entries:
        near = nearest_terms(release, phrase)
        more = f" Near by letters: {', '.join(near)}." if near else ""
        print(f"The Index has no entry for {phrase!r}.{more}")
        return 0
    for entry in entries:
        _print(entry)
    return 0


def _entries(
    release: "Release", store: "IndexStore", phrase: str, most: int, depth: int
) -> Iterator[dict[str, Any]]:
    from chartcoder.index.navigate import Navigator

    tabular = release.tabular
    for found in Navigator(store).find(phrase, most):
        term = store.term(found.term)
        entry = tabular.get(found.code.rstrip("-"))
        yield {
            "path": list(found.path),
            "code": found.code,
            "manifestation": found.manifestation,
            "title": entry.title if entry else "",
            "score": found.score,
            "hops": list(found.hops),
            "matched": list(found.matched),
            "unmatched": list(found.unmatched),
            "missing": list(found.missing),
            "nonessential": list(term.nonessential),
            "see": term.see,
            "see_also": term.see_also,
            "book": _BOOKS.get(found.book, found.book),
            "subterms": _subterms(store, term, depth),
        }


def _subterms(store: "IndexStore", term: "Term", depth: int) -> list[dict[str, Any]]:
    if depth < 1 or term.end <= term.id + 1:
        return []
    return [
        {
            "title": below.title,
            "nonessential": list(below.nonessential),
            "code": below.code,
            "manifestation": below.manifestation,
            "see": below.see,
            "see_also": below.see_also,
            "subterms": _subterms(store, below, depth - 1),
        }
        for below in store.children(term.id)
    ]


def _print(entry: dict[str, Any]) -> None:
    for hop in entry["hops"]:
        print(f"  {hop}")
    brackets = f" [{entry['manifestation']}]" if entry["manifestation"] else ""
    modifiers = "".join(f" ({word})" for word in entry["nonessential"])
    print(f"{' > '.join(entry['path'])}{modifiers}  {entry['code']}{brackets}  {entry['title']}")
    said = [f"matched: {', '.join(entry['matched'])}"] if entry["matched"] else []
    said += [f"not matched: {', '.join(entry['unmatched'])}"] if entry["unmatched"] else []
    said += [f"it also asks for: {', '.join(entry['missing'])}"] if entry["missing"] else []
    print(f"    {entry['score']:.2f}  {entry['book']}  {'; '.join(said)}")
    if entry["see"]:
        print(f"    see {entry['see']}")
    if entry["see_also"]:
        print(f"    see also {entry['see_also']}")
    _print_below(entry["subterms"], 1)


def _print_below(subterms: list[dict[str, Any]], depth: int) -> None:
    for below in subterms:
        brackets = f" [{below['manifestation']}]" if below["manifestation"] else ""
        modifiers = "".join(f" ({word})" for word in below["nonessential"])
        pointer = f" - see {below['see']}" if below["see"] else ""
        pointer += f" - see also {below['see_also']}" if below["see_also"] else ""
        print(f"{'    ' * depth}- {below['title']}{modifiers}  {below['code']}{brackets}{pointer}")
        _print_below(below["subterms"], depth + 1)


def _report(options: argparse.Namespace) -> int:
    """What the reader of the index files noticed: lost codes, unresolved pointers, odd lines."""
    from chartcoder.index.store import open_index

    if options.term:
        raise BadInput("--report takes no term.")
    problems = open_index(open_named_release(options)).problems
    if options.json:
        print_json(problems)
        return 0
    print(f"{counted(len(problems), 'remark')} on the index files")
    for problem in problems:
        print(f"  {problem}")
    return 0
