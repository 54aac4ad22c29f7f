import pytest

from chartcoder.agents.rules.nouns import kind_of_phrase


@pytest.mark.parametrize(
    ("phrase", "kind"),
    [
        ("right ankle", "site"),
        ("colonoscopy", "procedure"),
        ("knee x-ray", "procedure"),
        ("follow up in clinic", "procedure"),
        ("ankle sprain", "condition"),
        ("hypertension", "condition"),
        ("newly diagnosed", ""),
    ],
)
def test_nouns_tell_conditions_from_sites_and_procedures(phrase: str, kind: str) -> None:
    assert kind_of_phrase(phrase) == kind
