"""Which codes? The question to the model over everything in reach, and what its answer chose."""

from collections.abc import Sequence
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.model.account import Account
from chartcoder.agents.model.answers import CodesAnswer, CodesItem, FailedAnswer
from chartcoder.agents.model.prompts import Messages, Prompt
from chartcoder.agents.model.quotes import QuoteFinder
from chartcoder.agents.model.reach import Offer, Sheet
from chartcoder.agents.model.show import encounter_line, evidence_lines, fence_for
from chartcoder.agents.values import Candidate, Chart, NoteWeighed, Rejected

# A code that the model chose and the rules rank first as well, and one that only the model chose.
_AGREED = 0.95
_CHOSEN = 0.85


class Numbered(NamedTuple):
    """A question with what its numbers stand for."""

    messages: Messages
    sheet: Sheet
    items: frozenset[int]


def question(
    prompt: Prompt,
    chart: Chart,
    book: Book,
    offered: Sequence[Offer],
    setting: str | None,
    policy: str,
) -> Numbered:
    """The question about some evidence items, everything in reach numbered through."""
    sheet = Sheet(book, chart, len(offered))
    blocks = [
        "\n".join(
            [*evidence_lines(item, chart, sentence=False), *sheet.lines_for(item, candidates)]
        )
        for item, candidates in offered
    ]
    combined = sheet.combinations([item for item, _ in offered], offered)
    if combined:
        blocks.append("\n".join(["Combinations of several pieces of evidence:", *combined]))
    excluded = sheet.exclusions(offered)
    if excluded:
        blocks.append("\n".join(["Notes between them:", *excluded]))
    filled = prompt.fill(
        {
            "year": book.release.year, "encounter": encounter_line(chart.encounter, setting),
            "policy": policy, "fence": fence_for(chart.text), "chart": chart.text,
            "items": "\n\n".join(blocks),
        }
    )  # fmt: skip
    return Numbered(filled, sheet, frozenset(item.id for item, _ in offered))


def check(answer: CodesAnswer, asked: Numbered) -> None:
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
    """What an answer chose for one evidence item."""

    kept: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]


def read(
    answer: CodesAnswer,
    asked: Numbered,
    offered: Sequence[Offer],
    chart: Chart,
    account: Account,
) -> tuple[dict[int, Read], int]:
    """The choice for each evidence item answered, and how many numbers stood for nothing."""
    finder = QuoteFinder(chart.text)
    by_id = {item.id: list(candidates) for item, candidates in offered}
    found: dict[int, Read] = {}
    strays = 0
    for item in answer.items:
        if item.evidence not in by_id or item.evidence in found:
            continue
        strays += sum(1 for n in set(item.codes) if n not in asked.sheet.options)
        said = _documentation(item, finder, account)
        kept = [
            _supported(one, by_id[item.evidence], said)
            for one in asked.sheet.chosen(item.codes, item.evidence)
        ]
        chosen = {c.code for c in kept}
        why = item.reason.strip() or "the documentation supports another code"
        turned_down = tuple(
            Rejected(
                code=c.code, title=c.title, agent="validator", rule="judgement", reason=why,
                evidence=c.evidence,
            )
            for c in by_id[item.evidence]
            if c.code not in chosen
        )  # fmt: skip
        found[item.evidence] = Read(tuple(kept), turned_down)
    return found, strays


def _documentation(
    item: CodesItem, finder: QuoteFinder, account: Account
) -> tuple[NoteWeighed, ...]:
    """The decision's quote with the chart's own words; nothing where the chart does not have it."""
    if not item.quote.strip():
        return ()
    parts = finder.parts(item.quote)
    if not parts:
        account.dropped += 1
        return ()
    return tuple(
        NoteWeighed(
            kind="documentation", text=finder.text[p.start : p.end],
            origin=f"chart {p.start}-{p.end}", outcome=item.reason.strip(),
        )
        for p in parts
    )  # fmt: skip


def _supported(
    one: Candidate, offered: Sequence[Candidate], said: tuple[NoteWeighed, ...]
) -> Candidate:
    """A chosen code: the candidate that was offered, where it was, with the decision's quote."""
    same = next((c for c in offered if c.code == one.code), None)
    first = bool(offered) and offered[0].code == one.code
    return (same or one).model_copy(
        update={
            "confidence": _AGREED if first else _CHOSEN,
            "notes": (*said, *(same or one).notes),
            # What goes together by the rules was one choice among others for a model.
            "together": (),
        }
    )
