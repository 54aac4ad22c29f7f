"""Long-term medicines: which are taken now, as treatment or prevention that lasts (I.C.21.c.3).

Which medicine has which code stands in ``resources/lexicon/drugs.tsv``. One that is stopped, given
in a short course, in hospital only, or only proposed is not long-term use.
"""

from collections.abc import Iterator

from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.drugs import DrugNamed
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.substances import Told
from chartcoder.agents.rules.zones import Stretch

_ZONES = frozenset(
    ["diagnosis", "past", "surgical", "history", "plan", "prose", "medications", "social",
     "system", "course"]
)  # fmt: skip
_AGAINST_CANCER = frozenset(
    ["alkylating agent", "antimetabolite", "mitotic inhibitor", "antitumor antibiotic",
     "topoisomerase inhibitor", "targeted cancer drug", "cancer monoclonal antibody",
     "antibody drug conjugate or bispecific"]
)  # fmt: skip
_LASTING_ONLY = frozenset(["Z79.891", "Z79.1", "Z79.2", "Z79.52"])
_PLANS = frozenset(["plan", "diagnosis"])
_NOT_SO = frozenset(["absent", "family", "planned"])
_SHORT_STAY = frozenset(["heparin", "enoxaparin", "dalteparin", "fondaparinux", "tinzaparin"])
_DIABETES = ("E08", "E09", "E10", "E11", "E13")


def find_medicines(reading: Reading) -> Iterator[Told]:
    """Codes of the medicines that the patient takes long term.

    Args:
        reading: the chart.
    """
    type_one = reading.diabetes_type == "1"
    cancer = any(f.code[0] == "C" and f.assertion == "present" for f in reading.conditions)
    diabetes = {f.code[:3] for f in reading.conditions if f.code.startswith(_DIABETES)}
    stopped = _stopped(reading)
    for stretch, named, clause in _named(reading):
        if cue("not_taken").search(clause) or named.drug.generic in stopped:
            continue
        if reading.said_of(stretch, named.start, named.end)[0] in _NOT_SO:
            continue
        before = reading.text[stretch.start : named.start]
        if cue("never_taken").search(before):
            continue
        if stretch.zone in _PLANS and cue("only_proposed").search(before):
            continue
        if stretch.zone == "course" and not cue("kept").search(clause):
            continue
        for code in named.drug.codes:
            ordered = code in _LASTING_ONLY and stretch.zone in _PLANS
            if ordered and not cue("kept_on").search(clause):
                # An order of today is no long-term use yet.
                continue
            if _counts(code, named, clause, diabetes, type_one) and not (
                cancer and named.drug.group in _AGAINST_CANCER
            ):
                yield Told(code, named.start, named.end, stretch, "medication", "taken long term")


def _named(reading: Reading) -> Iterator[tuple[Stretch, DrugNamed, str]]:
    for stretch in reading.stretches:
        if stretch.zone in _ZONES:
            for named in reading.drugs_in(stretch.start, stretch.end):
                yield stretch, named, _clause(reading.text, stretch, named)


def _stopped(reading: Reading) -> frozenset[str]:
    """Generic names of medicines that the chart tells as stopped and nowhere as resumed."""
    stopped: set[str] = set()
    resumed: set[str] = set()
    for _, named, clause in _named(reading):
        if cue("resumed").search(clause):
            resumed.add(named.drug.generic)
        elif cue("stopped_for_good").search(clause):
            stopped.add(named.drug.generic)
    return frozenset(stopped - resumed)


def _counts(code: str, named: DrugNamed, clause: str, diabetes: set[str], type_one: bool) -> bool:
    if code == "Z79.899" or named.drug.generic in _SHORT_STAY:
        return False
    if code in _LASTING_ONLY:
        return bool(cue("long_use").search(clause))
    if code == "Z79.4":
        return bool(diabetes - {"E10"}) and not ("E10" in diabetes and type_one)
    if code in ("Z79.84", "Z79.85"):
        return bool(diabetes)
    return True


def _clause(text: str, stretch: Stretch, named: DrugNamed) -> str:
    """The words between the marks of punctuation around a medicine, a little beyond its dose."""
    # What a list says of a medicine stands behind the name that heads its line.
    limit = stretch.around[1] if stretch.kind == "topic" else stretch.end
    start = max((text.rfind(mark, stretch.start, named.start) for mark in ";,.("), default=-1)
    start = max(start + 1, stretch.start)
    ends = [
        place for mark in (";", ",", ". ", ")") if (place := text.find(mark, named.end, limit)) >= 0
    ]
    return text[start : min(ends, default=limit)]
