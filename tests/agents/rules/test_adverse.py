"""Drugs as causes: what is tied to them, and the condition as the Index has it for a drug."""

import pytest

TIED = [
    ("Orthostatic hypotension brought on by the doxazosin", {"I95.2", "T44.6X5A"}),
    ("Chemo-induced neuropathy", {"G62.0", "T45.1X5A"}),
    ("Neuropathy grade 1 from carboplatin, observe", {"G62.0", "T45.1X5A"}),
    ("Neutropenia due to chemotherapy", {"D70.1", "T45.1X5A"}),
    ("Hypothyroidism from amiodarone", {"E03.2", "T46.2X5A"}),
    ("Adrenal insufficiency from chronic prednisone", {"E27.3", "T38.0X5A"}),
    ("Cough due to lisinopril", {"R05.8", "T46.4X5A"}),
    ("Drug-induced parkinsonism from haloperidol", {"G21.11", "T43.4X5A"}),
    ("Statin myopathy", {"G72.0", "T46.6X5A"}),
    ("Hypothyroidism on levothyroxine", {"E03.9"}),
]


@pytest.mark.parametrize(("problem", "expected"), TIED)
def test_adverse_condition_and_drug(codes, problem: str, expected: set[str]) -> None:  # type: ignore[no-untyped-def]
    found = codes(f"ASSESSMENT\n1. {problem}\n", setting="outpatient")
    assert {c for c in found if c[0] != "Z"} == expected


def test_adverse_effect_named_in_prose_is_coded_with_its_drug(codes) -> None:  # type: ignore[no-untyped-def]
    text = (
        "I have followed him for bipolar disorder. His weight gain is plainly from the olanzapine, "
        "and the tremor is a lithium tremor. He will be seen in three weeks."
    )
    assert {"R63.5", "G25.1", "T43.595A"} <= codes(text, setting="outpatient")


@pytest.mark.parametrize(
    ("story", "codes_of_it"),
    [
        ("She quit sertraline on her own because it made her numb.", {"T43.226A", "Z91.128"}),
        ("He ran out of insulin because he could not afford it.", {"T38.3X6A", "Z91.120"}),
        ("Her heartburn is gone and she has stopped taking Prilosec.", set()),
        ("Her recurrence score was low, so chemotherapy was not given.", set()),
        ("He stopped taking oxycodone after the first week.", set()),
    ],
)
def test_adverse_underdosing_only_where_it_is_documented(  # type: ignore[no-untyped-def]
    codes, story: str, codes_of_it: set[str]
) -> None:
    text = f"HISTORY\n{story}\n\nASSESSMENT\n1. Major depression\n2. Type 1 diabetes\n"
    found = codes(text, setting="outpatient")
    assert {c for c in found if c[0] == "T" or c.startswith("Z91")} == codes_of_it
