"""The rows that a parsed Tabular List consists of.

They are named tuples: read once, written to the cache, and cheap to make by the hundred thousand.
"""

from typing import Literal, NamedTuple

RowKind = Literal["chapter", "section", "code"]
NoteKind = Literal[
    "includes",
    "inclusion_term",
    "excludes1",
    "excludes2",
    "code_first",
    "use_additional",
    "code_also",
    "note",
    "seventh_character",
]

NOTE_ELEMENTS: dict[str, NoteKind] = {
    "includes": "includes",
    "inclusionTerm": "inclusion_term",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional",
    "codeAlso": "code_also",
    "notes": "note",
    "sevenChrNote": "seventh_character",
}


class Row(NamedTuple):
    """One chapter, section or code of the XML, before 7th characters are added.

    Attributes:
        order: place in the document, from 0.
        code: ``1`` for a chapter, ``A00-A09`` for a section, the dotted code otherwise.
        title: the description.
        kind: chapter, section or code.
        parent: order of the row above, -1 for a chapter.
        leaf: no codes stand below it in the XML.
        placeholder: marked ``placeholder="true"`` in the XML: a header made by the placeholder X.
        seventh: number of the 7th-character definition that governs this leaf, else -1.
    """

    order: int
    code: str
    title: str
    kind: RowKind
    parent: int
    leaf: bool
    placeholder: bool
    seventh: int


class NoteRow(NamedTuple):
    """One line of an instructional note.

    Attributes:
        owner: order of the row that carries it.
        kind: which instruction it is.
        block: counts the elements of this kind at the owner, from 0; stem notes and their lists
            share a block.
        text: the words, white space folded.
    """

    owner: int
    kind: NoteKind
    block: int
    text: str


class SeventhRow(NamedTuple):
    """A 7th-character definition: who carries it, and which characters mean what.

    Attributes:
        owner: order of the row that carries it.
        note: the sentence above the list.
        characters: pairs of character and meaning, in the order of the book.
        prefixes: undotted prefixes the sentence narrows it to; empty for all codes below.
    """

    owner: int
    note: str
    characters: tuple[tuple[str, str], ...]
    prefixes: tuple[str, ...]


class ParsedTabular(NamedTuple):
    """A whole Tabular List as rows, with what was odd about the file.

    Attributes:
        year: the fiscal year the file names, such as ``2026``.
        rows: all rows in document order.
        notes: all notes.
        sevenths: all 7th-character definitions.
        not_applicable: ``(prefix, position, values, characters)``: exceptions that stand in
            prose: for codes under the prefix whose character at that position (from 1) is one
            of the values, these 7th characters do not apply.
        problems: one sentence each.
    """

    year: str
    rows: list[Row]
    notes: list[NoteRow]
    sevenths: list[SeventhRow]
    not_applicable: list[tuple[str, int, str, str]]
    problems: list[str]
