import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.agents.model.quotes import QuoteFinder

CHART = (
    "ASSESSMENT\n1. Type 2 diabetes with diabetic\n   polyneuropathy – A1c 8.2%.\n"
    "2. No evidence of pneumonia on today’s film.\n3. Left knee pain; right knee normal.\n"
    "4. Hypertension. Continue lisinopril 20 mg daily.\nPlan: knee X-ray."
)


def true_text(quote: str, text: str = CHART) -> str | None:
    found = QuoteFinder(text).find(quote)
    return None if found is None else text[found.start : found.end]


@pytest.mark.parametrize(
    ("quote", "expected", "how"),
    [
        ("Left knee pain", "Left knee pain", "exact"),
        ("LEFT KNEE pain", "Left knee pain", "folded"),
        ("with diabetic polyneuropathy", "with diabetic\n   polyneuropathy", "folded"),
        ("on today's film", "on today’s film", "folded"),
        ("polyneuropathy - A1c 8.2%", "polyneuropathy – A1c 8.2%", "folded"),
        ('"Hypertension."', "Hypertension.", "exact"),
        ("Continue lisinoprill 20 mg daily", "Continue lisinopril 20 mg daily", "fuzzy"),
    ],
)  # fmt: skip
def test_quotes_locates(quote: str, expected: str, how: str) -> None:
    found = QuoteFinder(CHART).find(quote)
    assert found is not None
    assert (CHART[found.start : found.end], found.how) == (expected, how)


@pytest.mark.parametrize(
    "quote",
    [
        "patient has gout",
        "Continue lisinopril 40 mg daily",  # another number
        "evidence of pneumonia on todays filn, likely",  # another assertion
        "Right knee pain; right knee normal",  # another side
        "Tipe 1 diabetes with diabetic",  # another type
        "",
        "...",
        "\u0000",
    ],
)
def test_quotes_does_not_invent(quote: str) -> None:
    assert true_text(quote) is None


def test_quotes_prefers_whole_words_and_telling_places() -> None:
    text = "PAST HISTORY: knee surgery.\nASSESSMENT: knee sprain."
    found = QuoteFinder(text, rank=lambda place: 0 if place > 27 else 1).find("knee")
    assert found is not None
    assert found.start == text.rindex("knee")
    assert true_text("nee", "knee") is None


def test_quotes_parts_needs_all_of_them() -> None:
    finder = QuoteFinder(CHART)
    parts = finder.parts("Left knee pain ... lisinopril 20 mg")
    assert [CHART[p.start : p.end] for p in parts] == ["Left knee pain", "lisinopril 20 mg"]
    assert finder.parts("Left knee pain ... gout") == []


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=120), st.data())
def test_quotes_every_stretch_is_found_with_its_own_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    quote = text[start:end]
    found = QuoteFinder(text).find(quote)
    if found is not None:
        shown = text[found.start : found.end]
        assert 0 <= found.start < found.end <= len(text)
        if found.how == "exact":
            assert shown in quote


@given(st.sampled_from(re.findall(r"\S+(?: \S+){2,6}", CHART)), st.integers(1, 3), st.booleans())
def test_quotes_white_space_and_case_do_not_matter(quote: str, gap: int, upper: bool) -> None:
    changed = (" " * gap).join(quote.split())
    assert true_text(changed.upper() if upper else changed) is not None


@given(st.text(max_size=80))
def test_quotes_any_words_give_a_stretch_of_the_chart_or_nothing(quote: str) -> None:
    shown = true_text(quote)
    assert shown is None or shown in CHART
