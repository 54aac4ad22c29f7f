"""Which set? The rules judge's answer: one code a fact, conflicts and low confidence settled."""

from collections.abc import Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Settlement
from chartcoder.agents.rules.policies import Policies
from chartcoder.agents.values import Candidate, Chart, Evidence, Rejected


def settle(
    chart: Chart,
    book: Book,
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
    policies: Policies,
) -> Settlement:
    """Settles the candidates of a chart into a set."""
    kept: dict[str, Candidate] = {}
    suggested: list[Rejected] = []
    rejected: list[Rejected] = []
    for candidate in candidates:
        if candidate.confidence < policies.threshold:
            suggested.append(
                turned_down(
                    candidate, f"confidence {candidate.confidence:.2f} is low", "threshold"
                )
            )
        elif candidate.code in kept:
            first = kept[candidate.code]
            merged = tuple(dict.fromkeys(first.evidence + candidate.evidence))
            kept[candidate.code] = first.model_copy(update={"evidence": merged})
        else:
            kept[candidate.code] = candidate
    return Settlement(tuple(kept.values()), tuple(rejected), tuple(suggested))


def turned_down(candidate: Candidate, reason: str, rule: str) -> Rejected:
    """A candidate for the ledger of what was turned down by the reconciler."""
    return Rejected(
        code=candidate.code, title=candidate.title, agent="reconciler", reason=reason, rule=rule,
        evidence=candidate.evidence,
    )  # fmt: skip
