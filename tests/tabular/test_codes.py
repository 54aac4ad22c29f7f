"""The form of codes: dot, placeholder, 7th character, accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.tabular.codes import (
    dotted,
    fold,
    is_code_shaped,
    normalise,
    undotted,
    with_seventh,
)

BARE = st.from_regex(r"[A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9])[0-9A-Z]{0,4}", fullmatch=True)


@given(BARE)
def test_codes_dotting_is_undone(bare: str) -> None:
    assert undotted(dotted(bare)) == bare
    assert dotted(dotted(bare)) == dotted(bare)
    assert ("." in dotted(bare)) == (len(bare) > 3)
    assert is_code_shaped(bare)
    assert is_code_shaped(dotted(bare))


@given(BARE, st.lists(st.sampled_from([" ", "\t", "-", "–", "."]), max_size=3), st.booleans())
def test_codes_normalise_takes_what_people_type(bare: str, noise: list[str], low: bool) -> None:
    typed = noise[:1] + list(bare.lower() if low else bare) + noise[1:]
    code = normalise("".join(typed))
    assert code == dotted(bare)
    assert normalise(code) == code


@given(st.text())
def test_codes_normalise_takes_any_text_and_settles(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(BARE.filter(lambda b: len(b) <= 6), st.sampled_from("ADS09"))
def test_codes_seventh_character_stands_in_seventh_place(base: str, character: str) -> None:
    code = undotted(with_seventh(base, character))
    assert len(code) == 7
    assert code[6] == character
    assert code[:6].rstrip("X") == base.rstrip("X")


@pytest.mark.parametrize(
    ("base", "code"), [("W08", "W08.XXXA"), ("S52.501", "S52.501A"), ("T36.0X1", "T36.0X1A")]
)
def test_codes_placeholder_of_the_guidelines(base: str, code: str) -> None:
    assert with_seventh(base, "A") == code


@pytest.mark.parametrize("text", ["C4A", "QA0.0101", "Z3A.00", "O9A.21", "M17.11", "A00"])
def test_codes_letters_in_second_and_third_place(text: str) -> None:
    assert is_code_shaped(text)


@pytest.mark.parametrize("text", ["250.00", "M1", "M17.11111", "m17", "M17..1", "AAA", ""])
def test_codes_other_forms_are_none(text: str) -> None:
    assert not is_code_shaped(text)


def test_codes_fold_takes_accents_and_dashes_away() -> None:
    assert fold("Ménière’s disease – bilateral") == "Meniere's disease - bilateral"
