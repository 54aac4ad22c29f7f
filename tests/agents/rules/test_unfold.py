"""Charts without line breaks get them back."""

from hypothesis import given
from hypothesis import strategies as st

from chartcoder.agents.rules.unfold import unfold

LONG = (
    "HPI: a man of sixty years who comes for his yearly visit and has no complaints at all today. "
    "PMH: gout. Labs: BMP normal, A1c 6.1, TSH 2.2, hemoglobin 14, platelets 210, white count 6, "
    "creatinine 0.9, sodium 140, potassium 4.1, calcium 9.3. Assessment: 1. Gout. BMP today. "
    "2. Hypertension. Continue lisinopril."
)


def test_unfold_breaks_before_headings_and_numbers() -> None:
    lines = unfold(LONG).split("\n")
    assert [line.split(":")[0].split(".")[0] for line in lines] == [
        "HPI", "PMH", "Labs", "Assessment", "1", "2"
    ]  # fmt: skip


def test_unfold_leaves_charts_with_lines_alone() -> None:
    text = LONG.replace(". ", ".\n")
    assert unfold(text) == text


def test_unfold_needs_sections() -> None:
    letter = "I saw him today. My plan: rest. " * 30
    assert unfold(letter) == letter


@given(st.text(alphabet=st.sampled_from("HPI Assessment: 1. 2)\nPlan:\t"), max_size=900))
def test_unfold_moves_no_character(text: str) -> None:
    found = unfold(text)
    assert len(found) == len(text)
    assert all(a == b or (a.isspace() and b == "\n") for a, b in zip(text, found, strict=True))
