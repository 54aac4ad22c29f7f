"""Sixty descents through the classification: a header, what the chart documents, the right leaf."""

import pytest

from chartcoder.agents.descent import descend, facts_from
from chartcoder.tabular.release import Release

# What the Index names, the words of the problem, the lines around it, the encounter, the leaf.
SIDES = [
    ("M17.1-", "primary osteoarthritis of right knee", "", "M17.11"),
    ("M17.1-", "primary osteoarthritis of left knee", "", "M17.12"),
    ("M17.1-", "unilateral primary osteoarthritis of knee", "", "M17.10"),
    ("M25.56-", "left knee pain", "", "M25.562"),
    ("M25.51-", "right shoulder pain", "", "M25.511"),
    ("M25.51-", "shoulder pain", "", "M25.519"),
    ("M79.60-", "pain in right arm", "", "M79.601"),
    ("H66.00-", "acute suppurative otitis media right ear", "", "H66.001"),
    ("H66.9-", "otitis media bilateral", "", "H66.93"),
    ("G56.0-", "carpal tunnel syndrome, both wrists", "", "G56.03"),
    ("H25.1-", "nuclear cataract of left eye", "", "H25.12"),
    ("N83.20-", "ovarian cyst right", "", "N83.201"),
    ("C50.91-", "cancer of left female breast", "", "C50.912"),
    ("L03.11-", "cellulitis of right lower limb", "", "L03.115"),
    ("L03.11-", "cellulitis of left upper limb", "", "L03.114"),
    ("M75.10-", "rotator cuff tear left shoulder", "", "M75.102"),
    ("M72.2", "plantar fasciitis", "", "M72.2"),
    ("S53.10-", "elbow dislocation, right", "", "S53.104A"),
    ("S43.00-", "subluxation of right shoulder", "", "S43.001A"),
    ("S93.326-", "Lisfranc fracture right foot", "", "S93.324A"),
]  # fmt: skip
ACUITY = [
    ("J96.0-", "acute respiratory failure with hypoxia", "", "J96.01"),
    ("J96.0-", "acute respiratory failure", "", "J96.00"),
    ("I50.3-", "acute on chronic diastolic heart failure", "", "I50.33"),
    ("I50.3-", "chronic diastolic heart failure", "", "I50.32"),
    ("I50.2-", "acute systolic heart failure", "", "I50.21"),
    ("I50.2-", "systolic heart failure", "", "I50.20"),
    ("I50.2-", "acute on chronic systolic heart failure", "", "I50.23"),
    ("J01.0-", "acute recurrent maxillary sinusitis", "", "J01.01"),
    ("J01.0-", "acute maxillary sinusitis", "", "J01.00"),
    ("J32.-", "chronic maxillary sinusitis", "", "J32.0"),
    ("N30.0-", "acute cystitis with hematuria", "", "N30.01"),
    ("N30.0-", "acute cystitis", "", "N30.00"),
    ("K35.3-", "acute appendicitis with localized peritonitis", "", "K35.30"),
    ("K80.0-", "calculus of gallbladder with acute cholecystitis", "", "K80.00"),
    ("K57.3-", "diverticulosis of large intestine with bleeding", "", "K57.31"),
    ("K21.0-", "reflux with esophagitis", "", "K21.00"),
]  # fmt: skip
STAGES = [
    ("N18.3-", "chronic kidney disease stage 3b", "", "N18.32"),
    ("N18.3-", "chronic kidney disease stage 3a", "", "N18.31"),
    ("N18.3-", "chronic kidney disease stage 3", "", "N18.30"),
    ("N18.-", "chronic kidney disease stage 4", "", "N18.4"),
    ("N18.-", "chronic kidney disease", "", "N18.9"),
    ("N18.-", "chronic kidney disease stage 5", "", "N18.5"),
    ("L89.15-", "pressure ulcer of sacrum stage 3", "", "L89.153"),
    ("L89.15-", "unstageable pressure ulcer of sacrum", "", "L89.150"),
    ("L89.61-", "pressure ulcer of right heel stage 2", "", "L89.612"),
    ("J45.4-", "moderate persistent asthma with acute exacerbation", "", "J45.41"),
    ("J45.4-", "moderate persistent asthma", "", "J45.40"),
    ("J45.-", "mild intermittent asthma", "", "J45.20"),
    ("J45.-", "severe persistent asthma with exacerbation", "", "J45.51"),
    ("F33.-", "major depressive disorder, recurrent, moderate", "", "F33.1"),
    ("F32.-", "major depression, single episode, severe without psychotic features", "", "F32.2"),
    ("E11.3-", "type 2 diabetes with cataract", "", "E11.36"),
    ("G43.-", "migraine with aura", "", "G43.109"),
]  # fmt: skip
PREGNANCY = [
    ("O26.89-", "pregnancy related pelvic pain third trimester", "", "O26.893"),
    ("O24.41-", "gestational diabetes, diet controlled", "", "O24.410"),
    ("O24.41-", "gestational diabetes, insulin controlled", "", "O24.414"),
    ("O99.01-", "anemia complicating pregnancy second trimester", "", "O99.012"),
    ("O10.01-", "essential hypertension complicating pregnancy first trimester", "", "O10.011"),
    ("Z34.0-", "supervision of normal first pregnancy third trimester", "", "Z34.03"),
]  # fmt: skip
SEVENTH = [
    ("S93.401", "sprain of unspecified ligament of right ankle", "initial", "S93.401A"),
    ("S93.401", "sprain of unspecified ligament of right ankle", "subsequent", "S93.401D"),
    ("S93.401", "sprain of unspecified ligament of right ankle", "sequela", "S93.401S"),
    ("S52.53-", "Colles fracture of right radius", "initial", "S52.531A"),
    ("S52.53-", "Colles fracture of right radius", "subsequent", "S52.531D"),
    ("S52.53-", "open Colles fracture of left radius", "initial", "S52.532B"),
    ("S83.24-", "tear of medial meniscus of right knee", "initial", "S83.241A"),
    ("W10.1", "fall from sidewalk curb", "initial", "W10.1XXA"),
    ("T38.3X5", "adverse effect of insulin", "initial", "T38.3X5A"),
    ("S06.0X0", "concussion without loss of consciousness", "initial", "S06.0X0A"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "phrase", "nearby", "leaf"), [*SIDES, *ACUITY, *STAGES, *PREGNANCY]
)
def test_descent_reaches_the_documented_leaf(
    bundled: Release, code: str, phrase: str, nearby: str, leaf: str
) -> None:
    found = descend(bundled.tabular, code, facts_from(phrase, nearby, "initial"))
    assert found is not None
    assert found.code == leaf


@pytest.mark.parametrize(("code", "phrase", "encounter", "leaf"), SEVENTH)
def test_descent_gives_the_seventh_character_of_the_encounter(
    bundled: Release, code: str, phrase: str, encounter: str, leaf: str
) -> None:
    found = descend(bundled.tabular, code, facts_from(phrase, "", encounter))
    assert found is not None
    assert found.code == leaf


@pytest.mark.parametrize(
    ("code", "phrase", "axis"),
    [
        ("M25.51-", "shoulder pain", "laterality"),
        ("O99.01-", "anemia complicating pregnancy", "trimester"),
        ("L89.15-", "pressure ulcer of sacrum", "stage"),
    ],
)
def test_descent_names_the_axis_that_is_not_documented(
    bundled: Release, code: str, phrase: str, axis: str
) -> None:
    found = descend(bundled.tabular, code, facts_from(phrase, "", "initial"))
    assert found is not None
    assert axis in found.undocumented


def test_descent_of_a_code_that_is_not_in_the_release_gives_nothing(bundled: Release) -> None:
    assert descend(bundled.tabular, "Q99.99", facts_from("nothing", "", "initial")) is None


def test_descent_always_ends_on_a_billable_code(bundled: Release) -> None:
    tabular = bundled.tabular
    facts = facts_from("chronic pain of the right side", "", "initial")
    headers = [e.code for e in tabular.nodes() if e.kind == "code" and len(e.code) == 3][::23]
    for header in headers:
        found = descend(tabular, f"{header}-", facts)
        assert found is not None
        entry = tabular.get(found.code)
        assert entry is not None
        assert entry.billable
