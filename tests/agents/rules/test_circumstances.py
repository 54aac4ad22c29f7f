"""Circumstances beside the diseases, and the weeks of a pregnancy."""

import tomllib

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.rules.circumstances import find_circumstances
from chartcoder.agents.rules.gestation import find_gestation
from chartcoder.agents.values import Encounter
from chartcoder.tabular.home import resources


def told(read, text: str, age: float = 40) -> set[str]:  # type: ignore[no-untyped-def]
    return {t.code for t in find_circumstances(read(text), Encounter(age=age))}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("PSYCH HX: two suicide attempts (2008 overdose, 2015 hanging).", {"Z91.51"}),
        ("He denies suicidal thoughts; he tried to hang himself in 2015.", {"Z91.51"}),
        ("No prior suicide attempts.", set()),
        ("Two extubation attempts failed.", set()),
        ("He has slept at the men's shelter since December.", {"Z59.01"}),
        ("Has lived in a tent under the bridge since September.", {"Z59.02"}),
        ("SW: patient is homeless.", {"Z59.00"}),
        ("She volunteers at an animal shelter.", set()),
        ("Cannot afford groceries and skips meals.", {"Z59.41"}),
        ("Missed Tue: the transport van cancelled and no one could drive him.", {"Z59.82"}),
        ("SH: Lives alone in a second-floor apartment, independent.", set()),
        ("She lives alone and has no one to help her.", {"Z60.2"}),
        ("DNR on chart.", {"Z66"}),
        ("Code status: full code. DNR was discussed.", set()),
        ("On 2 L home oxygen for COPD.", {"Z99.81"}),
        ("Weaned off; no home oxygen needed.", set()),
        ("PLAN: flu vaccine given today.", {"Z23"}),
        ("PLAN: flu vaccine due in October.", set()),
        ("PLAN: declined influenza vaccine.", {"Z28.21"}),
        ("He missed two dialysis sessions.", {"Z91.158"}),
        ("Urine culture: Klebsiella, ESBL +.", {"Z16.12"}),
        ("Prior ESBL UTI.", set()),
    ],
)
def test_circumstances_that_the_chart_tells(read, text: str, codes: set[str]) -> None:  # type: ignore[no-untyped-def]
    assert told(read, text) == codes


def test_circumstances_codes_are_in_the_book(bundled_book: Book) -> None:
    rows = tomllib.loads((resources() / "rules" / "circumstances.toml").read_text("utf-8"))
    assert all(bundled_book.tabular.get(r["code"]) for r in rows["circumstance"])


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("G2 P1001. Gestational age today 29w 4d.", {"Z3A.29"}),
        ("G4P2, sent from clinic at 38 weeks and 1 day.", {"Z3A.38"}),
        ("Pregnant, 28 5/7 weeks, preterm labor.", {"Z3A.28"}),
        ("IUP at 12 weeks by US.", {"Z3A.12"}),
        ("Pregnant. Diagnosed with gestational diabetes at 26 weeks.", set()),
        ("Prenatal visit. Three weeks of diet. Next growth scan at 36 weeks.", set()),
        ("Ankle sprain 10 weeks ago.", set()),
    ],
)
def test_gestation_weeks_of_now(read, text: str, codes: set[str]) -> None:  # type: ignore[no-untyped-def]
    woman = Encounter(age=30, sex="female")
    assert {t.code for t in find_gestation(read(text), woman)} == codes
