"""Terms of the Alphabetic Index: main terms and subterms with what they lead to."""

from typing import Literal, NamedTuple

PointerKind = Literal["term", "table", "category", "noun", "none"]
Book = Literal["index", "external", "neoplasm", "drug", "supplement", "title", "inclusion"]

BOOKS: tuple[Book, ...] = (
    "index", "external", "neoplasm", "drug", "supplement", "title", "inclusion",
)  # fmt: skip


class Term(NamedTuple):
    """One line of an index file.

    Attributes:
        id: place in the index, from 0, subterms directly after their term.
        parent: id of the term above, -1 for a main term.
        end: id after the last subterm below, so that ``range(id, end)`` is the whole branch.
        book: which file it is from; ``title`` and ``inclusion`` are lines derived from the
            Tabular List.
        title: the words without nonessential modifiers.
        nonessential: the words in parentheses, which do not change the code (I.A.7).
        code: default code, possibly incomplete with a trailing dash; empty for none.
        manifestation: the code in brackets, sequenced second (I.A.13); empty for none.
        see: where the index sends the coder instead (I.A.16); empty for none.
        see_also: where more may be found; empty for none.
        cells: for rows of the tables, the code of each column by its number.
    """

    id: int
    parent: int
    end: int
    book: Book
    title: str
    nonessential: tuple[str, ...] = ()
    code: str = ""
    manifestation: str = ""
    see: str = ""
    see_also: str = ""
    cells: tuple[tuple[int, str], ...] = ()


class Pointer(NamedTuple):
    """One cross-reference of the index, read (I.A.16).

    Attributes:
        source: id of the term that carries it.
        also: see also, not see.
        text: as the book writes it.
        kind: what it names: terms, a table's row, categories, "the condition" (look under the
            noun), or nothing that is there.
        terms: ids of the terms it lands on, best first.
        column: column of the table, 0 for none named.
        codes: codes or prefixes it names.
        exact: everything it says was found; else only its first words were.
        rest: words that choose among the subterms below ("by site").
    """

    source: int
    also: bool
    text: str
    kind: PointerKind
    terms: tuple[int, ...] = ()
    column: int = 0
    codes: tuple[str, ...] = ()
    exact: bool = True
    rest: str = ""
