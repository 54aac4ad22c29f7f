"""The reconciler: settles the set of the whole chart and writes the coding."""

from collections.abc import Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Judge, Settlement
from chartcoder.agents.values import (
    Assigned,
    AssignedSpan,
    Candidate,
    Chart,
    Coding,
    Evidence,
    Losses,
    Rejected,
    ReleaseName,
    Step,
    Usage,
)


def reconcile(
    chart: Chart,
    book: Book,
    judge: Judge,
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
) -> Settlement:
    """Asks the judge which set, and lets through only what was offered, each code once."""
    answer = judge.which_set(chart, book, evidence, candidates)
    offered = {c.code for c in candidates}
    kept: dict[str, Candidate] = {}
    for one in answer.kept:
        if one.code in offered or book.tabular.get(one.code) is not None:
            kept.setdefault(one.code, one)
    return answer.model_copy(update={"kept": tuple(kept.values())})


def write_coding(
    chart: Chart,
    book: Book,
    judge_name: str,
    evidence: Sequence[Evidence],
    settlement: Settlement,
    rejected: Sequence[Rejected],
    losses: Losses,
    way: Sequence[Step],
    usage: Usage | None,
) -> Coding:
    """The result with the proof of each code, in sequence."""
    by_id = {e.id: e for e in evidence}
    assigned = []
    for place, one in enumerate(settlement.kept, 1):
        spans = tuple(
            AssignedSpan(
                start=item.span.start, end=item.span.end, text=item.span.text,
                section=item.span.section, assertion=item.span.assertion,
            )
            for number in one.evidence
            if (item := by_id.get(number)) is not None
        )  # fmt: skip
        assigned.append(
            Assigned(
                sequence=place, code=one.code, title=one.title, evidence=spans,
                index_path=one.entry.path, hops=one.entry.hops, tabular_path=one.tabular_path,
                notes=one.notes, confidence=one.confidence, degraded=one.degraded,
            )
        )  # fmt: skip
    reported = {a.code for a in assigned}
    ledger: dict[tuple[str, str], Rejected] = {}
    for one in [*rejected, *settlement.rejected]:
        if one.code not in reported:
            ledger.setdefault((one.code, one.rule), one)
    return Coding(
        chart={
            "id": chart.id, "encoding": chart.encoding, "characters": len(chart.text),
            "sha256": chart.sha256,
        },
        encounter=chart.encounter,
        release=ReleaseName(
            year=book.release.year, source=book.release.source, index=book.release.index_kind
        ),
        judge=judge_name,
        assigned=tuple(assigned),
        rejected=tuple(ledger.values()),
        queries=settlement.queries,
        suggestions=settlement.suggested,
        losses=losses,
        way=tuple(way),
        usage=usage,
    )
