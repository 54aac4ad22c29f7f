"""Order files: read as a Tabular List, and written out again as they came."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.order import order_rows, parse_order, short_titles
from chartcoder.tabular.release import open_files
from tests.conftest import shared


def _line(number: int, code: str, billable: int, title: str) -> str:
    return f"{number:05d} {code:<7} {billable} {title:<60} {title}"


LINES = [
    _line(1, "M17", 0, "Osteoarthritis of knee"),
    _line(2, "M171", 0, "Unilateral primary osteoarthritis of knee"),
    _line(3, "M1711", 1, "Unilateral primary osteoarthritis, right knee"),
    _line(4, "W08", 0, "Fall from other furniture"),
    _line(5, "W08XXXA", 1, "Fall from other furniture, initial encounter"),
]
TEXT = "\r\n".join(LINES)


def test_order_rows_stand_below_their_headers(tmp_path: Path) -> None:
    path = tmp_path / "icd10cm-order-2025.txt"
    path.write_text(TEXT, "utf-8")
    release = open_files([path])
    assert (release.year, release.index_kind) == ("2025", "derived")
    tabular = release.tabular
    assert [e.code for e in tabular.path("M17.11")] == ["M17", "M17.1", "M17.11"]
    assert [e.code for e in tabular.billable()] == ["M17.11", "W08.XXXA"]
    fall = tabular.get("W08XXXA")
    assert fall is not None
    assert fall.title == "Fall from other furniture, initial encounter"
    assert tabular.get("W08XXXD") is None


def test_order_files_of_windows_and_with_a_mark_are_read() -> None:
    plain = parse_order(TEXT.encode(), "a.txt", "2025")
    assert parse_order(b"\xef\xbb\xbf" + TEXT.encode(), "a.txt", "2025") == plain
    assert parse_order("\n".join(LINES).encode(), "a.txt", "2025") == plain
    western = TEXT.replace("Fall", "Ménière").encode("cp1252")
    assert parse_order(western, "a.txt", "2025").rows[-1].title.startswith("Ménière")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Add: A00", "a.txt line 6: not of the form of an order file, skipped."),
        (LINES[2], "a.txt: a second M1711 was skipped."),
        (
            LINES[2].replace("M1711", "B1711"),
            "a.txt: B1711 does not stand below its category and was skipped.",
        ),
    ],
)
def test_order_odd_lines_are_said_and_passed_over(line: str, problem: str) -> None:
    parsed = parse_order(f"{TEXT}\n{line}\n\n".encode(), "a.txt", "2025")
    assert parsed.problems == [problem]
    assert len(parsed.rows) == 5


def test_order_a_file_without_codes_is_refused() -> None:
    with pytest.raises(BadInput, match=r"a\.txt holds no code"):
        parse_order(b"nothing\n", "a.txt", "2025")


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.text(max_size=5)), max_size=4))
def test_order_mutated_files_give_rows_or_bad_input(changes: list[tuple[int, str]]) -> None:
    text = TEXT
    for place, piece in changes:
        text = text[:place] + piece + text[place + len(piece) :]
    try:
        parsed = parse_order(text.encode("utf-8", "replace"), "a.txt", "2025")
    except BadInput:
        return
    assert len(parsed.rows) + len(parsed.problems) >= 1
    assert all(row.parent < row.order for row in parsed.rows)


def test_order_2025_is_read_whole() -> None:
    source = shared("icd10cm", "icd10cm-order-2025.zip")
    with zipfile.ZipFile(source) as archive:
        content = archive.read(archive.namelist()[0])
    problems: list[str] = []
    rows = list(order_rows(content, "order", problems))
    assert problems == []
    assert len(rows) == 97_584
    assert sum(row.billable for row in rows) == 74_260
    tabular = open_files([source]).tabular
    assert [(e.code.replace(".", ""), e.billable, e.title) for e in tabular.rows()] == [
        (row.code, row.billable, row.long) for row in rows
    ]
    assert short_titles(content, "order")["A000"] == (
        "Cholera due to Vibrio cholerae 01, biovar cholerae"
    )
