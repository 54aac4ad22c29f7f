"""Conditions behind the visit or the stay: chronic diseases, personal history, status.

A stay reports the chronic diseases that its chart names, wherever it names them (III); a visit
those that it treats or that weigh on it (IV.I, IV.J): here, those named with their treatment.
"""

from collections.abc import Sequence

from chartcoder.agents.rules.history import find_history, is_chronic
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.policies import Policies
from chartcoder.agents.rules.reading import Found, Places, Reading
from chartcoder.agents.rules.scan import category, mention_of
from chartcoder.agents.rules.status import find_status
from chartcoder.agents.values import Encounter


def find_background(
    reading: Reading, policies: Policies, encounter: Encounter, known: Sequence[Mention]
) -> list[Mention]:
    """Chronic conditions, history and status outside the problem lists.

    Args:
        reading: the chart.
        policies: ``background`` and ``status`` say whether they are coded.
        encounter: its setting decides what counts.
        known: mentions found already.

    Returns:
        Mentions; those of role ``history`` replace a known mention of the same place.
    """
    if "code" not in (policies.status, policies.background):
        return []
    found: list[Mention] = []
    history = find_history(reading, encounter)
    if policies.status == "code":
        found += history
        found += find_status(reading, encounter)
    if policies.background == "code":
        gone = Places((m.start, m.end) for m in history)
        taken = Places((m.start, m.end) for m in known if m.assertion == "present")
        denied = {
            category(f.code) for f in reading.conditions
            if f.assertion == "absent" and f.stretch.zone in ("diagnosis", "course", "plan", "past")
        }  # fmt: skip
        for one in reading.conditions:
            if (
                _stands(one, reading)
                and not gone.hold(one.spot.start, one.spot.end)
                and not taken.hold(one.spot.start, one.spot.end)
                and category(one.code) not in denied
                and (encounter.setting == "inpatient" or _treated(one, reading))
            ):
                mention = mention_of(one)
                found.append(mention._replace(assertion="present", reason="chronic condition"))
    return found


def _stands(one: Found, reading: Reading) -> bool:
    """A chronic condition told among past or present conditions, and not as over."""
    if one.stretch.zone not in ("past", "history", "prose") or not is_chronic(one.code):
        return False
    if one.assertion == "historical":
        return bool(one.mark and one.mark.chronic_stays) or _treated(one, reading)
    return one.assertion == "present"


def _treated(one: Found, reading: Reading) -> bool:
    """Its treatment stands beside it in the same sentence."""
    return bool(reading.drugs_in(one.stretch.start, one.stretch.end))
