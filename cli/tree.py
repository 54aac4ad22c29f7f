"""``chartcoder tree``: what stands around a code: headers above, siblings, codes below."""

import argparse
from typing import Any

from chartcoder.cli.common import add_common_options, open_named_release, print_json
from chartcoder.cli.lookup import find
from chartcoder.tabular.store import Entry, TabularList

_HEADINGS = {
    "names": "Named by the notes that govern it",
    "named_by": "Notes elsewhere that name it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of this command."""
    parser.add_argument("code", help="a code, section or chapter: M17.1, M15-M19, 13")
    parser.add_argument(
        "--depth",
        type=_depth,
        default=1,
        metavar="N",
        help="how many levels below the code to show (default: 1)",
    )
    parser.add_argument(
        "--notes",
        action="store_true",
        help="also show what its notes name, and which notes elsewhere name it",
    )
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the neighbourhood.

    Raises:
        BadInput: there is no such code in the release.
    """
    release = open_named_release(options)
    entry = find(options.code, release)
    related = relations(entry, release.tabular) if options.notes else None
    if options.json:
        print_json({**as_json(entry, release.tabular, options.depth), **(related or {})})
        return 0
    print("\n".join(as_lines(entry, release.tabular, options.depth)))
    for heading, found in (related or {}).items():
        print(f"\n{_HEADINGS[heading]}")
        for line in _relation_lines(found):
            print(f"  {line}")
    return 0


def relations(entry: Entry, tabular: TabularList) -> dict[str, list[dict[str, str]]]:
    """What the notes that govern an entry name (``names``), and the notes that name it."""
    from chartcoder.tabular.hierarchy import as_relations, hierarchy, named_by, naming, node_of

    graph = hierarchy(tabular)
    node = node_of(graph, entry)
    return {
        "names": as_relations(named_by(graph, node)),
        "named_by": as_relations(naming(graph, node)),
    }


def _relation_lines(relations: list[dict[str, str]]) -> list[str]:
    targets: dict[tuple[str, str, str], list[str]] = {}
    for relation in relations:
        key = (relation["from"], relation["kind"], relation["text"])
        targets.setdefault(key, []).append(relation["to"])
    return [
        f"{origin} {kind} {', '.join(named)}: {text}"
        for (origin, kind, text), named in targets.items()
    ]


def as_json(entry: Entry, tabular: TabularList, depth: int) -> dict[str, Any]:
    """The code with ``ancestors`` from the chapter down, ``siblings`` and ``children``."""
    return {
        **_named(entry),
        "ancestors": [_named(step) for step in tabular.path(entry.code)[:-1]],
        "siblings": [_named(s) for s in siblings(entry, tabular) if s.code != entry.code],
        "children": _below(entry, tabular, depth),
    }


def as_lines(entry: Entry, tabular: TabularList, depth: int) -> list[str]:
    """The neighbourhood as an indented tree, the code marked with ``>``."""
    above = tabular.path(entry.code)[:-1]
    lines = [_line(step, level) for level, step in enumerate(above)]
    for sibling in siblings(entry, tabular):
        if sibling.code != entry.code:
            lines.append(_line(sibling, len(above)))
            continue
        lines.append(_line(entry, len(above), ">"))
        lines += _lines_below(entry, tabular, depth, len(above) + 1)
    return lines


def siblings(entry: Entry, tabular: TabularList) -> list[Entry]:
    """Everything with the same header, the entry itself at its place."""
    above = tabular.path(entry.code)[:-1]
    if not above:
        return tabular.chapters()
    return tabular.children_of(above[-1])


def _named(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "title": entry.title,
        "kind": entry.kind,
        "billable": entry.billable,
    }


def _below(entry: Entry, tabular: TabularList, depth: int) -> list[dict[str, Any]]:
    if depth == 0:
        return []
    return [
        {**_named(child), "children": _below(child, tabular, depth - 1)}
        for child in tabular.children_of(entry)
    ]


def _lines_below(entry: Entry, tabular: TabularList, depth: int, level: int) -> list[str]:
    if depth == 0:
        return []
    lines = []
    for child in tabular.children_of(entry):
        lines.append(_line(child, level))
        lines += _lines_below(child, tabular, depth - 1, level + 1)
    return lines


def _line(entry: Entry, level: int, mark: str = " ") -> str:
    dash = "-" if entry.kind == "code" and not entry.billable else ""
    return f"{mark} {'  ' * level}{entry.code}{dash}  {entry.title}"


def _depth(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of levels; write 0, 1, 2 ...")
    return int(text)
