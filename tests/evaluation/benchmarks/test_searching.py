"""The benchmark of searching really runs what it says."""

import importlib.util

import pytest

from chartcoder.evaluation.benchmarks import searching
from chartcoder.evaluation.benchmarks.measure import run_part


def test_searching_phrases_are_cut_titles() -> None:
    asked = searching.phrases(50)
    assert len(set(asked)) > 45
    whole = set(searching.titles())
    assert sum(phrase not in whole for phrase in asked) > 40


def test_searching_beside_the_scan_of_all_titles() -> None:
    run_part(searching._MODULE, "memory")
    numbers = run_part(searching._MODULE, "ours")
    # Far from the aim, so that a busy machine does not decide; the table shows the aim.
    assert 0 < numbers["query"] < 0.7 * numbers["scan"]
    assert numbers["median"] <= numbers["most"]


def test_searching_walks_a_chart_and_opens_the_index() -> None:
    walked = run_part(searching._MODULE, "walking")
    assert 0 < walked["items"] < 0.3
    assert walked["looked_up"] > 20
    assert run_part(searching._MODULE, "opening")["open"] < 0.1


@pytest.mark.skipif(importlib.util.find_spec("bm25s") is None, reason="the extra bench is absent")
def test_searching_beside_bm25s() -> None:
    peer = run_part(searching._MODULE, "bm25s")
    ours = run_part(searching._MODULE, "memory")
    assert ours["memory"] < 3 * peer["memory"]
    assert ours["built"] < peer["built"]
