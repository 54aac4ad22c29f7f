"""Pairs that an Excludes1 note forbids: decided by the documentation, or asked of the provider.

Source: Official Guidelines I.A.12.a; I.A.19 (the provider's statement), I.B.18 (symptoms and
unspecified codes).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.rules.relations import unrelated_pairs
from chartcoder.agents.values import Candidate, Chart, Evidence, Query, QueryAnswer, Rejected
from chartcoder.tabular.codes import undotted
from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.excludes import excludes1
from chartcoder.tabular.findings import Finding
from chartcoder.tabular.rulebook import rule_book

_CLEARLY = 0.15
_JOINS = re.compile(r"\b(?:with|due to|associated with|following|complicat\w+|in \(due to\))\b")


class Settled(NamedTuple):
    """What is left when the conflicts are settled."""

    kept: list[Candidate]
    rejected: list[Rejected]
    suggested: list[Rejected]
    queries: list[Query]


def settle_conflicts(
    chart: Chart, book: Book, evidence: Sequence[Evidence], candidates: Sequence[Candidate]
) -> Settled:
    """Settles the pairs that exclude each other.

    The better documented code stays: a diagnosis before a symptom, a specific code before an
    unspecified one, the surer before the less sure. Where the documentation does not say, the one
    documented first stays, the other becomes a suggestion, and the provider is asked. Nothing is
    deleted quietly.
    """
    settled = Settled(list(candidates), [], [], [])
    by_id = {e.id: e for e in evidence}
    if _first_conflict(book, settled.kept, ()) is None:
        return settled
    unrelated = unrelated_pairs(chart.text, evidence, candidates)
    for _ in range(len(candidates)):
        finding = _first_conflict(book, settled.kept, unrelated)
        if finding is None:
            break
        pair = [c for c in settled.kept if c.code in finding.codes[:2]]
        loser, winner, clear = _weigh(pair, finding, by_id)
        reason = f"{winner.code} excludes it: {finding.note or finding.message} (I.A.12.a)"
        turned = Rejected(
            code=loser.code, title=loser.title, agent="reconciler", reason=reason,
            rule="excludes1", evidence=loser.evidence,
        )  # fmt: skip
        settled.kept.remove(loser)
        if clear:
            settled.rejected.append(turned)
        else:
            settled.suggested.append(turned)
            settled.queries.append(_query(winner, loser))
    return settled


def _first_conflict(
    book: Book, candidates: list[Candidate], unrelated: Sequence[tuple[str, str]]
) -> Finding | None:
    rules = rule_book(book.tabular)
    items = (rules.item(c.code) for c in candidates)
    codes = CodeSet(item for item in items if item is not None)
    bare = [(undotted(one), undotted(other)) for one, other in unrelated]
    return next((f for f in excludes1(codes, bare) if f.severity == "error"), None)


def _weigh(
    pair: list[Candidate], finding: Finding, by_id: dict[int, Evidence]
) -> tuple[Candidate, Candidate, bool]:
    """Which of two codes loses, which wins, and whether the documentation decides it."""
    one, other = pair
    if _JOINS.search(finding.note):
        # "that with hydronephrosis (N13.2)": the code named says both, the carrier only its part.
        carrier = one if one.code == finding.codes[0] else other
        return carrier, other if carrier is one else one, True
    for measure in (_is_symptom, _is_vague):
        first, second = measure(one), measure(other)
        if first != second:
            return (one, other, True) if first else (other, one, True)
    gap = one.confidence - other.confidence
    if abs(gap) >= _CLEARLY or set(one.evidence) & set(other.evidence):
        return (other, one, True) if gap >= 0 else (one, other, True)
    ordered = sorted(pair, key=lambda c: (_rank(c, by_id), c.code))
    return ordered[1], ordered[0], False


def _rank(candidate: Candidate, by_id: dict[int, Evidence]) -> tuple[bool, int]:
    items = [by_id[n] for n in candidate.evidence if n in by_id]
    return not any(i.primary for i in items), min((i.span.start for i in items), default=10**9)


def _is_symptom(candidate: Candidate) -> bool:
    return candidate.code[0] == "R"


def _is_vague(candidate: Candidate) -> bool:
    title = candidate.title.lower()
    return "unspecified" in title or "without complication" in title


def _query(one: Candidate, other: Candidate) -> Query:
    """A neutral question: the record names both, the classification does not take both."""
    return Query(
        question=(
            f"The record documents both \"{one.title}\" and \"{other.title}\". The classification "
            "does not report these two for the same condition. Based on your clinical judgement, "
            "please clarify how they relate."
        ),
        about=(one.code, other.code),
        axis="conflicting documentation",
        answers=(
            QueryAnswer(answer=f"{one.title} only", code=one.code, title=one.title),
            QueryAnswer(answer=f"{other.title} only", code=other.code, title=other.title),
            QueryAnswer(
                answer="Both are present and are unrelated to each other",
                code=f"{one.code}, {other.code}", title=f"{one.title}; {other.title}",
            ),
            QueryAnswer(answer="Other (please specify)", code="", title=""),
            QueryAnswer(answer="Unable to determine", code="", title=""),
        ),
        section="I.A.12.a",
    )  # fmt: skip
