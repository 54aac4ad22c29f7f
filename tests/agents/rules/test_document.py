from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.agents.rules.document import read_document, sentences


def kinds(text: str) -> list[str]:
    return [s.kind for s in read_document(text).sections if s.kind]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ASSESSMENT AND PLAN\n1. Gout.\n", "assessment_plan"),
        ("Assessment:\nGout\n", "assessment"),
        ("**Impression**\nGout\n", "assessment"),
        ("A/P: Gout\n", "assessment_plan"),
        ("Past Medical History: gout\n", "past_history"),
        ("PHYSICAL EXAM\nToe red.\n", "exam"),
        ("Discharge Diagnosis:\nGout\n", "discharge_diagnosis"),
    ],
)
def test_document_knows_headings_in_any_style(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


def test_document_keeps_the_text_after_an_inline_heading() -> None:
    lines = read_document("Impression: Gout of the left foot.").lines
    assert [line.text for line in lines] == ["Gout of the left foot."]
    assert lines[0].section == "assessment"


def test_document_tells_bullets_and_numbers() -> None:
    document = read_document("ASSESSMENT\n1. Gout\n- allopurinol\n• diet\nplain\n")
    assert [line.bullet for line in document.lines] == ["number", "mark", "mark", ""]


@given(st.text(alphabet="Aa1.:-•*#\n\r\t é", max_size=300))
def test_document_offsets_are_true_for_any_text(text: str) -> None:
    for line in read_document(text).lines:
        assert text[line.start : line.end] == line.text


@given(st.text(alphabet="Aa.;! \n?", max_size=200))
def test_document_sentences_cover_every_word_once(text: str) -> None:
    spans = list(sentences(text))
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    covered = "".join(text[s:e] for s, e in spans)
    assert covered.count("A") == text.count("A")


def test_document_reads_a_chart_without_headings_as_one_part() -> None:
    document = read_document("She has gout. She takes allopurinol.")
    assert [s.kind for s in document.sections] == [""]
    assert len(document.lines) == 1
