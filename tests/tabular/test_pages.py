"""The cache file: whole or not at all, two processes at once, made again when damaged."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chartcoder.tabular.errors import MissingPrerequisite
from chartcoder.tabular.pages import PageFile, write_pages
from chartcoder.tabular.parse import parse_tabular
from chartcoder.tabular.store import TabularList
from tests.tabular.conftest import SMALL

PARSED = parse_tabular(SMALL)


def _opened(path: Path) -> tuple[PageFile, list[int]]:
    made: list[int] = []

    def make() -> None:
        made.append(1)
        write_pages(PARSED, path)

    return PageFile(path, make), made


def test_pages_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / "a" / "tabular.db"
    pages, made = _opened(path)
    assert [row for page in pages.pages() for row in page.rows] == PARSED.rows
    again, made_again = _opened(path)
    assert (len(made), len(made_again)) == (1, 0)
    assert again.year() == "2026"
    assert [file.name for file in path.parent.iterdir()] == ["tabular.db"]


@pytest.mark.parametrize("length", [0, 50, 100, 4096, 20_000])
def test_pages_of_a_truncated_file_are_made_again(tmp_path: Path, length: int) -> None:
    path = tmp_path / "tabular.db"
    write_pages(PARSED, path)
    path.write_bytes(path.read_bytes()[:length])
    pages, made = _opened(path)
    assert made == [1]
    assert pages.page_of("M17") is not None


def test_pages_damaged_anywhere_are_made_again_and_never_believed(tmp_path: Path) -> None:
    path = tmp_path / "tabular.db"
    write_pages(PARSED, path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 311):
        path.write_bytes(whole[:place] + b"\xff\xfe\xfd\xfc" + whole[place + 4 :])
        pages, _ = _opened(path)
        assert [row for page in pages.pages() for row in page.rows] == PARSED.rows
        pages.close()


def test_pages_a_page_with_another_text_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "tabular.db"
    write_pages(PARSED, path)
    content = path.read_bytes()
    assert b"right knee" in content
    path.write_bytes(content.replace(b"right knee", b"wrong knee"))
    pages, made = _opened(path)
    page = pages.page_of("M17")
    assert page is not None
    assert page.rows[-1].title == "Unilateral primary osteoarthritis, right knee"
    assert made == [1]


def test_pages_of_an_older_format_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tabular.db"
    with monkeypatch.context() as older:
        older.setattr("chartcoder.tabular.pages.FORMAT_VERSION", 0)
        write_pages(PARSED, path)
    _, made = _opened(path)
    assert made == [1]


def test_pages_that_cannot_be_made_are_one_sentence(tmp_path: Path) -> None:
    def make_nothing() -> None:
        (tmp_path / "tabular.db").write_bytes(b"nothing")

    with pytest.raises(MissingPrerequisite, match="cannot be read back"):
        TabularList(tmp_path / "tabular.db", make_nothing)


def test_pages_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MissingPrerequisite, match="CHARTCODER_HOME"):
        write_pages(PARSED, tmp_path / "file" / "tabular.db")


def test_pages_two_processes_open_at_once(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from chartcoder.tabular.release import open_files\n"
        f"print(open_files([Path({str(SMALL)!r})]).tabular.get('M17.11').title)\n"
    )
    environment = {**os.environ, "CHARTCODER_HOME": str(tmp_path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert errors == ""
        assert output == "Unilateral primary osteoarthritis, right knee\n"
    assert list(tmp_path.rglob("*.part")) == []
