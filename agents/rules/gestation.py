"""Weeks of gestation beside the codes of a pregnancy (I.C.21.c.11).

Completed weeks of the date of the visit; for a stay those at admission. They go with chapter 15 and
with the supervision of a pregnancy, not with a puerperium that began before, an abortion or a
newborn's chart.
"""

import re
from collections.abc import Iterator

from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.substances import Told
from chartcoder.agents.values import Encounter

_WEEKS = re.compile(
    r"(?<![\d/.-])(?P<weeks>\d{1,2})"
    r"(?:\s?(?:\+|&|w(?:ks?|eeks?)?\s?(?:and\s|,?\s?)?)\s?(?P<days>[0-6])(?:/7)?\s?(?:d(?:ays?)?)?\b"
    r"|\s(?P<sevenths>[0-6])/7(?:\s?w(?:ks?|eeks?)?)?|[\s-]?w(?:ks?|eeks?)?\b)",
    re.I,
)
_OF_NOW = re.compile(
    r"\b(?:admitted|today|presents?|presenting|delivered|delivery|induction|labor|born|"
    r"sent from|seen|at|now|currently|here|by (?:lmp|us|dates))\b",
    re.I,
)
_OF_PREGNANCY = re.compile(
    r"gestation(?!al (?:diab|hyper))\w*|\bega\b|\bga\b|\biup\b|pregnan\w*|\bg\d+ ?p\d+|gravid\w*",
    re.I,
)
_OF_ANOTHER_TIME = re.compile(
    r"\b(?:since|until|before|prior|previous|last|next|return|weekly|every|revisit|resolved|labs?|"
    r"diagnosed|found|from|after|x|≥|>|<)\W*(?:at |by |in )?$",
    re.I,
)
_LOOSE = re.compile(r"\b(?:at|by|in|of|for|around|on)\W*$", re.I)
_CAME = re.compile(
    r"(?:today|now|currently|sent|seen|admitted|delivered|presents?\w*|is|was)\b[^.;]{0,30}$", re.I
)
_LATER = re.compile(
    r"^\W*(?:labs?|scan|ultrasound|anatomy|appointment|visit|ago|from now|postpartum|post-?op|pp\b|"
    r"later|of (?:therapy|treatment|age)|old|course|history|supply|until|follow|before|after )",
    re.I,
)
_ZONES = frozenset(
    ["diagnosis", "plan", "course", "history", "prose", "system", "obstetric", "exam", "other",
     "results", "past"]
)  # fmt: skip
_PREGNANT = re.compile(
    r"\bpregnan\w*|\bgestation\w*|\bG\d+ ?P\d+|\bEDD\b|\bIUP\b|\bprenatal|\bantenatal|\bin labor|"
    r"\bobstetric|\bE?GA (?:of )?\d\d|\bgravida|\btrimester|\bP?PROM\b|\bfetal|\bfetus",
    re.I,
)
_LEAST_AGE, _MOST_AGE = 9, 65
_LEAST, _MOST = 8, 42


def find_gestation(reading: Reading, encounter: Encounter) -> Iterator[Told]:
    """The code for the weeks of gestation, where the chart is of a pregnancy and says them.

    Args:
        reading: the chart.
        encounter: its age and sex decide whether the patient can be pregnant.
    """
    if encounter.sex == "male" or not _pregnant(reading):
        return
    if encounter.age is not None and not _LEAST_AGE <= encounter.age < _MOST_AGE:
        return
    best: tuple[int, int, Told] | None = None
    for found in _WEEKS.finditer(reading.text):
        weeks = int(found["weeks"])
        stretch = reading.stretch_at(found.end() - 1)
        if not _LEAST <= weeks <= _MOST or stretch is None or stretch.zone not in _ZONES:
            continue
        rank = _rank(reading.text, stretch.start, stretch.end, found)
        if rank and (best is None or rank > best[0]):
            told = Told(
                f"Z3A.{weeks:02d}", found.start(), found.end(), stretch, "status",
                "weeks of gestation (I.C.21.c.11)",
            )  # fmt: skip
            best = (rank, found.start(), told)
    if best:
        yield best[2]


def _pregnant(reading: Reading) -> bool:
    return _PREGNANT.search(reading.text) is not None


def _rank(text: str, start: int, end: int, found: re.Match[str]) -> int:
    """How surely the weeks are those of now: 0 for not at all."""
    before, after = text[start : found.start()], text[found.end() : end]
    if _LATER.match(after):
        return 0
    rank = 1 if found["days"] or found["sevenths"] else 0
    near = before[-45:] + " " + after[:25]
    if _OF_PREGNANCY.search(near):
        rank += 2
    elif _OF_NOW.search(near):
        rank += 1
    if _OF_ANOTHER_TIME.search(before):
        rank -= 3
    elif _LOOSE.search(before) and not _CAME.search(before):
        rank -= 1
    return max(rank, 0)
