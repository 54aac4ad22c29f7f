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
_OF_A_DRUG = re.compile(r"(?:adverse effect|underdosing)s? of\b", re.IGNORECASE)


def encounter_kind(document: Document | str, item: Evidence) -> str:
    """What the visit is for an injury: ``initial``, ``subsequent`` or ``sequela``.

    Args:
        document: the chart, read or as text.
        item: the evidence of the injury; the words on its line decide first.
    """
    text = document if isinstance(document, str) else document.text
    if _OF_A_DRUG.match(item.phrase):
        # As long as what the drug did is dealt with, that is active treatment of it.
        return "initial"
    line = _line(text, item.span.start, item.span.end)
    if cue("sequela").search(line):
        return "sequela"
    if cue("active_treatment").search(line):
        return "initial"
    if cue("healing").search(line):
        return "subsequent"
    return "subsequent" if _is_care_after(text) else "initial"


def _line(text: str, start: int, end: int) -> str:
    first = max(text.rfind("\n", 0, start) + 1, start - _LINE)
    last = text.find("\n", end)
    return text[first : min(last if last >= 0 else len(text), end + _LINE)]


@lru_cache(maxsize=32)
def _is_care_after(text: str) -> bool:
    """The chart opens as a visit after treatment, tells healing, and nothing active is done."""
    return (
        cue("care_after").search(text, 0, _OPENING) is not None
        and cue("healing").search(text) is not None
        and cue("active_treatment").search(text) is None
    )
