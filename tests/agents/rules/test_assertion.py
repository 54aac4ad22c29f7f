import pytest

from chartcoder.agents.rules.assertion import affirmed, assertion_of, marks


def assertion(sentence: str, mention: str) -> str:
    start = sentence.index(mention)
    return assertion_of(marks(sentence), start, start + len(mention))[0]


@pytest.mark.parametrize(
    ("sentence", "mention", "expected"),
    [
        ("She denies chest pain and dyspnea.", "dyspnea", "absent"),
        ("No evidence of pneumonia on the film.", "pneumonia", "absent"),
        ("He has gout but denies kidney stones.", "gout", "present"),
        ("Pulmonary embolism was ruled out.", "Pulmonary embolism", "absent"),
        ("Rule out appendicitis.", "appendicitis", "possible"),
        ("Probable viral gastroenteritis.", "viral gastroenteritis", "possible"),
        ("Mother has breast cancer.", "breast cancer", "family"),
        ("Return if fever develops.", "fever", "hypothetical"),
        ("No increase in the size of the goiter.", "goiter", "present"),
        ("History of deep vein thrombosis.", "deep vein thrombosis", "historical"),
        ("Asthma, well controlled.", "Asthma", "present"),
        ("Gram negative sepsis.", "sepsis", "present"),
    ],
)
def test_assertion_of_worked_sentences(sentence: str, mention: str, expected: str) -> None:
    assert assertion(sentence, mention) == expected


def test_assertion_marks_terms_of_the_guideline() -> None:
    found = marks("Suspected sepsis.")
    assert [m.guideline for m in found] == [True]


def test_assertion_affirmed_leaves_out_what_is_denied() -> None:
    kept = affirmed("He denies fever. The knee is swollen. Mother with gout.")
    assert "swollen" in kept
    assert "fever" not in kept
    assert "gout" not in kept


@pytest.mark.parametrize(
    ("sentence", "word", "expected"),
    [
        (
            "B12 deficiency, he will have injections, and vitamin D deficiency",
            "vitamin D",
            "present",
        ),
        ("evaluate for anemia, gout and sarcoidosis", "sarcoidosis", "planned"),
        ("depression without psychosis, bulimia, still low", "bulimia", "present"),
        ("without fever, chills or cough", "cough", "absent"),
        ("there is nothing psychotic about it", "psychotic", "absent"),
    ],
)
def test_assertion_reach_over_commas(sentence: str, word: str, expected: str) -> None:
    assert assertion(sentence, word) == expected
