from hypothesis import given
from hypothesis import strategies as st

from chartcoder.agents.rules.confidence import calibrated

RAW = st.floats(min_value=0, max_value=1)


@given(RAW, RAW)
def test_confidence_rises_with_the_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert calibrated(low) <= calibrated(high)


@given(RAW)
def test_confidence_is_a_probability(raw: float) -> None:
    assert 0 <= calibrated(raw) <= 1
