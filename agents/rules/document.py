"""Reads a chart as a document: sections, lines, sentences, with offsets that stay true.

Headings are recognised in any style (capitals, bold marks, a colon, a number before them, inline
before their text). Which words are headings, and of what kind, stands in
``resources/lexicon/sections.toml``.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from chartcoder.agents.rules.nouns import kind_of_phrase
from chartcoder.tabular.home import resources

_BULLET = re.compile(
    r"[ \t>]*(?:(?P<number>\(?\d{1,2}[.):](?!\d)|#\d{0,2}[.):]?|[a-z][.)](?=\s))"
    r"|(?P<mark>[-–—•*·▪◦‣o](?=\s)|[•*·▪◦‣#]|-{1,2}>?(?=[A-Z])))[ \t]*"
)
_INLINE = re.compile(
    r"[ \t*_]*(?P<heading>[A-Za-z][A-Za-z0-9 /&'’,.()+-]{0,58}?)[ \t*_]*(?P<end>:|\s[-–—]\s|\t)"
)
_ALONE = re.compile(r"[ \t*_=#~-]*(?P<heading>[A-Za-z][A-Za-z0-9 /&'’,()+-]{0,58}?)[ \t*_=:.~-]*$")
_UNKNOWN = re.compile(r"(?=(?:[^A-Za-z]*[A-Z]){4})[A-Z][A-Z '’/&,()-]{3,48}:?")
_SENTENCE = re.compile(
    r"(?<=[a-z0-9%)\]\"][.!?])\s+(?=[\"“(]?[A-Z0-9])|(?<=[.!?])\s{2,}|\s*;\s+|\n+"
)


class Line(NamedTuple):
    """One line of a chart.

    Attributes:
        start: offset of its first character after any bullet.
        end: offset after its last character.
        text: ``chart[start:end]``.
        bullet: ``number``, ``mark``, or an empty text for none.
        indent: columns before the bullet or the text.
        section: kind of the section it stands in.
        place: which section of the chart it is in, from 0.
        blank_before: an empty line or a heading stands above it.
    """

    start: int
    end: int
    text: str
    bullet: str
    indent: int
    section: str
    place: int
    blank_before: bool


class Section(NamedTuple):
    """A part of the chart under one heading; ``kind`` is empty before the first heading."""

    kind: str
    heading: str
    start: int
    end: int


class Document(NamedTuple):
    """A chart read as a document."""

    text: str
    sections: tuple[Section, ...]
    lines: tuple[Line, ...]


@cache
def headings() -> dict[str, str]:
    """Heading in lower case to the kind of section it opens."""
    table = tomllib.loads((resources() / "lexicon" / "sections.toml").read_text("utf-8"))
    return {
        _plain(heading): section["kind"]
        for section in table["section"]
        for heading in section["headings"]
    }


@cache
def not_problems() -> frozenset[str]:
    """Lines of an assessment or plan that head administration, not a problem."""
    table = tomllib.loads((resources() / "lexicon" / "sections.toml").read_text("utf-8"))
    return frozenset(h for group in table["not_problem"] for h in group["headings"])


def read_document(text: str) -> Document:
    """Reads a chart's sections and lines."""
    lines: list[Line] = []
    sections: list[Section] = []
    kind, heading, began = "", "", 0
    blank = True
    for start, end in _raw_lines(text):
        raw = text[start:end]
        if not raw.strip():
            blank = True
            continue
        found = _heading(raw)
        if found is not None:
            name, new_kind, after = found
            sections.append(Section(kind, heading, began, start))
            kind, heading, began = new_kind, name, start
            rest_start = start + after
            if not text[rest_start:end].strip(" \t:*-–—"):
                blank = True
                continue
            start = rest_start
            blank = True
        lines.append(_line(text, start, end, kind, len(sections), blank))
        blank = False
    sections.append(Section(kind, heading, began, len(text)))
    return Document(text, tuple(sections), tuple(lines))


def _raw_lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        if end < 0:
            end = len(text)
        yield start, end - 1 if end > start and text[end - 1] == "\r" else end
        start = end + 1


def _heading(raw: str) -> tuple[str, str, int] | None:
    """``(heading, kind, characters used)`` where a line opens a section."""
    known = headings()
    bullet = _BULLET.match(raw)
    offset = bullet.end() if bullet and bullet["number"] else 0
    body = raw[offset:]
    alone = _ALONE.match(body)
    if alone:
        name = _plain(alone["heading"])
        if name in known and (len(name) > 1 or ":" in body) and offset == 0:
            return name, known[name], len(raw)
        letters = alone["heading"]
        plain = re.sub(r"\s*\([^)]*\)", "", name).strip()
        short = letters.isupper() or len(body.strip()) <= 28
        if plain in known and short and len(plain) > 1 and offset == 0:
            return plain, known[plain], len(raw)
    inline = _INLINE.match(body)
    if inline:
        name = _plain(inline["heading"])
        plain = re.sub(r"\s*\([^)]*\)", "", name).strip()
        is_colon = inline["end"] == ":"
        for candidate in (name, plain):
            if candidate in known and (is_colon or inline["heading"].isupper()):
                return candidate, known[candidate], offset + inline.end()
    capitals = re.match(r"([A-Z][A-Z /&]{2,40}?)(?=\s+[A-Z]?[a-z0-9])", body)
    if capitals and offset == 0:
        name = _plain(capitals.group(1))
        if name in known and len(name) > 2:
            return name, known[name], capitals.end()
    if _UNKNOWN.fullmatch(raw.strip()) and _is_title(raw):
        return _plain(raw), "other", len(raw)
    return None


def _is_title(raw: str) -> bool:
    """Capitals that head a part of the chart, not a diagnosis written in capitals."""
    words = raw.strip(" :").split()
    if not 1 < len(words) <= 6 and not raw.strip().endswith(":"):
        return False
    return kind_of_phrase(" ".join(words).lower()) != "condition" or raw.strip().endswith(":")


def _plain(heading: str) -> str:
    """A heading as the table writes it: lower case, no spaces about a slash."""
    text = re.sub(r"\s*/\s*", "/", heading.lower().replace("’", "'").replace("&", "and"))
    return " ".join(text.split()).strip(" :")


def _line(text: str, start: int, end: int, section: str, place: int, blank: bool) -> Line:
    raw = text[start:end]
    bullet = _BULLET.match(raw)
    kind = ""
    used = len(raw) - len(raw.lstrip())
    indent = used
    if bullet and bullet.end() < len(raw):
        kind = "number" if bullet["number"] else "mark"
        used = bullet.end()
    first = start + used
    last = start + len(raw.rstrip())
    return Line(first, last, text[first:last], kind, indent, section, place, blank)


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Offsets of the sentences of a stretch of text, white space trimmed."""
    stop = len(text) if end is None else end
    position = start
    for found in _SENTENCE.finditer(text, start, stop):
        yield from _trimmed(text, position, found.start())
        position = found.end()
    yield from _trimmed(text, position, stop)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
