"""The Tabular List as a cache file, and the look-ups over it.

A parsed Tabular List is written once into a file of pages (``tabular.pages``) and opened read-only,
in milliseconds and without the XML reader. Codes with a 7th character are not stored: they follow
from their base code and its 7th-character definition, and are made when asked for.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from chartcoder.tabular.codes import dotted, normalise, undotted, with_seventh
from chartcoder.tabular.pages import Definition, Page, PageFile
from chartcoder.tabular.records import NoteKind, Row, RowKind
from chartcoder.tabular.seventh import legal_characters, scope_prefixes


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


class TabularList:
    """Look-ups over an opened Tabular List.

    Codes are taken as a person writes them (``m1711``, ``M17.11``) and given back dotted.

    Args:
        path: the cache file.
        make: writes it; called where it is missing, of an older format, or damaged.
    """

    def __init__(self, path: Path, make: Callable[[], None]) -> None:
        self.file = path
        self._pages = PageFile(path, make)
        self._by_code: dict[str, Entry | None] = {}
        self._by_order: dict[int, Entry] = {}
        self._notes: dict[int, tuple[Note, ...]] = {}
        self._below: dict[int, list[Entry]] = {}
        self._loaded: dict[str, bool] = {}
        # Evidence is worked in parallel; a page is kept by one thread at a time.
        self._lock = Lock()
        self._sevenths: dict[tuple[int, str], Seventh] = {}

    def __contains__(self, code: str) -> bool:
        return self.get(code) is not None

    @cached_property
    def year(self) -> str:
        """The fiscal year the file names."""
        return self._pages.year()

    @cached_property
    def problems(self) -> list[str]:
        """What was odd about the file, one sentence each."""
        return self._pages.problems()

    @cached_property
    def _exceptions(self) -> list[tuple[str, int, str, str]]:
        return self._pages.exceptions()

    def get(self, code: str) -> Entry | None:
        """The entry of a code, section (``A00-A09``) or chapter (``1``); None if unknown."""
        if code in self._by_code:
            return self._by_code[code]
        entry = self._find(code)
        self._by_code[code] = entry
        return entry

    def _find(self, code: str) -> Entry | None:
        wanted = code.strip().upper()
        if len(wanted) > 3 and not (wanted[3] == "-" and len(wanted) == 7):
            wanted = normalise(wanted)
        self._load(wanted if "-" in wanted else wanted[:3])
        found = self._by_code.get(wanted)
        if found is not None:
            return found
        bare = undotted(wanted)
        if len(bare) != 7:
            return None
        # A base may itself end in the placeholder (T36.0X), so both readings are tried.
        for candidate in _bases(bare[:6]):
            base = self._by_code.get(candidate)
            if base is not None and base.seventh >= 0:
                found = self._extended(base, bare[6])
                if found is not None and found.code == dotted(bare):
                    return found
        return None

    def _load(self, name: str) -> None:
        """Reads the page of a category, section or chapter, where there is one."""
        with self._lock:
            if name not in self._loaded:
                page = self._pages.page_of(name)
                if page is not None and page.rows[0].order not in self._by_order:
                    self._keep(page)
                self._loaded[name] = True

    def _keep(self, page: Page) -> None:
        entries = [_entry(row) for row in page.rows]
        first = entries[0].order
        below: dict[int, list[Entry]] = {}
        for entry in entries:
            if entry.order > first:
                below.setdefault(entry.parent, []).append(entry)
        self._below.update(below)
        for entry in entries:
            self._notes[entry.order] = tuple(
                Note(kind, text, entry.code, block)
                for kind, block, text in page.notes.get(entry.order, ())
            )
        self._by_order.update((entry.order, entry) for entry in entries)
        # Last, because another thread that finds a code asks for what is below it.
        for entry in entries:
            # A section that is one category has its name; the category is what is meant.
            known = self._by_code.get(entry.code)
            if known is None or known.order < entry.order:
                self._by_code[entry.code] = entry

    def at(self, order: int) -> Entry:
        """The entry at a place in the document.

        Raises:
            KeyError: there is no such place.
        """
        if order not in self._by_order:
            with self._lock:
                page = self._pages.page_at(order) if order not in self._by_order else None
                if page is not None:
                    self._keep(page)
        return self._by_order[order]

    def path(self, code: str) -> list[Entry]:
        """From the chapter down to the code; empty for an unknown code."""
        entry = self.get(code)
        if entry is None:
            return []
        steps = [entry]
        if entry.code != entry.base:
            steps.append(self.at(entry.order))
        parent = entry.parent
        while parent >= 0:
            above = self.at(parent)
            steps.append(above)
            parent = above.parent
        return steps[::-1]

    def chapters(self) -> list[Entry]:
        """What stands at the top: the chapters, or the categories of a list without chapters."""
        return [_entry(row) for row in self._pages.children_of(-1)]

    def children(self, code: str) -> list[Entry]:
        """What stands directly below: subcategories, or the codes with each 7th character."""
        entry = self.get(code)
        return self.children_of(entry) if entry is not None else []

    def children_of(self, entry: Entry) -> list[Entry]:
        """As ``children``, for an entry: a section may have the name of its only category."""
        if entry.code != entry.base:
            return []
        if entry.seventh >= 0:
            return self._expanded(entry)
        if entry.kind == "code":
            self.at(entry.order)
            return list(self._below.get(entry.order, ()))
        if entry.order not in self._below:
            self._below[entry.order] = [_entry(row) for row in self._pages.children_of(entry.order)]
        return list(self._below[entry.order])

    def billable_under(self, code: str) -> list[Entry]:
        """Every billable code at or below a header, in document order.

        A prefix that is no code of its own (``H93.29`` written ``H93.29-``) is taken as such.
        """
        entry = self.get(code)
        if entry is None:
            prefix = normalise(code)
            pages = self._pages.pages(prefix[:3], prefix[:3] + "\U0010ffff")
            return [
                billable
                for page in pages
                for row in page.rows
                if row.kind == "code" and row.code.startswith(prefix)
                for billable in self._expanded(_entry(row))
            ]
        if entry.billable:
            return [entry]
        # By place, not by code: a section may have the name of its only category.
        return [billable for child in self._inside(entry) for billable in self._expanded(child)]

    def _inside(self, entry: Entry) -> Iterator[Entry]:
        if entry.kind == "code":
            yield entry
            for child in self._below.get(entry.order, ()):
                yield from self._inside(child)
        else:
            for row in self._pages.children_of(entry.order):
                yield from self._inside(self.at(row.order))

    def seventh(self, code: str) -> Seventh | None:
        """The 7th characters a code takes or has taken; None where it takes none."""
        entry = self.get(code)
        if entry is None or entry.seventh < 0:
            return None
        return self._seventh(entry.seventh, undotted(entry.base))

    def seventh_below(self, code: str) -> Seventh | None:
        """The 7th characters for the codes below a header, as they stand at it or above it.

        A narrower definition may stand further down (S12, then S12.8).
        """
        entry = self.get(code)
        if entry is None:
            return None
        bare = undotted(entry.base)
        for step in reversed(self.path(entry.base)):
            number = self._pages.definition_at(step.order)
            if number >= 0:
                note = self._pages.definition(number).note
                own = undotted(step.code)
                prefixes = [p for p in scope_prefixes(note) if p.startswith(own) and p != own]
                inside = any(bare.startswith(p) or p.startswith(bare) for p in prefixes)
                if inside or not prefixes:
                    return self._seventh(number, bare)
        return None

    def own_notes(self, entry: Entry) -> tuple[Note, ...]:
        """The notes that stand at this very row."""
        if entry.order not in self._notes:
            self.at(entry.order)
        return self._notes[entry.order]

    def notes(self, code: str) -> list[Note]:
        """Every note that governs a code: its own first, then each ancestor's up to the chapter."""
        entry = self.get(code)
        gathered: list[Note] = []
        while entry is not None:
            gathered += self.own_notes(entry)
            entry = self.at(entry.parent) if entry.parent >= 0 else None
        return gathered

    def all_notes(self) -> Iterator[Note]:
        """Every note of the book with its origin, in document order."""
        for page in self._pages.pages():
            for row in page.rows:
                for kind, block, text in page.notes.get(row.order, ()):
                    yield Note(kind, text, row.code, block)

    def nodes(self) -> Iterator[Entry]:
        """Chapters, sections and codes of the XML in document order, without 7th characters."""
        return (_entry(row) for page in self._pages.pages() for row in page.rows)

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
        """The billable codes that an entry itself stands for, without those below it."""
        if entry.seventh < 0:
            return [entry] if entry.billable else []
        legal = self._seventh(entry.seventh, undotted(entry.code)).characters
        return [_with_character(entry, c, meaning) for c, meaning in legal.items()]

    def _extended(self, base: Entry, character: str) -> Entry | None:
        legal = self._seventh(base.seventh, undotted(base.code)).characters
        return _with_character(base, character, legal[character]) if character in legal else None

    def _seventh(self, number: int, base: str) -> Seventh:
        found = self._sevenths.get((number, base))
        if found is None:
            definition = self._definition(number)
            characters = dict(legal_characters(base, definition.characters, self._exceptions))
            found = Seventh(self.at(definition.owner).code, definition.note, characters)
            self._sevenths[number, base] = found
        return found

    def _definition(self, number: int) -> Definition:
        found = self._definitions.get(number)
        if found is None:
            found = self._definitions[number] = self._pages.definition(number)
        return found

    @cached_property
    def _definitions(self) -> dict[int, Definition]:
        return {}

    def close(self) -> None:
        """Closes the cache file."""
        self._pages.close()


def _entry(row: Row) -> Entry:
    order, code, title, kind, parent, leaf, placeholder, seventh = row
    billable = kind == "code" and leaf and seventh < 0
    return Entry(code, title, kind, billable, code, order, parent, seventh, placeholder)


def _with_character(base: Entry, character: str, meaning: str) -> Entry:
    return base._replace(
        code=with_seventh(base.code, character), title=f"{base.title}, {meaning}", billable=True
    )


def _bases(bare: str) -> Iterator[str]:
    """The codes that six characters may be the padded form of: themselves, then shorter ones."""
    yield dotted(bare)
    while bare.endswith("X") and len(bare) > 3:
        bare = bare[:-1]
        yield dotted(bare)
