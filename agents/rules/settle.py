"""Which set? The rules judge's answer: one code a fact, combinations, symptoms, conflicts.

The steps are those of a coder who goes over the list once more: combine, strike what another code
says already, ask or decide where the book forbids a pair, and leave as suggestions what the
documentation or a policy does not carry.
"""

import re
from collections.abc import Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Settlement
from chartcoder.agents.rules.combine import combine
from chartcoder.agents.rules.confidence import calibrated
from chartcoder.agents.rules.conflicts import settle_conflicts
from chartcoder.agents.rules.integral import drop_integral, drop_less_specific
from chartcoder.agents.rules.policies import Policies
from chartcoder.agents.values import Candidate, Chart, Evidence, Rejected, Wanted

_EXTERNAL = "VWXY"
_NEEDS_WEIGHT = ("E40", "E41", "E43", "E44", "E45", "E46", "E64.0", "E66", "E88.A", "F50", "O99.21",
                 "R62.5", "R62.7", "R63.4", "R63.5", "R63.6", "R64", "Z71.3", "Z98.84")  # fmt: skip


def settle(
    chart: Chart,
    book: Book,
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
    policies: Policies,
) -> Settlement:
    """Settles the candidates of a chart into a set.

    Args:
        chart: the chart.
        book: the opened book.
        evidence: the evidence of the chart.
        candidates: verified candidates, those of the same code not yet merged.
        policies: what to do where the guidelines leave room.
    """
    meant = [c.model_copy(update={"confidence": calibrated(c.confidence)}) for c in candidates]
    sure, suggested = _sure_enough(_merged(meant), policies)
    sure, unfit = _of_this_patient(chart, sure)
    # Vague names go before combining, so that they combine with nothing, and once more after it.
    sure, vague = drop_less_specific(book.tabular, sure)
    combined = combine(chart, book, evidence, sure)
    kept, rejected = list(combined.kept), [*unfit, *vague, *combined.replaced]
    kept, vague = drop_less_specific(book.tabular, kept)
    kept, integral = drop_integral(chart, evidence, kept)
    kept, alone = _body_mass_with_a_diagnosis(kept)
    rejected += [*vague, *integral, *alone]
    kept, aside = _external_causes(kept, policies)
    suggested += aside
    settled = settle_conflicts(chart, book, evidence, kept)
    wanted = tuple(
        Wanted(by=by, ranges=(prefix,), reason=why) for prefix, by, why in combined.wanted
    )
    return Settlement(
        kept=tuple(settled.kept),
        rejected=(*rejected, *settled.rejected),
        suggested=(*suggested, *settled.suggested),
        queries=tuple(settled.queries),
        wanted=wanted,
    )


def turned_down(candidate: Candidate, reason: str, rule: str) -> Rejected:
    """A candidate for the ledger of what was turned down by the reconciler."""
    return Rejected(
        code=candidate.code, title=candidate.title, agent="reconciler", reason=reason, rule=rule,
        evidence=candidate.evidence,
    )  # fmt: skip


def _merged(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each code once, with the evidence of all its candidates and the best confidence (I.B.12)."""
    merged: dict[str, Candidate] = {}
    for one in candidates:
        first = merged.get(one.code)
        if first is None:
            merged[one.code] = one
            continue
        numbers = tuple(dict.fromkeys(first.evidence + one.evidence))
        better = one if one.confidence > first.confidence else first
        merged[one.code] = better.model_copy(update={"evidence": numbers})
    return list(merged.values())


def _sure_enough(
    candidates: list[Candidate], policies: Policies
) -> tuple[list[Candidate], list[Rejected]]:
    sure, unsure = [], []
    for one in candidates:
        if one.confidence < policies.threshold:
            reason = f"confidence {one.confidence:.2f} is below {policies.threshold:.2f}"
            unsure.append(turned_down(one, reason, "threshold"))
        else:
            sure.append(one)
    return sure, unsure


_PREGNANT = re.compile(
    r"pregnan|gestation|gravid|\bG\d+ ?P\d|\bEDD\b|trimester|prenatal|antenatal|post-?partum|"
    r"\bweeks?\b[^.\n]{0,20}\b(?:GA|EGA)\b|puerper|breast-?feeding|deliver(?:y|ed)|in labor|"
    r"miscarr|abort",
    re.IGNORECASE,
)


def _of_this_patient(
    chart: Chart, candidates: list[Candidate]
) -> tuple[list[Candidate], list[Rejected]]:
    """Chapter 15 is for the mother: an age and a chart that speak of a pregnancy (I.C.15.a.1)."""
    age = chart.encounter.age
    if (age is None or 9 <= age < 65) and _PREGNANT.search(chart.text):
        return candidates, []
    obstetric = [c for c in candidates if c.code[0] == "O" or c.code.startswith(("Z34", "Z3A"))]
    reason = "nothing in the chart speaks of a pregnancy (I.C.15.a.1)"
    return (
        [c for c in candidates if c not in obstetric],
        [turned_down(c, reason, "encounter") for c in obstetric],
    )


def _body_mass_with_a_diagnosis(
    candidates: list[Candidate],
) -> tuple[list[Candidate], list[Rejected]]:
    """A body mass index is coded only beside a diagnosis by the provider (I.B.14, I.C.21.c.3)."""
    pregnant = any(c.code[0] == "O" for c in candidates)
    if any(c.code.startswith(_NEEDS_WEIGHT) for c in candidates) and not pregnant:
        return candidates, []
    reason = "a body mass index is coded only with an associated diagnosis (I.B.14)"
    alone = [c for c in candidates if c.code.startswith("Z68")]
    return (
        [c for c in candidates if not c.code.startswith("Z68")],
        [turned_down(c, reason, "body-mass-index") for c in alone],
    )


def _external_causes(
    candidates: list[Candidate], policies: Policies
) -> tuple[list[Candidate], list[Rejected]]:
    """External causes only beside what they caused, where the policy codes them (I.C.20)."""
    caused = any(c.code[0] in "ST" or c.code[:3] in _MAY_BE_CAUSED for c in candidates)
    kept, aside = [], []
    for one in candidates:
        if one.code[0] not in _EXTERNAL or one.code[:3] in _NOT_CAUSES:
            kept.append(one)
        elif not caused:
            reason = "an external cause is coded only beside the injury it brought about (I.C.20.a)"
            aside.append(turned_down(one, reason, "external-cause"))
        elif policies.external_causes == "suggest":
            reason = "reporting external causes is voluntary here (I.C.20); policy external_causes"
            aside.append(turned_down(one, reason, "policy-external-causes"))
        else:
            kept.append(one)
    return kept, aside


# Conditions of other chapters that an external cause may explain, such as a sprain's late pain.
_MAY_BE_CAUSED = frozenset(["M23", "M84", "L55", "L56", "L58", "J70", "J68", "H83", "F43", "O9A"])
# Y90 (blood alcohol) and Y95 (nosocomial condition) are supplementary, not causes of an injury.
_NOT_CAUSES = frozenset(["Y90", "Y95"])
