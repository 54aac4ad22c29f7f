"""7th characters: which codes a sentence covers, and the exceptions that stand in prose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.tabular.seventh import legal_characters, prose_exceptions, scope_prefixes

S06 = (
    "7th characters D and S do not apply to codes in category S06 with 6th character 7 - death due "
    "to brain injury prior to regaining consciousness, or 8 - death due to other cause prior to "
    "regaining consciousness."
)
PAIRS = [("A", "initial encounter"), ("D", "subsequent encounter"), ("S", "sequela")]


@pytest.mark.parametrize(
    ("sentence", "prefixes"),
    [
        (
            "The appropriate 7th character is to be added to all codes from subcategories "
            "S12.0-S12.6",
            ("S120", "S121", "S122", "S123", "S124", "S125", "S126"),
        ),
        ("The appropriate 7th character is to be added to each code from category S49.0 and S49.1",
         ("S490", "S491")),
        ("The appropriate 7th character is to be added to each code from category W08", ("W08",)),
        ("One of the following 7th characters is to be assigned to each code under category O31. "
         "7th character 0 is for single gestations and O32", ("O31",)),
        ("One of the following 7th characters is to be assigned to codes in category H54.A-H54.C",
         ("H54A", "H54B", "H54C")),
        ("A 7th character is to be added to codes from category QA0", ("QA0",)),
        ("The following 7th characters are to be used", ()),
    ],
)  # fmt: skip
def test_seventh_scope_of_a_sentence(sentence: str, prefixes: tuple[str, ...]) -> None:
    assert scope_prefixes(sentence) == prefixes


def test_seventh_prose_exception_of_s06() -> None:
    assert prose_exceptions(S06) == [("S06", 6, "78", "DS")]
    exceptions = prose_exceptions(S06)
    assert legal_characters("S061X7", PAIRS, exceptions) == PAIRS[:1]
    assert legal_characters("S061X8", PAIRS, exceptions) == PAIRS[:1]
    assert legal_characters("S061X6", PAIRS, exceptions) == PAIRS
    assert legal_characters("S12000", PAIRS, exceptions) == PAIRS
    assert prose_exceptions("Use a 7th character with every code.") == []


@given(st.text(max_size=120))
def test_seventh_any_sentence_can_be_read(sentence: str) -> None:
    assert all(2 < len(prefix) < 8 for prefix in scope_prefixes(sentence))
    assert isinstance(prose_exceptions(f"7th character A does not apply to {sentence}"), list)
