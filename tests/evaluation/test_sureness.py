"""What a score means is measured, rises, and holds on entries it was not measured on."""

import tomllib
from pathlib import Path

import pytest

from chartcoder.evaluation.held_out import Query, Workshop
from chartcoder.evaluation.sureness import agreement, agreement_of, calibration, main, scored
from chartcoder.index.calibration import rising, table_of
from chartcoder.tabular.release import Release


def test_sureness_that_is_right_agrees() -> None:
    pairs = [(0.2, n % 5 == 0) for n in range(500)] + [(0.9, n % 10 != 0) for n in range(500)]
    right = table_of([[0.0, 0.0], [0.2, 0.2], [0.9, 0.9], [1.0, 1.0]])
    found = agreement_of(pairs, right)
    assert found.agreement > 0.95
    assert (found.entries, found.unsure, found.wrong) == (1000, 0.5, 0.8)
    boastful = table_of([[0.0, 0.9], [1.0, 1.0]])
    assert agreement_of(pairs, boastful).agreement < 0.7


def test_sureness_holds_on_entries_it_was_not_measured_on(
    official: Release, tmp_path: Path
) -> None:
    workshop = Workshop(official, tmp_path)
    found = agreement(workshop, 800, 5)
    assert found.entries > 1500
    assert found.agreement > 0.9
    assert found.wrong > 0.5
    tables = tomllib.loads(calibration(workshop, 300))
    for rows in tables.values():
        scores, shares = table_of(rows)
        assert list(scores) == sorted(scores)
        assert list(shares) == sorted(shares)
        assert shares[-1] > 0.7


def test_sureness_queries_without_an_answer_are_left_out() -> None:
    answers = {"gout": (0.9, "M10.9"), "toe": (0.3, "M79.67-")}
    queries = [Query("gout", "M109"), Query("toe", "S90"), Query("nothing", "A00")]
    assert scored(answers.get, queries) == [(0.9, True), (0.3, False)]


def test_sureness_rising_pools_what_falls() -> None:
    pairs = [(0.1, True), (0.1, False), (0.5, False), (0.5, False), (0.9, True), (0.9, True)]
    assert rising(pairs, 3) == [[0.0, 0.0], [0.3, 0.25], [0.9, 1.0]]
    assert rising([]) == []


def test_sureness_wants_the_official_index(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--release", "bundled"]) == 2
    error = capsys.readouterr().err
    assert "official index" in error
    assert error.count("\n") == 1
