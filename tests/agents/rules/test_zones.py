"""Parts of a chart: headings, labels inside a line, topics, copied blocks, signatures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.agents.rules.zones import read_stretches, zone_of_label


def zones_of(text: str) -> dict[str, str]:
    return {text[s.start : s.end]: s.zone for s in read_stretches(text)}


@pytest.mark.parametrize(
    ("label", "zone"),
    [
        ("PMH", "past"),
        ("Problem list on d/c", "diagnosis"),
        ("Discharge dx (per Dr. Yusuf)", "diagnosis"),
        ("COURSE BY PROBLEM", "course"),
        ("CT A/P w 0830", "results"),
        ("FH", "family"),
        ("A/", "diagnosis"),
        ("Renal", "system"),
        ("Acute kidney injury", ""),
        ("Contact dermatitis", ""),
        ("Alcohol use disorder, severe", ""),
    ],
)
def test_zones_label_opens_its_zone(label: str, zone: str) -> None:
    assert zone_of_label(label) == zone


def test_zones_heading_governs_until_the_next() -> None:
    zones = zones_of("COURSE\nStable.\n\nSlept well.\n\nDX\nAsthma\nGout")
    assert zones["Stable."] == zones["Slept well."] == "course"
    assert zones["Asthma"] == zones["Gout"] == "diagnosis"


def test_zones_label_inside_a_line_holds_to_its_end() -> None:
    zones = zones_of("PMH: gout, asthma. FH: father had gout.\n\nLater text.")
    assert zones["gout, asthma."] == "past"
    assert zones["father had gout."] == "family"
    assert zones["Later text."] == "prose"


def test_zones_test_inside_a_line_speaks_for_its_sentence_only() -> None:
    zones = zones_of("Crohn flare, adm w SBO. CT: stricture at the ileum. Depression on bupropion.")
    assert zones["stricture at the ileum."] == "results"
    assert zones["Depression on bupropion."] == "prose"


def test_zones_sentence_that_opens_with_a_test_is_a_result() -> None:
    zones = zones_of("COURSE\nGiven fluids. MRI shows a small meningioma. Went home.")
    assert zones["MRI shows a small meningioma."] == "results"
    assert zones["Went home."] == "course"


def test_zones_topic_heads_its_paragraph() -> None:
    found = read_stretches("COURSE\nHypokalemia -- replaced by mouth.")
    assert [(s.kind, s.zone) for s in found] == [("topic", "course"), ("item", "course")]


def test_zones_copied_blocks_are_told() -> None:
    text = (
        "[Copied from visit 03/01: UTI, started cipro.]\nHPI: cough\n"
        "------- begin copied text, visit 2024 -------\nA/P: pneumonia\n------- end copied "
        "text -------\n"
        "A/P\n1. Bronchitis"
    )
    zones = zones_of(text)
    assert zones["Bronchitis"] == "diagnosis"
    assert zones["cough"] == "history"
    assert all(z == "copied" for said, z in zones.items() if "UTI" in said or "pneumonia" in said)


def test_zones_signature_and_disposition_name_no_condition() -> None:
    zones = zones_of("DX\nGout\nDispo home w/ HH.\nK. Halloran MD")
    assert zones["Dispo home w/ HH."] == "other"
    assert zones["K. Halloran MD"] == "other"


def test_zones_list_in_one_line_is_cut_at_its_numbers() -> None:
    zones = zones_of("IMP: 1. Ureteral stone 2. Hypertension 3. Nausea")
    assert {"Ureteral stone", "Hypertension", "Nausea"} <= set(zones)


@given(st.text(alphabet='ABab1. :;-()\n"[]#*', max_size=200))
def test_zones_stretches_lie_in_order_inside_the_text(text: str) -> None:
    found = read_stretches(text)
    assert all(0 <= s.start < s.end <= len(text) for s in found)
    assert all(text[s.start : s.end].strip() for s in found)
    assert [s.start for s in found] == sorted(s.start for s in found)


def test_zones_side_is_no_signature() -> None:
    text = "A/P\n1. PCO OD, not significant\n2. PVD OD, stable\nR. Poe MD\nJane Poe, OD\n"
    zones = zones_of(text)
    assert zones["PVD OD, stable"] == "diagnosis"
    assert {zones["R. Poe MD"], zones["Jane Poe, OD"]} == {"other"}


def test_zones_history_in_a_numbered_list_is_a_problem() -> None:
    text = "A/P:\n1. Hx bladder ca, NED.\n2. Gout, allopurinol\n"
    assert {s.zone for s in read_stretches(text)} == {"diagnosis"}
