"""What a score means."""

from hypothesis import given
from hypothesis import strategies as st

from chartcoder.index.calibration import sureness


@given(st.floats(0, 1), st.floats(0, 1))
def test_calibration_rises_with_the_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for scale in ("walk", "letters"):
        assert 0.0 <= sureness(scale, low) <= sureness(scale, high) <= 1.0  # type: ignore[arg-type]


def test_calibration_a_whole_match_is_sure_and_a_half_one_is_not() -> None:
    assert sureness("walk", 1.0) > 0.85
    assert sureness("walk", 0.4) < 0.4
    assert sureness("letters", 1.0) > 0.95
