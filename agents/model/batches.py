"""Cuts questions to size: within the token budget, and in half where an answer was cut short."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from chartcoder.agents.model.answers import FailedAnswer
from chartcoder.agents.model.mentions import Places
from chartcoder.agents.model.prompts import Messages
from chartcoder.agents.model.wire import estimated_tokens

Item = TypeVar("Item")
Given = TypeVar("Given")
Part = tuple[int, int]

_MOST_PARTS = 8
_LEAST_ROOM = 2_000
_CHARACTERS = 4


def tokens_of(messages: Messages) -> int:
    """Tokens of a prompt, estimated."""
    return estimated_tokens(messages.system + messages.user)


def batches(
    items: Sequence[Item], show: Callable[[Sequence[Item]], Messages], budget: int
) -> Iterator[list[Item]]:
    """The items in one batch, or in as many as the token budget asks for.

    Args:
        items: what is asked about.
        show: makes the prompt about some of them.
        budget: prompt tokens of one call.
    """
    if not items:
        return
    if tokens_of(show(items)) <= budget:
        yield list(items)
        return
    frame = tokens_of(show(()))
    batch: list[Item] = []
    used = frame
    for item in items:
        cost = tokens_of(show([item])) - frame
        if batch and used + cost > budget:
            yield batch
            batch, used = [], frame
        batch.append(item)
        used += cost
    yield batch


def halving(
    whole: Item,
    ask: Callable[[Item], Given],
    halve: Callable[[Item], Sequence[Item]],
    *,
    strict: bool,
) -> Iterator[tuple[Item, Given | FailedAnswer]]:
    """Asks; where the answer is cut short or the question too long, asks about each half once.

    Yields:
        What was asked about, with the answer or the failure.

    Raises:
        FailedAnswer: under ``strict``.
    """
    try:
        yield whole, ask(whole)
        return
    except FailedAnswer as failure:
        halves = halve(whole) if failure.kind in ("truncated", "question too long") else ()
        if len(halves) < 2:
            if strict:
                raise
            yield whole, failure
            return
    for half in halves:
        try:
            given = ask(half)
        except FailedAnswer as failure:
            if strict:
                raise
            yield half, failure
        else:
            yield half, given


def split_list(whole: list[Item]) -> list[list[Item]]:
    """A list in two halves; as it is where it has fewer than two items."""
    middle = len(whole) // 2
    return [whole[:middle], whole[middle:]] if middle else [whole]


def chart_parts(text: str, places: Places, frame: Messages, budget: int) -> list[Part]:
    """The chart in as few parts as fit a question, cut where sections or lines begin.

    Args:
        text: the chart.
        places: its sections and lines.
        frame: the prompt without the chart.
        budget: prompt tokens of one call.
    """
    room = max(_LEAST_ROOM, (budget - tokens_of(frame)) * _CHARACTERS)
    parts: list[Part] = []
    start = 0
    while len(text) - start > room and len(parts) < _MOST_PARTS - 1:
        end = start + room
        for cuts in (places.cuts(), places.lines()):
            fitting = [c for c in cuts if start + room // 2 < c <= start + room]
            if fitting:
                end = fitting[-1]
                break
        parts.append((start, end))
        start = end
    parts.append((start, len(text)))
    return parts


def halved(places: Places) -> Callable[[Part], Sequence[Part]]:
    """Cuts a stretch of the chart in two near its middle, where a line begins."""

    def halve(part: Part) -> Sequence[Part]:
        start, end = part
        middle = (start + end) // 2
        cuts = [c for c in places.lines() if start < c < end]
        if not cuts:
            return (part,)
        cut = min(cuts, key=lambda c: (abs(c - middle), c))
        return ((start, cut), (cut, end))

    return halve
