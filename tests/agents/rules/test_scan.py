"""Conditions that a chart states outside tidy problem lists."""

import pytest

from chartcoder.agents.rules.policies import policies_for
from chartcoder.agents.rules.scan import find_conditions, sound_only
from chartcoder.agents.values import Encounter

STAY = Encounter(setting="inpatient")
VISIT = Encounter(setting="outpatient")


def stated(read, text: str, encounter: Encounter) -> dict[str, str]:  # type: ignore[no-untyped-def]
    reading = read(text)
    found = find_conditions(reading, policies_for(encounter.setting), encounter, [])
    return {text[m.start : m.end]: m.assertion for m in found if m.assertion in _COUNTED}


_COUNTED = ("present", "possible")


def test_scan_stay_reports_what_its_course_states(read) -> None:  # type: ignore[no-untyped-def]
    text = (
        "COURSE BY PROBLEM\n# Septic shock d/t pyelonephritis, on pressors 2 d.\n"
        "# AKI, resolved. CT head neg for stroke.\n# Hypokalemia -- repleted."
    )
    found = stated(read, text, STAY)
    assert {"Septic shock", "pyelonephritis", "AKI", "Hypokalemia"} <= set(found)
    assert found["AKI"] == "present"
    assert "stroke" not in {n for n, how in found.items() if how == "present"}


def test_scan_stay_leaves_out_doubted_and_tested(read) -> None:  # type: ignore[no-untyped-def]
    text = (
        "COURSE\nPneumonia -- doubt he ever had it, antibiotics stopped.\n"
        "Gout? no crystals.\nRN charted delirium, we did not see it.\nCDI negative. GI consult."
    )
    assert [n for n, how in stated(read, text, STAY).items() if how == "present"] == []


def test_scan_denied_in_the_course_is_not_taken_from_the_list(read) -> None:  # type: ignore[no-untyped-def]
    text = "COURSE\nNo pneumonia on CT.\n\nDX\nPneumonia\nGout"
    assert set(stated(read, text, STAY)) == {"Gout"}


def test_scan_stay_in_flowing_prose(read) -> None:  # type: ignore[no-untyped-def]
    text = (
        "Mr. Ferro was admitted with fever. He was treated for acute pyelonephritis and had acute "
        "kidney injury. Pulmonary embolism was excluded. His mother has asthma."
    )
    assert set(stated(read, text, STAY)) == {"acute pyelonephritis", "acute kidney injury"}


def test_scan_visit_letter_without_any_list(read) -> None:  # type: ignore[no-untyped-def]
    text = (
        "Dear Dr. Quill,\n\nThere is no doubt that this is her plaque psoriasis. It may be "
        "that she "
        "is developing gout. She has an actinic keratosis, which I froze. No melanoma."
    )
    found = stated(read, text, VISIT)
    assert "actinic keratosis" in found
    assert not {"gout", "melanoma"} & {n for n, how in found.items() if how == "present"}


def test_scan_visit_with_a_list_takes_nothing_from_its_history(read) -> None:  # type: ignore[no-untyped-def]
    text = "HPI: tired. He worries about gout.\nPMH: asthma\n\nDX\nHypothyroidism\nAnemia"
    assert set(stated(read, text, VISIT)) == {"Hypothyroidism", "Anemia"}


def test_scan_unheaded_lines_that_head_a_problem(read) -> None:  # type: ignore[no-untyped-def]
    text = (
        "Knee pain.\n\nHe plays golf.\n\nGout.\n- We will start allopurinol.\n\n"
        "Hypertension.\n- Continue lisinopril.\n\nNo edema."
    )
    assert set(stated(read, text, VISIT)) == {"Gout", "Hypertension"}


def test_scan_symptom_for_which_a_note_asks(read) -> None:  # type: ignore[no-untyped-def]
    text = "HPI: nocturia and snoring.\n\nDX\nBPH with lower urinary tract symptoms"
    assert "nocturia" in stated(read, text, VISIT)
    assert "snoring" not in stated(read, text, VISIT)


def test_scan_copied_and_nursing_text_states_nothing(read) -> None:  # type: ignore[no-untyped-def]
    text = "COURSE\nFever.\n[Copied from 03/01: pneumonia]\n\nNursing note: stage 3 pressure ulcer."
    assert stated(read, text, STAY) == {}


@pytest.mark.parametrize(
    "line", ["K. Halloran MD", "Ibuprofen 600", "Stable", "Flu vaccine", "97% RA"]
)
def test_scan_lines_that_cannot_be_a_condition_are_left_out(read, line: str) -> None:  # type: ignore[no-untyped-def]
    from chartcoder.agents.rules.mentions import Mention

    text = f"DX\nGout\n{line}\n"
    reading = read(text)

    def mention(words: str) -> Mention:
        start = text.index(words)
        return Mention(start, start + len(words), words, "present", "", False, "assessment", (0, 9))

    words = "Flu" if line.startswith("Flu") else line.split(",")[0]
    kept = sound_only([mention("Gout"), mention(words)], reading, VISIT)
    assert [m.phrase for m in kept] == ["Gout"]


def test_scan_whole_path_of_a_terse_summary(codes) -> None:  # type: ignore[no-untyped-def]
    text = (
        "D/C SUMMARY\n71F\n\nCOURSE\nAKI on CKD 3a -- prerenal, resolved.\n"
        "Acute hypoxic resp failure, weaned to RA.\n\nDX\nCommunity acquired pneumonia\nGout"
    )
    found = codes(text, setting="inpatient", age=71, sex="female")
    assert {"N17.9", "N18.31", "J96.01", "J18.9", "M10.9"} <= found


def test_scan_letter_symptoms_of_the_opinion_count(read) -> None:  # type: ignore[no-untyped-def]
    text = (
        "Dear Dr. Poe,\n\nShe has had dizziness and a cough for a month. She had pancreatitis in"
        " 2019 and four courses of antibiotics for sinus infection. She has gout.\n\n"
        "My impression is as follows. As to her memory loss, I do not think it has one cause. "
        "She should call if there is vomiting."
    )
    assert set(stated(read, text, VISIT)) == {"gout"}
    counted = find_conditions(read(text), policies_for("outpatient"), VISIT, [])
    assert {text[m.start : m.end] for m in counted} == {"gout", "memory loss"}


@pytest.mark.parametrize("item", ["did not eat", "reduced", "lipid rich", "mixed presentation"])
def test_scan_words_of_an_entry_are_no_condition(codes, item: str) -> None:  # type: ignore[no-untyped-def]
    assert codes(f"ASSESSMENT\n1. Gout\n2. {item}\n", setting="outpatient") == {"M10.9"}
