"""Injuries with what the rest of the chart says of them."""

import pytest


def test_injuries_bite_at_the_site_of_its_traces(codes) -> None:  # type: ignore[no-untyped-def]
    text = (
        "CHIEF COMPLAINT\nTick bite.\n\nPHYSICAL EXAM\nSkin: rash over the right knee.\n\n"
        "ASSESSMENT\n1. Tick bite\n"
    )
    assert codes(text, setting="outpatient") == {"S80.261A"}
    two = text.replace("right knee", "right knee and the left elbow")
    assert "S80.261A" not in codes(two, setting="outpatient")


@pytest.mark.parametrize(
    ("introduced", "code"),
    [
        ("T8 ASIA C, paraplegia since 2011", "S24.153S"),
        ("T4 complete paraplegia since 2011", "S24.112S"),
        ("C5 incomplete tetraplegia since 2015", "S14.155S"),
    ],
)
def test_injuries_level_of_an_old_spinal_cord_injury(codes, introduced: str, code: str) -> None:  # type: ignore[no-untyped-def]
    problem = "Neurogenic bladder due to spinal cord injury"
    text = f"HISTORY\n47M, {introduced}.\n\nASSESSMENT\n1. {problem}\n"
    found = {c for c in codes(text, setting="outpatient") if c[0] == "S"}
    assert found == {code}


def test_injuries_fracture_after_its_operation_is_healing(codes) -> None:  # type: ignore[no-untyped-def]
    text = "ASSESSMENT\n6 weeks status post ORIF left bimalleolar ankle fracture, healing well.\n"
    assert "S82.842D" in codes(text, setting="outpatient")
    old = "ASSESSMENT\n1. Gout\n2. Status post ORIF left ankle fracture 2012, healed.\n"
    assert not any(c[0] == "S" for c in codes(old, setting="outpatient"))
