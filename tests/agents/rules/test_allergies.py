"""Allergies listed or named, by the class of the medicine."""

import pytest

from chartcoder.agents.rules.allergies import find_allergies
from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (
            "ALLERGIES: Penicillin (anaphylaxis), codeine (nausea), shellfish (hives)",
            {"Z88.0", "Z88.5", "Z91.013"},
        ),
        ("ALLERGY: ibuprofen and ketorolac, hives + lip swelling 2022.", {"Z88.6"}),
        ("No NSAIDs given allergy; acetaminophen instead.", {"Z88.6"}),
        ("PLAN: no brimonidine (allergy).", {"Z88.8"}),
        ("ALL: LATEX (rash, wheeze) - silicone tube only. Cipro ok.", {"Z91.040"}),
        ("She is allergic to vancomycin and contrast dye.", {"Z88.1", "Z91.041"}),
        ("Because hives with penicillin are on her allergy list, she had cefazolin.", {"Z88.0"}),
        ("NKDA, latex allergy.", {"Z91.040"}),
        ("Allergies: NKDA", set()),
        ("PMH allergic rhinitis on cetirizine. No drug allergies.", set()),
        ("On loratadine for allergies.", set()),
        ("Mother is allergic to penicillin.", set()),
    ],
)
def test_allergies_by_what_the_patient_is_allergic_to(read, text: str, codes: set[str]) -> None:  # type: ignore[no-untyped-def]
    assert {t.code for t in find_allergies(read(text))} == codes


def test_allergies_classes_are_classes_of_the_medicines() -> None:
    classes = {row["class"] for row in read_table(resources() / "lexicon" / "drugs.tsv")}
    rows = read_table(resources() / "rules" / "allergens.tsv")
    assert {r["name"] for r in rows if r["kind"] == "class"} <= classes
