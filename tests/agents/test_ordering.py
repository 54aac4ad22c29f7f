"""The reason for the encounter first, then what the book asks for."""

import pytest

from chartcoder.agents.ordering import put_in_order

CASES = [
    # A line that names the principal diagnosis (II).
    ("DIAGNOSES\nSecondary: gout\nPrincipal diagnosis: pneumonia\n",
     {"M10.9": "gout", "J18.9": "pneumonia"}, "J18.9"),
    # The first of the final diagnoses, before what the course mentions earlier.
    ("HOSPITAL COURSE\nGout flared.\n\nDISCHARGE DIAGNOSES\n1. Cellulitis\n2. Gouty foot\n",
     {"M10.9": "Gout", "L03.115": "Cellulitis"}, "L03.115"),
    # The order of the problems (IV.G).
    ("ASSESSMENT\n1. Migraine\n2. Asthma\n", {"J45.909": "Asthma", "G43.909": "Migraine"},
     "G43.909"),
    # Etiology before manifestation (I.A.13), the combination before the failure (I.C.9.a.1).
    ("ASSESSMENT\n1. Diastolic failure\n2. Hypertensive heart disease\n",
     {"I50.30": "Diastolic failure", "I11.0": "Hypertensive heart disease"}, "I11.0"),
    # Sepsis before the local infection (I.C.1.d.4).
    ("ASSESSMENT\n1. Pneumonia\n2. Sepsis\n", {"J18.9": "Pneumonia", "A41.9": "Sepsis"}, "A41.9"),
    # An encounter for chemotherapy (I.C.2.e.2, I.C.21.c.15).
    ("ASSESSMENT\n1. Lung cancer\n2. Chemotherapy today\n",
     {"C34.11": "Lung cancer", "Z51.11": "Chemotherapy today"}, "Z51.11"),
    # The most serious injury (I.C.19.b).
    ("ASSESSMENT\n1. Abrasion of face\n2. Fracture of clavicle\n",
     {"S00.81XA": "Abrasion of face", "S42.021A": "Fracture of clavicle"}, "S42.021A"),
    # External causes never first (I.C.20.a.6), status codes after what they explain.
    ("Fall from a ladder. Sprain of ankle.",
     {"W11.XXXA": "Fall from a ladder", "S93.401A": "Sprain of ankle"}, "S93.401A"),
    ("ASSESSMENT\n1. Kidney transplant\n2. Gout\n",
     {"Z94.0": "Kidney transplant", "M10.9": "Gout"}, "M10.9"),
    # A drug's effect follows what it brought about (I.C.19.e.5.a).
    ("ASSESSMENT\n1. Warfarin effect\n2. Epistaxis\n",
     {"T45.515A": "Warfarin effect", "R04.0": "Epistaxis"}, "R04.0"),
    # Chapter 15 before other chapters (I.C.15.a.1).
    ("ASSESSMENT\n1. Asthma\n2. Pregnant with anemia\n",
     {"J45.909": "Asthma", "O99.012": "Pregnant with anemia"}, "O99.012"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "codes", "first"), CASES)
def test_ordering_puts_the_reason_first(lay, text: str, codes: dict[str, str], first: str) -> None:  # type: ignore[no-untyped-def]
    desk = lay(text, codes)
    for candidates in (desk.candidates, desk.candidates[::-1]):
        ordered = put_in_order(desk.chart, desk.book, desk.evidence, candidates)
        assert ordered.candidates[0].code == first
        assert {c.code for c in ordered.candidates} == set(codes)


def test_ordering_puts_symptoms_behind_diagnoses_in_a_stay(lay) -> None:  # type: ignore[no-untyped-def]
    text = "ASSESSMENT\n1. Chest pain\n2. Gout\n"
    codes = {"R07.9": "Chest pain", "M10.9": "Gout"}
    stay = lay(text, codes, setting="inpatient")
    visit = lay(text, codes, setting="outpatient")
    first = [
        put_in_order(d.chart, d.book, d.evidence, d.candidates).candidates[0].code
        for d in (stay, visit)
    ]
    assert first == ["M10.9", "R07.9"]  # II.A


def test_ordering_shows_ties(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Gout and migraine.", {"M10.9": "Gout", "G43.909": "migraine"})
    ordered = put_in_order(desk.chart, desk.book, desk.evidence, desk.candidates)
    assert ordered.ties == (("M10.9", "G43.909"),)  # II.B, II.C
    tied = lay("HTN with failure.", {"I11.0": "HTN", "I50.9": "failure"})
    assert put_in_order(tied.chart, tied.book, tied.evidence, tied.candidates).ties == ()


def test_ordering_of_nothing_is_nothing(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Nothing here.", {})
    assert put_in_order(desk.chart, desk.book, [], []).candidates == ()
