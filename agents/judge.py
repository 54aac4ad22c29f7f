"""The protocol between the agents and whoever judges: four questions.

The agents hold the procedure (retrieval, walking, notes, bookkeeping). Where a decision needs
judgement they ask a judge. Two judges exist: the rules judge (``chartcoder.agents.rules``) and
the model judge (``chartcoder.agents.model``). The agents do not know which one they have.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from chartcoder.agents.book import Book
from chartcoder.agents.values import (
    Candidate,
    Chart,
    Evidence,
    IndexEntry,
    Losses,
    Rejected,
    Settlement,
    Usage,
)

__all__ = ["Choice", "Judge", "JudgeFactory", "Mentions", "Settlement"]


class Mentions(NamedTuple):
    """Answer to "which mentions?": evidence that counts, and what was passed over, with why."""

    evidence: tuple[Evidence, ...]
    passed_over: tuple[tuple[Evidence, str], ...] = ()
    remarks: tuple[str, ...] = ()


class Choice(NamedTuple):
    """Answer to "which codes?": candidates kept for the chart, and those turned down."""

    kept: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...] = ()


class Judge(Protocol):
    """Answers the four questions of judgement.

    The graph makes a fresh judge for each question from the factory in its context, asks, and
    then calls ``account``; what accounts say adds up in the graph's state. What is heavy (a
    client, a cache) lives in what the factory closes over.
    """

    @property
    def name(self) -> str:
        """What the result calls it: ``rules``, or ``model:<name>``."""

    def which_mentions(self, chart: Chart, book: Book) -> Mentions:
        """Marks the evidence: what is documented, how surely, and whether it counts."""

    def which_entries(
        self,
        chart: Chart,
        book: Book,
        offered: Sequence[tuple[Evidence, Sequence[IndexEntry]]],
    ) -> Sequence[tuple[IndexEntry, ...]]:
        """For each evidence item, the index entries worth verifying, best first."""

    def which_codes(
        self,
        chart: Chart,
        book: Book,
        offered: Sequence[tuple[Evidence, Sequence[Candidate]]],
    ) -> Choice:
        """From verified candidates of the whole chart, those the documentation supports."""

    def which_set(
        self,
        chart: Chart,
        book: Book,
        evidence: Sequence[Evidence],
        candidates: Sequence[Candidate],
    ) -> Settlement:
        """Settles the set: conflicts, combinations, integral symptoms, setting."""

    def account(self) -> tuple[Losses, Usage | None, frozenset[int]]:
        """What was lost, what it cost, and the ids of evidence decided in degraded mode."""


JudgeFactory = Callable[[], Judge]
