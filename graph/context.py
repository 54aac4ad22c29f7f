"""What a run is given besides the chart: the release, the judge, the switches."""

from dataclasses import dataclass, field
from functools import lru_cache

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Judge, JudgeFactory
from chartcoder.agents.rules.judge import RulesJudge
from chartcoder.tabular.release import open_release


@dataclass(frozen=True)
class Context:
    """The run's context; every field has a default, so a graph runs without one.

    Attributes:
        release: what ``open_release`` takes: a year, a path, ``bundled``; None for the newest.
        judge: makes a judge; None for the rules judge with ``policies``.
        way_back: whether loops may run.
        most_rounds: how often evidence may go back to the navigator.
        policies: policies of the rules judge that a user changed, as pairs.
    """

    release: str | None = None
    judge: JudgeFactory | None = None
    way_back: bool = True
    most_rounds: int = 2
    policies: tuple[tuple[str, str], ...] = field(default=())

    def make_judge(self) -> Judge:
        """A fresh judge for one question."""
        return self.judge() if self.judge is not None else RulesJudge(self.policies)

    @property
    def book(self) -> Book:
        """The opened book of the release, shared by all runs of this process."""
        return _book(self.release)


@lru_cache(maxsize=4)
def _book(release: str | None) -> Book:
    return Book(open_release(release))
