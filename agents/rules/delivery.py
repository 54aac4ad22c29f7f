"""A delivery during the stay: its outcome, and whether chapter 15 codes are those of childbirth.

Source: Official Guidelines I.C.15.a.3 (a code for a complication in childbirth, where the category
has one and the delivery is part of the stay) and I.C.15.b.5 (an outcome of delivery code goes with
every maternal record of a delivery).
"""

import re
from functools import lru_cache

from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.values import Chart

_DELIVERED = re.compile(
    r"\b(?:vaginal(?:ly)?|cesarean|caesarean|vacuum|forceps|spontaneous) "
    r"(?:section |birth |assisted )?deliver(?:y|ed)\b|\b(?:N?SVD|VAVD|VBAC)\b|"
    r"\bdelivered (?:(?:her|the \w+|him) )?(?:a|an|by|via|at|vaginally|twins)\b|"
    r"\bdelivery of (?:a|an|viable|live|liveborn)\b|"
    r"\bplacenta (?:was )?(?:delivered|expelled|intact)|\b(?:LTCS|LSCS|cesarean(?: section)?|"
    r"c-section) (?:was )?(?:performed|done|carried out)\b",
    re.IGNORECASE,
)
_OF_THE_MOTHER = re.compile(r"pregnan|gravid|\bG\d+ ?P\d|labou?r\b|weeks", re.IGNORECASE)
_EARLIER = re.compile(
    r"post-?partum (?:day|week)s? (?:[7-9]|\d\d)|weeks? post-?partum|readmi", re.IGNORECASE
)
_STILL = re.compile(r"\bstill ?born|stillbirth|intrauterine (?:fetal )?demise\b|\bIUFD\b", re.I)
_TWINS = re.compile(r"\btwins?\b(?! pregnanc)", re.IGNORECASE)
_LIVE = re.compile(
    r"\blive ?-?(?:born)?(?: (?:fe)?male)? ?(?:infant|girl|boy|baby|birth|male|female|newborn|son|"
    r"daughter)?\b|\bviable\b|\bapgars?\b|\bvigorous\b",
    re.IGNORECASE,
)  # fmt: skip


@lru_cache(maxsize=64)
def is_delivered(chart: Chart) -> bool:
    """Says whether the mother was delivered during the stay that the chart is about."""
    encounter = chart.encounter
    grown = encounter.age is None or encounter.age >= 9
    return (
        encounter.setting == "inpatient"
        and grown
        and encounter.sex != "male"
        and _OF_THE_MOTHER.search(chart.text) is not None
        and _DELIVERED.search(chart.text) is not None
        and _EARLIER.search(chart.text) is None
    )


def find_outcome(reading: Reading, chart: Chart) -> list[Mention]:
    """The outcome of delivery (Z37), once, on the mother's chart."""
    if not is_delivered(chart):
        return []
    text = chart.text
    live, still = _LIVE.search(text), _STILL.search(text)
    place = live or still
    if place is None:
        return []
    code = "Z37.0"
    if _TWINS.search(text):
        code = "Z37.3" if live and still else "Z37.2" if live else "Z37.4"
    elif not live:
        code = "Z37.1"
    entry = reading.lookup.book.tabular.get(code)
    if entry is None:
        return []
    return [
        Mention(
            place.start(), place.end(), entry.title, "present", "", False, "other", place.span(),
            role="status", reason="outcome of delivery (I.C.15.b.5)",
        )
    ]  # fmt: skip
