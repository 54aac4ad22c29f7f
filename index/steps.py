"""Where a walk through the index stands, and what it has come to."""

from collections.abc import Sequence
from typing import NamedTuple

from chartcoder.index.rank import Asked, Ranked
from chartcoder.index.terms import Pointer


class Step(NamedTuple):
    """Where a walk stands.

    Attributes:
        ranked: the term, with what it explains and is supplied on the whole way.
        score: how good the walk is so far.
        hops: the pointers that were followed: pairs of the term that carries it and the pointer.
        visited: terms that were landed on.
        said: numbers of the words said on the way, before this term.
        column: column of the table that is asked for, 0 for none.
    """

    ranked: Ranked
    score: float
    hops: tuple[Pointer, ...] = ()
    visited: frozenset[int] = frozenset()
    said: frozenset[int] = frozenset()
    column: int = 0


class End(NamedTuple):
    """A code that a walk comes to."""

    score: float
    step: Step
    code: str
    manifestation: str


class Look(NamedTuple):
    """One reading of a question against the lines.

    Attributes:
        asked: the reading.
        ranked: the lines that fit it, best first.
        trust: how far it is trusted.
        ends: place of a line among them to the codes it leads to, as far as they were asked for.
    """

    asked: Asked
    ranked: Sequence[Ranked]
    trust: float
    ends: dict[int, tuple[End, ...]]
