"""Words of a mention fitted to the patient."""

import pytest

from chartcoder.agents.rules.document import read_document
from chartcoder.agents.rules.fitting import fitted, is_newborn
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.newborn import find_birth
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.values import Encounter


def fit(read, text: str, words: str, causes: str = "", **encounter: object) -> str:  # type: ignore[no-untyped-def]
    def mention(part: str, phrase: str) -> Mention:
        start = text.index(part)
        return Mention(start, start + len(part), phrase, "present", "", False, "assessment", (0, 1))

    given = [mention(causes, "Adverse effect of antineoplastic drugs")] if causes else []
    done = fitted(mention(words, words), read(text), Encounter.model_validate(encounter), given)
    return done.phrase


def test_fitting_newborn_has_lines_of_its_own(read) -> None:  # type: ignore[no-untyped-def]
    assert is_newborn(Encounter(age=0.02)) and not is_newborn(Encounter(age=1))
    assert fit(read, "DX\nHypoglycemia", "Hypoglycemia", age=0.01) != "Hypoglycemia"
    assert fit(read, "DX\nHypoglycemia", "Hypoglycemia", age=40) == "Hypoglycemia"


def test_fitting_type_of_diabetes_from_elsewhere(read) -> None:  # type: ignore[no-untyped-def]
    assert fit(read, "PMH: T1DM\n\nDX\nDKA", "DKA").startswith("type 1")
    assert fit(read, "PMH: T2DM\n\nDX\nDKA", "DKA") == "DKA"


def test_fitting_drug_as_the_cause(read) -> None:  # type: ignore[no-untyped-def]
    text = "DX\nAnemia from chemotherapy"
    assert "chemotherapy" in fit(read, text, "Anemia", "chemotherapy")
    assert fit(read, text, "Anemia") == "Anemia"


@pytest.mark.parametrize(
    ("age", "phrase"), [(80, "adult failure to thrive"), (1, "failure to thrive")]
)
def test_fitting_failure_to_thrive_by_age(read, age: int, phrase: str) -> None:  # type: ignore[no-untyped-def]
    assert fit(read, "DX\nfailure to thrive", "failure to thrive", age=age) == phrase


def test_fitting_number_of_a_list_is_no_part_of_the_name(read) -> None:  # type: ignore[no-untyped-def]
    assert fit(read, "DX\n2 Gout", "2 Gout") == "Gout"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Preterm boy, 35w2d, BW 2,080 g.", ["2000-2499 grams", "35 completed weeks"]),
        (
            "ELBW infant born at 26 weeks, birth weight 780 g.",
            ["750-999 grams", "26 completed weeks"],
        ),
        ("Late-preterm girl, BW 2,900 g, 36 wk.", ["36 completed weeks"]),
        # At term, or nobody speaks of prematurity.
        ("Boy, 39w1d, BW 3,400 g, no low birth weight.", []),
        ("Boy, BW 2,300 g.", []),
    ],
)
def test_fitting_weight_and_weeks_of_a_preterm_newborn(  # type: ignore[no-untyped-def]
    bundled_book, text: str, titles: list[str]
) -> None:
    reading = Reading(read_document(text), Lookup(bundled_book, text), newborn=True)
    found = [m.phrase for m in find_birth(reading)]
    assert len(found) == len(titles)
    assert all(title in phrase for title, phrase in zip(titles, found, strict=True))
