"""Birth weight and weeks of gestation of a preterm or small newborn (I.C.16.d).

Both are coded when both are there, the weight before the weeks, and only where a provider speaks of
prematurity or low weight; the ranges are those of the titles in the Tabular List.
"""

import re

from chartcoder.agents.book import Book
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Reading

_SAID = re.compile(
    r"\b(?:preterm|prematur\w*|preemie|low birth ?weight|lbw|vlbw|elbw|late[- ]preterm)\b", re.I
)
_WEIGHT = re.compile(
    r"\b(?:bw|bwt|birth ?weight|birth wt)\b[^\d\n]{0,12}(\d{1,2},\d{3}|\d{3,4})\s?g", re.I
)
_WEEKS = re.compile(r"\b(\d{2})\s?(?:w\d?d?|wks?|weeks?|\+\d|-week|-wk|[1-6]/7)", re.I)
_RANGE = re.compile(r"(\d+)(?:-(\d+))? (?:grams|completed weeks)")
_TERM = 37


def find_birth(reading: Reading) -> list[Mention]:
    """Mentions for birth weight and gestational age of a newborn told as preterm or small."""
    text = reading.text
    if not reading.newborn or not _SAID.search(text):
        return []
    found = []
    weight = _WEIGHT.search(text)
    if weight:
        grams = int(weight.group(1).replace(",", ""))
        found.append(
            _mention(reading, weight, _title(reading.lookup.book, ("P07.0", "P07.1"), grams))
        )
    weeks = next((w for w in _WEEKS.finditer(text) if 20 <= int(w.group(1)) <= 44), None)
    if weeks and int(weeks.group(1)) < _TERM:
        title = _title(reading.lookup.book, ("P07.2", "P07.3"), int(weeks.group(1)))
        found.append(_mention(reading, weeks, title))
    return [m for m in found if m is not None]


def _title(book: Book, categories: tuple[str, ...], value: int) -> str:
    """The title whose range of grams or weeks holds a value; empty for none."""
    for category in categories:
        for entry in book.tabular.billable_under(category):
            found = _RANGE.search(entry.title)
            if found and int(found.group(1)) <= value <= int(found.group(2) or found.group(1)):
                return entry.title
    return ""


def _mention(reading: Reading, found: re.Match[str], title: str) -> Mention | None:
    if not title:
        return None
    stretch = reading.stretch_at(found.start())
    start, end = (stretch.start, stretch.end) if stretch else found.span()
    return Mention(
        found.start(), found.end(), title, "present", "", False, stretch.zone if stretch else "",
        (start, end), role="status", reason="preterm or small at birth (I.C.16.d)",
    )  # fmt: skip
