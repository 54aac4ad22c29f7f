"""What a score means."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.index.calibration import rising, share_at, sureness, table_of
from chartcoder.tabular.home import resources

SCALES = ("walk", "letters")


@given(st.floats(0, 1), st.floats(0, 1))
def test_calibration_rises_with_the_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for scale in SCALES:
        assert 0.0 <= sureness(scale, low) <= sureness(scale, high) <= 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", SCALES)
def test_calibration_file_rises_point_by_point(scale: str) -> None:
    rows = tomllib.loads((resources() / "calibration.toml").read_text("utf-8"))[scale]
    assert len(rows) >= 6
    scores, shares = zip(*rows, strict=True)
    assert list(scores) == sorted(set(scores))
    assert list(shares) == sorted(shares)
    assert (scores[0], shares[0]) == (0.0, 0.0)


def test_calibration_a_whole_match_is_sure_and_a_half_one_is_not() -> None:
    assert sureness("walk", 1.0) > 0.85
    assert sureness("walk", 0.4) < 0.4
    assert sureness("letters", 1.0) > 0.95


def test_calibration_between_two_points_lies_on_their_line() -> None:
    table = table_of([[0.2, 0.1], [0.6, 0.5]])
    assert share_at(table, 0.0) == 0.1
    assert share_at(table, 0.4) == pytest.approx(0.3)
    assert share_at(table, 0.9) == 0.5


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200))
def test_calibration_tables_rise(pairs: list[tuple[float, bool]]) -> None:
    table = rising(pairs, 5)
    assert [s for s, _ in table] == sorted(s for s, _ in table)
    assert [r for _, r in table] == sorted(r for _, r in table)
    assert all(0.0 <= r <= 1.0 for _, r in table)
