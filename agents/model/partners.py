"""The codes that notes ask for beside a code, where the chart may document them.

Source: Official Guidelines I.B.7 (code first, use additional code), I.A.17 (code also).
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.model.lexicon import words as listed
from chartcoder.agents.model.neighbours import Neighbours, title_words
from chartcoder.agents.values import Candidate, IndexEntry
from chartcoder.index.words import read_table, split, tokens
from chartcoder.tabular.codes import dotted
from chartcoder.tabular.home import resources
from chartcoder.tabular.notes import Line, instructions
from chartcoder.tabular.store import Entry

ASKED = {
    "code_first": "a note asks for its cause first",
    "use_additional": "a note asks for it besides",
    "code_also": "a note says code also",
}
_MOSTLY = 0.6


class Partner(NamedTuple):
    """A code that a note asks for.

    Attributes:
        entry: the code, without 7th character.
        asked: how the note asks, in words.
        led: how it was reached: its own line of the Index where it has one, and the note.
    """

    entry: Entry
    asked: str
    led: IndexEntry


def partners(
    book: Book, near: Neighbours, drugs: frozenset[str], one: Candidate
) -> Iterator[Partner]:
    """The codes that notes of a candidate name and that the chart speaks of.

    Args:
        book: the opened book.
        near: the chart's words and the book's neighbourhoods.
        drugs: codes of long-term therapy with the drugs of the chart.
        one: the candidate.
    """
    for block in instructions(book.tabular, one.code):
        if block.kind in ASKED:
            for line in block.lines:
                for entry in _documented(near, drugs, line, one):
                    led = _led(book, entry, one.entry, f"note at {block.origin}: {line.words}")
                    yield Partner(entry, ASKED[block.kind], led)


def _documented(
    near: Neighbours, drugs: frozenset[str], line: Line, one: Candidate
) -> Iterator[Entry]:
    wanted = _content(line.text) - title_words(one.title)
    said = len(wanted & near.chart_words)
    mostly = bool(said) and said >= _MOSTLY * len(wanted)
    for reference in line.references:
        code = dotted(reference.low)
        if reference.low != reference.high or reference.position or code[:3] == one.code[:3]:
            continue
        by_drug = any(drug.startswith(code) for drug in drugs)
        entry = near.tabular.get(code)
        if not (mostly or by_drug) or entry is None or not _may_be(code, near.chart_words):
            continue
        leaves = [entry] if entry.billable or entry.seventh >= 0 else near.leaves(entry)
        ranked = sorted(
            (-2.0 if e.code in drugs else -near.rank(e, entry, frozenset()), e.order, e)
            for e in leaves
        )
        for score, _, leaf in ranked[:1]:
            if len(leaves) == 1 or score < 0:
                yield leaf


def _may_be(code: str, chart_words: frozenset[str]) -> bool:
    """Pregnancy and newborn codes are partners only in charts that speak of either."""
    name = {"O": "pregnancy_words", "P": "newborn_words"}.get(code[0])
    return name is None or bool(listed(name) & chart_words)


def _content(text: str) -> frozenset[str]:
    plain = text.partition("(")[0]
    return frozenset(w for w in tokens(plain) if len(w) > 2) - listed("note_words")


def _led(book: Book, entry: Entry, led: IndexEntry, note: str) -> IndexEntry:
    for term in book.index.leading_to(entry.code):
        if term.book in ("index", "supplement"):
            path = tuple(step.title for step in book.index.path(term.id))
            return led.model_copy(
                update={
                    "code": term.code, "path": path, "book": term.book, "hops": (note,),
                    "manifestation": "",
                }
            )  # fmt: skip
    return led.model_copy(
        update={
            "code": entry.code, "book": "note", "hops": (*led.hops, note), "manifestation": "",
        }
    )  # fmt: skip


@cache
def _drugs() -> dict[str, tuple[str, ...]]:
    rows = read_table(resources() / "lexicon" / "drugs.tsv")
    return {
        row["name"].lower(): tuple(c.strip() for c in row["long_term_code"].split(",") if c.strip())
        for row in rows
        if row["long_term_code"]
    }


def drug_codes(text: str) -> frozenset[str]:
    """The codes of long-term therapy with the drugs that a chart names."""
    table = _drugs()
    words = [w.lower() for w in split(text)]
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    return frozenset(c for name in (*words, *pairs) for c in table.get(name, ()))
