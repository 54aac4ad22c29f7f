"""Opening releases: what is taken, what is said, what is remembered."""

import os
import time
from pathlib import Path

import pytest

from chartcoder.tabular import release as release_module
from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.release import Release, known_files, open_files, open_release
from tests.tabular.conftest import SMALL


def test_release_bundled_is_the_default_and_has_no_index(bundled: Release) -> None:
    assert (bundled.name, bundled.source, bundled.year) == ("bundled", "bundled", "2026")
    assert bundled.index_kind == "derived"
    assert bundled.notices == []


def test_release_official_is_of_two_years_and_says_so(official: Release) -> None:
    assert official.year == "2026"
    assert official.index_kind == "official"
    assert official.notices == [
        "The files of this release are of 2 different years: tabular 2026, drug 2026, external "
        "2026, index 2025, neoplasm 2026."
    ]


def test_release_odd_files_are_counted_in_a_notice(tmp_path: Path) -> None:
    odd = tmp_path / "odd.xml"
    odd.write_text(
        SMALL.read_text("utf-8").replace("<excludes1>", "<novelty/><codeAlso/><excludes1>"), "utf-8"
    )
    (notice,) = open_files([odd]).notices
    assert notice.startswith("odd.xml was read with 2 problems, the first: odd.xml line ")


def test_release_unknown_names_list_what_there_is(fresh_home: Path) -> None:
    with pytest.raises(BadInput, match="known are bundled"):
        open_release("1999")


def test_release_without_its_package_says_what_to_install(
    fresh_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_module, "BUNDLED_PACKAGE", "no_such_package")
    with pytest.raises(MissingPrerequisite, match="pip install simple-icd-10-cm"):
        open_release(None)


def test_release_an_index_alone_is_no_release(tmp_path: Path) -> None:
    index = tmp_path / "index.xml"
    index.write_text("<ICD10CM.index><version>2026</version><title>I</title></ICD10CM.index>")
    with pytest.raises(MissingPrerequisite, match="has no Tabular List"):
        _ = open_files([index]).tabular


def test_release_files_are_remembered_until_they_change(
    fresh_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tabular.xml"
    path.write_bytes(SMALL.read_bytes())
    first = known_files([path])
    with monkeypatch.context() as guarded:
        guarded.setattr("chartcoder.tabular.sources.recognise", _never)
        assert known_files([path]) == first
    path.write_text(SMALL.read_text("utf-8").replace("right knee", "left knee!"), "utf-8")
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 1))
    assert known_files([path])[0].sha256 != first[0].sha256


def _never(*_: object) -> None:
    raise AssertionError("the files were read again")


@pytest.mark.parametrize("content", ["", "[]x", '[["tabular"]]', "{}", "[1]"])
def test_release_a_damaged_memory_is_made_again(
    fresh_home: Path, tmp_path: Path, content: str
) -> None:
    first = known_files([SMALL])
    (memory,) = (fresh_home / "cache" / "known").iterdir()
    memory.write_text(content, "utf-8")
    assert known_files([SMALL]) == first


def test_release_a_home_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    monkeypatch.setenv("CHARTCODER_HOME", str(blocked))
    with pytest.raises(MissingPrerequisite, match="CHARTCODER_HOME"):
        _ = open_release("bundled").tabular
