"""External causes, drugs as causes, underdosing."""

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.rules.adverse import find_adverse
from chartcoder.agents.rules.causes import find_causes
from chartcoder.agents.rules.fitting import find_underdosing_reasons
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.policies import policies_for
from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources

INJURY = "\n\nDX\nLaceration of left hand"


def causes(read, text: str, setting: str | None = "outpatient") -> list[str]:  # type: ignore[no-untyped-def]
    reading = read(text)
    known = [
        Mention(f.spot.start, f.spot.end, f.spot.phrase, "present", "", False, "assessment", (0, 1))
        for f in reading.conditions
        if f.stretch.zone == "diagnosis"
    ]
    return [m.phrase.lower() for m in find_causes(reading, policies_for(setting), known)]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("HPI: fell from a ladder while painting.", "ladder"),
        ("HPI: stepladder kicked out and she came down.", "ladder"),
        ("HPI: slipped on ice and fell in the driveway.", "ice and snow"),
        ("HPI: fell down the stairs.", "stairs and steps"),
        ("HPI: tripped over a rug and fell.", "slipping, tripping and stumbling"),
        ("HPI: bitten by the neighbor's dog.", "bitten by dog"),
        ("HPI: cut his hand with a kitchen knife.", "contact with knife"),
        ("HPI: restrained driver, car hit by another car.", "car driver injured"),
        (
            "HPI: passenger in an SUV in an MVC, a pickup ran the light.",
            "pick-up truck or van injured",
        ),
        ("HPI: she fell at home.", "unspecified fall"),
    ],
)
def test_causes_external_cause_is_told(read, text: str, title: str) -> None:  # type: ignore[no-untyped-def]
    found = causes(read, text + INJURY)
    assert len(found) == 1
    assert title in found[0]


def test_causes_need_an_injury_a_setting_and_this_time(read) -> None:  # type: ignore[no-untyped-def]
    assert causes(read, "HPI: she fell at home.\n\nDX\nGout") == []
    assert causes(read, "HPI: she fell at home." + INJURY, None) == []
    assert causes(read, "HPI: he fell from a tree as a child." + INJURY) == []
    assert causes(read, "Return if you fell again." + INJURY) == []


def test_causes_codes_of_the_table_stand_in_the_tabular_list(bundled_book: Book) -> None:
    import tomllib

    table = tomllib.loads((resources() / "rules" / "external_causes.toml").read_text("utf-8"))
    for row in table["cause"]:
        assert bundled_book.tabular.get(row["code"]) is not None, row
    for row in read_table(resources() / "rules" / "drug_effects.tsv"):
        assert bundled_book.tabular.get(f"{row['stem']}5") is not None, row


def adverse(read, text: str) -> list[str]:  # type: ignore[no-untyped-def]
    return sorted(m.phrase.lower() for m in find_adverse(read(text), []))


@pytest.mark.parametrize(
    ("text", "drug"),
    [
        ("DX\nAnemia from chemotherapy", "antineoplastic"),
        ("DX\nOpioid constipation", "opioids"),
        ("COURSE\nAKI due to lisinopril.", "angiotensin-converting"),
        ("COURSE\nHyponatremia attributed to sertraline.", "serotonin reuptake"),
        ("DX\nSteroid-induced hyperglycemia", "glucocorticoids"),
    ],
)
def test_causes_drug_that_brought_a_condition_about(read, text: str, drug: str) -> None:  # type: ignore[no-untyped-def]
    (found,) = adverse(read, text)
    assert found.startswith("adverse effect of") and drug in found


@pytest.mark.parametrize(
    "text",
    [
        "PMH: hypertension on lisinopril.",
        "COURSE\nHypertension improved with lisinopril.",
        "Allergies: hives from penicillin.",
        "COURSE\nTaken from warfarin to apixaban.",
        "PLAN\nIf antibiotics are not given early, pneumonia may follow.",
    ],
)
def test_causes_drug_that_brought_nothing_about(read, text: str) -> None:  # type: ignore[no-untyped-def]
    assert adverse(read, text) == []


def test_causes_one_drug_of_a_group_is_the_one_that_is_meant(read) -> None:  # type: ignore[no-untyped-def]
    text = "HPI: takes ibuprofen for her knee.\n\nDX\nGastric ulcer, NSAID induced bleeding"
    assert "propionic" in " ".join(
        adverse(read, "COURSE\nGastritis due to NSAIDs. Takes ibuprofen.")
    )
    assert text


def test_causes_less_taken_than_ordered_and_why(read) -> None:  # type: ignore[no-untyped-def]
    text = "HPI: DKA. She ran out of insulin because she could not afford it."
    reading = read(text)
    found = find_adverse(reading, [])
    assert [m.phrase.startswith("Underdosing of insulin") for m in found] == [True]
    (why,) = find_underdosing_reasons(reading, found)
    assert "financial hardship" in why.phrase


def test_causes_skipped_doses_are_of_the_drug_named_last(read) -> None:  # type: ignore[no-untyped-def]
    text = "Current: warfarin 5 mg.\n\nShe skipped two days by mistake."
    assert [p.startswith("underdosing of anticoagulants") for p in adverse(read, text)] == [True]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("HPI: Rented an electric scooter, hit a tree grate and went over the bars.", "scooter"),
        ("HPI: caught her slipper on the rug and went down, struck head on a table.", "furniture"),
        ("HPI: She wanted to die and cut her left arm with a razor.", "other sharp object"),
        ("HPI: cut his left arm with a knife.\n\nMSE: suicidal ideation with plan.", "knife"),
    ],
)
def test_causes_mechanism_object_and_intent(read, text: str, title: str) -> None:  # type: ignore[no-untyped-def]
    (found,) = causes(read, text + INJURY)
    assert title in found
    assert ("self-harm" in found) == ("die" in text or "suicidal" in text)


def test_causes_none_of_a_bite_named_as_a_diagnosis_or_of_an_old_accident(read) -> None:  # type: ignore[no-untyped-def]
    assert causes(read, "HPI: painful hand.\n\nDX\nDog bite\nLaceration of left hand") == []
    assert causes(read, "HPI: 4/2/2026. MVC rollover 2011." + INJURY) == []
