"""Only English charts are read."""

import pytest

from chartcoder.agents.rules.language import foreign_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The patient was seen for a cough and has no fever.", ""),
        ("A/P 1. COPD 2. DM2 3. HTN, cont meds", ""),
        (
            "Le patient est hospitalisé pour une pneumonie avec une fièvre depuis deux jours.",
            "French",
        ),
        ("Der Patient wurde mit einer Pneumonie aufgenommen und ist nicht entlassen.", "German"),
        ("患者は肺炎で入院した。", "another script"),
        ("", ""),
    ],
)
def test_language_foreign(text: str, language: str) -> None:
    assert foreign_language(text) == language
