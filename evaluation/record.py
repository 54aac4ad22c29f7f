"""What a run of one chart left behind, as far as scores and stage losses need it.

A record is plain JSON, a line a chart, so that a run can be saved, finished later, and compared
with another one without running anything again.
"""

from collections.abc import Iterable
from typing import Any, TypedDict

from chartcoder.agents.values import Candidate, Chart, Evidence, IndexEntry, Span
from chartcoder.graph.state import State


class SpanRecord(TypedDict):
    """A place in the chart."""

    start: int
    end: int
    text: str


class AssignedRecord(TypedDict):
    """A code of the result; ``verbatim``: every span quotes the chart word for word."""

    code: str
    title: str
    spans: list[SpanRecord]
    verbatim: bool
    confidence: float
    degraded: bool


class EvidenceRecord(TypedDict):
    """An evidence item, or one that was passed over with the reason."""

    id: int
    spans: list[SpanRecord]
    phrase: str
    modifiers: list[str]
    assertion: str
    reason: str


class EntryRecord(TypedDict):
    """An index entry found for an evidence item; ``picked``: thought worth verifying."""

    evidence: int
    code: str
    manifestation: str
    path: list[str]
    score: float
    picked: bool


class CandidateRecord(TypedDict):
    """A billable code verified for evidence items."""

    code: str
    evidence: list[int]


class RejectedRecord(TypedDict):
    """A code turned down or only suggested."""

    code: str
    agent: str
    rule: str
    reason: str


class ChartRecord(TypedDict):
    """One chart's run; ``error`` is empty where it ran."""

    id: str
    sha256: str
    characters: int
    encounter: dict[str, Any]
    seconds: float
    error: str
    judge: str
    assigned: list[AssignedRecord]
    evidence: list[EvidenceRecord]
    passed_over: list[EvidenceRecord]
    entries: list[EntryRecord]
    candidates: list[CandidateRecord]
    chosen: list[CandidateRecord]
    rejected: list[RejectedRecord]
    suggested: list[RejectedRecord]
    queries: int
    findings: list[dict[str, Any]]
    turns_back: int
    losses: dict[str, Any]
    usage: dict[str, Any] | None


def failed_record(chart: Chart, error: str, seconds: float = 0.0) -> ChartRecord:
    """The record of a chart that could not be coded."""
    return ChartRecord(
        id=chart.id, sha256=chart.sha256, characters=len(chart.text),
        encounter=chart.encounter.model_dump(exclude_none=True), seconds=seconds, error=error,
        judge="", assigned=[], evidence=[], passed_over=[], entries=[], candidates=[], chosen=[],
        rejected=[], suggested=[], queries=0, findings=[], turns_back=0, losses={}, usage=None,
    )  # fmt: skip


def record_of(chart: Chart, state: State, seconds: float) -> ChartRecord:
    """The record of a chart's final state.

    Args:
        chart: the chart as it was given.
        state: what ``run_chart`` gave.
        seconds: how long it took, wall clock.
    """
    coding = state["coding"]
    picked = {_key(e) for e in state.get("entries", [])}
    found = {
        _key(entry): entry
        for _, _, entries in state.get("looked_up", [])
        for entry in entries
    } | {_key(e): e for e in state.get("entries", [])}  # fmt: skip
    return ChartRecord(
        id=chart.id,
        sha256=chart.sha256,
        characters=len(chart.text),
        encounter=chart.encounter.model_dump(exclude_none=True),
        seconds=round(seconds, 4),
        error="",
        judge=coding.judge,
        assigned=[
            AssignedRecord(
                code=one.code,
                title=one.title,
                spans=[SpanRecord(start=s.start, end=s.end, text=s.text) for s in one.evidence],
                verbatim=bool(one.evidence)
                and all(s.text == chart.text[s.start : s.end] != "" for s in one.evidence),
                confidence=one.confidence,
                degraded=one.degraded,
            )
            for one in coding.assigned
        ],
        evidence=[_evidence(e) for e in state.get("evidence", [])],
        passed_over=[_evidence(e, reason) for e, reason in state.get("passed_over", [])],
        entries=[
            EntryRecord(
                evidence=e.evidence, code=e.code, manifestation=e.manifestation,
                path=list(e.path), score=e.score, picked=key in picked,
            )
            for key, e in found.items()
        ],
        candidates=_candidates(state.get("candidates", [])),
        chosen=_candidates(state.get("chosen", [])),
        rejected=[
            RejectedRecord(code=r.code, agent=r.agent, rule=r.rule, reason=r.reason)
            for r in coding.rejected
        ],
        suggested=[
            RejectedRecord(code=r.code, agent=r.agent, rule=r.rule, reason=r.reason)
            for r in coding.suggestions
        ],
        queries=len(coding.queries),
        findings=[f.model_dump(mode="json", by_alias=True) for f in coding.findings],
        turns_back=max((step.round for step in coding.way), default=0),
        losses=coding.losses.model_dump(mode="json"),
        usage=None if coding.usage is None else coding.usage.model_dump(mode="json"),
    )  # fmt: skip


def _key(entry: IndexEntry) -> tuple[int, str, str, tuple[str, ...]]:
    return entry.evidence, entry.code, entry.manifestation, entry.path


def _span(span: Span) -> SpanRecord:
    return SpanRecord(start=span.start, end=span.end, text=span.text)


def _evidence(item: Evidence, reason: str = "") -> EvidenceRecord:
    return EvidenceRecord(
        id=item.id, spans=[_span(s) for s in (item.span, *item.support)], phrase=item.phrase,
        modifiers=list(item.modifiers), assertion=item.span.assertion,
        reason=reason or item.reason,
    )  # fmt: skip


def _candidates(candidates: Iterable[Candidate]) -> list[CandidateRecord]:
    return [CandidateRecord(code=c.code, evidence=list(c.evidence)) for c in candidates]
