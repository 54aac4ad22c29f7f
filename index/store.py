"""The Alphabetic Index as a cache file, opened in milliseconds.

It holds every term with its branch, and an inverted index from canonical words to terms: which
words a path demands (its titles) and which it merely allows (nonessential modifiers).
"""

import hashlib
import sqlite3
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from chartcoder.index.terms import BOOKS, Book, Pointer, Term
from chartcoder.tabular.home import resources
from chartcoder.tabular.release import Release

FORMAT_VERSION = 12
UNIT = "\x1f"

# A term's flags: its side in the two lowest bits, then what kind of line it is.
SIDES = ("", "right", "left", "bilateral")
RESIDUAL = 4
UNSPECIFIED = 8
HEADER = 16

SCHEMA = """
CREATE TABLE term(id INTEGER PRIMARY KEY, parent INTEGER, "end" INTEGER, book INTEGER, title TEXT,
                  nonessential TEXT, code TEXT, manifestation TEXT, see TEXT, see_also TEXT,
                  cells TEXT);
CREATE TABLE token(token TEXT PRIMARY KEY, id INTEGER, weight REAL, lines BLOB, "rows" BLOB,
                   kin TEXT) WITHOUT ROWID;
CREATE TABLE numbers(key TEXT PRIMARY KEY, kind TEXT, data BLOB);
CREATE TABLE code(code TEXT, id INTEGER, PRIMARY KEY(code, id)) WITHOUT ROWID;
CREATE TABLE pointer(source INTEGER, also INTEGER, text TEXT, kind TEXT, terms TEXT, col INTEGER,
                     codes TEXT, exact INTEGER, rest TEXT);
CREATE TABLE lost(term INTEGER, written TEXT, successor TEXT);
CREATE TABLE heading(book INTEGER, col INTEGER, text TEXT);
CREATE TABLE problem(text TEXT);
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);
"""


def lexicon_stamp() -> str:
    """A hash over the lexicons and the supplement that an index is built with."""
    digest = hashlib.sha256()
    folder = resources()
    names = ["lexicon/variants.tsv", "lexicon/adjectives.tsv", "index/supplement.xml"]
    for name in names:
        path = folder / name
        digest.update(path.read_bytes() if path.is_file() else b"-")
    return digest.hexdigest()[:16]


def wording_hash(words: Iterable[str]) -> int:
    """32 bits that stand for a set of canonical words, whatever their order."""
    return zlib.crc32(" ".join(sorted(words)).encode())


class Posting(NamedTuple):
    """Where a word is said.

    Attributes:
        weight: how much it tells, 0 to 1.
        number: its number among the words.
        lines: ids of the terms whose path says or allows it, tables left out, in order.
        rows: ids of the rows of the tables that say or allow it, in order.
        kin: other words of its family: "fractured" for "fracture".
    """

    weight: float
    number: int
    lines: "array[int]"
    rows: "array[int]"
    kin: tuple[str, ...]


class IndexStore:
    """Look-ups over an opened index: terms, branches, words."""

    def __init__(self, file: Path, kind: str) -> None:
        self.file = file
        self.kind = kind
        self._database = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._terms: dict[int, Term] = {}
        self._pointers: dict[int, tuple[Pointer, ...]] = {}
        self._postings: dict[str, Posting | None] = {}

    @cached_property
    def totals(self) -> "array[float]":
        """For each term, the summed weight of the words its path demands."""
        return self._numbers("total")

    @cached_property
    def parents(self) -> "array[int]":
        """For each term, the id of the term above, -1 for a main term."""
        return self._numbers("parent")

    @cached_property
    def books(self) -> "array[int]":
        """For each term, the place of its book in ``BOOKS``."""
        return self._numbers("book")

    def span(self, book: Book) -> tuple[int, int]:
        """The first id of a book's terms and the id after its last; equal where it has none."""
        kinds = self.books.tobytes()
        kind = bytes([BOOKS.index(book)])
        first = kinds.find(kind)
        return (first, kinds.rfind(kind) + 1) if first >= 0 else (0, 0)

    @cached_property
    def flags(self) -> "array[int]":
        """For each term, its side and kind: see ``SIDES``, ``RESIDUAL``, ``UNSPECIFIED``."""
        return self._numbers("flags")

    @cached_property
    def demanded(self) -> tuple["array[int]", "array[int]"]:
        """Numbers of the words that each path demands, and where those of a term end."""
        return self._numbers("demanded"), self._numbers("demanded_ends")

    @cached_property
    def allowed(self) -> tuple["array[int]", "array[int]"]:
        """Numbers of the words that each path allows or denies, and where those of a term end."""
        return self._numbers("allowed"), self._numbers("allowed_ends")

    @cached_property
    def weights(self) -> "array[float]":
        """The weight of each word by its number: 1 for a rare word, little for a common one."""
        return self._numbers("weight")

    @cached_property
    def _wordings(self) -> "array[int]":
        return self._numbers("wording")

    def worded(self, words: Sequence[str]) -> tuple[int, ...]:
        """Ids of the terms whose path demands these canonical words and no others.

        Args:
            words: each once, without sides.

        Returns:
            Ids in the order of the book; one in 40,000 questions may name terms of other words.
        """
        first = wording_hash(words) << 32
        place = bisect_left(self._wordings, first)
        found = []
        while place < len(self._wordings) and self._wordings[place] >> 32 == first >> 32:
            found.append(self._wordings[place] & 0xFFFFFFFF)
            place += 1
        return tuple(found)

    @cached_property
    def problems(self) -> list[str]:
        """What was odd about the index files, one sentence each."""
        return [str(t) for (t,) in self._database.execute("SELECT text FROM problem")]

    def pointers(self, number: int) -> tuple[Pointer, ...]:
        """The cross-references of a term: see first, then see also."""
        known = self._pointers.get(number)
        if known is None:
            rows = self._database.execute(
                "SELECT * FROM pointer WHERE source=? ORDER BY rowid", (number,)
            )
            known = self._pointers[number] = tuple(_pointer(row) for row in rows)
        return known

    def all_pointers(self) -> Iterator[Pointer]:
        """Every cross-reference in the order of the book."""
        rows = self._database.execute("SELECT * FROM pointer ORDER BY rowid")
        return (_pointer(row) for row in rows)

    @cached_property
    def lost_codes(self) -> list[tuple[int, str, str]]:
        """Codes that the Tabular List does not have: term, code as written, successor or empty."""
        return list(self._database.execute("SELECT * FROM lost ORDER BY rowid"))

    def _numbers(self, key: str) -> "array":  # type: ignore[type-arg]
        kind, data = self._one("SELECT kind, data FROM numbers WHERE key=?", key)
        numbers = array(kind)
        numbers.frombytes(data)
        return numbers

    def _one(self, query: str, *values: object) -> tuple:  # type: ignore[type-arg]
        found = self._one_or_none(query, *values)
        if found is None:
            raise KeyError(values)
        return found

    def _one_or_none(self, query: str, *values: object) -> tuple | None:  # type: ignore[type-arg]
        return self._database.execute(query, values).fetchone()  # type: ignore[no-any-return]

    def term(self, number: int) -> Term:
        """The term of an id."""
        found = self._terms.get(number)
        if found is None:
            row = self._database.execute("SELECT * FROM term WHERE id=?", (number,)).fetchone()
            found = _unpacked(row)
            self._terms[number] = found
        return found

    def load(self, numbers: Iterable[int]) -> None:
        """Reads several terms at once, which is cheaper than one by one."""
        wanted = [number for number in numbers if number not in self._terms]
        if wanted:
            rows = self._database.execute(
                f"SELECT * FROM term WHERE id IN ({','.join(map(str, wanted))})"
            )
            self._terms.update((row[0], _unpacked(row)) for row in rows)

    def above(self, numbers: Iterable[int]) -> list[int]:
        """Ids of these terms and of all terms above them, each once, in order."""
        parents = self.parents
        found = set[int]()
        for number in numbers:
            while number >= 0 and number not in found:
                found.add(number)
                number = parents[number]
        return sorted(found)

    def path(self, number: int) -> list[Term]:
        """From the main term down to the term."""
        steps = [self.term(number)]
        while steps[-1].parent >= 0:
            steps.append(self.term(steps[-1].parent))
        return steps[::-1]

    def children(self, number: int) -> list[Term]:
        """The subterms directly below a term, in the order of the book."""
        rows = self._database.execute(
            "SELECT * FROM term WHERE id>? AND id<? AND parent=? ORDER BY id",
            (number, self.term(number).end, number),
        )
        return [_unpacked(row) for row in rows]

    @cached_property
    def headings(self) -> dict[tuple[Book, int], str]:
        """The headings of the tables' columns by book and number."""
        rows = self._database.execute("SELECT book, col, text FROM heading ORDER BY rowid")
        return {(BOOKS[book], number): words for book, number, words in rows}

    def main_terms(self) -> Iterator[Term]:
        """The main terms of the index and of our supplement, in order."""
        rows = self._database.execute(
            "SELECT * FROM term WHERE parent<0 AND book IN (?,?,?) ORDER BY id",
            [BOOKS.index(book) for book in ("index", "external", "supplement")],
        )
        return (_unpacked(row) for row in rows)

    def counts(self) -> dict[Book, int]:
        """How many terms each book has."""
        rows = self._database.execute("SELECT book, count(*) FROM term GROUP BY book ORDER BY book")
        return {BOOKS[book]: count for book, count in rows}

    def leading_to(self, code: str) -> list[Term]:
        """The terms whose default code is exactly this one, complete or not."""
        rows = self._database.execute(
            "SELECT t.* FROM code c JOIN term t ON t.id=c.id WHERE c.code=? ORDER BY t.id",
            (code.rstrip("-"),),
        )
        return [_unpacked(row) for row in rows]

    def all_terms(self) -> Iterable[Term]:
        """Every term in order."""
        return (_unpacked(r) for r in self._database.execute("SELECT * FROM term ORDER BY id"))

    def posting(self, word: str) -> Posting | None:
        """Where a canonical word is said; None for a word the index does not know."""
        if word in self._postings:
            return self._postings[word]
        row = self._one_or_none(
            'SELECT id, weight, lines, "rows", kin FROM token WHERE token=?', word
        )
        found = None
        if row is not None:
            number, weight, lines, rows, kin = row
            found = Posting(
                weight, number, _ids(lines), _ids(rows), tuple(kin.split(UNIT)) if kin else ()
            )
        self._postings[word] = found
        return found

    def words_like(self, prefix: str) -> list[str]:
        """The canonical words of the index that begin with this."""
        rows = self._database.execute(
            "SELECT token FROM token WHERE token>=? AND token<? ORDER BY token",
            (prefix, prefix + "\uffff"),
        )
        return [str(word) for (word,) in rows]

    @cached_property
    def vocabulary(self) -> list[str]:
        """Every canonical word of the index, sorted; the place of a word is its number."""
        (data,) = self._one("SELECT data FROM numbers WHERE key='vocabulary'")
        return str(bytes(data), "utf-8").split("\n")


def _ids(data: bytes) -> "array[int]":
    ids = array("I")
    ids.frombytes(data)
    return ids


def _pointer(row: tuple) -> Pointer:  # type: ignore[type-arg]
    source, also, text, kind, terms, column, codes, exact, rest = row
    return Pointer(
        source, bool(also), text, kind, tuple(map(int, terms.split(UNIT))) if terms else (),
        column, tuple(codes.split(UNIT)) if codes else (), bool(exact), rest,
    )  # fmt: skip


def _unpacked(row: tuple) -> Term:  # type: ignore[type-arg]
    number, parent, end, book, title, nonessential, code, manifestation, see, see_also, cells = row
    return Term(
        number, parent, end, BOOKS[book], title,
        tuple(nonessential.split(UNIT)) if nonessential else (),
        code, manifestation, see, see_also,
        tuple(
            (int(col), cell) for col, _, cell in (c.partition("=") for c in cells.split(UNIT))
        ) if cells else (),
    )  # fmt: skip


def open_index(release: Release, inclusions: bool = True) -> IndexStore:
    """Opens the index of a release, building its cache when it is first asked for.

    The index consists of the official files where the release has them, our supplement, and the
    lines derived from the Tabular List.

    Args:
        release: the release.
        inclusions: also the lines derived from inclusion terms.
    """
    roles = ("index", "external", "neoplasm", "drug")
    version = f"index {FORMAT_VERSION} {lexicon_stamp()}{'' if inclusions else ' titles'}"
    folder = release.cache_folder(["tabular", "order", *roles], version)  # type: ignore[list-item]
    file = folder / "index.db"
    if not _is_sound(file):
        from chartcoder.index.build import build

        build(release, file, inclusions)
    return IndexStore(file, release.index_kind)


def _is_sound(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        database = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        try:
            meta = dict(database.execute("SELECT key, value FROM meta"))
        finally:
            database.close()
    except sqlite3.DatabaseError:
        return False
    return meta.get("complete") == "yes" and meta.get("format") == str(FORMAT_VERSION)
