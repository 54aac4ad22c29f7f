"""Problem lists cut into conditions."""

import pytest

from chartcoder.agents.rules.mentions import find_mentions
from chartcoder.agents.rules.policies import policies_for


def found(read, text: str) -> dict[str, str]:  # type: ignore[no-untyped-def]
    reading = read(text)
    mentions = find_mentions(reading.document, reading.lookup, policies_for("outpatient"))
    return {m.phrase: m.assertion for m in mentions}


@pytest.mark.parametrize(
    ("item", "phrases"),
    [
        ("Closed Colles fracture L, reduced", {"Closed Colles fracture L"}),
        ("Gout, did not take allopurinol", {"Gout"}),
        ("Dry eye syndrome OU w rosacea", {"Dry eye syndrome OU", "rosacea"}),
        ("Self-inflicted laceration L forearm", {"laceration L forearm"}),
        ("ED from gout", {"erectile dysfunction", "gout"}),
    ],
)
def test_mentions_name_conditions_only(  # type: ignore[no-untyped-def]
    read, item: str, phrases: set[str]
) -> None:
    assert set(found(read, f"ASSESSMENT\n1. {item}\n")) == phrases


def test_mentions_question_before_is_possible(read) -> None:  # type: ignore[no-untyped-def]
    assert found(read, "ASSESSMENT\n1. ? OSA\n2. Gout\n") == {"OSA": "possible", "Gout": "present"}


def test_mentions_bullets_lead_over_the_line_below(read) -> None:  # type: ignore[no-untyped-def]
    text = "ASSESSMENT\n- Gout\n- Hypokalemia\nAdmit to step-down\nJ. Poe DO\n"
    assert set(found(read, text)) == {"Gout", "Hypokalemia"}
