"""The state that travels through the graph: frozen values under named keys."""

from operator import add
from typing import Annotated

from typing_extensions import TypedDict

from chartcoder.agents.values import (
    Candidate,
    Chart,
    Coding,
    Evidence,
    IndexEntry,
    Losses,
    Rejected,
    Settlement,
    Step,
    Usage,
)


def add_losses(first: Losses, second: Losses) -> Losses:
    """Sums what was lost in two calls."""
    return Losses(
        dropped_quotes=first.dropped_quotes + second.dropped_quotes,
        failed_calls=first.failed_calls + second.failed_calls,
        skipped_files=first.skipped_files + second.skipped_files,
        degraded_items=first.degraded_items + second.degraded_items,
        remarks=first.remarks + second.remarks,
    )


def add_usage(first: Usage | None, second: Usage | None) -> Usage | None:
    """Sums what two calls cost; None where no model was asked."""
    if first is None or second is None:
        return first or second
    costs = [u.cost for u in (first, second) if u.cost is not None]
    return Usage(
        calls=first.calls + second.calls,
        prompt_tokens=first.prompt_tokens + second.prompt_tokens,
        completion_tokens=first.completion_tokens + second.completion_tokens,
        seconds=first.seconds + second.seconds,
        cost=sum(costs) if costs else None,
    )


class ChartInput(TypedDict):
    """What the graph takes."""

    chart: Chart


class CodingOutput(TypedDict):
    """What the graph gives."""

    coding: Coding


class State(TypedDict, total=False):
    """Everything a run gathers."""

    chart: Chart
    evidence: list[Evidence]
    passed_over: list[tuple[Evidence, str]]
    looked_up: Annotated[list[tuple[int, int, list[IndexEntry]]], add]
    entries: list[IndexEntry]
    verified: Annotated[list[tuple[int, int, list[Candidate], list[Rejected]]], add]
    candidates: list[Candidate]
    chosen: list[Candidate]
    rejected: Annotated[list[Rejected], add]
    settlement: Settlement
    losses: Annotated[Losses, add_losses]
    usage: Annotated[Usage | None, add_usage]
    degraded: Annotated[list[int], add]
    way: Annotated[list[Step], add]
    round: int
    coding: Coding


class LookUpItem(TypedDict):
    """One evidence item on its way to the Index; ``again`` where a first look led nowhere."""

    chart: Chart
    item: Evidence
    round: int
    reasons: list[str]
    again: bool


class VerifyItem(TypedDict):
    """One evidence item with its index entries on the way to the Tabular List."""

    chart: Chart
    item: Evidence
    round: int
    found: list[IndexEntry]
