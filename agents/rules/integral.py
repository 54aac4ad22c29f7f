"""What is not coded beside a diagnosis: its symptoms, and less specific names of the same thing.

Which symptoms belong to which disease stands in ``resources/rules/integral_symptoms.tsv``, each
row with its source. A symptom counts only where no site and no side speaks against it; the symptom
of a condition that is not confirmed stays, because such a condition is no candidate.

Source: Official Guidelines I.B.2 (level of detail), I.B.4 and I.B.5 (symptoms), I.B.18
(unspecified codes), I.C.19.b (superficial beside severe injuries of the same site).
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from chartcoder.agents.rules.adverse import BY_A_DRUG
from chartcoder.agents.rules.relations import asks_for, is_due_to, same_site, side, sites
from chartcoder.agents.values import Candidate, Chart, Evidence, Rejected
from chartcoder.index.words import LATERALITY, read_table, tokens
from chartcoder.tabular.home import resources
from chartcoder.tabular.store import TabularList

_PAIN = ("M25.5", "M79.6", "M54.2", "M54.5", "M54.6", "M54.9", "R07", "R10", "R52", "H92.0")
_STATUS = "VWXYZ"
# A symptom with a cause of its own (drug induced constipation) is no part of another disease.
_CAUSED = re.compile(r"\b(?:due to|induced|postprocedural)\b", re.IGNORECASE)


class Row(NamedTuple):
    """A diagnosis and the symptoms that belong to it, as prefixes of codes."""

    diagnoses: tuple[str, ...]
    symptoms: tuple[str, ...]
    why: str
    source: str


@cache
def _rows() -> dict[str, tuple[Row, ...]]:
    """The rows by the category of the symptom."""
    by_category: dict[str, list[Row]] = {}
    for line in read_table(resources() / "rules" / "integral_symptoms.tsv"):
        row = Row(
            _prefixes(line["diagnosis_codes"]), _prefixes(line["symptom_codes"]), line["why"],
            line["source"],
        )  # fmt: skip
        for category in dict.fromkeys(prefix[:3] for prefix in row.symptoms):
            by_category.setdefault(category, []).append(row)
    return {category: tuple(rows) for category, rows in by_category.items()}


def _prefixes(listed: str) -> tuple[str, ...]:
    return tuple(prefix.strip() for prefix in listed.split(",") if prefix.strip())


def drop_integral(
    chart: Chart, evidence: Sequence[Evidence], candidates: Sequence[Candidate]
) -> tuple[list[Candidate], list[Rejected]]:
    """Drops the symptoms that belong to a diagnosis among the candidates.

    Args:
        chart: the chart.
        evidence: the evidence of the chart.
        candidates: candidates of the whole chart, each code once.

    Returns:
        What stays, and the symptoms dropped with the diagnosis they belong to.
    """
    by_id = {e.id: e for e in evidence}
    dropped: dict[str, Rejected] = {}
    for symptom in candidates:
        for diagnosis in candidates:
            if diagnosis.code == symptom.code or diagnosis.code in dropped:
                continue
            reason = _belongs(symptom, diagnosis, by_id)
            if not reason and symptom.code.startswith(_PAIN):
                reason = _laid_to(chart, by_id, symptom, diagnosis)
            if reason:
                dropped[symptom.code] = Rejected(
                    code=symptom.code, title=symptom.title, agent="reconciler", reason=reason,
                    rule="integral-symptom", evidence=symptom.evidence,
                )  # fmt: skip
                break
    return [c for c in candidates if c.code not in dropped], list(dropped.values())


def _belongs(symptom: Candidate, diagnosis: Candidate, by_id: dict[int, Evidence]) -> str:
    if _CAUSED.search(symptom.title):
        return ""
    # What a drug brought about is the nature of an adverse effect, whatever else it may belong to.
    if any(n in by_id and by_id[n].reason == BY_A_DRUG for n in symptom.evidence):
        return ""
    for row in _rows().get(symptom.code[:3], ()):
        if (
            symptom.code.startswith(row.symptoms)
            and diagnosis.code.startswith(row.diagnoses)
            and not diagnosis.code.startswith(row.symptoms)
            and same_site(symptom, diagnosis, by_id)
            and (
                not sites(symptom.title)
                or sites(diagnosis.title)
                or _near(symptom, diagnosis, by_id)
            )
        ):
            return f"belongs to {diagnosis.code}: {row.why} ({row.source})"
    return ""


_CLOSE = 250


def _near(symptom: Candidate, diagnosis: Candidate, by_id: dict[int, Evidence]) -> bool:
    """Says whether both are documented in one place, as a diagnosis without a site must be."""
    places = [[by_id[n].span.start for n in c.evidence if n in by_id] for c in (symptom, diagnosis)]
    return any(abs(a - b) <= _CLOSE for a in places[0] for b in places[1])


def _laid_to(
    chart: Chart, by_id: dict[int, Evidence], symptom: Candidate, diagnosis: Candidate
) -> str:
    """Pain that the provider lays to a definitive diagnosis is not coded beside it (I.B.4)."""
    if diagnosis.code[0] in "R" + _STATUS or diagnosis.code.startswith((*_PAIN, "G89")):
        return ""
    for number in symptom.evidence:
        for other in diagnosis.evidence:
            both = number in by_id and other in by_id and number != other
            if both and is_due_to(chart.text, by_id[number], by_id[other]):
                return f"the provider lays it to {diagnosis.code}, which is coded (I.B.4)"
    return ""


def drop_less_specific(
    tabular: TabularList, candidates: Sequence[Candidate]
) -> tuple[list[Candidate], list[Rejected]]:
    """Drops codes that say less of the same condition than another candidate does.

    An unspecified or uncomplicated form gives way to a specified one of the same name, an
    unspecified site or side to a named one, an unspecified injury to the injury of that site.
    """
    dropped: dict[str, Rejected] = {}
    gained: dict[str, tuple[int, ...]] = {}
    for one in candidates:
        if one.code[0] in _STATUS:
            continue
        stem = _stem(one.title)
        without = _without(one.title)
        vague_injury = one.title.startswith(
            ("Unspecified injury of", "Other injury of unspecified")
        )
        ulcer = one.code.startswith("L89")
        if stem is None and not vague_injury and not without and not ulcer:
            continue
        for other in candidates:
            if other.code == one.code or other.code in dropped or other.code[0] in _STATUS:
                continue
            if stem is not None and _says_more(tabular, one, stem, other):
                break
            if vague_injury and other.code[0] in "ST" and _same_injury(one, other):
                break
            if without and other.code[:3] == one.code[:3] and _has(other.title, without):
                break
            if ulcer and _deeper_ulcer(one, other):
                break
        else:
            continue
        gained[other.code] = gained.get(other.code, ()) + one.evidence
        dropped[one.code] = Rejected(
            code=one.code, title=one.title, agent="reconciler", rule="less-specific",
            reason=f"{other.code} says more of the same condition (I.B.2, I.B.18)",
            evidence=one.evidence,
        )  # fmt: skip
    # What the vaguer code was named for is said of the closer one too.
    kept = [_with_evidence(c, gained.get(c.code, ())) for c in candidates if c.code not in dropped]
    return kept, list(dropped.values())


def _with_evidence(candidate: Candidate, further: tuple[int, ...]) -> Candidate:
    if not further:
        return candidate
    numbers = tuple(dict.fromkeys(candidate.evidence + further))
    return candidate.model_copy(update={"evidence": numbers})


def _without(title: str) -> frozenset[str]:
    """What a title says is absent: ``crisis`` in "Sickle-cell disease without crisis"."""
    _, _, tail = title.lower().partition(" without ")
    return (
        frozenset(tokens(tail.split(",")[0].split(" or ")[0])) - LATERALITY if tail else frozenset()
    )


def _has(title: str, words: frozenset[str]) -> bool:
    _, _, tail = title.lower().partition(" with ")
    return bool(tail) and words <= frozenset(tokens(tail.split(" without ")[0]))


def _deeper_ulcer(one: Candidate, other: Candidate) -> bool:
    """Of stages documented for one pressure ulcer the one that was found stands (I.C.12.a.2)."""
    if not other.code.startswith(one.code[:6]) or len(one.code) < 7:
        return False
    return _DEPTH.index(one.code[6]) < _DEPTH.index(other.code[6])


# The last character of L89: unspecified, deep tissue damage, stage 1, 2, unstageable, 3, 4.
_DEPTH = "9612034"
_ASIDE = re.compile(r" \([^)]*\)")
_VAGUE = ("unspecified", " nos", "not specified", "uncomplicated", "without complication")
_CUT = (" without ", ", not ", " not ", ", uncomplicated", " site not specified")
_EMPTY = frozenset(["organism", "site", "type", "region", "uncomplicated", "cause"])


@lru_cache(maxsize=4096)
def _stem(title: str) -> frozenset[str] | None:
    """The words of the condition that a vague title names; None for a title that is not vague."""
    lower = f" {title.lower()}"
    if not any(word in lower for word in _VAGUE):
        return None
    for cut in _CUT:
        lower = lower.split(cut, 1)[0]
    # "Respiratory failure, unspecified, unspecified whether with hypoxia": what follows is open.
    lower = lower.split(", unspecified", 1)[0]
    words = frozenset(tokens(lower)) - LATERALITY - _EMPTY
    return words or None


def _says_more(
    tabular: TabularList, one: Candidate, stem: frozenset[str], other: Candidate
) -> bool:
    if one.code[0] != other.code[0] and one.code[0] != "R":
        return False
    sides = (side(one.title), side(other.title))
    if sides[0] and sides[1] and sides[0] != sides[1]:
        return False
    same_category = one.code[:3] == other.code[:3]
    said = _title_words(other.title)
    if stem <= said:
        if not same_category and asks_for(tabular, other.code, one.code):
            return False
        if said - _EMPTY != stem:
            # A category that is all about the condition has it in every title.
            whole = same_category and stem == _category_words(tabular, one)
            return whole or not _names_another(stem, other.title)
        # The same words: the one with a side, or with what is not "unspecified", says more.
        return same_category and _vagueness(one.title) > _vagueness(other.title)
    if not same_category:
        return False
    above = [step for step in tabular.path(other.code)[:-1] if step.kind == "code"]
    return any(frozenset(tokens(step.title)) - LATERALITY - _EMPTY == stem for step in above)


@lru_cache(maxsize=4096)
def _title_words(title: str) -> frozenset[str]:
    return frozenset(tokens(title)) - LATERALITY


def _category_words(tabular: TabularList, one: Candidate) -> frozenset[str]:
    entry = tabular.get(one.code[:3])
    return _title_words(_ASIDE.sub("", entry.title)) - _EMPTY if entry else frozenset()


def _names_another(stem: frozenset[str], title: str) -> bool:
    """Says whether the words stand in a title only as the cause or the lack of something."""
    lower = title.lower()
    for joint in (
        " due to ",
        " with ",
        " in ",
        " without ",
        " history of ",
        " sequelae of ",
        " following ",
    ):
        head, _, tail = lower.partition(joint)
        if tail and stem <= frozenset(tokens(tail)) and not stem <= frozenset(tokens(head)):
            return True
    return False


def _vagueness(title: str) -> int:
    return title.lower().count("unspecified")


def _same_injury(one: Candidate, other: Candidate) -> bool:
    if other.title.startswith("Unspecified injury of"):
        return False
    return one.code.startswith("T14") or (one.code[:2] == other.code[:2] and same_site(one, other))
