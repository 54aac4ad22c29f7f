"""The graph: typed edges, held against the look-ups and against networkx's own answers."""

import random
from collections import Counter

import networkx
import pytest

from chartcoder.tabular.hierarchy import (
    NOTE_EDGES,
    Graph,
    ancestors,
    distance,
    hierarchy,
    named_by,
    naming,
    node_of,
)
from chartcoder.tabular.references import references
from chartcoder.tabular.release import Release
from chartcoder.tabular.store import TabularList


@pytest.fixture(scope="module")
def graph(bundled: Release) -> Graph:
    return hierarchy(bundled.tabular)


def test_hierarchy_is_a_directed_graph_of_every_row(bundled: Release, graph: Graph) -> None:
    assert isinstance(graph, networkx.DiGraph)
    rows = list(bundled.tabular.rows())
    headers = [e for e in bundled.tabular.nodes() if e.kind != "code"]
    assert len(graph) == len(rows) + len(headers)
    assert all(graph.nodes[row.code]["billable"] == row.billable for row in rows)
    assert hierarchy(bundled.tabular) is graph


def test_hierarchy_parents_make_a_tree_below_the_chapters(graph: Graph) -> None:
    tree = graph.edge_subgraph(e for e in graph.edges(keys=True) if e[2] == "parent").copy()
    assert networkx.is_forest(tree.to_undirected())
    tops = [node for node in tree if tree.out_degree(node) == 0]
    assert sorted(map(int, tops)) == list(range(1, 23))


def test_hierarchy_ancestors_are_the_path(bundled: Release, graph: Graph) -> None:
    for code in ("M17.11", "S52.501A", "B20", "Z3A.00", "T36.0X1A"):
        path = bundled.tabular.path(code)
        assert ancestors(graph, code)[::-1] == [node_of(graph, step) for step in path[:-1]]


def test_hierarchy_distance_is_the_shortest_way(bundled: Release, graph: Graph) -> None:
    tree = graph.edge_subgraph(
        e for e in graph.edges(keys=True) if e[2] == "parent"
    ).to_undirected()
    tree.add_edges_from(("root", str(chapter), "parent") for chapter in range(1, 23))
    chance = random.Random(3)
    codes = [entry.code for entry in bundled.tabular.billable()]
    for _ in range(12):
        one, other = chance.choice(codes), chance.choice(codes)
        expected = networkx.shortest_path_length(tree, one, other)
        assert distance(graph, one, other) == distance(graph, other, one) == expected
    assert distance(graph, "M17.11", "M17.12") == 2
    assert distance(graph, "M17.11", "M17.11") == 0


def test_hierarchy_seventh_characters_point_to_their_base(graph: Graph) -> None:
    assert list(graph.succ["W08.XXXA"]) == ["W08"]
    assert set(graph.succ["W08.XXXA"]["W08"]) == {"parent", "seventh_base"}
    counts = Counter(kind for _, _, kind in graph.edges(keys=True))
    assert counts["seventh_base"] == 51_305


def test_hierarchy_notes_are_edges_to_what_they_name(small: TabularList) -> None:
    graph = hierarchy(small)
    found = [(r.kind, r.origin, r.target) for r in named_by(graph, "S06.0X0A")]
    assert found == [("excludes1", "S06.0", "S06.1")]
    back = [(r.kind, r.origin, r.target) for r in naming(graph, "S06.1X7")]
    assert back == [("excludes1", "S06.0", "S06.1"), ("excludes2", "13", "19")][::-1]


def test_hierarchy_known_relations_of_diabetes(graph: Graph) -> None:
    named = {(r.kind, r.origin, r.target) for r in named_by(graph, "E11.9")}
    assert ("use_additional", "E11", "Z79.4") in named
    assert ("excludes1", "E11", "E10") in named
    elsewhere = {(r.kind, r.origin, r.target) for r in naming(graph, "E11.9")}
    assert ("code_first", "D84.81", "E08-E13") in elsewhere


def test_hierarchy_every_target_is_what_the_words_name(bundled: Release, graph: Graph) -> None:
    """Differential: each target matches a reference of the note, read one by one."""
    edges = [e for e in graph.edges(keys=True, data=True) if e[2] in NOTE_EDGES]
    for _, target, _, data in random.Random(5).sample(edges, 800):
        codes = [
            e.code for e in bundled.tabular.billable_under(target.removesuffix(f"-{target[:3]}"))
        ]
        read = references(data["text"])
        assert codes
        assert all(any(r.matches(code) for r in read) for code in codes[:5] + codes[-5:]), target
