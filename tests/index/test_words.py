"""Words of charts and of the book in one form."""

import pytest

from chartcoder.index.words import canonical, signed, singular, split, tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kidneys", "renal"), ("diabetic", "diabetes"), ("haemorrhage", "hemorrhage"),
        ("fractures", "fracture"), ("Crohn's", "crohn"), ("biopsies", "biopsy"),
    ],
)  # fmt: skip
def test_words_of_one_meaning_have_one_form(one: str, other: str) -> None:
    assert [canonical(w) for w in split(one)] == [canonical(w) for w in split(other)]


@pytest.mark.parametrize("word", ["abscess", "pelvis", "fetus", "gas", "mycobacterias"])
def test_words_that_only_look_plural_stay(word: str) -> None:
    assert singular(word) == word


def test_words_signed_tells_said_from_denied() -> None:
    read = signed("Diverticulitis without perforation or abscess with bleeding")
    assert read.said == ("diverticulitis", "bleeding")
    assert read.denied == ("perforation", "abscess")


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("pain in left knee", "left"), ("both ears", "bilateral"), ("knee", ""),
        ("right and left eye", "bilateral"),
    ],
)  # fmt: skip
def test_words_signed_knows_the_side(text: str, side: str) -> None:
    assert signed(text).side == side


def test_words_signed_ends_a_denial_at_a_comma_and_reads_w_o() -> None:
    assert signed("migraine, not intractable, with aura").said == ("migraine", "aura")
    assert "loc" in signed("concussion w/o LOC").denied


def test_words_an_adjective_of_two_sites_stays_itself() -> None:
    # Cervical is of the neck or of the cervix; folding it into one would lose the other.
    assert canonical("cervical") == "cervical"
    assert tokens("cervical dysplasia")[0] == "cervical"
