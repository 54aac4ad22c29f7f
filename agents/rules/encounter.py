"""The encounter for the 7th character: initial, subsequent or sequela (I.C.19.a).

Initial as long as the injury gets active treatment, whoever gives it; subsequent for the care after
it, while it heals; sequela for what it left behind. Without a word on it, active treatment. The
effect of a drug that is still being treated is in active treatment whatever the visit is.
"""

import re
from functools import lru_cache

from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.document import Document
from chartcoder.agents.values import Evidence

_OPENING = 400
_LINE = 160
_TITLE = 160
_AFTER_ACUTE = re.compile(
    r"rehab|nursing (?:home|facility)|skilled nursing|\bSNF\b|sub-?acute|long[- ]term care|"
    r"\bLTACH?\b|swing bed|readmi|aftercare|hospice",
    re.IGNORECASE,
)
_BEHIND = 40
_OF_THE_CORD = re.compile(r"\bsci\b|spinal cord", re.IGNORECASE)
_OF_A_DRUG = re.compile(r"(?:adverse effect|underdosing)s? of\b", re.IGNORECASE)


def encounter_kind(document: Document | str, item: Evidence, setting: str | None = None) -> str:
    """What the visit is for an injury: ``initial``, ``subsequent`` or ``sequela``.

    Args:
        document: the chart, read or as text.
        item: the evidence of the injury; the words on its line decide first.
        setting: a stay in an acute hospital is active treatment of what it treats.
    """
    text = document if isinstance(document, str) else document.text
    if _OF_A_DRUG.match(item.phrase):
        # As long as what the drug did is dealt with, that is active treatment of it.
        return "initial"
    if _OF_THE_CORD.search(item.phrase) and _is_old(text):
        return "sequela"
    line = _line(text, item.span.start, item.span.end)
    if cue("sequela").search(line):
        return "sequela"
    if cue("active_treatment").search(line):
        return "initial"
    if setting == "inpatient" and not _AFTER_ACUTE.search(text, 0, _TITLE):
        return "initial"
    if cue("complication").search(item.phrase):
        # The treatment of a complication is active, whatever came before it (I.C.19.a).
        behind = text[item.span.end : item.span.end + _BEHIND].lstrip(", ")
        behind = re.split(r"[,;.\n]", behind)[0]
        return "subsequent" if cue("over_with").search(f"{item.phrase} {behind}") else "initial"
    if cue("healing").search(line):
        return "subsequent"
    return "subsequent" if _is_care_after(text) else "initial"


def _line(text: str, start: int, end: int) -> str:
    first = max(text.rfind("\n", 0, start) + 1, start - _LINE)
    last = text.find("\n", end)
    return text[first : min(last if last >= 0 else len(text), end + _LINE)]


def _is_old(text: str) -> bool:
    """What a spinal cord injury left is there, and nothing is said of the injury being new."""
    return (
        cue("old_cord_injury").search(text) is not None
        and cue("acute_cord_injury").search(text) is None
    )


@lru_cache(maxsize=32)
def _is_care_after(text: str) -> bool:
    """The chart opens as a visit after treatment, tells healing, and nothing active is done."""
    return (
        cue("care_after").search(text, 0, _OPENING) is not None
        and cue("healing").search(text) is not None
        and cue("active_treatment").search(text) is None
    )
