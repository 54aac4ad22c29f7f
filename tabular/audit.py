"""Holds every note of a Tabular List against its codes: which references lead nowhere?

The book itself has some: a range that ends at a category dropped long ago (K00-K93), a misprint
(T63.81-R63.83), a code that was moved (G31.90).
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from chartcoder.tabular.codes import dotted, undotted
from chartcoder.tabular.notes import Reference, references
from chartcoder.tabular.references import place
from chartcoder.tabular.store import Note, TabularList


class Unresolved(NamedTuple):
    """A reference of a note that names no code of the book.

    Attributes:
        note: the note, with its origin.
        reference: as it was read.
        reason: why it does not resolve.
    """

    note: Note
    reference: Reference
    reason: str


class Audit(NamedTuple):
    """How the notes of a Tabular List read.

    Attributes:
        notes: number of notes by kind.
        with_references: number of those that name codes, by kind.
        references: number of references in all.
        unresolved: those that name no code, in the order of the book.
    """

    notes: dict[str, int]
    with_references: dict[str, int]
    references: int
    unresolved: list[Unresolved]


def audit(tabular: TabularList) -> Audit:
    """Reads every note of the book and holds every reference against its codes."""
    bare = {undotted(entry.code) for entry in tabular.rows()}
    ordered = sorted((place(code), code) for code in bare)
    places = [where for where, _ in ordered]
    notes: dict[str, int] = {}
    carrying: dict[str, int] = {}
    count = 0
    broken: list[Unresolved] = []
    for note in tabular.all_notes():
        notes[note.kind] = notes.get(note.kind, 0) + 1
        named = references(note.text)
        if named:
            carrying[note.kind] = carrying.get(note.kind, 0) + 1
        count += len(named)
        for reference in named:
            missing = [c for c in (reference.low, reference.high) if c not in bare]
            first = bisect_left(places, place(reference.low))
            last = bisect_right(places, reference.end)
            inside = ordered[first:last]
            if missing:
                reason = f"{dotted(missing[0])} is no code or header"
            elif not inside:
                reason = "the range ends before it begins"
            elif reference.position and not any(reference.shows(code) for _, code in inside):
                reason = "no code shows these characters"
            else:
                continue
            broken.append(Unresolved(note, reference, reason))
    return Audit(notes, carrying, count, broken)
