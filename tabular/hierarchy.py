"""The Tabular List as a networkx graph, for questions about neighbourhood and distance.

Nodes are the dotted codes, those with their 7th character too, the sections (``A00-A09``) and the
chapters (``1``). A section that is one category is written as a range, ``B20-B20``. Edges are
typed; their key and attribute ``kind`` say how:

- ``parent``: from a code to the header it stands under
- ``seventh_base``: from a code with a 7th character to the code it extends, whose notes it shares
- ``excludes1``, ``excludes2``, ``code_first``, ``use_additional``, ``code_also``: from the place
  that carries a note to what the note names, attribute ``text`` being its words. A header that is
  named stands for all codes below it; notes of a header hold for all codes below it.
"""

import gc
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

import networkx

from chartcoder.tabular.codes import undotted
from chartcoder.tabular.notes import blocks
from chartcoder.tabular.references import FINAL, Reference, place
from chartcoder.tabular.store import Entry, TabularList

EdgeKind = Literal[
    "parent", "seventh_base",
    "excludes1", "excludes2", "code_first", "use_additional", "code_also",
]  # fmt: skip
NOTE_EDGES: tuple[EdgeKind, ...] = tuple(
    kind for kind in get_args(EdgeKind) if kind not in ("parent", "seventh_base")
)

if TYPE_CHECKING:
    Graph: TypeAlias = networkx.MultiDiGraph[str]
else:
    Graph = networkx.MultiDiGraph


class Relation(NamedTuple):
    """One note that ties two places of the book.

    Attributes:
        kind: which instruction it is.
        origin: the code, section or chapter that carries the note.
        target: the code or header that the note names.
        text: the words of the note.
    """

    kind: EdgeKind
    origin: str
    target: str
    text: str


@lru_cache(maxsize=2)
def hierarchy(tabular: TabularList) -> Graph:
    """The graph of a Tabular List, built when first asked for and then kept.

    Node attributes: ``title``, ``kind`` (chapter, section or code), ``billable``, ``order`` (place
    in the document).
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        return _built(tabular)
    finally:
        if enabled:
            gc.enable()


def node_of(graph: Graph, entry: Entry) -> str:
    """The node of an entry."""
    ranged = f"{entry.code}-{entry.code}"
    return ranged if entry.kind == "section" and ranged in graph else entry.code


def ancestors(graph: Graph, node: str) -> list[str]:
    """The headers of a node, the nearest first, up to its chapter."""
    found = []
    above = _parent(graph, node)
    while above is not None:
        found.append(above)
        above = _parent(graph, above)
    return found


def distance(graph: Graph, one: str, other: str) -> int:
    """How many steps up and down the hierarchy lead from one node to the other.

    The chapters are taken as standing under one root.
    """
    up = {node: steps for steps, node in enumerate([one, *ancestors(graph, one)])}
    path = [other, *ancestors(graph, other)]
    for steps, node in enumerate(path):
        if node in up:
            return up[node] + steps
    return len(up) + len(path)


def named_by(graph: Graph, node: str) -> list[Relation]:
    """The notes that govern a node, its own first: what do they name?"""
    found = [
        Relation(kind, origin, target, data["text"])
        for origin in [node, *ancestors(graph, node)]
        for _, target, kind, data in graph.out_edges(origin, keys=True, data=True)
        if kind in NOTE_EDGES
    ]
    return _distinct(found)


def naming(graph: Graph, node: str) -> list[Relation]:
    """The notes elsewhere that name a node or one of its headers."""
    found = [
        Relation(kind, origin, target, data["text"])
        for target in [node, *ancestors(graph, node)]
        for origin, _, kind, data in graph.in_edges(target, keys=True, data=True)
        if kind in NOTE_EDGES
    ]
    found.sort(key=lambda r: graph.nodes[r.origin]["order"])
    return _distinct(found)


def _distinct(relations: Iterable[Relation]) -> list[Relation]:
    return list(dict.fromkeys(relations))


def _parent(graph: Graph, node: str) -> str | None:
    above = graph.succ[node]
    return next((header for header, edges in above.items() if "parent" in edges), None)


def _built(tabular: TabularList) -> Graph:
    graph: Graph = networkx.MultiDiGraph(name=f"ICD-10-CM {tabular.year}")
    names: dict[int, str] = {}
    plain: list[Entry] = []
    codes = {entry.code for entry in tabular.nodes() if entry.kind == "code"}
    for entry in tabular.nodes():
        name = entry.code
        if entry.kind == "section" and name in codes:
            name = f"{name}-{name}"
        names[entry.order] = name
        plain.append(entry)
        _add_node(graph, name, entry)
        if entry.parent >= 0:
            graph.add_edge(name, names[entry.parent], "parent", kind="parent")
        if entry.seventh >= 0:
            for extended in tabular.children_of(entry):
                _add_node(graph, extended.code, extended)
                graph.add_edge(extended.code, name, "parent", kind="parent")
                graph.add_edge(extended.code, name, "seventh_base", kind="seventh_base")
    finder = _Finder(plain, names)
    for entry in plain:
        for block in blocks(tabular.own_notes(entry)):
            for line in block.lines:
                for reference in line.references:
                    for target in finder.find(reference):
                        _add_note(graph, names[entry.order], target, block.kind, line.words)
    return graph


def _add_node(graph: Graph, name: str, entry: Entry) -> None:
    graph.add_node(
        name, title=entry.title, kind=entry.kind, billable=entry.billable, order=entry.order
    )


def _add_note(graph: Graph, origin: str, target: str, kind: str, text: str) -> None:
    if origin != target and not graph.has_edge(origin, target, kind):
        graph.add_edge(origin, target, kind, kind=kind, text=text)


class _Finder:
    """Finds the highest chapters, sections and headers, or else codes, that a reference covers."""

    def __init__(self, entries: list[Entry], names: dict[int, str]) -> None:
        self._names = names
        self._entries = entries
        self._below: dict[int, list[int]] = {}
        self._low: dict[int, str] = {}
        self._high: dict[int, str] = {}
        # Children stand behind their header, so going backwards meets them first.
        for entry in reversed(entries):
            order = entry.order
            if entry.kind == "code":
                own = place(undotted(entry.code))
                self._low[order] = min(own, self._low.get(order, own))
                self._high[order] = max(own, self._high.get(order, own))
            if order in self._low and entry.parent >= 0:
                above = entry.parent
                self._below.setdefault(above, []).insert(0, order)
                self._low[above] = min(self._low[order], self._low.get(above, self._low[order]))
                self._high[above] = max(self._high[order], self._high.get(above, ""))
        self._top = [e.order for e in entries if e.parent < 0 and e.order in self._low]
        self._known: dict[Reference, tuple[str, ...]] = {}

    def find(self, reference: Reference) -> tuple[str, ...]:
        found = self._known.get(reference)
        if found is None:
            low, high = place(reference.low), reference.end
            found = tuple(
                name for order in self._top for name in self._covered(order, low, high, reference)
            )
            self._known[reference] = found
        return found

    def _covered(self, order: int, low: str, high: str, reference: Reference) -> Iterator[str]:
        if self._high[order] < low or self._low[order] > high:
            return
        if (
            low <= self._low[order]
            and self._high[order] <= high
            and self._is_meant(order, reference)
        ):
            yield self._names[order]
            return
        for child in self._below.get(order, ()):
            yield from self._covered(child, low, high, reference)

    def _is_meant(self, order: int, reference: Reference) -> bool:
        if not reference.position:
            return True
        if reference.position == FINAL and order in self._below:
            # The last character of a header is not the last one of the codes below it.
            return False
        entry = self._entries[order]
        return entry.kind == "code" and reference.shows(undotted(entry.code))


def as_relations(relations: Iterable[Relation]) -> list[dict[str, str]]:
    """Relations as dictionaries, for JSON."""
    return [{"kind": r.kind, "from": r.origin, "to": r.target, "text": r.text} for r in relations]
