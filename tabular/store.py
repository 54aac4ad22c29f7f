"""The Tabular List as a cache file, and the look-ups over it.

A parsed Tabular List is written once into a SQLite file and opened read-only, in milliseconds and
without the XML reader. Codes with a 7th character are not stored: they follow from their base
code and its 7th-character definition, and are made when asked for.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from chartcoder.tabular.codes import dotted, normalise, undotted, with_seventh
from chartcoder.tabular.records import NoteKind, ParsedTabular, RowKind
from chartcoder.tabular.seventh import legal_characters

FORMAT_VERSION = 3

_SCHEMA = """
CREATE TABLE node(ord INTEGER PRIMARY KEY, code TEXT, title TEXT, kind TEXT, parent INTEGER,
                  leaf INTEGER, placeholder INTEGER, seventh INTEGER);
CREATE TABLE note(owner INTEGER, kind TEXT, block INTEGER, text TEXT);
CREATE TABLE seventh(id INTEGER PRIMARY KEY, owner INTEGER, note TEXT, characters TEXT);
CREATE TABLE exception(prefix TEXT, position INTEGER, allowed TEXT, characters TEXT);
CREATE TABLE problem(text TEXT);
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);
"""
_INDEXES = """
CREATE INDEX node_code ON node(code);
CREATE INDEX node_parent ON node(parent);
CREATE INDEX note_owner ON note(owner);
"""
_UNIT, _RECORD = "\x1f", "\x1e"


class Note(NamedTuple):
    """One line of an instructional note, with where it stands.

    Attributes:
        kind: which instruction it is.
        text: the words.
        origin: the code, section or chapter that carries it.
        block: counts the elements of this kind at the origin, from 0.
    """

    kind: NoteKind
    text: str
    origin: str
    block: int


class Seventh(NamedTuple):
    """The 7th characters a code takes.

    Attributes:
        origin: the code that carries the definition.
        note: the sentence above the list.
        characters: character to meaning, in the order of the book, prose exceptions applied.
    """

    origin: str
    note: str
    characters: dict[str, str]


class Entry(NamedTuple):
    """A chapter, section or code as the Tabular List has it.

    Attributes:
        code: ``1``, ``A00-A09``, or a dotted code with its 7th character.
        title: the description; with a 7th character, its meaning after a comma.
        kind: chapter, section or code.
        billable: complete, so that it may be reported.
        base: the code the notes stand at: without 7th character and placeholder.
        order: place of the base in the document.
        parent: order of the row above the base, -1 for a chapter.
        seventh: number of the governing 7th-character definition, -1 for none.
        placeholder: a header made by the placeholder X.
    """

    code: str
    title: str
    kind: RowKind
    billable: bool
    base: str
    order: int
    parent: int
    seventh: int
    placeholder: bool


def write_store(parsed: ParsedTabular, target: Path) -> None:
    """Writes the cache file: whole or not at all, also when two processes write at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        database = sqlite3.connect(temporary, isolation_level=None)
        database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
        )
        database.executescript(_SCHEMA)
        database.execute("BEGIN")
        database.executemany("INSERT INTO node VALUES(?,?,?,?,?,?,?,?)", parsed.rows)
        database.executemany("INSERT INTO note VALUES(?,?,?,?)", parsed.notes)
        database.executemany(
            "INSERT INTO seventh VALUES(?,?,?,?)",
            (
                (i, s.owner, s.note, _RECORD.join(c + _UNIT + t for c, t in s.characters))
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
        database.close()
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def is_sound(path: Path) -> bool:
    """Says whether a cache file is there, whole, and of this format."""
    if not path.is_file():
        return False
    try:
        database = _connect(path)
        try:
            meta = dict(database.execute("SELECT key, value FROM meta"))
            database.execute("SELECT count(*) FROM (SELECT 1 FROM node LIMIT 1)").fetchone()
        finally:
            database.close()
    except sqlite3.DatabaseError:
        return False
    return meta.get("complete") == "yes" and meta.get("format") == str(FORMAT_VERSION)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )


class TabularList:
    """Look-ups over an opened Tabular List.

    Codes are taken as a person writes them (``m1711``, ``M17.11``) and given back dotted.
    """

    def __init__(self, path: Path) -> None:
        self.file = path
        self._database = _connect(path)
        self._by_code: dict[str, Entry | None] = {}
        self._by_order: dict[int, Entry] = {}
        self._notes: dict[int, tuple[Note, ...]] = {}

    def __contains__(self, code: str) -> bool:
        return self.get(code) is not None

    @cached_property
    def year(self) -> str:
        """The fiscal year the file names."""
        return str(self._one("SELECT value FROM meta WHERE key='year'")[0])

    @cached_property
    def problems(self) -> list[str]:
        """What was odd about the file, one sentence each."""
        return [str(text) for (text,) in self._database.execute("SELECT text FROM problem")]

    @cached_property
    def _exceptions(self) -> list[tuple[str, int, str, str]]:
        return list(self._database.execute("SELECT * FROM exception"))

    def get(self, code: str) -> Entry | None:
        """The entry of a code, section (``A00-A09``) or chapter (``1``); None if unknown."""
        if code in self._by_code:
            return self._by_code[code]
        entry = self._find(code)
        self._by_code[code] = entry
        return entry

    def _find(self, code: str) -> Entry | None:
        text = code.strip()
        wanted = text.upper()
        if len(wanted) > 3 and not (wanted[3] == "-" and len(wanted) == 7):
            wanted = normalise(wanted)
        row = self._one_or_none("SELECT * FROM node WHERE code=? ORDER BY ord DESC", wanted)
        if row:
            return self._entry(row)
        bare = undotted(wanted)
        if len(bare) != 7:
            return None
        base, character = dotted(bare[:6].rstrip("X")), bare[6]
        # A base may itself end in the placeholder (T36.0X), so both readings are tried.
        for candidate in (dotted(bare[:6]), *_shorter(bare[:6]), base):
            row = self._one_or_none("SELECT * FROM node WHERE code=? AND seventh>=0", candidate)
            if row and with_seventh(candidate, character) == dotted(bare):
                found = self._seventh(int(row[7]), undotted(candidate))
                if character in found.characters:
                    plain = self._entry(row)
                    return plain._replace(
                        code=dotted(bare),
                        title=f"{plain.title}, {found.characters[character]}",
                        billable=True,
                    )
        return None

    def at(self, order: int) -> Entry:
        """The entry at a place in the document."""
        found = self._by_order.get(order)
        if found is None:
            found = self._entry(self._one("SELECT * FROM node WHERE ord=?", order))
            self._by_order[order] = found
        return found

    def path(self, code: str) -> list[Entry]:
        """From the chapter down to the code; empty for an unknown code."""
        entry = self.get(code)
        if entry is None:
            return []
        steps = [entry]
        if entry.code != entry.base:
            base = self.get(entry.base)
            if base is not None:
                steps.append(base)
        parent = entry.parent
        while parent >= 0:
            above = self.at(parent)
            steps.append(above)
            parent = above.parent
        return steps[::-1]

    def children(self, code: str) -> list[Entry]:
        """What stands directly below: subcategories, or the codes with each 7th character."""
        entry = self.get(code)
        if entry is None or entry.code != entry.base:
            return []
        if entry.seventh >= 0:
            legal = self._seventh(entry.seventh, undotted(entry.code)).characters
            return [
                entry._replace(
                    code=with_seventh(entry.code, c), title=f"{entry.title}, {t}", billable=True
                )
                for c, t in legal.items()
            ]
        rows = self._database.execute("SELECT * FROM node WHERE parent=? ORDER BY ord", (entry.order,))
        return [self._entry(row) for row in rows]

    def billable_under(self, code: str) -> list[Entry]:
        """Every billable code at or below a header, in document order.

        A prefix that is no code of its own (``H93.29`` written ``H93.29-``) is taken as such.
        """
        entry = self.get(code)
        if entry is None:
            prefix = normalise(code)
            rows = self._database.execute(
                "SELECT * FROM node WHERE code>=? AND code<? AND kind='code' ORDER BY ord",
                (prefix, prefix + "\U0010ffff"),
            )
            found = [self._entry(row) for row in rows]
            return [e for f in found for e in self._expanded(f)]
        if entry.billable:
            return [entry]
        if entry.seventh >= 0:
            return self.children(entry.code)
        return [e for child in self.children(entry.code) for e in self.billable_under(child.code)]

    def seventh(self, code: str) -> Seventh | None:
        """The 7th characters a code takes or has taken; None where it takes none."""
        entry = self.get(code)
        if entry is None or entry.seventh < 0:
            return None
        return self._seventh(entry.seventh, undotted(entry.base))

    def own_notes(self, entry: Entry) -> tuple[Note, ...]:
        """The notes that stand at this very row."""
        found = self._notes.get(entry.order)
        if found is None:
            rows = self._database.execute(
                "SELECT kind, text, block FROM note WHERE owner=? ORDER BY rowid", (entry.order,)
            )
            found = tuple(Note(kind, text, entry.base, block) for kind, text, block in rows)
            self._notes[entry.order] = found
        return found

    def notes(self, code: str) -> list[Note]:
        """Every note that governs a code: its own first, then each ancestor's up to the chapter."""
        steps = self.path(code)
        seen: set[int] = set()
        gathered: list[Note] = []
        for step in reversed(steps):
            if step.order not in seen:
                seen.add(step.order)
                gathered += self.own_notes(step)
        return gathered

    def all_notes(self) -> Iterator[Note]:
        """Every note of the book with its origin, in document order."""
        rows = self._database.execute(
            "SELECT n.kind, n.text, d.code, n.block FROM note n JOIN node d ON d.ord=n.owner "
            "ORDER BY n.rowid"
        )
        return (Note(*row) for row in rows)

    def nodes(self) -> Iterator[Entry]:
        """Chapters, sections and codes of the XML in document order, without 7th characters."""
        return (self._entry(row) for row in self._database.execute("SELECT * FROM node ORDER BY ord"))

    def rows(self) -> Iterator[Entry]:
        """Every header and every billable code, as the official order file has them."""
        for entry in self.nodes():
            if entry.kind == "code":
                yield entry
                if entry.seventh >= 0:
                    yield from self._expanded(entry)

    def billable(self) -> Iterator[Entry]:
        """Every billable code in document order."""
        return (entry for entry in self.rows() if entry.billable)

    def _expanded(self, entry: Entry) -> list[Entry]:
        if entry.seventh < 0:
            return [entry] if entry.billable else []
        legal = self._seventh(entry.seventh, undotted(entry.code)).characters
        return [
            entry._replace(
                code=with_seventh(entry.code, c), title=f"{entry.title}, {t}", billable=True
            )
            for c, t in legal.items()
        ]

    @cached_property
    def _definitions(self) -> dict[int, tuple[int, str, tuple[tuple[str, str], ...]]]:
        return {}

    def _seventh(self, number: int, base: str) -> Seventh:
        if number not in self._definitions:
            owner, note, packed = self._one(
                "SELECT owner, note, characters FROM seventh WHERE id=?", number
            )
            pairs = tuple(
                (c, t) for c, t in (pair.split(_UNIT) for pair in packed.split(_RECORD) if pair)
            )
            self._definitions[number] = (owner, note, pairs)
        owner, note, pairs = self._definitions[number]
        characters = dict(legal_characters(base, pairs, self._exceptions))
        return Seventh(self.at(owner).code, note, characters)

    def _entry(self, row: tuple[int, str, str, RowKind, int, int, int, int]) -> Entry:
        order, code, title, kind, parent, leaf, placeholder, seventh = row
        billable = kind == "code" and bool(leaf) and seventh < 0
        return Entry(
            code, title, kind, billable, code, order, parent, seventh, bool(placeholder)
        )

    def _one(self, query: str, *values: object) -> tuple:  # type: ignore[type-arg]
        found = self._one_or_none(query, *values)
        if found is None:
            raise KeyError(values)
        return found

    def _one_or_none(self, query: str, *values: object) -> tuple | None:  # type: ignore[type-arg]
        return self._database.execute(query, values).fetchone()  # type: ignore[no-any-return]

    def close(self) -> None:
        """Closes the cache file."""
        self._database.close()


def _shorter(bare: str) -> Iterator[str]:
    while bare.endswith("X") and len(bare) > 3:
        bare = bare[:-1]
        yield dotted(bare)
