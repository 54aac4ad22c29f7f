"""Instructional notes compiled to rules: what a note says of which codes, with its origin.

A note element of the book is a block of lines. A stem ("underlying disease, such as:") heads the
lines behind it; the lines name codes. Each code is governed by its own notes and by those of every
header above it, up to the chapter.

Source: Official Guidelines I.A.12 (Excludes), I.A.13 and I.B.7 (code first, use additional code),
I.A.17 (code also).
"""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from chartcoder.tabular.records import NoteKind
from chartcoder.tabular.references import Reference, references, scope
from chartcoder.tabular.store import Note, TabularList

__all__ = ["Block", "Line", "Reference", "blocks", "instructions", "references"]

INSTRUCTIONS: tuple[NoteKind, ...] = (
    "excludes1", "excludes2", "code_first", "use_additional", "code_also",
)  # fmt: skip

_STEM = re.compile(r"(?::|\bsuch as)\s*:?\s*$")
_EXAMPLES = re.compile(r"\b(?:such as|including|e\.g\.)\s*:?\s*", re.IGNORECASE)
_CONDITIONAL = re.compile(
    r"\b(?:if|where|when|as) (?:applicable|known|specified|documented)\b|\bany\b"
)
_UNDERLYING = re.compile(r"\b(?:underlying|causal|etiology|cause)\b")
_ADVERSE = re.compile(r"^\W*for adverse effects?\b")
_ADVERSE_EFFECT = references("(T36-T50 with fifth or sixth character 5)")


class Line(NamedTuple):
    """One line of a note.

    Attributes:
        text: the words of the line.
        stem: the words that head it, "meningitis (in):"; empty where it stands by itself.
        references: the codes it names.
    """

    text: str
    stem: str
    references: tuple[Reference, ...]

    @property
    def words(self) -> str:
        """The line as it reads, its stem in front."""
        return f"{self.stem} {self.text}" if self.stem else self.text


class Block(NamedTuple):
    """One note element: lines that belong together, at the place that carries them.

    Attributes:
        kind: which instruction it is.
        origin: the code, section or chapter that carries it.
        number: counts the elements of this kind at the origin, from 0.
        lines: its lines without pure stems.
        scope: the codes it applies to, where the note says so itself; else empty, for all below.
        examples: its codes are examples ("such as"), or it names none: others may fit.
        conditional: it asks only if applicable, if known, or for any that there is.
        underlying: it asks for one cause; one that is there settles the whole block.
        adverse_effect: it asks for the nature of an adverse effect, which may be any condition.
    """

    kind: NoteKind
    origin: str
    number: int
    lines: tuple[Line, ...]
    scope: tuple[Reference, ...]
    examples: bool
    conditional: bool
    underlying: bool
    adverse_effect: bool

    @property
    def words(self) -> str:
        """The note as it reads, cut after six lines."""
        heads = list(dict.fromkeys(line.stem for line in self.lines))
        shown = []
        for head in heads:
            texts = [line.text for line in self.lines if line.stem == head]
            more = f"; and {len(texts) - 6} more" if len(texts) > 6 else ""
            shown.append(f"{head} {'; '.join(texts[:6])}{more}".strip())
        return " | ".join(shown)


def blocks(notes: Iterable[Note]) -> list[Block]:
    """Groups the notes of one or more places into blocks and joins stems to their lines.

    Args:
        notes: in the order of the book, as ``TabularList.own_notes`` and ``notes`` give them.
    """
    grouped = groupby(
        (n for n in notes if n.kind in INSTRUCTIONS), key=lambda n: (n.kind, n.origin, n.block)
    )
    return [
        _block(kind, origin, number, [n.text for n in lines])
        for (kind, origin, number), lines in grouped
    ]


def instructions(tabular: TabularList, code: str) -> list[Block]:
    """Every instruction that governs a code: its own first, then each header's up to the chapter.

    A block whose own words say that it is for other codes is left out.
    """
    governing = blocks(tabular.notes(code))
    return [b for b in governing if not b.scope or any(r.matches(code) for r in b.scope)]


def _block(kind: NoteKind, origin: str, number: int, texts: list[str]) -> Block:
    lines = _lines(kind, texts)
    whole = " ".join(texts)
    named = any(line.references for line in lines)
    applies = tuple(r for text in texts for r in scope(text))
    adverse_effect = kind == "code_first" and bool(_ADVERSE.search(texts[0]))
    if adverse_effect:
        applies = _ADVERSE_EFFECT
    heads = " ".join(dict.fromkeys(line.stem for line in lines)) or whole
    return Block(
        kind, origin, number, lines, applies,
        examples=not named or bool(_EXAMPLES.search(whole)),
        conditional=bool(_CONDITIONAL.search(heads)),
        underlying=bool(_UNDERLYING.search(heads)),
        adverse_effect=adverse_effect,
    )  # fmt: skip


def _lines(kind: NoteKind, texts: list[str]) -> tuple[Line, ...]:
    lines: list[Line] = []
    stem = last = ""
    heads_none = False
    for text in texts:
        if _STEM.search(text) and not references(text):
            if heads_none:
                lines.append(Line(stem, "", ()))
            stem, last, heads_none = text, "", True
            continue
        # The lists of an Excludes note are alphabetical at both levels: a line that goes back
        # before the last one, but not before the stem, stands beside the stem again.
        folded = text.lower()
        if stem and kind.startswith("excludes") and stem.lower() < folded < last:
            stem = ""
        lines.append(Line(text, stem, references(text)))
        last, heads_none = folded, False
    if heads_none:
        lines.append(Line(stem, "", ()))
    return tuple(lines)
