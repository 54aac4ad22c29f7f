"""Burns: a code for each site at its highest degree, and the extent."""

import pytest

CASES = [
    ("Second degree burn right hand", {"T23.201A"}),
    ("Third degree burn to right hand", {"T23.301A"}),
    ("Partial-thickness burn of the dorsal left hand", {"T23.262A"}),
    ("First degree burn of face", {"T20.10XA"}),
    ("Burns to chest and neck, partial thickness, TBSA 12%", {"T21.21XA", "T20.27XA", "T31.10"}),
    ("Sunburn", {"L55.9"}),
]


@pytest.mark.parametrize(("problem", "expected"), CASES)
def test_burns_site_side_degree_and_extent(codes, problem: str, expected: set[str]) -> None:  # type: ignore[no-untyped-def]
    assert codes(f"ASSESSMENT\n1. {problem}\n", setting="outpatient") == expected


def test_burns_sites_under_the_heading_and_the_highest_degree_of_each(codes) -> None:  # type: ignore[no-untyped-def]
    text = (
        "EXAM\nR hand: dorsum blistered, leathery over the knuckles.\n\n"
        "TBSA: RN triage estimate of TBSA 9%\nTOTAL 4%\n\n"
        "A:\nScald burn\n - R hand, 2nd and 3rd degree\n - L forearm 1st degree\n"
    )
    found = {c for c in codes(text, setting="outpatient") if c[0] == "T"}
    assert {"T23.361A", "T22.112A"} <= found and "T30.0" not in found
