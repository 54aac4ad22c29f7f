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
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from chartcoder.index.audit import CodeBook, LostCode, settle_codes
from chartcoder.index.pointers import resolve_all
from chartcoder.index.store import FORMAT_VERSION, SCHEMA, UNIT, wording_hash
from chartcoder.index.terms import BOOKS, Book, Pointer, Term
from chartcoder.index.words import LATERALITY, tokens
from chartcoder.tabular.home import resources
from chartcoder.tabular.release import Release

GENERIC = {"disease": 0.12, "disorder": 0.12, "syndrome": 0.12, "condition": 0.05}
_RESIDUAL = 0.2
_OFFICIAL: tuple[Book, ...] = ("index", "external", "neoplasm", "drug")


class PathWords(NamedTuple):
    """The canonical words of a path from a main term down.

    Attributes:
        demanded: words a phrase must have for the path to be the right one.
        allowed: words that change nothing: nonessential modifiers, other forms, negated words.
        lead: the words of the main term.
    """

    demanded: tuple[str, ...]
    allowed: tuple[str, ...]
    lead: tuple[str, ...]


_NO_WORDS = PathWords((), (), ())


def gather_terms(release: Release) -> tuple[list[Term], list[str]]:
    """All terms of a release's index: official files, supplement, derived lines.

    Returns:
        The terms, each main term followed by its branch, and what was odd, one sentence each.
    """
    from chartcoder.index.derive import derived_terms
    from chartcoder.index.parse import parse_index

    sources: list[tuple[bytes, str, Book]] = []
    for book in _OFFICIAL:
        if book in release.files:
            part = release.files[book].part  # type: ignore[index]
            sources.append((part.read(), part.name, book))
    supplement = resources() / "index" / "supplement.xml"
    if supplement.is_file():
        sources.append((supplement.read_bytes(), supplement.name, "supplement"))
    terms: list[Term] = []
    problems: list[str] = []
    for content, name, book in sources:
        parsed = parse_index(content, name, book, len(terms))
        terms += parsed.terms
        problems += parsed.problems
    terms += derived_terms(release.tabular, len(terms))
    return terms, problems


def build(release: Release, target: Path) -> None:
    """Gathers the terms of a release and writes the cache file."""
    # Hundreds of thousands of long-lived tuples are made; the cyclic collector only slows it.
    enabled = gc.isenabled()
    gc.disable()
    try:
        terms, problems = gather_terms(release)
        codes = CodeBook(release.tabular)
        terms, lost = settle_codes(terms, codes)
        build_index(terms, problems, target, resolve_all(terms, codes.complete), lost)
    finally:
        if enabled:
            gc.enable()


def is_residual(term: Term) -> bool:
    """Says whether a line is for what the book has no line of its own for: NEC, "Other ..."."""
    title = term.title
    return title.startswith("Other ") or title.endswith("NEC") or "specified type" in title


def words_of(term: Term, above: PathWords | None = None) -> PathWords:
    """The words of a path, given those of the path above it.

    Alternative forms that a title lists after a comma ("Infarct, infarction") are allowed, not
    demanded; so are the words after "without" and "not".
    """
    demanded, allowed = _own_words(term.title, term.nonessential)
    if above is None:
        return PathWords(demanded, allowed, demanded)
    together = above.demanded
    if new := tuple(word for word in demanded if word not in together):
        together += new
    optional = tuple(
        word for word in dict.fromkeys(above.allowed + allowed) if word not in together
    )
    return PathWords(together, optional, above.lead)


@lru_cache(maxsize=65536)
def _own_words(
    title: str, nonessential: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    demanded: dict[str, None] = {}
    allowed: dict[str, None] = {}
    first, *others = title.split(",")
    wanted = [first]
    for other in others:
        stem = other.strip().lower()[:4]
        alternative = len(stem) == 4 and first.lower().replace("-", "").startswith(stem)
        if alternative and len(other.split()) == 1:
            allowed.update(dict.fromkeys(tokens(other)))
        else:
            wanted.append(other)
    kept, dropped = _before_negation(",".join(wanted))
    demanded.update(dict.fromkeys(_words(kept)))
    allowed.update(dict.fromkeys(_words(dropped)))
    for modifier in nonessential:
        allowed.update(dict.fromkeys(_words(modifier)))
    return tuple(demanded), tuple(word for word in allowed if word not in demanded)


def _before_negation(text: str) -> tuple[str, str]:
    for word in (" without ", " not ", ", not "):
        if word in text:
            kept, _, dropped = text.partition(word)
            return kept, dropped
    return ("", text) if text.startswith("without ") else (text, "")


def _words(text: str) -> list[str]:
    return [w for w in tokens(text) if w not in LATERALITY] if text else []


def build_index(
    terms: Sequence[Term],
    problems: Iterable[str],
    target: Path,
    pointers: Iterable[Pointer] = (),
    lost: Iterable[LostCode] = (),
) -> None:
    """Writes the cache file, whole or not at all, also when two processes write at once.

    Args:
        terms: as ``gather_terms`` gives them; ``terms[i].id == i``.
        problems: what was odd about the files.
        target: the file.
        pointers: the cross-references, read.
        lost: codes that the Tabular List does not have.
    """
    essential: dict[str, array[int]] = defaultdict(lambda: array("I"))
    allowed: dict[str, array[int]] = defaultdict(lambda: array("I"))
    leads: dict[str, array[int]] = defaultdict(lambda: array("I"))
    paths: list[PathWords] = []
    for term in terms:
        words = words_of(term, paths[term.parent] if term.parent >= 0 else None)
        paths.append(words)
        if term.code or term.see or term.see_also or term.manifestation or term.cells:
            number = term.id
            for word in words.demanded:
                essential[word].append(number)
            for word in words.allowed:
                allowed[word].append(number)
            for word in words.lead:
                leads[word].append(number)
    scale = math.log(len(terms) + 2)
    weights = {w: round(1 - math.log(len(ids) + 1) / scale, 6) for w, ids in essential.items()}
    weights |= GENERIC
    totals = array(
        "f",
        (
            sum([weights.get(w, 0.5) for w in words.demanded])
            + (_RESIDUAL if is_residual(term) else 0.0)
            for words, term in zip(paths, terms, strict=True)
        ),
    )
    empty = array("I")
    postings = (
        (
            word, weights.get(word, 0.5), essential.get(word, empty).tobytes(),
            allowed.get(word, empty).tobytes(), leads.get(word, empty).tobytes(),
        )
        for word in sorted({*essential, *allowed})
    )  # fmt: skip
    numbers = (
        ("total", totals.tobytes()),
        ("parent", array("i", [t.parent for t in terms]).tobytes()),
        ("book", bytes([BOOKS.index(t.book) for t in terms])),
        ("wording", wordings(terms, paths).tobytes()),
    )

    def fill(database: sqlite3.Connection) -> None:
        database.executemany("INSERT INTO term VALUES(?,?,?,?,?,?,?,?,?,?,?)", map(_packed, terms))
        database.executemany("INSERT INTO token VALUES(?,?,?,?,?)", postings)
        database.executemany("INSERT INTO numbers VALUES(?,?)", numbers)
        database.executemany(
            "INSERT INTO code VALUES(?,?)",
            sorted((t.code.rstrip("-"), t.id) for t in terms if t.code),
        )
        database.executemany("INSERT INTO problem VALUES(?)", ((p,) for p in problems))
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


def wordings(terms: Sequence[Term], paths: Sequence[PathWords]) -> "array[int]":
    """Every whole wording of the book, for finding conditions in running text.

    Lines for what has no line of its own ("Other ...", NEC) and lines of the tables have no
    wording by which a chart would name them.

    Returns:
        Sorted numbers: the hash of the demanded words in the upper, the id in the lower half.
    """
    found = array("Q")
    for term, words in zip(terms, paths, strict=True):
        named = term.book in _NAMED and not is_residual(term)
        if named and words.demanded and (term.code or _leads_on(term)):
            found.append(wording_hash(words.demanded) << 32 | term.id)
    return array("Q", sorted(found))


def _leads_on(term: Term) -> bool:
    return bool(term.see) and not term.see.startswith("condition")


_NAMED = frozenset(["index", "supplement", "title", "inclusion"])


def _write(target: Path, fill) -> None:  # type: ignore[no-untyped-def]
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
