"""Makes a settlement of a model's verdicts: nothing lost silently, no forbidden pair kept."""

from collections.abc import Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.model.account import Account
from chartcoder.agents.model.reach import conflicts
from chartcoder.agents.model.sets import Verdicts
from chartcoder.agents.values import Candidate, Evidence, Rejected, Settlement


def settled(
    book: Book,
    by_rules: Settlement,
    merged: Sequence[Candidate],
    verdicts: Verdicts,
    account: Account,
) -> Settlement:
    """The set as the model has it, what it passed over as the rules have it.

    Args:
        book: the opened book.
        by_rules: the rules judge's settlement of the same candidates.
        merged: all candidates, each code once; what the verdicts do not know came on the way back
            from a validator that was asked for it, and joins the set.
        verdicts: the model's.
        account: where what was passed over is noted.
    """
    judged = {c.code for c in (*verdicts.kept, *verdicts.unanswered)}
    judged |= {r.code for r in (*verdicts.rejected, *verdicts.suggested)}
    reported = {c.code for c in by_rules.kept}
    for one in verdicts.unanswered:
        for number in one.evidence:
            why = "the model passed its code over"
            account.degrade("reconciler", f"evidence {number}", why, number)
    passed_over = [c for c in verdicts.unanswered if c.code in reported]
    left_out = {c.code for c in verdicts.unanswered} - reported
    kept = [*verdicts.kept, *passed_over, *(c for c in merged if c.code not in judged)]
    kept, forbidden = _without_forbidden(book, kept)
    return Settlement(
        first=verdicts.first if any(c.code == verdicts.first for c in kept) else "",
        kept=tuple(kept),
        rejected=(
            *verdicts.rejected,
            *(r for r in by_rules.rejected if r.code in left_out),
            *forbidden,
        ),
        suggested=(
            *verdicts.suggested,
            *(s for s in by_rules.suggested if s.code in left_out),
        ),
        queries=verdicts.queries or by_rules.queries,
        wanted=verdicts.wanted,
    )


def _without_forbidden(book: Book, kept: list[Candidate]) -> tuple[list[Candidate], list[Rejected]]:
    """Of a pair that an Excludes1 note forbids, the later one gives way (I.A.12.a)."""
    rejected = []
    for finding in conflicts(book, [c.code for c in kept]):
        pair = [c for c in kept if c.code in finding.codes]
        if finding.severity == "error" and len(pair) == 2:
            first, loser = pair
            kept = [c for c in kept if c is not loser]
            rejected.append(
                Rejected(
                    code=loser.code, title=loser.title, agent="reconciler", rule="excludes1",
                    reason=f"may not stand beside {first.code}: {finding.note}",
                    evidence=loser.evidence,
                )
            )  # fmt: skip
    return kept, rejected


def chief_code(candidates: Sequence[Candidate], evidence: Sequence[Evidence]) -> str:
    """The code that rests on the chief reason for the encounter; empty where none does."""
    chief = {e.id for e in evidence if e.primary}
    return next((c.code for c in candidates if chief.intersection(c.evidence)), "")


def each_once(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each code once, with the evidence of all its candidates (I.B.12)."""
    merged: dict[str, Candidate] = {}
    for one in candidates:
        first = merged.get(one.code)
        if first is None:
            merged[one.code] = one
        else:
            numbers = tuple(dict.fromkeys(first.evidence + one.evidence))
            merged[one.code] = first.model_copy(update={"evidence": numbers})
    return list(merged.values())
