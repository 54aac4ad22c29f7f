"""Reads the four index files, which share one root element.

Source: ``icd10cm-index-2025.xsd`` and ``icd-10-cm-drug-neoplasm-2025.xsd``, and what real files
hold beyond them: text after ``nemod``, pointers inside titles, table rows with any number of
cells (keyed by their ``col``), leading and double spaces.
"""

import re
from typing import NamedTuple

from lxml import etree

from chartcoder.index.terms import Book, Term
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.xml import read_xml, text_of

_ROOT = "ICD10CM.index"
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_TITLE_POINTER = re.compile(r"\(?\s*[-–]?\s*\b(see also|see)\s+(.+?)\)?$")
_POINTING = re.compile(r"\bsee\b|[-–]\s*(?:code|omit)")
_NO_FIELDS = {"code": "", "manif": "", "see": "", "seeAlso": ""}
_CODE_BY = re.compile(r"[-–]\s*(?:code (?:by site under|to|as)|omit code)\b\s*(.*)$")


class ParsedIndex(NamedTuple):
    """One index file as terms.

    Attributes:
        terms: in document order, ids from the first id that was given.
        columns: for a table, its column headings by number.
        problems: one sentence each.
    """

    terms: list[Term]
    columns: dict[int, str]
    problems: list[str]


def parse_index(content: bytes, name: str, book: Book, first_id: int = 0) -> ParsedIndex:
    """Reads one index file.

    Args:
        content: the XML.
        name: what to call it in errors.
        book: which of the index files it is.
        first_id: id of its first term.

    Raises:
        BadInput: it is not well-formed, or not an index.
    """
    root = read_xml(content, name).getroot()
    if root.tag != _ROOT:
        raise BadInput(
            f"{name} has the root element {root.tag}, not {_ROOT}; give an Alphabetic Index file."
        )
    reader = _Reader(name, book, first_id)
    for heading in root.iterchildren("indexHeading"):
        for head in heading.iterchildren("head"):
            if (head.get("col") or "").isdigit():
                reader.columns[int(head.get("col", "0"))] = text_of(head)
    for letter in root.iterchildren("letter"):
        for main_term in letter.iterchildren("mainTerm"):
            reader.term(main_term, -1)
    return ParsedIndex(reader.terms, reader.columns, reader.problems)


class _Reader:
    def __init__(self, name: str, book: Book, first_id: int) -> None:
        self.name = name
        self.book = book
        self.first = first_id
        self.terms: list[Term] = []
        self.columns: dict[int, str] = {}
        self.problems: list[str] = []

    def term(self, element: etree._Element, parent: int) -> None:
        place = len(self.terms)
        number = self.first + place
        title = ""
        fields = dict(_NO_FIELDS)
        nonessential: tuple[str, ...] = ()
        cells: list[tuple[int, str]] = []
        below: list[etree._Element] = []
        for child in element:
            tag = child.tag
            if tag == "term":
                below.append(child)
            elif tag == "title":
                title, nonessential = _title(child)
            elif tag in fields:
                fields[str(tag)] = text_of(child)
            elif tag == "nemod":
                nonessential += _modifiers(text_of(child))
            elif tag == "seecat" or tag == "subcat":
                kind = "category" if tag == "seecat" else "subcategory"
                fields["see"] = fields["see"] or f"{kind} {text_of(child)}"
            elif tag == "cell":
                text = text_of(child)
                if text.strip("-") and (child.get("col") or "").isdigit():
                    cells.append((int(child.get("col", "0")), text))
            else:
                self.problems.append(
                    f"{self.name} line {child.sourceline}: unknown element {tag}, skipped."
                )
        if not fields["see"] and not fields["seeAlso"] and _POINTING.search(title):
            title, fields["see"], fields["seeAlso"] = _hidden_pointer(title)
        if not title:
            self.problems.append(f"{self.name} line {element.sourceline}: a term without a title.")
        self.terms.append(Term(number, parent, number, self.book, title))
        for child in below:
            self.term(child, number)
        self.terms[place] = Term(
            number, parent, self.first + len(self.terms), self.book, title, nonessential,
            fields["code"], fields["manif"], fields["see"], fields["seeAlso"], tuple(cells),
        )  # fmt: skip


def _title(element: etree._Element) -> tuple[str, tuple[str, ...]]:
    """Splits mixed content: ``vein<nemod>(peripheral)</nemod> NEC`` is "vein NEC"."""
    words = element.text or ""
    if not len(element):
        return " ".join(words.split()).replace(" ,", ","), ()
    modifiers: tuple[str, ...] = ()
    for child in element:
        if child.tag == "nemod":
            inside = text_of(child)
            if inside.startswith("(see ") or inside.startswith("(see\xa0"):
                words += " " + inside
            else:
                modifiers += _modifiers(inside)
        else:
            words += " " + text_of(child)
        words += " " + (child.tail or "")
    return " ".join(words.split()).replace(" ,", ","), modifiers


def _modifiers(text: str) -> tuple[str, ...]:
    found = _PARENTHESES.findall(text)
    return tuple(m.strip() for m in found) if found else ((text.strip(" ()"),) if text else ())


def _hidden_pointer(title: str) -> tuple[str, str, str]:
    """Takes a pointer out of a title: ``(title, see, see also)``."""
    by = _CODE_BY.search(title)
    if by:
        return title[: by.start()].strip(" -–"), by.group(1).strip(), ""
    found = _TITLE_POINTER.search(title)
    if found and found.start() > 0:
        rest = title[: found.start()].strip(" (-–")
        target = " ".join(found.group(2).split())
        return (rest, "", target) if found.group(1) == "see also" else (rest, target, "")
    return title, "", ""
