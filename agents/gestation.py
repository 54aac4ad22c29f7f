"""How far a pregnancy is, from the weeks a chart names.

Source: the notes at the head of chapter 15 of the Tabular List; Official Guidelines I.C.15.a.3.
"""

import re
from functools import lru_cache

_WEEKS = re.compile(
    r"\b(\d{1,2})(?:\s*(?:\+|and)\s*\d|\s+\d/7|w\d)?\s*-?\s*(?:w|wk|wks|weeks?)\b"
    r"(?!\s+(?:ago|post|later|of age|old))"
    r"|\b(\d{1,2})w\d?d?\b",
    re.IGNORECASE,
)
_TODAY = re.compile(
    r"today|current|now\b|\b(?:E?GA|IUP)\b|gestational age"
    r"|\d\s*w(?:k|ks|eeks?)?\s*,?\s*(?:and\s*)?\d\s*d"
    r"|\d\s*\+\s*\d|\d\s+\d/7",
    re.IGNORECASE,
)
_PREGNANT = re.compile(
    r"pregnan|gestation|prenatal|antenatal|gravid|\bIUP\b|\bG\d+\s*P\d|trimester|fetal|obstetric",
    re.I,
)


@lru_cache(maxsize=256)
def weeks_of_gestation(text: str) -> int:
    """Completed weeks of gestation that a chart of a pregnancy names; 0 for none.

    The week named next to a word of pregnancy counts first.
    """
    if not _PREGNANT.search(text):
        return 0
    best = (10**6, 0, 0)
    for found in _WEEKS.finditer(text):
        weeks = int(found.group(1) or found.group(2))
        if not 4 <= weeks <= 42:
            continue
        around = text[max(0, found.start() - 40) : found.end() + 30]
        near = _PREGNANT.search(around)
        rank = 0 if near else 1000 + found.start()
        # A week with its days, or said to be today's, is how far the pregnancy is now.
        if not _TODAY.search(around):
            rank += 100
        best = min(best, (rank, -found.start(), weeks))
    return best[2]


def trimester(weeks: int) -> str:
    """``first``, ``second`` or ``third``, as chapter 15 counts them; empty for 0.

    Source: the notes of chapter 15: less than 14 weeks 0 days, 14 weeks to less than 28 weeks,
    28 weeks until delivery.
    """
    if weeks <= 0:
        return ""
    return "first" if weeks < 14 else "second" if weeks < 28 else "third"
