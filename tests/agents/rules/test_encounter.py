"""The encounter for the 7th character, from what the visit is."""

import pytest

from chartcoder.agents.rules.document import read_document
from chartcoder.agents.rules.encounter import encounter_kind
from chartcoder.agents.values import Evidence, Span

CASES = [
    ("ED NOTE\nDX\nColles fracture, splinted", "Colles fracture", "initial"),
    ("DX\nAnkle sprain, healing well", "Ankle sprain", "subsequent"),
    ("DX\nTibia fracture, 6 weeks s/p ORIF", "Tibia fracture", "subsequent"),
    ("DX\nMalunion of radius fracture, surgery planned", "radius fracture", "initial"),
    ("DX\nTibia fracture with delayed healing", "Tibia fracture", "initial"),
    ("DX\nStiff elbow, sequela of humerus fracture", "humerus fracture", "sequela"),
    ("DX\nPostoperative wound infection", "Postoperative wound infection", "initial"),
    ("DX\nPostoperative wound infection, resolved", "Postoperative wound infection", "subsequent"),
    ("DX\nSCI, neurogenic bladder, wheelchair", "SCI", "sequela"),
    ("DX\nSCI, to trauma bay", "SCI", "initial"),
    (
        "Fracture clinic follow-up\n\nCast removed, callus on x-ray.\n\nDX\nWrist fracture",
        "Wrist fracture",
        "subsequent",
    ),
    (
        "Wound clinic follow-up\n\nDebridement today.\n\nDX\nLaceration of leg",
        "Laceration of leg",
        "initial",
    ),
    (
        "Clinic\n\nHe fell yesterday. Follow up in 2 weeks to ensure healing.\n\nDX\nWrist "
        "fracture",
        "Wrist fracture",
        "initial",
    ),
]


@pytest.mark.parametrize(("text", "words", "kind"), CASES)
def test_encounter_kind_of_visit(text: str, words: str, kind: str) -> None:
    start = text.index(words)
    item = Evidence(id=0, span=Span(start=start, end=start + len(words), text=words), phrase=words)
    assert encounter_kind(text, item) == kind
    assert encounter_kind(read_document(text), item) == kind


def test_encounter_seventh_character_follows(codes) -> None:  # type: ignore[no-untyped-def]
    text = "DX\nRight ankle sprain, healing"
    assert any(
        c.startswith("S93.40") and c.endswith("D") for c in codes(text, setting="outpatient")
    )
    text = "DX\nRight ankle sprain"
    assert any(
        c.startswith("S93.40") and c.endswith("A") for c in codes(text, setting="outpatient")
    )
