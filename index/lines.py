"""The lines that search looks through: titles and inclusion terms, as a folder on disk.

A 7th character multiplies 10,000 codes by up to 16; search keeps their titles once, and adds the
7th character when a line is found. Beside the lines' words stands an index of three-letter pieces
(tantivy), which finds lines by cut and misspelt words alike.
"""

import math
import shutil
import sqlite3
import tempfile
import zlib
from array import array
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from chartcoder.index.abbreviate import STOP, raw_words
from chartcoder.tabular.codes import undotted
from chartcoder.tabular.release import Release

FORMAT_VERSION = 1
_STOP_SHARE = 0.25
_HEAP = 64_000_000
_DATA = "lines.db"
_FIELD = "\x1f"


class Line(NamedTuple):
    """One line.

    Attributes:
        code: the code or header whose title or inclusion term it is.
        text: the words.
        title: it is a title, not an inclusion term.
        header: the code has codes below it.
        seventh: number of the 7th-character definition of the code, -1 for none.
    """

    code: str
    text: str
    title: bool
    header: bool
    seventh: int


def gather_lines(release: Release, inclusions: bool = True) -> list[Line]:
    """All lines of a release in document order, the titles before the inclusion terms.

    Args:
        release: the release.
        inclusions: also the inclusion terms and includes notes.
    """
    tabular = release.tabular
    nodes = [e for e in tabular.nodes() if e.kind == "code" and not e.placeholder]
    header = {e.code: not (e.billable or e.seventh >= 0) for e in nodes}
    seventh = {e.code: e.seventh for e in nodes}
    lines = [Line(e.code, e.title, True, header[e.code], e.seventh) for e in nodes]
    if inclusions:
        lines += [
            Line(n.origin, n.text, False, header[n.origin], seventh[n.origin])
            for n in tabular.all_notes()
            if n.kind in ("inclusion_term", "includes") and n.origin in header
        ]
    return lines


def build_lines(lines: Sequence[Line], release: Release, target: Path) -> None:
    """Writes the folder, whole or not at all, also when two processes write at once.

    Args:
        lines: what is to be searched.
        release: whose 7th characters belong to them.
        target: the folder.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=target.parent, prefix=target.name, suffix=".part"))
    try:
        _write_data(lines, release, made / _DATA)
        _write_pieces(lines, made)
        try:
            made.rename(target)
        except OSError:
            # Another process was first, or what is there is damaged.
            if not is_sound(target):
                old = Path(tempfile.mkdtemp(dir=target.parent, suffix=".old"))
                target.rename(old / target.name)
                made.rename(target)
                shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write_data(lines: Sequence[Line], release: Release, file: Path) -> None:
    spelt = [raw_words(line.text) for line in lines]
    count = Counter(word for words in spelt for word in set(words))
    vocabulary = sorted(count)
    numbers = {word: number for number, word in enumerate(vocabulary)}
    scale = math.log(1 + len(lines) / 0.5)
    weights = array(
        "f",
        [
            math.log(1 + len(lines) / (count[w] + 0.5)) / scale * (_STOP_SHARE if w in STOP else 1)
            for w in vocabulary
        ],
    )
    kind = "H" if len(vocabulary) < 1 << 16 else "I"
    words, ends = array(kind), array("I", [0])
    for line_words in spelt:
        words.extend([numbers[w] for w in line_words])
        ends.append(len(words))
    titled = sorted((undotted(line.code), n) for n, line in enumerate(lines) if line.title)
    sevenths = _sevenths(lines, release)
    rows = [
        ("words", kind, words.tobytes()),
        ("ends", "I", ends.tobytes()),
        ("weights", "f", weights.tobytes()),
        ("flags", "B", bytes([line.title | line.header << 1 for line in lines])),
        ("seventh", "h", array("h", [line.seventh for line in lines]).tobytes()),
        ("vocabulary", "", _FIELD.join(vocabulary).encode()),
        ("codes", "", _FIELD.join([line.code for line in lines]).encode()),
        ("titled", "", _FIELD.join([code for code, _ in titled]).encode()),
        ("titled_lines", "I", array("I", [n for _, n in titled]).tobytes()),
        ("sevenths", "", sevenths.encode()),
    ]
    database = sqlite3.connect(file, isolation_level=None)
    database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
    database.execute("CREATE TABLE part(key TEXT PRIMARY KEY, kind TEXT, sum INTEGER, data BLOB)")
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO part VALUES(?,?,?,?)", [(k, t, zlib.crc32(d), d) for k, t, d in rows]
    )
    database.execute("COMMIT")
    database.close()


def _sevenths(lines: Sequence[Line], release: Release) -> str:
    """Each 7th-character definition once: number, then character and meaning in turns."""
    seen: dict[int, list[str]] = {}
    for line in lines:
        if line.seventh >= 0 and line.title and not line.header and line.seventh not in seen:
            found = release.tabular.seventh(line.code)
            pairs = found.characters.items() if found else ()
            seen[line.seventh] = [part for pair in pairs for part in pair]
    return "\n".join(_FIELD.join([str(n), *parts]) for n, parts in sorted(seen.items()))


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("pieces", tokenizer_name="pieces", index_option="freq")
    builder.add_unsigned_field("line", fast=True)
    return builder.build()


def _with_tokenizer(index: Any) -> Any:
    import tantivy

    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(3, 3, False)).build()
    index.register_tokenizer("pieces", analyzer)
    return index


def _write_pieces(lines: Sequence[Line], folder: Path) -> None:
    import tantivy

    index = _with_tokenizer(tantivy.Index(_schema(), path=str(folder)))
    # One thread and one commit: the lines keep their order, and equal scores their sequence.
    writer = index.writer(_HEAP, 1)
    for number, line in enumerate(lines):
        document = tantivy.Document()
        document.add_text("pieces", " ".join(raw_words(line.text)))
        document.add_unsigned("line", number)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    for lock in folder.glob(".tantivy-*.lock"):
        lock.unlink()


def is_sound(folder: Path) -> bool:
    """Says whether a folder of lines is there and whole."""
    if not ((folder / _DATA).is_file() and (folder / "meta.json").is_file()):
        return False
    try:
        database = _connect(folder / _DATA)
        try:
            count = database.execute("SELECT count(*) FROM part").fetchone()[0]
        finally:
            database.close()
    except sqlite3.DatabaseError:
        return False
    return bool(count)


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )


class Lines:
    """The opened lines of a release."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = _connect(folder / _DATA)

    @cached_property
    def words(self) -> "tuple[array[int], array[int]]":
        """Numbers of the words of each line, and where those of a line end."""
        return self._numbers("words"), self._numbers("ends")

    @cached_property
    def weights(self) -> "array[float]":
        """How much each word tells, by its number."""
        return self._numbers("weights")

    @cached_property
    def flags(self) -> "array[int]":
        """For each line: 1 for a title, 2 for a line of a header."""
        return self._numbers("flags")

    @cached_property
    def seventh(self) -> "array[int]":
        """For each line, the number of its 7th-character definition, -1 for none."""
        return self._numbers("seventh")

    @cached_property
    def vocabulary(self) -> list[str]:
        """The words of all lines; the place of a word is its number."""
        return self._texts("vocabulary")

    @cached_property
    def codes(self) -> list[str]:
        """The code of each line."""
        return self._texts("codes")

    @cached_property
    def titled(self) -> tuple[list[str], "array[int]"]:
        """All codes without dot, sorted, and the line of each one's title."""
        return self._texts("titled"), self._numbers("titled_lines")

    @cached_property
    def sevenths(self) -> dict[int, tuple[tuple[str, str], ...]]:
        """The 7th-character definitions by number: pairs of character and meaning."""
        found = {}
        for row in self._part("sevenths")[1].decode().split("\n"):
            number, *parts = row.split(_FIELD)
            if parts:
                found[int(number)] = tuple(zip(parts[::2], parts[1::2], strict=True))
        return found

    def line(self, number: int) -> "array[int]":
        """The numbers of the words of a line, in order."""
        words, ends = self.words
        return words[ends[number] : ends[number + 1]]

    def words_of(self, number: int) -> frozenset[str]:
        """The words of a line."""
        return frozenset([self.vocabulary[n] for n in self.line(number)])

    @cached_property
    def _searcher(self) -> tuple[Any, Any]:
        import tantivy

        index = _with_tokenizer(tantivy.Index.open(str(self.folder)))
        return index.schema, index.searcher()

    def nearest(self, text: str, limit: int) -> list[int]:
        """The lines that share the most telling three-letter pieces with a text, best first."""
        from tantivy import Occur, Query

        schema, searcher = self._searcher
        plain = " ".join(raw_words(text))
        pieces = sorted({plain[i : i + 3] for i in range(len(plain) - 2)})[:_MOST_PIECES]
        if not pieces:
            return []
        query = Query.boolean_query(
            [(Occur.Should, Query.term_query(schema, "pieces", p, "freq")) for p in pieces]
        )
        hits = searcher.search(query, limit, False).hits
        return [int(n) for n in searcher.fast_field_values("line", [place for _, place in hits])]

    def _part(self, key: str) -> tuple[str, bytes]:
        kind, _, data = self._database.execute(
            "SELECT kind, sum, data FROM part WHERE key=?", (key,)
        ).fetchone()
        return kind, data

    def _numbers(self, key: str) -> "array":  # type: ignore[type-arg]
        kind, data = self._part(key)
        numbers = array(kind)
        numbers.frombytes(data)
        return numbers

    def _texts(self, key: str) -> list[str]:
        return self._part(key)[1].decode().split(_FIELD)


_MOST_PIECES = 400


def open_lines(release: Release, inclusions: bool = True) -> Lines:
    """Opens the lines of a release, building their folder when it is first asked for.

    Args:
        release: the release.
        inclusions: also the inclusion terms.
    """
    version = f"lines {FORMAT_VERSION}{'' if inclusions else ' titles'}"
    folder = release.cache_folder(["tabular", "order"], version) / "lines"
    if not is_sound(folder):
        build_lines(gather_lines(release, inclusions), release, folder)
    return Lines(folder)
