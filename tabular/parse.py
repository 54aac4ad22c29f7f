"""Reads the Tabular List XML into rows.

Source: the tabular schema (``icd-10-cm-tabular-2025.xsd``) and what real files hold beyond it:
stray ``note`` elements in 7th-character lists, empty notes, sections without codes.
"""

import re
from functools import partial
from pathlib import Path

from lxml import etree

from chartcoder.tabular.codes import is_code_shaped, undotted
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.records import (
    NOTE_ELEMENTS,
    NoteKind,
    NoteRow,
    ParsedTabular,
    Row,
    RowKind,
    SeventhRow,
)
from chartcoder.tabular.seventh import prose_exceptions, scope_prefixes
from chartcoder.tabular.xml import read_xml, text_of

_KNOWN = {"sectionIndex", "visualImpairment", "deactivated"}
_ROOT = "ICD10CM.tabular"
# Made by the hundred thousand: this skips the Python function that a named tuple is made by.
_make_row = partial(tuple.__new__, Row)
_make_note = partial(tuple.__new__, NoteRow)
_PENDING = Row(-1, "", "", "code", -1, False, False, -1)


def parse_tabular(source: Path | bytes, name: str | None = None) -> ParsedTabular:
    """Reads a Tabular List.

    Args:
        source: the file, or its content.
        name: what to call it in errors; the file's name where none is given.

    Raises:
        BadInput: the file is not well-formed, not a Tabular List, or holds no code.
    """
    label = name or (source.name if isinstance(source, Path) else "the Tabular List")
    root = read_xml(source, label, keep_blanks=False).getroot()
    if root.tag != _ROOT:
        raise BadInput(
            f"{label} has the root element {root.tag}, not {_ROOT}; give the Tabular List."
        )
    return _Reader(label).read(root)


class _Reader:
    """Walks the tree once, in document order."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.rows: list[Row] = []
        self.notes: list[NoteRow] = []
        self.sevenths: list[SeventhRow] = []
        self.not_applicable: list[tuple[str, int, str, str]] = []
        self.problems: list[str] = []
        self.seen: set[str] = set()

    def read(self, root: etree._Element) -> ParsedTabular:
        version = re.search(r"\d{4}", root.findtext("version") or "")
        for chapter in root.iterchildren("chapter"):
            self._walk(chapter, "chapter", -1, "", ())
        if not self.seen:
            raise BadInput(f"{self.label} holds no codes; give the whole Tabular List.")
        return ParsedTabular(
            version.group() if version else "unknown",
            self.rows, self.notes, self.sevenths, self.not_applicable, self.problems,
        )  # fmt: skip

    def _walk(
        self,
        element: etree._Element,
        kind: RowKind,
        parent: int,
        category: str,
        governing: tuple[int, ...],
    ) -> None:
        # One pass over the children: this runs once a code, and every step of it is seen in the
        # time to open a release.
        rows = self.rows
        order = len(rows)
        code = element.get("id", "") if kind == "section" else ""
        title = ""
        below: list[etree._Element] | None = None
        instructions: list[etree._Element] | None = None
        below_kind: RowKind = "code"
        for child in element:
            tag = child.tag
            if tag == "name":
                if kind != "section":
                    code = (child.text or "").strip()
            elif tag == "desc":
                title = text_of(child)
            elif tag == "diag" or tag == "section":
                if below is None:
                    below = []
                    below_kind = "section" if tag == "section" else "code"
                below.append(child)
            elif instructions is None:
                instructions = [child]
            else:
                instructions.append(child)
        if kind == "code":
            if not category or code in self.seen or not code.startswith(category):
                fault = self._fault(code, category)
                if fault:
                    self._problem(element, f"{fault} was skipped")
                    return
                category = category or code
            self.seen.add(code)
        elif not code:
            self._problem(element, f"a {kind} without a name was skipped")
            return
        rows.append(_PENDING)
        if instructions:
            governing = self._instructions(instructions, order, code, governing)
        seventh = -1
        if below is not None:
            for child in below:
                self._walk(child, below_kind, order, category, governing)
        elif governing and kind == "code":
            seventh = self._governing(code, governing)
        placeholder = element.get("placeholder") == "true"
        rows[order] = _make_row(
            (order, code, title, kind, parent, below is None, placeholder, seventh)
        )

    def _fault(self, code: str, category: str) -> str:
        if code in self.seen:
            return f"a second {code}"
        if not code:
            return "a code without a name"
        if category and not code.startswith(category):
            return f"{code}, which stands below {category} and is no part of it,"
        if not category and not (len(code) == 3 and is_code_shaped(code)):
            return f"{code}, which stands where a category should and is none,"
        return ""

    def _problem(self, element: etree._Element, what: str) -> None:
        self.problems.append(f"{self.label} line {element.sourceline}: {what}.")

    def _instructions(
        self,
        elements: list[etree._Element],
        order: int,
        code: str,
        governing: tuple[int, ...],
    ) -> tuple[int, ...]:
        blocks: dict[str, int] = {}
        seventh_note = ""
        for child in elements:
            tag = str(child.tag)
            note_kind = NOTE_ELEMENTS.get(tag)
            if note_kind is not None:
                block = blocks.get(tag, 0)
                blocks[tag] = block + 1
                texts = self._note_lines(child, order, note_kind, block, code)
                if note_kind == "seventh_character":
                    seventh_note = " ".join(texts)
            elif tag == "sevenChrDef":
                governing = self._definition(child, order, code, seventh_note, governing)
            elif tag not in _KNOWN:
                self._problem(child, f"the unknown element {tag} at {code} was skipped")
        return governing

    def _note_lines(
        self, element: etree._Element, order: int, kind: NoteKind, block: int, code: str
    ) -> list[str]:
        texts = []
        empty = len(element) == 0
        for line in element:
            text = text_of(line)
            if text:
                texts.append(text)
                self.notes.append(_make_note((order, kind, block, text)))
                if kind == "note" and "7th character" in text:
                    self.not_applicable += prose_exceptions(text)
            else:
                empty = True
        if empty:
            self._problem(element, f"an empty {element.tag} note at {code} was skipped")
        return texts

    def _definition(
        self,
        element: etree._Element,
        order: int,
        code: str,
        note: str,
        governing: tuple[int, ...],
    ) -> tuple[int, ...]:
        characters = tuple(
            (extension.get("char", "").strip().upper(), text_of(extension))
            for extension in element.iterchildren("extension")
        )
        if not characters or any(len(character) != 1 for character, _ in characters):
            self._problem(element, f"a 7th-character list without characters at {code} was skipped")
            return governing
        prefixes = scope_prefixes(note)
        own = undotted(code)
        inside = tuple(p for p in prefixes if p.startswith(own) and p != own)
        self.sevenths.append(SeventhRow(order, note, characters, inside))
        return (*governing, len(self.sevenths) - 1)

    def _governing(self, code: str, governing: tuple[int, ...]) -> int:
        bare = undotted(code)
        if len(bare) >= 7:
            return -1
        for number in reversed(governing):
            prefixes = self.sevenths[number].prefixes
            if not prefixes or bare.startswith(prefixes):
                return number
        return -1
