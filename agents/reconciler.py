"""The reconciler: settles the set of the whole chart, orders it, and writes the coding."""

from collections.abc import Iterable, Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Judge
from chartcoder.agents.ordering import put_in_order
from chartcoder.agents.partners import missing_partners
from chartcoder.agents.queries import contradictions, queries_for
from chartcoder.agents.rules.relations import unrelated_pairs
from chartcoder.agents.values import (
    Assigned,
    AssignedSpan,
    Candidate,
    Chart,
    Coding,
    Evidence,
    Finding,
    Losses,
    Rejected,
    ReleaseName,
    Settlement,
    Step,
    Usage,
)
from chartcoder.tabular import findings
from chartcoder.tabular.check import check


def reconcile(
    chart: Chart,
    book: Book,
    judge: Judge,
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
) -> Settlement:
    """Asks the judge which set, and lets through only codes of the book, each once.

    The settlement names what is missing: the partners that the judge wants, and those that the
    notes of the Tabular List ask for.
    """
    answer = judge.which_set(chart, book, evidence, candidates)
    offered = {c.code for c in candidates}
    kept: dict[str, Candidate] = {}
    for one in answer.kept:
        if one.code in offered or book.tabular.get(one.code) is not None:
            kept.setdefault(one.code, one)
    codes = tuple(kept.values())
    wanted = (*answer.wanted, *missing_partners(book, codes))
    return answer.model_copy(update={"kept": codes, "wanted": wanted})


def conclude(
    chart: Chart,
    book: Book,
    evidence: Sequence[Evidence],
    settlement: Settlement,
    passed_over: Iterable[tuple[Evidence, str]] = (),
) -> Settlement:
    """Puts the set in order, holds it against the book, and asks what is left to ask.

    The result has no ``error`` finding: a code that breaks a rule and cannot be mended by another
    order becomes a suggestion, with the rule in the ledger.
    """
    kept = list(settlement.kept)
    suggested = list(settlement.suggested)
    while True:
        ordered = put_in_order(chart, book, evidence, kept, settlement.first)
        found, errors = _held_against_the_book(chart, book, evidence, ordered.candidates)
        if not errors:
            break
        worst = errors[0]
        loser = _to_drop(worst, ordered.candidates)
        suggested.append(
            Rejected(
                code=loser.code, title=loser.title, agent="reconciler", rule=worst.rule,
                reason=f"{worst.message} ({worst.section})" if worst.section else worst.message,
                evidence=loser.evidence,
            )
        )  # fmt: skip
        kept = [c for c in kept if c.code != loser.code]
    queries = (
        *settlement.queries,
        *queries_for(book, ordered.candidates),
        *contradictions(ordered.candidates, evidence, passed_over),
    )
    return settlement.model_copy(
        update={
            "kept": ordered.candidates,
            "suggested": tuple(suggested),
            "queries": queries,
            "findings": tuple(found),
            "ties": ordered.ties,
        }
    )


def _held_against_the_book(
    chart: Chart, book: Book, evidence: Sequence[Evidence], candidates: Sequence[Candidate]
) -> tuple[list[Finding], list[findings.Finding]]:
    codes = [c.code for c in candidates]
    verdict = check(codes, book.tabular, chart.encounter)
    if any(f.rule == "excludes1" for f in verdict.findings):
        unrelated = unrelated_pairs(chart.text, evidence, candidates)
        verdict = check(codes, book.tabular, chart.encounter, unrelated)
    return (
        [
            Finding(
                rule=f.rule, severity=f.severity, codes=f.codes, message=f.message, note=f.note,
                origin=f.origin, section=f.section,
            )
            for f in verdict.findings
            if (f.rule, f.severity) != ("use-additional", "info")
        ],
        [f for f in verdict.findings if f.severity == "error"],
    )  # fmt: skip


def _to_drop(error: findings.Finding, candidates: Sequence[Candidate]) -> Candidate:
    """Of the codes of an error, the one that gives way: the less sure, then the later one."""
    concerned = [c for c in candidates if c.code in error.codes]
    if error.rule == "excludes1":
        return min(reversed(concerned), key=lambda c: (c.code[0] != "R", c.confidence))
    return concerned[0]


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
    for turned in [*rejected, *settlement.rejected]:
        if turned.code not in reported:
            ledger.setdefault((turned.code, turned.rule), turned)
    suggested: dict[str, Rejected] = {}
    for turned in settlement.suggested:
        if turned.code not in reported:
            suggested.setdefault(turned.code, turned)
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
        findings=settlement.findings,
        queries=settlement.queries,
        suggestions=tuple(suggested.values()),
        ties=settlement.ties,
        losses=losses,
        way=tuple(way),
        usage=usage,
    )  # fmt: skip
