"""Finds medicines by name, and what their long-term use is coded as.

The names stand in ``resources/lexicon/drugs.tsv``. A medicine never leads to a diagnosis.
"""

import re
from functools import cache
from typing import NamedTuple

from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources

_WORD = re.compile(r"(?:\d-)?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*|#\d")


class Drug(NamedTuple):
    """A medicine: its generic name, its class, its codes for long-term use."""

    generic: str
    group: str
    codes: tuple[str, ...]


class DrugNamed(NamedTuple):
    """A medicine named in the chart."""

    start: int
    end: int
    drug: Drug


@cache
def _table() -> dict[str, list[tuple[tuple[str, ...], Drug]]]:
    names: dict[str, list[tuple[tuple[str, ...], Drug]]] = {}
    for row in read_table(resources() / "lexicon" / "drugs.tsv"):
        words = tuple(w.lower() for w in _WORD.findall(row["name"]))
        codes = tuple(c.strip() for c in row["long_term_code"].split(",") if c.strip())
        if words:
            drug = Drug(row["generic"], row["class"], codes)
            names.setdefault(words[0], []).append((words, drug))
    for rows in names.values():
        rows.sort(key=lambda r: -len(r[0]))
    return names


def find_drugs(text: str, start: int, end: int) -> list[DrugNamed]:
    """The medicines named in a stretch, in order, the longest name at a place."""
    table = _table()
    words = list(_WORD.finditer(text, start, end))
    lower = [w.group().lower() for w in words]
    found = []
    place = 0
    while place < len(words):
        for names, drug in table.get(lower[place], ()):
            if tuple(lower[place : place + len(names)]) == names:
                last = place + len(names) - 1
                found.append(DrugNamed(words[place].start(), words[last].end(), drug))
                place = last
                break
        place += 1
    return found
