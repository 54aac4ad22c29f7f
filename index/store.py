"""The Alphabetic Index as a cache file, opened in milliseconds.

It holds every term with its branch, and an inverted index from canonical words to terms: which
words a path demands (its titles) and which it merely allows (nonessential modifiers).
"""

import hashlib
import math
import os
import sqlite3
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from chartcoder.index.terms import BOOKS, Term
from chartcoder.index.words import LATERALITY, tokens
from chartcoder.tabular.home import resources
from chartcoder.tabular.release import Release

FORMAT_VERSION = 2
GENERIC = {"disease": 0.12, "disorder": 0.12, "syndrome": 0.12, "condition": 0.05}
_RESIDUAL = 0.2
_UNIT = "\x1f"

_SCHEMA = """
CREATE TABLE term(id INTEGER PRIMARY KEY, parent INTEGER, "end" INTEGER, book INTEGER, title TEXT,
                  nonessential TEXT, code TEXT, manifestation TEXT, see TEXT, see_also TEXT,
                  cells TEXT);
CREATE TABLE token(token TEXT PRIMARY KEY, weight REAL, essential BLOB, allowed BLOB, lead BLOB)
    WITHOUT ROWID;
CREATE TABLE numbers(key TEXT PRIMARY KEY, data BLOB);
CREATE TABLE code(code TEXT, id INTEGER);
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


def essential_words(path: Iterable[Term]) -> tuple[list[str], list[str], list[str]]:
    """The words a path of terms demands, those it allows, and those of its main term.

    Alternative forms that a title lists after a comma ("Infarct, infarction") are allowed, not
    demanded; so are the words after "without" and "not".
    """
    demanded: dict[str, None] = {}
    allowed: dict[str, None] = {}
    lead: list[str] = []
    for depth, term in enumerate(path):
        first, *others = term.title.split(",") if term.title else ("",)
        wanted = [first]
        for other in others:
            stem = other.strip().lower()[:4]
            alternative = len(stem) == 4 and first.lower().replace("-", "").startswith(stem)
            if alternative and len(other.split()) == 1:
                allowed.update(dict.fromkeys(tokens(other)))
            else:
                wanted.append(other)
        text = ",".join(wanted)
        kept, _, dropped = _before_negation(text)
        demanded.update(dict.fromkeys(_words(kept)))
        allowed.update(dict.fromkeys(_words(dropped)))
        if depth == 0:
            lead = _words(kept)
        for modifier in term.nonessential:
            allowed.update(dict.fromkeys(_words(modifier)))
    for word in demanded:
        allowed.pop(word, None)
    return list(demanded), list(allowed), lead


def is_residual(term: Term) -> bool:
    """Says whether a line is for what the book has no line of its own for: NEC, "Other ..."."""
    title = term.title
    return title.startswith("Other ") or title.endswith("NEC") or "specified type" in title


def _before_negation(text: str) -> tuple[str, str, str]:
    for word in (" without ", " not ", ", not "):
        if word in text:
            return text.partition(word)
    if text.startswith("without "):
        return "", "", text
    return text, "", ""


def _words(text: str) -> list[str]:
    return [w for w in tokens(text) if w not in LATERALITY]


def build_index(terms: list[Term], problems: list[str], target: Path) -> None:
    """Writes the cache file, whole or not at all."""
    essential: dict[str, array[int]] = defaultdict(lambda: array("I"))
    allowed: dict[str, array[int]] = defaultdict(lambda: array("I"))
    leads: dict[str, array[int]] = defaultdict(lambda: array("I"))
    by_id = {term.id: term for term in terms}
    demanded_by: list[list[str]] = []
    for term in terms:
        path = [term]
        while path[-1].parent >= 0:
            path.append(by_id[path[-1].parent])
        demanded, optional, lead = essential_words(reversed(path))
        demanded_by.append(demanded)
        if term.code or term.see or term.see_also or term.manifestation or term.cells:
            for word in demanded:
                essential[word].append(term.id)
            for word in optional:
                allowed[word].append(term.id)
            for word in lead:
                leads[word].append(term.id)
    count = len(terms)
    weights = {
        word: round(1 - math.log(len(ids) + 1) / math.log(count + 2), 6)
        for word, ids in essential.items()
    }
    weights |= GENERIC
    totals = array(
        "f",
        (
            sum(weights.get(w, 0.5) for w in words) + (_RESIDUAL if is_residual(term) else 0.0)
            for words, term in zip(demanded_by, terms, strict=True)
        ),
    )

    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    os.close(handle)
    try:
        database = sqlite3.connect(name, isolation_level=None)
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
        database.executescript(_SCHEMA)
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO term VALUES(?,?,?,?,?,?,?,?,?,?,?)", (_packed(term) for term in terms)
        )
        empty = array("I")
        database.executemany(
            "INSERT INTO token VALUES(?,?,?,?,?)",
            (
                (
                    word,
                    weights.get(word, 0.5),
                    essential.get(word, empty).tobytes(),
                    allowed.get(word, empty).tobytes(),
                    leads.get(word, empty).tobytes(),
                )
                for word in sorted({*essential, *allowed})
            ),
        )
        database.executemany(
            "INSERT INTO numbers VALUES(?,?)",
            (
                ("total", totals.tobytes()),
                ("parent", array("i", (t.parent for t in terms)).tobytes()),
                ("book", array("B", (BOOKS.index(t.book) for t in terms)).tobytes()),
            ),
        )
        database.executemany(
            "INSERT INTO code VALUES(?,?)", ((t.code.rstrip("-"), t.id) for t in terms if t.code)
        )
        database.executemany("INSERT INTO problem VALUES(?)", ((p,) for p in problems))
        database.executemany(
            "INSERT INTO meta VALUES(?,?)", (("format", str(FORMAT_VERSION)), ("complete", "yes"))
        )
        database.execute("COMMIT")
        database.execute("CREATE INDEX code_code ON code(code)")
        database.close()
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _packed(term: Term) -> tuple[object, ...]:
    return (
        term.id, term.parent, term.end, BOOKS.index(term.book), term.title,
        _UNIT.join(term.nonessential), term.code, term.manifestation, term.see, term.see_also,
        _UNIT.join(f"{col}={code}" for col, code in term.cells),
    )  # fmt: skip


class IndexStore:
    """Look-ups over an opened index: terms, branches, words."""

    def __init__(self, file: Path, kind: str) -> None:
        self.file = file
        self.kind = kind
        self._database = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._terms: dict[int, Term] = {}
        self._postings: dict[str, tuple[float, frozenset[int], frozenset[int], frozenset[int]]] = {}

    @cached_property
    def totals(self) -> "array[float]":
        """For each term, the summed weight of the words its path demands."""
        return self._numbers("total", "f")

    @cached_property
    def parents(self) -> "array[int]":
        """For each term, the id of the term above, -1 for a main term."""
        return self._numbers("parent", "i")

    @cached_property
    def books(self) -> "array[int]":
        """For each term, the place of its book in ``BOOKS``."""
        return self._numbers("book", "B")

    @cached_property
    def problems(self) -> list[str]:
        """What was odd about the index files, one sentence each."""
        return [str(t) for (t,) in self._database.execute("SELECT text FROM problem")]

    def _numbers(self, key: str, kind: str) -> "array":  # type: ignore[type-arg]
        numbers = array(kind)
        numbers.frombytes(
            self._database.execute("SELECT data FROM numbers WHERE key=?", (key,)).fetchone()[0]
        )
        return numbers

    def term(self, number: int) -> Term:
        """The term of an id."""
        found = self._terms.get(number)
        if found is None:
            row = self._database.execute("SELECT * FROM term WHERE id=?", (number,)).fetchone()
            found = _unpacked(row)
            self._terms[number] = found
        return found

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

    def posting(
        self, word: str
    ) -> tuple[float, frozenset[int], frozenset[int], frozenset[int]] | None:
        """For a canonical word: its weight, and the terms that demand it, allow it, lead with it."""
        if word in self._postings:
            return self._postings[word]
        row = self._database.execute(
            "SELECT weight, essential, allowed, lead FROM token WHERE token=?", (word,)
        ).fetchone()
        if row is None:
            return None
        sets = []
        for blob in row[1:]:
            ids = array("I")
            ids.frombytes(blob)
            sets.append(frozenset(ids))
        found = (float(row[0]), sets[0], sets[1], sets[2])
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
        """Every canonical word of the index, sorted."""
        return [str(w) for (w,) in self._database.execute("SELECT token FROM token ORDER BY token")]


def _unpacked(row: tuple) -> Term:  # type: ignore[type-arg]
    number, parent, end, book, title, nonessential, code, manifestation, see, see_also, cells = row
    return Term(
        number, parent, end, BOOKS[book], title,
        tuple(nonessential.split(_UNIT)) if nonessential else (),
        code, manifestation, see, see_also,
        tuple(
            (int(col), cell) for col, _, cell in (c.partition("=") for c in cells.split(_UNIT))
        ) if cells else (),
    )  # fmt: skip


def open_index(release: Release) -> IndexStore:
    """Opens the index of a release, building its cache when it is first asked for.

    The index consists of the official files where the release has them, our supplement, and the
    lines derived from the Tabular List.
    """
    roles = ("index", "external", "neoplasm", "drug")
    version = f"index {FORMAT_VERSION} {lexicon_stamp()}"
    folder = release.cache_folder(["tabular", "order", *roles], version)  # type: ignore[list-item]
    file = folder / "index.db"
    if not _is_sound(file):
        terms, problems = gather_terms(release)
        build_index(terms, problems, file)
    return IndexStore(file, release.index_kind)


def gather_terms(release: Release) -> tuple[list[Term], list[str]]:
    """All terms of a release's index: official files, supplement, derived lines."""
    from chartcoder.index.derive import derived_terms
    from chartcoder.index.parse import parse_index

    terms: list[Term] = []
    problems: list[str] = []
    for role in ("index", "external", "neoplasm", "drug"):
        if role in release.files:
            part = release.files[role].part  # type: ignore[index]
            parsed = parse_index(part.read(), part.name, role, len(terms))  # type: ignore[arg-type]
            terms += parsed.terms
            problems += parsed.problems
    supplement = resources() / "index" / "supplement.xml"
    if supplement.is_file():
        parsed = parse_index(supplement.read_bytes(), supplement.name, "supplement", len(terms))
        terms += parsed.terms
        problems += parsed.problems
    terms += derived_terms(release.tabular, len(terms))
    return terms, problems


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
