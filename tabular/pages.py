"""The cache file of a Tabular List: one page a category, section and chapter, in SQLite.

A page holds its rows and their notes as one text. A look-up reads one page, and 2,200 pages are
written six times as fast as 72,000 rows. Each page carries a checksum: a file that was
damaged on the disk is noticed and made again, never believed.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from chartcoder.tabular.errors import MissingPrerequisite
from chartcoder.tabular.files import whole_file
from chartcoder.tabular.records import NoteKind, ParsedTabular, Row, RowKind

FORMAT_VERSION = 5

# XML and the readers of text files keep control characters out of titles and notes.
_FIELD, _LINE, _PART = "\x1f", "\x1e", "\x1d"
# By leaf, then by placeholder.
_FLAGS = (("00", "01"), ("10", "11"))

_SCHEMA = """
CREATE TABLE page(first INTEGER PRIMARY KEY, code TEXT, kind TEXT, parent INTEGER, sum INTEGER,
                  content BLOB);
CREATE TABLE seventh(id INTEGER PRIMARY KEY, owner INTEGER, note TEXT, characters TEXT);
CREATE TABLE exception(prefix TEXT, position INTEGER, barred TEXT, characters TEXT);
CREATE TABLE problem(text TEXT);
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);
"""
_INDEXES = """
CREATE INDEX page_code ON page(code);
CREATE INDEX page_parent ON page(parent);
"""


class PageNote(NamedTuple):
    """One line of a note as a page has it.

    Attributes:
        kind: which instruction it is.
        block: counts the elements of this kind at the owner, from 0.
        text: the words.
    """

    kind: NoteKind
    block: int
    text: str


class Page(NamedTuple):
    """A chapter, a section, or a category with everything below it.

    Attributes:
        rows: in document order, without gaps; the first one gives the page its name.
        notes: by order of the row that carries them.
    """

    rows: list[Row]
    notes: dict[int, list[PageNote]]


class Definition(NamedTuple):
    """A 7th-character definition.

    Attributes:
        owner: order of the row that carries it.
        note: the sentence above the list.
        characters: pairs of character and meaning, in the order of the book.
    """

    owner: int
    note: str
    characters: tuple[tuple[str, str], ...]


class PageFile:
    """An opened cache file.

    Args:
        path: the file.
        make: writes it; called where it is missing, of an older format, or damaged.
    """

    def __init__(self, path: Path, make: Callable[[], None]) -> None:
        self.path = path
        self._make = make
        database = _sound(path)
        if database is None:
            make()
            database = _sound(path)
        if database is None:
            raise MissingPrerequisite(
                f"The cache file {path} cannot be read back after it was written; see whether the "
                "disk is full or broken, or set CHARTCODER_HOME to another folder."
            )
        self._database = database

    def page_of(self, code: str) -> Page | None:
        """The page of a category (``M17``), section or chapter; a category before a section."""
        return self._page("code=? ORDER BY first DESC LIMIT 1", code)

    def page_at(self, order: int) -> Page | None:
        """The page with the row at a place in the document."""
        return self._page("first<=? ORDER BY first DESC LIMIT 1", order)

    def children_of(self, order: int) -> list[Row]:
        """The first rows of the pages directly below a chapter or section (-1: the chapters)."""
        found = self._query("SELECT first FROM page WHERE parent=? ORDER BY first", order)
        pages = (self.page_at(first) for (first,) in found)
        return [page.rows[0] for page in pages if page]

    def pages(self, low: str = "", high: str = "\U0010ffff") -> Iterator[Page]:
        """Every page whose code lies in ``low <= code < high``, in document order."""
        found = self._query(
            "SELECT first FROM page WHERE code>=? AND code<? ORDER BY first", low, high
        )
        for (first,) in found:
            page = self._page("first=?", first)
            if page:
                yield page

    def definition(self, number: int) -> Definition:
        """A 7th-character definition by its number."""
        owner, note, packed = self._query(
            "SELECT owner, note, characters FROM seventh WHERE id=?", number
        )[0]
        pairs = (pair.partition(_FIELD) for pair in packed.split(_LINE) if pair)
        return Definition(owner, note, tuple((c, meaning) for c, _, meaning in pairs))

    def definition_at(self, order: int) -> int:
        """The number of the 7th-character definition that a row carries, else -1."""
        found = self._query("SELECT id FROM seventh WHERE owner=?", order)
        return int(found[0][0]) if found else -1

    def exceptions(self) -> list[tuple[str, int, str, str]]:
        """The exceptions that stand in prose, as ``seventh.prose_exceptions`` gives them."""
        return self._query("SELECT * FROM exception ORDER BY rowid")

    def problems(self) -> list[str]:
        """What was odd about the release file, one sentence each."""
        return [text for (text,) in self._query("SELECT text FROM problem ORDER BY rowid")]

    def year(self) -> str:
        """The fiscal year the release file names."""
        return str(self._query("SELECT value FROM meta WHERE key='year'")[0][0])

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def _page(self, condition: str, value: object) -> Page | None:
        query = f"SELECT first, kind, sum, content FROM page WHERE {condition}"
        for _ in range(2):
            found = self._query(query, value)
            if not found:
                return None
            first, kind, checksum, content = found[0]
            if isinstance(content, bytes) and zlib.crc32(content) == checksum:
                return _unpacked(first, kind, content.decode())
            self._again()
        raise _broken(self.path)

    def _query(self, query: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError:
            self._again()
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError as problem:
            raise _broken(self.path) from problem

    def _again(self) -> None:
        self._make()
        # The old connection stays open: another thread may be reading from it.
        self._database = _connect(self.path)


def write_pages(parsed: ParsedTabular, target: Path) -> None:
    """Writes the cache file: whole or not at all, also when two processes write at once.

    Raises:
        MissingPrerequisite: the folder cannot be written, or the disk is full.
    """
    with whole_file(target) as temporary:
        database = sqlite3.connect(temporary, isolation_level=None)
        try:
            database.executescript(
                "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
                "PRAGMA page_size=8192; PRAGMA cache_size=-16000;"
            )
            database.executescript(_SCHEMA)
            database.execute("BEGIN")
            database.executemany("INSERT INTO page VALUES(?,?,?,?,?,?)", _packed(parsed))
            database.executemany(
                "INSERT INTO seventh VALUES(?,?,?,?)",
                (
                    (i, s.owner, s.note, _LINE.join(c + _FIELD + t for c, t in s.characters))
                    for i, s in enumerate(parsed.sevenths)
                ),
            )
            database.executemany("INSERT INTO exception VALUES(?,?,?,?)", parsed.not_applicable)
            database.executemany("INSERT INTO problem VALUES(?)", ((p,) for p in parsed.problems))
            database.executemany(
                "INSERT INTO meta VALUES(?,?)",
                (("format", str(FORMAT_VERSION)), ("year", parsed.year), ("complete", "yes")),
            )
            database.execute("COMMIT")
            database.executescript(_INDEXES)
        except sqlite3.OperationalError as problem:
            raise OSError(str(problem)) from problem
        finally:
            database.close()


def _packed(parsed: ParsedTabular) -> Iterator[tuple[int, str, str, int, int, bytes]]:
    # Readers note what they find as they go, so the notes are in document order too.
    notes = iter(parsed.notes)
    note = next(notes, None)
    rows = parsed.rows
    start = 0
    while start < len(rows):
        head = rows[start]
        end = start + 1
        if head.kind == "code":
            # A category's rows follow it, each below a row that is at or after the category.
            while end < len(rows) and rows[end].parent >= start:
                end += 1
        lines = [
            f"{code}{_FIELD}{title}{_FIELD}{parent}{_FIELD}{_FLAGS[leaf][placeholder]}{seventh}"
            for _, code, title, _, parent, leaf, placeholder, seventh in rows[start:end]
        ]
        said = []
        while note is not None and note[0] < end:
            said.append(f"{note[0]}{_FIELD}{note[1]}{_FIELD}{note[2]}{_FIELD}{note[3]}")
            note = next(notes, None)
        content = f"{_LINE.join(lines)}{_PART}{_LINE.join(said)}".encode()
        yield start, head.code, head.kind, head.parent, zlib.crc32(content), content
        start = end


def _unpacked(first: int, kind: RowKind, text: str) -> Page:
    rows_text, _, notes_text = text.partition(_PART)
    rows = []
    for order, line in enumerate(rows_text.split(_LINE), first):
        code, title, above, flags = line.split(_FIELD)
        rows.append(
            Row(
                order, code, title, kind, int(above),
                flags[0] == "1", flags[1] == "1", int(flags[2:]),
            )
        )  # fmt: skip
    notes: dict[int, list[PageNote]] = {}
    if notes_text:
        for line in notes_text.split(_LINE):
            owner, note_kind, block, words = line.split(_FIELD)
            note = PageNote(note_kind, int(block), words)  # type: ignore[arg-type]
            notes.setdefault(int(owner), []).append(note)
    return Page(rows, notes)


def _sound(path: Path) -> sqlite3.Connection | None:
    """An open connection where the file is there, whole, and of this format."""
    try:
        with path.open("rb") as stream:
            header = stream.read(100)
            size = stream.seek(0, 2)
    except OSError:
        return None
    # SQLite notices a cut file only when it reads a missing page; its header tells at once.
    page_size = int.from_bytes(header[16:18], "big")
    if len(header) < 100 or page_size * int.from_bytes(header[28:32], "big") != size:
        return None
    database = _connect(path)
    try:
        meta = dict(database.execute("SELECT key, value FROM meta"))
    except sqlite3.DatabaseError:
        meta = {}
    if meta.get("complete") == "yes" and meta.get("format") == str(FORMAT_VERSION):
        return database
    database.close()
    return None


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )


def _broken(path: Path) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"The cache file {path} is damaged again right after it was made anew; see whether the "
        "disk is full or broken, or set CHARTCODER_HOME to another folder."
    )
