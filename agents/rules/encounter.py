"""The encounter for the 7th character: initial, subsequent or sequela (I.C.19.a).

Initial as long as the injury gets active treatment, whoever gives it; subsequent for the care after
it, while it heals; sequela for what it left behind. Without a word on it, active treatment.
"""

import re
from functools import lru_cache

from chartcoder.agents.rules.document import Document
from chartcoder.agents.values import Evidence

_SEQUELA = re.compile(
    r"\b(?:sequelae?|late effects?|residuals? (?:of|from)|old (?:injury|fracture) with)\b", re.I
)
_HEALING = re.compile(
    r"(?<!delayed )(?<!non)(?<!non-)(?<!ensure )(?<!adequate )(?<!slow )\b(?:healing|healed"
    r"|routine healing|callus|consolidat\w*|"
    r"(?:cast|splint|brace|sutures?|staples|pins?) (?:change|removal|removed|off|out)|(?:\d+"
    r"|two|three|four|five|six|eight|ten|twelve) "
    r"(?:weeks?|wks?|months?|mos?) (?:out|post|after|s/p|status post|following|since)"
    r"|post-?op(?:erative(?:ly)?)?|pod ?#?\d+|"
    r"s/p (?:orif|crpp|repair|fixation|reduction|surgery)|status post (?:orif|open|surgical"
    r"|repair|fixation)|recheck|resolving)\b",
    re.I,
)
_ACTIVE = re.compile(
    r"\b(?:debrid\w*|nonunion|malunion|delayed (?:union|healing)|infected|dehisc\w*|"
    r"(?:surgery|orif|repair|reduction|irrigation) (?:today|performed|done|scheduled|planned"
    r"|discussion|tomorrow)|"
    r"(?:schedule|plan|proceed with|recommend\w*) (?:for |a |an |\w+ ){0,4}(?:surgery|orif"
    r"|repair|fixation|reduction))\b",
    re.I,
)
_CARE_AFTER = re.compile(
    r"\b(?:follow(?:ing)?[- ]?up|f/u|recheck|re-check|post-?op(?:erative)?|pod ?#?\d+"
    r"|cast (?:check|change|removal)|suture removal|"
    r"staple removal|wound check|fracture (?:check|clinic)|re-?evaluation)\b",
    re.I,
)
_OPENING = 400
_LINE = 160


def encounter_kind(document: Document | str, item: Evidence) -> str:
    """What the visit is for an injury: ``initial``, ``subsequent`` or ``sequela``.

    Args:
        document: the chart, read or as text.
        item: the evidence of the injury; the words on its line decide first.
    """
    text = document if isinstance(document, str) else document.text
    line = _line(text, item.span.start, item.span.end)
    if _SEQUELA.search(line):
        return "sequela"
    if _ACTIVE.search(line):
        return "initial"
    if _HEALING.search(line):
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
        _CARE_AFTER.search(text, 0, _OPENING) is not None
        and _HEALING.search(text) is not None
        and _ACTIVE.search(text) is None
    )
