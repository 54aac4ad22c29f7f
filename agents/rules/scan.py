"""Finds conditions that the chart states outside tidy problem lists.

Every stretch of the chart is read with its zone (see ``zones``); conditions are spotted by whole
wordings of the book (see ``spots``), and count by where they stand, how they are said, and the
setting: for a stay every condition that the treating physicians state is reported (III), for a
visit only what the visit establishes (IV.G to IV.J).
"""

import re
from collections.abc import Sequence

from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.policies import Policies
from chartcoder.agents.rules.reading import Found, Reading, overlaps
from chartcoder.agents.values import Encounter

_STATED = frozenset(["diagnosis", "course", "system", "plan"])
_ADMISSION = re.compile(r"\badm|initial|arrival|differential|\bddx\b")
_AT_DISCHARGE = re.compile(r"\b(?:discharge|d/c|dc|final)\b", re.I)
_TELLS = re.compile(
    r"\b(?:is|are|was|were|has|have|had|presents?|presented|presenting|reports?|who|year[- ]old|y/?o|i|we)\b",
    re.I,
)


def find_conditions(
    reading: Reading, policies: Policies, encounter: Encounter, known: Sequence[Mention]
) -> list[Mention]:
    """Conditions stated in running text and in lists that are not read as problem lists.

    Args:
        reading: the chart.
        policies: of the rules judge.
        encounter: its setting decides what counts.
        known: mentions found already; what overlaps them is left out.

    Returns:
        Mentions with their assertion, in the order of the chart.
    """
    inpatient = encounter.setting == "inpatient"
    taken = sorted((m.start, m.end) for m in known)
    denied = {
        category(f.code) for f in reading.conditions
        if f.assertion == "absent" and f.stretch.zone in _STATED
    }  # fmt: skip
    return [
        mention_of(one)
        for one in reading.conditions
        if not overlaps(taken, one.spot.start, one.spot.end)
        and category(one.code) not in denied
        and (
            _stated_in_stay(one)
            if inpatient
            else _established(one, bool(known), overlaps(taken, *one.stretch.around))
        )
    ]


def mention_of(one: Found) -> Mention:
    """A spotted condition as a mention."""
    stretch = one.stretch
    return Mention(
        one.spot.start, one.spot.end, one.spot.phrase, one.assertion,
        one.mark.cue if one.mark else "", bool(one.mark and one.mark.guideline), stretch.zone,
        stretch.around if stretch.kind == "topic" else (stretch.start, stretch.end),
        reason="stated in the chart's text",
    )  # fmt: skip


def category(code: str) -> str:
    """The part of a code that tells conditions apart: up to five characters."""
    return code.rstrip("-")[:5]


def _stated_in_stay(one: Found) -> bool:
    letter, zone = one.code[0], one.stretch.zone
    if letter in "VWXYZU":
        return False
    if zone == "diagnosis":
        if _ADMISSION.search(one.stretch.label):
            return one.assertion == "present" and letter != "R"
        return True
    if zone in ("course", "system"):
        if one.assertion == "possible" and not _AT_DISCHARGE.search(one.said):
            return False
        return letter != "R"
    return False


def _established(one: Found, listed: bool, read: bool) -> bool:
    """For a visit: in a diagnosis list that no problem was read from."""
    if one.code[0] in "VWXYZU" or one.stretch.zone != "diagnosis":
        return False
    if _ADMISSION.search(one.stretch.label) and listed:
        return False
    if listed and (read or one.stretch.kind == "sentence" or _TELLS.search(one.said)):
        return False
    return True
