"""Which index entries? The question to the model, and entries from the numbers it answers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chartcoder.agents.model.answers import EntriesAnswer, FailedAnswer
from chartcoder.agents.model.prompts import Messages, Prompt
from chartcoder.agents.model.show import evidence_lines, fence_for
from chartcoder.agents.values import Chart, Evidence, IndexEntry

Offer = tuple[Evidence, Sequence[IndexEntry]]

_MOST = 4
_FEW = 6
_SHARE = 0.55


class Numbered(NamedTuple):
    """A question with what its numbers stand for.

    Attributes:
        messages: the prompt.
        entries: number to entry.
        items: ids of the evidence it asks about.
    """

    messages: Messages
    entries: Mapping[int, IndexEntry]
    items: frozenset[int]


def question(prompt: Prompt, chart: Chart, offered: Sequence[Offer], year: str) -> Numbered:
    """The question about some evidence items, their entries numbered through from 1."""
    numbered: dict[int, IndexEntry] = {}
    blocks = []
    for item, entries in offered:
        lines = evidence_lines(item, chart)
        seen: set[str] = set()
        for entry in _near_the_best(entries):
            words = path_words(entry)
            if words in seen:
                continue
            seen.add(words)
            number = len(numbered) + 1
            numbered[number] = entry
            lines.append(f"  {number} {words}")
        if not entries:
            lines.append("  (no line found: name other words)")
        blocks.append("\n".join(lines))
    filled = prompt.fill(
        {"year": year, "fence": fence_for(chart.text), "items": "\n\n".join(blocks)}
    )
    return Numbered(filled, numbered, frozenset(item.id for item, _ in offered))


def _near_the_best(entries: Sequence[IndexEntry]) -> list[IndexEntry]:
    """The entries without those that fit far worse than the best; a few in any case."""
    if not entries:
        return []
    best = max(entry.score for entry in entries)
    return [e for place, e in enumerate(entries) if place < _FEW or e.score >= _SHARE * best]


def path_words(entry: IndexEntry) -> str:
    """An entry's path as it is read out, with where it was sent from and its bracketed code."""
    words = " - ".join(entry.path)
    if entry.book in ("title", "inclusion"):
        words += " (a title of the Tabular List)" if entry.book == "title" else ""
    if entry.hops:
        words += f" (sent here by: {'; '.join(entry.hops)})"
    if entry.manifestation:
        words += " (with a second code for the manifestation)"
    return words


def check(answer: EntriesAnswer, asked: Numbered) -> None:
    """Sees whether an answer speaks of the evidence that was asked about.

    Raises:
        FailedAnswer: it names none of it.
    """
    if asked.items and not any(item.evidence in asked.items for item in answer.items):
        raise FailedAnswer(
            "answer to another question",
            "None of the evidence numbers that were asked about is answered.",
        )


class Read(NamedTuple):
    """What an answer chose for one evidence item: entries, and words to look up besides."""

    entries: tuple[IndexEntry, ...]
    also: str


def read(answer: EntriesAnswer, asked: Numbered) -> tuple[dict[int, Read], int]:
    """The choice for each evidence item that was answered, and how many numbers stood for nothing.

    A number that belongs to another item's list, or to none, is left out.
    """
    found: dict[int, Read] = {}
    strays = 0
    for item in answer.items:
        if item.evidence not in asked.items or item.evidence in found:
            continue
        chosen = []
        for number in dict.fromkeys(item.entries):
            entry = asked.entries.get(number)
            if entry is None or entry.evidence != item.evidence:
                strays += 1
            else:
                chosen.append(entry)
        found[item.evidence] = Read(tuple(chosen[:_MOST]), item.also.strip())
    return found, strays
