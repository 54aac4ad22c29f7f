"""Reading the XML: what it holds, what is odd about it, and whatever a file may be instead."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.pages import PageFile, write_pages
from chartcoder.tabular.parse import parse_tabular
from chartcoder.tabular.records import ParsedTabular
from tests.tabular.conftest import SMALL

TEXT = SMALL.read_text("utf-8")
HEAD = "<ICD10CM.tabular><version>2026</version><chapter><name>1</name><desc>One</desc>"
TAIL = "</chapter></ICD10CM.tabular>"
CATEGORY = "<diag><name>A00</name><desc>Cholera</desc>{}</diag>"


def _parsed(inside: str) -> ParsedTabular:
    text = f"{HEAD}\n<section id='A00-A09'><desc>S</desc>{inside}</section>{TAIL}"
    return parse_tabular(text.encode(), "made.xml")


def test_parse_reads_rows_in_document_order() -> None:
    parsed = parse_tabular(SMALL)
    assert parsed.year == "2026"
    assert parsed.problems == []
    assert [row.order for row in parsed.rows] == list(range(len(parsed.rows)))
    assert [row.code for row in parsed.rows[:6]] == [
        "13", "M15-M19", "M17", "M17.1", "M17.10", "M17.11",
    ]  # fmt: skip
    placeholders = [row.code for row in parsed.rows if row.placeholder]
    assert placeholders == ["S06.0X", "S06.1X"]
    assert parsed.not_applicable == [("S06", 6, "78", "DS")]


def test_parse_a_file_and_its_bytes_are_read_alike() -> None:
    assert parse_tabular(SMALL) == parse_tabular(SMALL.read_bytes(), "small.xml")


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        (CATEGORY.format("<codeAlso></codeAlso>"), "an empty codeAlso note at A00 was skipped"),
        (
            CATEGORY.format("<codeAlso><note> </note></codeAlso>"),
            "an empty codeAlso note at A00 was skipped",
        ),
        (CATEGORY.format("<novelty/>"), "the unknown element novelty at A00 was skipped"),
        (CATEGORY.format("") * 2, "a second A00 was skipped"),
        (CATEGORY.format("<diag><desc>x</desc></diag>"), "a code without a name was skipped"),
        (
            CATEGORY.format("<diag><name>B01.1</name></diag>"),
            "B01.1, which stands below A00 and is no part of it, was skipped",
        ),
        (
            CATEGORY.format("") + "<diag><name>A01.1</name></diag>",
            "A01.1, which stands where a category should and is none, was skipped",
        ),
        (
            CATEGORY.format("<sevenChrDef/>"),
            "a 7th-character list without characters at A00 was skipped",
        ),
    ],
)
def test_parse_goes_on_after_oddities_and_says_where(inside: str, problem: str) -> None:
    parsed = _parsed(inside)
    assert parsed.problems == [f"made.xml line 2: {problem}."]
    assert next(row.code for row in parsed.rows if row.kind == "code") == "A00"


def test_parse_stray_notes_in_a_list_of_characters_are_passed_over() -> None:
    parsed = parse_tabular(SMALL)
    (definition,) = [s for s in parsed.sevenths if parsed.rows[s.owner].code == "S12"]
    assert [character for character, _ in definition.characters] == ["A", "B"]
    assert definition.prefixes == ("S120", "S121", "S122", "S123", "S124", "S125", "S126")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not well-formed XML at line 1"),
        (b"<ICD10CM.tabular>\n<chapter>\n</ICD10CM.tabular>", "not well-formed XML at line 3"),
        (b"<html><body>Not found</body></html>", "root element html"),
        (b"<ICD10CM.index><version>2026</version></ICD10CM.index>", "root element ICD10CM.index"),
        (b"<ICD10CM.tabular><version>2026</version></ICD10CM.tabular>", "holds no codes"),
        (b"\x00\x01\x02", "not well-formed XML"),
    ],
)
def test_parse_refuses_what_is_no_tabular_list(content: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_tabular(content, "made.xml")


def test_parse_refuses_entity_bombs() -> None:
    levels = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(10)
    )
    bomb = f"<!DOCTYPE x [{levels}]>{HEAD}<section id='A00-A09'><desc>&l9;</desc></section>{TAIL}"
    with pytest.raises(BadInput, match=r"made\.xml"):
        parse_tabular(bomb.encode(), "made.xml")


@pytest.mark.parametrize("declaration", ['x SYSTEM "{}"', '% x SYSTEM "{}"'])
def test_parse_refuses_external_entities(tmp_path: Path, declaration: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("<!ENTITY y 'a secret'>", "utf-8")
    entity = f"<!ENTITY {declaration.format(secret.as_uri())}>"
    text = f"<!DOCTYPE ICD10CM.tabular [{entity}]>{TEXT.split('?>', 1)[1]}"
    with pytest.raises(BadInput, match="declares XML entities"):
        parse_tabular(text.encode(), "made.xml")


# Places where a file could break: tags, names, attributes, anything.
PIECES = st.sampled_from(
    ["<diag>", "</diag>", "<name>", "</name>", "<note>", "</section>", "S06", "S12.0", "M17.1",
     "13", 'char="A"', "sevenChrDef", "excludes1", "&amp;", "&", "<", "\x0b", "é", "-", "7", "X"]
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 30), PIECES), max_size=4))
def test_parse_mutated_files_give_rows_or_bad_input(
    changes: list[tuple[int, int, str]],
) -> None:
    text = TEXT
    for start, length, piece in changes:
        text = text[:start] + piece + text[start + length :]
    _reads_or_refuses(text.encode())


TAGS = ["chapter", "section", "diag", "name", "desc", "note", "excludes1", "sevenChrNote",
        "sevenChrDef", "extension", "codeAlso", "inclusionTerm", "novelty"]  # fmt: skip


@given(st.sampled_from(TAGS), st.sampled_from(TAGS), st.integers(0, 40))
def test_parse_elements_in_wrong_places_give_rows_or_bad_input(
    old: str, new: str, which: int
) -> None:
    """Renames one element of a well-formed file: it stays well-formed."""
    from lxml import etree

    root = etree.fromstring(TEXT.encode())
    elements = list(root.iter(old))
    if which < len(elements):
        elements[which].tag = new
    _reads_or_refuses(etree.tostring(root))


@given(st.binary(max_size=200))
def test_parse_any_bytes_give_rows_or_bad_input(content: bytes) -> None:
    _reads_or_refuses(content)


def _reads_or_refuses(content: bytes) -> None:
    try:
        parsed = parse_tabular(content, "made.xml")
    except BadInput as refusal:
        assert "made.xml" in str(refusal)
        return
    assert any(row.kind == "code" for row in parsed.rows)
    for row in parsed.rows:
        assert row.parent < row.order
        assert row.kind != "code" or row.seventh < len(parsed.sevenths)


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 30), PIECES), max_size=2))
def test_parse_what_is_read_comes_back_from_the_cache(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int, str]]
) -> None:
    text = TEXT
    for start, length, piece in changes:
        text = text[:start] + piece + text[start + length :]
    try:
        parsed = parse_tabular(text.encode(), "made.xml")
    except BadInput:
        return
    path = tmp_path_factory.mktemp("pages") / "tabular.db"
    pages = PageFile(path, lambda: write_pages(parsed, path))
    stored = list(pages.pages())
    assert [row for page in stored for row in page.rows] == parsed.rows
    notes = [
        (owner, note.kind, note.block, note.text)
        for page in stored
        for owner, found in page.notes.items()
        for note in found
    ]
    assert notes == [tuple(note) for note in parsed.notes]
    assert pages.problems() == parsed.problems
    pages.close()
