"""Makes the cache file of an index: every term, and an inverted index from words to terms.

Main terms come before their subterms, so what a path demands is carried down from its parent and
no path is read twice.
"""

import gc
import math
import os
import sqlite3
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from chartcoder.index.audit import CodeBook, LostCode, settle_codes
from chartcoder.index.paths import PathWords, is_residual, kin_of, words_of
from chartcoder.index.pointers import resolve_all
from chartcoder.index.store import (
    FORMAT_VERSION,
    HEADER,
    RESIDUAL,
    SCHEMA,
    SIDES,
    UNIT,
    UNSPECIFIED,
    wording_hash,
)
from chartcoder.index.terms import BOOKS, Book, Pointer, Term
from chartcoder.tabular.home import resources
from chartcoder.tabular.release import Release

_OFFICIAL: tuple[Book, ...] = ("index", "external", "neoplasm", "drug")
_TABLES = frozenset(["neoplasm", "drug"])
_DERIVED = frozenset(["title", "inclusion"])
_NAMED = frozenset(["index", "supplement", "title", "inclusion"])
_RESIDUAL_WEIGHT = 0.2
_UNKNOWN_WEIGHT = 0.5


class Gathered(NamedTuple):
    """All terms of a release's index.

    Attributes:
        terms: each main term followed by its branch.
        headings: the headings of the tables' columns: book, number of the column, words.
        problems: what was odd about the files, one sentence each.
    """

    terms: list[Term]
    headings: list[tuple[Book, int, str]]
    problems: list[str]


def gather_terms(release: Release, inclusions: bool = True) -> Gathered:
    """Gathers the official files of a release, our supplement, and the derived lines.

    Args:
        release: the release.
        inclusions: also the lines derived from inclusion terms.
    """
    from chartcoder.index.derive import derived_terms
    from chartcoder.index.parse import parse_index

    sources: list[tuple[bytes, str, Book]] = []
    for book in _OFFICIAL:
        if book in release.files:
            part = release.files[book].part
            sources.append((part.read(), part.name, book))
    supplement = resources() / "index" / "supplement.xml"
    if supplement.is_file():
        sources.append((supplement.read_bytes(), supplement.name, "supplement"))
    terms: list[Term] = []
    headings: list[tuple[Book, int, str]] = []
    problems: list[str] = []
    for content, name, book in sources:
        parsed = parse_index(content, name, book, len(terms))
        terms += parsed.terms
        headings += [(book, number, words) for number, words in parsed.columns.items()]
        problems += parsed.problems
    terms += derived_terms(release.tabular, len(terms), inclusions)
    return Gathered(terms, headings, problems)


def build(release: Release, target: Path, inclusions: bool = True) -> None:
    """Gathers the terms of a release and writes the cache file."""
    # Hundreds of thousands of long-lived tuples are made; the cyclic collector only slows it.
    enabled = gc.isenabled()
    gc.disable()
    try:
        gathered = gather_terms(release, inclusions)
        codes = CodeBook(release.tabular)
        terms, lost = settle_codes(gathered.terms, codes)
        pointers = resolve_all(terms, codes.complete)
        build_index(gathered._replace(terms=terms), target, pointers, lost)
    finally:
        if enabled:
            gc.enable()


def build_index(
    gathered: Gathered,
    target: Path,
    pointers: Iterable[Pointer] = (),
    lost: Iterable[LostCode] = (),
) -> None:
    """Writes the cache file, whole or not at all, also when two processes write at once.

    Args:
        gathered: as ``gather_terms`` gives it, ``terms[i].id == i``, codes settled.
        target: the file.
        pointers: the cross-references, read.
        lost: codes that the Tabular List does not have.
    """
    terms = gathered.terms
    paths: list[PathWords] = []
    for term in terms:
        paths.append(words_of(term, paths[term.parent] if term.parent >= 0 else None))
    inverted = _invert(terms, paths)
    vocabulary = {word: number for number, word in enumerate(sorted(inverted.lines))}
    weights = _weights(inverted, terms)
    numbers = _numbers(terms, paths, vocabulary, weights)
    kin = kin_of(vocabulary)

    def fill(database: sqlite3.Connection) -> None:
        database.executemany("INSERT INTO term VALUES(?,?,?,?,?,?,?,?,?,?,?)", map(_packed, terms))
        database.executemany(
            "INSERT INTO token VALUES(?,?,?,?,?,?)",
            (
                (
                    word, number, weights[word], inverted.lines[word].tobytes(),
                    inverted.rows[word].tobytes() if word in inverted.rows else b"",
                    UNIT.join(kin.get(word, ())),
                )
                for word, number in vocabulary.items()
            ),
        )  # fmt: skip
        database.executemany("INSERT INTO numbers VALUES(?,?,?)", numbers)
        database.executemany(
            "INSERT INTO code VALUES(?,?)",
            sorted((t.code.rstrip("-"), t.id) for t in terms if t.code),
        )
        database.executemany("INSERT INTO problem VALUES(?)", ((p,) for p in gathered.problems))
        database.executemany(
            "INSERT INTO heading VALUES(?,?,?)",
            ((BOOKS.index(book), number, words) for book, number, words in gathered.headings),
        )
        database.executemany(
            "INSERT INTO pointer VALUES(?,?,?,?,?,?,?,?,?)",
            (
                (
                    p.source, p.also, p.text, p.kind, UNIT.join(map(str, p.terms)), p.column,
                    UNIT.join(p.codes), p.exact, p.rest,
                )
                for p in pointers
            ),
        )  # fmt: skip
        database.executemany("INSERT INTO lost VALUES(?,?,?)", lost)

    _write(target, fill)


class _Inverted(NamedTuple):
    """Word to the ids of the lines, and of the table rows, whose path says or allows it."""

    lines: dict[str, "array[int]"]
    rows: dict[str, "array[int]"]
    categories: dict[str, set[str]]


def _invert(terms: Sequence[Term], paths: Sequence[PathWords]) -> _Inverted:
    lines: dict[str, array[int]] = defaultdict(lambda: array("I"))
    rows: dict[str, array[int]] = defaultdict(lambda: array("I"))
    categories: dict[str, set[str]] = defaultdict(set)
    for term, words in zip(terms, paths, strict=True):
        number = term.id
        if term.book in _TABLES:
            if term.cells or term.see or term.see_also:
                for word in words.demanded + words.allowed:
                    rows[word].append(number)
        elif term.code or term.see or term.see_also:
            category = term.code[:3]
            for word in words.demanded:
                lines[word].append(number)
                categories[word].add(category)
            for word in words.allowed:
                lines[word].append(number)
        for word in words.denied:
            lines[f"-{word}"].append(number)
    for word in rows:
        lines[word].extend(())
    return _Inverted(lines, rows, categories)


def _weights(inverted: _Inverted, terms: Sequence[Term]) -> dict[str, float]:
    """How much a word tells: little where it is said in many categories, 1 where in few."""
    everywhere = len({term.code[:3] for term in terms})
    scale = math.log(everywhere + 2)
    rows = math.log(len(terms) + 2)
    return {
        word: round(1 - math.log(len(inverted.categories[word]) + 1) / scale, 6)
        if word in inverted.categories
        else round(1 - math.log(len(inverted.rows.get(word, ())) + 1) / rows, 6)
        for word in inverted.lines
    }


def _numbers(
    terms: Sequence[Term],
    paths: Sequence[PathWords],
    vocabulary: dict[str, int],
    weights: dict[str, float],
) -> list[tuple[str, str, bytes]]:
    """What is known of each term and each word as rows of numbers.

    ``wording`` holds every whole wording of the book, for finding conditions in running text:
    sorted, the hash of the demanded words in the upper half and the id in the lower. Lines for
    what has no line of its own ("Other ...", NEC) and rows of the tables have none, as no chart
    would name them so.
    """
    kind = "H" if len(vocabulary) < 1 << 16 else "I"
    demanded, demanded_ends = array(kind), array("I", [0])
    allowed, allowed_ends = array(kind), array("I", [0])
    totals = array("f")
    flags = bytearray()
    nothing = array(kind)
    wordings = array("Q")
    by_path: list[tuple[array[int], float]] = []
    pairs = {word: (number, weights[word]) for word, number in vocabulary.items()}
    for term, words in zip(terms, paths, strict=True):
        said = words.demanded
        if term.parent >= 0:
            above, total = by_path[term.parent]
            new = said[len(paths[term.parent].demanded) :]
        else:
            above, total, new = nothing, 0.0, said
        if new:
            ids = []
            for word in new:
                pair = pairs.get(word)
                if pair is None:
                    total += _UNKNOWN_WEIGHT
                else:
                    ids.append(pair[0])
                    total += pair[1]
            above = above + array(kind, ids) if above else array(kind, ids)
        by_path.append((above, total))
        demanded.extend(above)
        demanded_ends.append(len(demanded))
        if words.allowed or words.denied:
            optional = [*words.allowed, *(f"-{word}" for word in words.denied)]
            allowed.extend([pair[0] for word in optional if (pair := pairs.get(word))])
        allowed_ends.append(len(allowed))
        title = term.title
        flag = SIDES.index(words.side) if words.side else 0
        residual = is_residual(term)
        if residual:
            flag |= RESIDUAL
        if "nspecified" in title or title.endswith(" NOS"):
            flag |= UNSPECIFIED
        if term.book in _DERIVED and term.code.endswith("-"):
            flag |= HEADER
        flags.append(flag)
        totals.append(total + (_RESIDUAL_WEIGHT if residual else 0.0))
        named = not residual or (title.endswith("NEC") and "specified" not in title)
        if named and said and term.book in _NAMED and (term.code or _leads_on(term)):
            wordings.append(wording_hash(said) << 32 | term.id)
    by_number = sorted(vocabulary, key=vocabulary.__getitem__)
    return [
        ("total", "f", totals.tobytes()),
        ("parent", "i", array("i", [t.parent for t in terms]).tobytes()),
        ("book", "B", bytes([BOOKS.index(t.book) for t in terms])),
        ("flags", "B", bytes(flags)),
        ("demanded", kind, demanded.tobytes()),
        ("demanded_ends", "I", demanded_ends.tobytes()),
        ("allowed", kind, allowed.tobytes()),
        ("allowed_ends", "I", allowed_ends.tobytes()),
        ("vocabulary", "", "\n".join(by_number).encode()),
        ("weight", "f", array("f", [weights[word] for word in by_number]).tobytes()),
        ("wording", "Q", array("Q", sorted(wordings)).tobytes()),
    ]


def _leads_on(term: Term) -> bool:
    return bool(term.see) and not term.see.startswith("condition")


def _write(target: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    os.close(handle)
    try:
        database = sqlite3.connect(name, isolation_level=None)
        database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
        )
        database.executescript(SCHEMA)
        database.execute("BEGIN")
        fill(database)
        database.executemany(
            "INSERT INTO meta VALUES(?,?)", (("format", str(FORMAT_VERSION)), ("complete", "yes"))
        )
        database.execute("COMMIT")
        database.execute("CREATE INDEX pointer_source ON pointer(source)")
        database.close()
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _packed(term: Term) -> tuple[object, ...]:
    return (
        term.id, term.parent, term.end, BOOKS.index(term.book), term.title,
        UNIT.join(term.nonessential), term.code, term.manifestation, term.see, term.see_also,
        UNIT.join([f"{col}={code}" for col, code in term.cells]) if term.cells else "",
    )  # fmt: skip
