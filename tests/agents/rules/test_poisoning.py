"""Poisonings: the substance, and the intent from wherever the chart states it."""

import pytest

CASES = [
    ("Acetaminophen overdose, intentional", {"T39.1X2A"}),
    ("Tylenol overdose, suicide attempt", {"T39.1X2A"}),
    ("Overdose of Tylenol and Benadryl, wanted to die", {"T39.1X2A", "T45.0X2A"}),
    ("Suicide attempt by overdose of sertraline", {"T43.222A"}),
    ("Oxycodone overdose", {"T40.2X1A"}),
    ("Oxycodone overdose, accidental, not a suicide attempt", {"T40.2X1A"}),
    ("Overdose", {"T50.901A"}),
    ("Intentional overdose", {"T50.902A"}),
]


@pytest.mark.parametrize(("problem", "expected"), CASES)
def test_poisoning_substance_and_intent_of_the_line(
    codes, problem: str, expected: set[str]
) -> None:  # type: ignore[no-untyped-def]
    found = codes(f"ASSESSMENT\n1. {problem}\n", setting="outpatient")
    assert {c for c in found if c[0] == "T"} == expected


@pytest.mark.parametrize(
    ("story", "code"),
    [
        ("She said that she wanted to die.", "T43.222A"),
        ("He did not mean to harm himself, he mixed up the bottles.", "T43.221A"),
        # An attempt of another time says nothing of this one.
        ("Suicide attempt in 2015.", "T43.221A"),
        ("Denies suicide attempt.", "T43.221A"),
    ],
)
def test_poisoning_intent_from_the_story_of_this_visit(codes, story: str, code: str) -> None:  # type: ignore[no-untyped-def]
    text = f"HPI: Took a handful of Zoloft. {story}\n\nASSESSMENT\n1. Zoloft overdose\n"
    assert code in codes(text, setting="outpatient")


def test_poisoning_other_mentions_stay_as_they_are(codes) -> None:  # type: ignore[no-untyped-def]
    assert "A05.9" in codes("ASSESSMENT\n1. Food poisoning\n", setting="outpatient")


def test_poisoning_manifestations_on_its_line_are_coded_with_it(codes) -> None:  # type: ignore[no-untyped-def]
    text = (
        "ASSESSMENT\n- Diphenhydramine overdose, intentional, with somnolence, sinus tachycardia\n"
        "- Hypokalemia\n"
    )
    assert codes(text, setting="outpatient") == {"T45.0X2A", "R40.0", "R00.0", "E87.6"}
