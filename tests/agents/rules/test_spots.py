"""Conditions in running text by whole wordings of the book."""

import time

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.spots import find_spots


def named(book: Book, text: str) -> list[str]:
    return [text[s.start : s.end] for s in find_spots(text, 0, len(text), Lookup(book, text))]


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        (
            "She has HTN, gout and T2DM w/ polyneuropathy.",
            ["HTN", "gout", "T2DM w/ polyneuropathy"],
        ),
        ("Acute hypoxic resp failure, extubated.", ["Acute hypoxic resp failure"]),
        ("AKI/CKD4", ["AKI", "CKD4"]),
        ("R knee OA and left hip pain", ["R knee OA", "left hip pain"]),
        ("Asthma, mild persistent, on an inhaler", ["Asthma, mild persistent"]),
        ("history of brain and adrenal metastases", ["brain", "adrenal metastases"]),
        # Words that are no condition by themselves, measures, verbs between words.
        ("62-year-old male on 5 mg for 4 h, did well", []),
        ("pH of 7.28, A1c 7.6", []),
        ("ID says no change", []),
        # The sense of an abbreviation by the speciality, the chart and what follows it.
        ("Cirrhosis with ascites, SBP found", ["Cirrhosis with ascites", "SBP"]),
        ("Cirrhosis with ascites, SBP 95", ["Cirrhosis with ascites"]),
        ("IOP 14. DES OU, PVD OD stable", ["DES OU", "PVD OD"]),
    ],
)
def test_spots_conditions_are_found_with_what_belongs_to_them(
    bundled_book: Book, text: str, conditions: list[str]
) -> None:
    assert named(bundled_book, text) == conditions


def test_spots_half_named_condition_is_written_out(bundled_book: Book) -> None:
    text = "brain and adrenal metastases"
    spots = find_spots(text, 0, len(text), Lookup(bundled_book, text))
    assert [s.phrase for s in spots] == ["brain metastases", "adrenal metastases"]


def test_spots_abbreviation_is_never_cut(bundled_book: Book) -> None:
    text = "Admitted with NSTEMI."
    (spot,) = find_spots(text, 0, len(text), Lookup(bundled_book, text))
    assert "elevation" in spot.phrase


def test_spots_capitals_say_nothing_where_all_is_in_capitals(bundled_book: Book) -> None:
    text = "HE IS NOW AT HOME AND HAS GOUT AND WAS TO BE SEEN"
    assert named(bundled_book, text) == ["GOUT"]


def test_spots_time_grows_with_the_text(bundled_book: Book) -> None:
    one = (
        "She has hypertension, gout and type 2 diabetes with polyneuropathy; no chest pain today. "
    )

    def seconds(times: int) -> float:
        text = one * times
        lookup = Lookup(bundled_book, text)
        began = time.process_time()
        find_spots(text, 0, len(text), lookup)
        return time.process_time() - began

    seconds(5)
    assert seconds(400) < 12 * seconds(80) + 0.05
