"""What an encounter is for, from the words with which a chart opens."""

import pytest

from chartcoder.agents.rules.document import read_document
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.purpose import find_purposes
from chartcoder.agents.values import Encounter

FOUND = [
    ("Annual wellness visit\n\nASSESSMENT\n1. Hypertension, at goal.", 70, "outpatient", "Z00.00"),
    ("Annual wellness visit\n\nASSESSMENT\n1. New onset gout.", 70, "outpatient", "Z00.01"),
    ("Well child check\n\nASSESSMENT\nHealthy.", 4, "outpatient", "Z00.129"),
    ("Sports physical\n\nASSESSMENT\nCleared.", 15, "outpatient", "Z02.5"),
    ("S: Here for surveillance cystoscopy. Hx bladder cancer, NED.", 70, "outpatient", "Z08"),
    ("Infusion visit\n\nPLAN\nProceed with carboplatin today.", 60, "outpatient", "Z51.11"),
    ("PLAN\nProceed with nivolumab today.", 60, "outpatient", "Z51.12"),
    ("Anticoagulation clinic\n\nINR 2.4 today.", 70, "outpatient", "Z51.81"),
    ("CHIEF COMPLAINT: prenatal visit\n\nASSESSMENT\nDoing well.", 30, "outpatient", "Z34.90"),
    ("CC: 6 week postpartum visit", 30, "outpatient", "Z39.2"),
    ("NEWBORN SUMMARY\n\nBorn by cesarean. Apgars 8, 9.", 0.0, "inpatient", "Z38.01"),
    ("CC: IUD insertion", 30, "outpatient", "Z30.430"),
    ("CC: suture removal", 30, "outpatient", "Z48.02"),
]
NOT_FOUND = [
    # A check-up in the history of something else, of another setting or age, or not done.
    ("CC: abnormal labs\n\nHPI: His routine physical last month showed high enzymes.", 50),
    ("CC: knee pain\n\nPLAN: annual wellness visit is due.", 50),
    ("HPI: She completed chemotherapy with carboplatin in 2021.", 60),
    ("PLAN: No treatment given today, carboplatin held.", 60),
    ("CC: breast lump\n\nHPI: It was found on a screening mammogram.", 60),
    ("CC: cough. She is due for a screening colonoscopy.", 60),
]


@pytest.mark.parametrize(("text", "age", "setting", "code"), FOUND)
def test_purpose_is_found_where_the_visit_is_for_it(  # type: ignore[no-untyped-def]
    bundled_book, text: str, age: float, setting: str, code: str
) -> None:
    encounter = Encounter.model_validate({"age": age, "setting": setting})
    found = find_purposes(read_document(text), encounter)
    assert len(found) == 1
    mention = found[0]
    assert mention.assertion == "present"
    assert 0 <= mention.start < mention.end <= len(text)
    best = Lookup(bundled_book, text).find(mention.phrase, 1)[0]
    assert code.startswith(best.code.rstrip("-"))


@pytest.mark.parametrize(("text", "age"), NOT_FOUND)
def test_purpose_is_not_found_in_passing(text: str, age: float) -> None:
    encounter = Encounter.model_validate({"age": age, "setting": "outpatient"})
    assert find_purposes(read_document(text), encounter) == []


def test_purpose_holds_only_in_its_setting_and_age() -> None:
    text = "Well child check\n\nHealthy."
    for values in ({"age": 40, "setting": "outpatient"}, {"age": 4, "setting": "inpatient"}):
        assert find_purposes(read_document(text), Encounter.model_validate(values)) == []
