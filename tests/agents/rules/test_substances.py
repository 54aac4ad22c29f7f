"""Tobacco by product, disorders in remission, alcohol in the blood."""

import pytest

from chartcoder.agents.rules.substances import find_substances
from chartcoder.agents.values import Encounter

ADULT = Encounter(setting="outpatient", age=50)


def told(read, text: str, encounter: Encounter = ADULT) -> set[str]:  # type: ignore[no-untyped-def]
    return {t.code for t in find_substances(read(text), encounter)}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("SH: smokes 1/2 ppd since age 16, 2 beers on weekends.", {"F17.210"}),
        ("He smokes about ten cigarettes a day.", {"F17.210"}),
        ("Smoking: current, half a pack a day, not interested in quitting.", {"F17.210"}),
        ("Nicotine patch ordered for tobacco dependence, cigarettes.", {"F17.210"}),
        ("He vapes nicotine all day long.", {"F17.290"}),
        ("e-cigarettes daily since 2021", {"F17.290"}),
        ("SH: dips 1 can snuff/2d, never cig. EtOH rare.", {"F17.220"}),
        ("He quit smoking ten years ago but now vapes daily.", {"F17.290"}),
        ("Smoking status: Former smoker.", {"Z87.891"}),
        ("45 pack-years, quit the day of the seizure.", {"Z87.891"}),
        ("She has not smoked since 2011.", {"Z87.891"}),
        ("Pipe till 2001.", {"Z87.891"}),
        ("Never took up smoking.", set()),
        ("SH: Denies tobacco, alcohol, or illicit drug use.", set()),
        ("Tobacco: never. Alcohol: social.", set()),
        ("She lives with her husband, who smokes in the house.", set()),
        ("Smokes weed at parties, no tobacco.", set()),
        ("SH: currently staying at a shelter.", set()),
    ],
)
def test_substances_tobacco_by_time_and_product(read, text: str, codes: set[str]) -> None:  # type: ignore[no-untyped-def]
    assert told(read, text) == codes


def test_substances_a_child_does_not_smoke(read) -> None:  # type: ignore[no-untyped-def]
    assert told(read, "Soc: smokes 5 cig/d.", Encounter(age=0.01)) == set()


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Patient has been sober for six years after severe alcohol use disorder.", {"F10.21"}),
        ("PMH: opioid use disorder in sustained remission, HTN.", {"F11.21"}),
        ("PMH: hx of cocaine abuse, clean since 2018.", {"F14.11"}),
        ("She is a recovering alcoholic, eleven years sober.", {"F10.21"}),
        ("PMH: alcohol use disorder, drinks a fifth daily.", set()),
        ("PMH: alcoholic cirrhosis, sober for two years.", set()),
    ],
)
def test_substances_remission_has_its_own_code(read, text: str, codes: set[str]) -> None:  # type: ignore[no-untyped-def]
    assert told(read, text) == codes


@pytest.mark.parametrize(
    ("level", "code"),
    [
        ("EtOH 168 mg/dL", "Y90.6"), ("BAL 242", "Y90.8"), ("BAC 0.088", "Y90.4"),
        ("ethanol 12", "Y90.0"),
    ],
)  # fmt: skip
def test_substances_level_of_alcohol_beside_a_disorder(read, level: str, code: str) -> None:  # type: ignore[no-untyped-def]
    assert told(read, f"LABS {level}\n\nIMPRESSION\n1. Alcohol intoxication") == {code}
    assert told(read, f"LABS {level}\n\nIMPRESSION\n1. Ankle sprain") == set()
