"""METEOR: values that NLTK 3.9 gives with the same stages, and its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.evaluation.meteor import meteor

DIABETES = "Type 2 diabetes mellitus without complications"


@pytest.mark.parametrize(
    ("reference", "answer", "value"),
    [
        (DIABETES, DIABETES.replace("2", "1"), 0.8066666666666668),
        ("Fracture of ribs", "Rib fracture", 0.3448275862068965),
        ("Gout", "Gout", 0.5),
        ("Gout", "Asthma", 0.0),
        ("", "Gout", 0.0),
        ("Gout", "", 0.0),
    ],
)
def test_meteor_worked_examples(reference: str, answer: str, value: float) -> None:
    assert meteor(reference, answer) == pytest.approx(value)


words = st.lists(st.sampled_from("acute chronic kidney disease of the left".split()), max_size=6)


@given(words, words)
def test_meteor_is_a_share_and_zero_without_a_common_word(
    first: list[str], second: list[str]
) -> None:
    a, b = " ".join(first), " ".join(second)
    assert 0 <= meteor(a, b) <= 1
    assert (meteor(a, b) > 0) == bool(set(first) & set(second))
