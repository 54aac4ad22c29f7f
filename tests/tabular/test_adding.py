"""Adding releases: what is copied, merged, refused, and left as it was."""

import json
import threading
import zipfile
from pathlib import Path

import pytest

from chartcoder.tabular.adding import add_release
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.release import (
    added_releases,
    open_release,
    other_releases,
    read_manifest,
)
from tests.conftest import shared
from tests.tabular.conftest import SMALL

INDEX = "<ICD10CM.index><version>{}</version><title>ICD-10-CM INDEX</title></ICD10CM.index>"
POA = "Order26\tPOAexemptCode\tDescription\n00001\tM17.11\tKnee\n"
EDITS = (
    "MCE_Version\tICD_Version\tMCE_Section\tMCE_Subsection\tMCE_Edit_Type\tICD_Code_Type\tICD_Code"
    "\tICD_Desc\n37\t10\t4\tA\tNewborn_Only\tD\tA33\tTetanus neonatorum\n"
)
CODES = "M1710   Unilateral\nM1711   Unilateral\nS060X0A Concussion\n"


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_adding_a_release_makes_it_the_default(fresh_home: Path) -> None:
    added = add_release([SMALL])
    assert (added.name, added.year, [p.role for p in added.new]) == ("2026", "2026", ["tabular"])
    assert "index" in added.missing
    release = open_release(None)
    assert (release.name, release.source, release.year) == ("2026", "added", "2026")
    assert release.tabular.get("M17.11") is not None
    stored = release.tabular_file.part.path
    assert stored.parent == fresh_home / "releases" / "2026"
    assert stored.read_bytes() == SMALL.read_bytes()


def test_adding_more_files_merges_them(fresh_home: Path, tmp_path: Path) -> None:
    add_release([SMALL])
    lists = [_file(tmp_path, "POAexemptFY26.txt", POA), _file(tmp_path, "mce.txt", EDITS)]
    added = add_release(lists)
    assert (added.name, added.kept) == ("2026", ["tabular"])
    assert {part.role for part in added.new} == {"poa_exempt", "edits"}
    assert set(open_release("2026").files) == {"tabular", "poa_exempt", "edits"}


def test_adding_a_newer_file_replaces_the_older_one(fresh_home: Path, tmp_path: Path) -> None:
    add_release([SMALL])
    revised = _file(
        tmp_path, "revised.xml", SMALL.read_text("utf-8").replace("right knee", "the right knee")
    )
    added = add_release([revised])
    assert added.kept == []
    entry = open_release("2026").tabular.get("M17.11")
    assert entry is not None
    assert entry.title.endswith("the right knee")
    names = sorted(file.name for file in (fresh_home / "releases" / "2026").iterdir())
    assert len(names) == 2
    assert names[0] == "manifest.json"


def test_adding_under_another_name(fresh_home: Path) -> None:
    add_release([SMALL], "2026-april")
    assert added_releases() == ["2026-april"]
    assert open_release("2026-april").year == "2026"


@pytest.mark.parametrize("name", ["bundled", "../out", "a/b", "", ".hidden", "a" * 80])
def test_adding_under_a_name_that_is_none_is_refused(fresh_home: Path, name: str) -> None:
    with pytest.raises(BadInput, match="cannot be called"):
        add_release([SMALL], name)
    assert not fresh_home.exists()


def test_adding_lists_alone_takes_the_bundled_list_of_that_year(
    fresh_home: Path, tmp_path: Path
) -> None:
    added = add_release([_file(tmp_path, "POAexemptFY26.txt", POA)])
    assert added.name == "2026"
    assert "The Tabular List is the bundled one of 2026." in added.sentences
    assert open_release("2026").tabular.get("I10") is not None


def test_adding_lists_that_name_no_year(fresh_home: Path, tmp_path: Path) -> None:
    edits = _file(tmp_path, "mce.txt", EDITS)
    with pytest.raises(BadInput, match="name one with --as"):
        add_release([edits])
    add_release([SMALL])
    added = add_release([edits])
    assert added.sentences[0] == "The files went to release 2026, the only one that is added."


def test_adding_an_index_of_another_year_is_accepted_and_said(
    fresh_home: Path, tmp_path: Path
) -> None:
    added = add_release([SMALL, _file(tmp_path, "index.xml", INDEX.format(2025))])
    said = "The files of this release are of 2 different years: tabular 2026, index 2025."
    assert added.sentences == [said]
    assert open_release("2026").notices == [said]
    assert open_release("2026").index_kind == "official"


def test_adding_two_years_at_once_is_refused(fresh_home: Path, tmp_path: Path) -> None:
    older = _file(tmp_path, "older.xml", SMALL.read_text("utf-8").replace(">2026<", ">2025<"))
    with pytest.raises(BadInput, match="add one year at a time"):
        add_release([SMALL, older])


def test_adding_holds_the_codes_against_the_official_list(fresh_home: Path, tmp_path: Path) -> None:
    added = add_release([SMALL, _file(tmp_path, "codes-2026.txt", CODES + "Z9999   Made up\n")])
    (sentence,) = added.sentences
    assert sentence.startswith("Held against the list of billable codes, codes missing: 1, extra: ")
    assert "Z9999" in sentence


@pytest.mark.parametrize(
    "broken",
    [
        "<ICD10CM.tabular>\n<version>2026</version>\n<chapter></ICD10CM.tabular>",
        "<ICD10CM.tabular><version>2026</version></ICD10CM.tabular>",
        "<ICD10CM.index><version>2026</version><title>x</ICD10CM.index>",
    ],
)
def test_adding_a_broken_file_leaves_the_release_as_it_was(
    fresh_home: Path, tmp_path: Path, broken: str
) -> None:
    add_release([SMALL])
    before = read_manifest("2026")
    files = sorted(fresh_home.rglob("*.*"))
    with pytest.raises(BadInput):
        add_release([_file(tmp_path, "broken.xml", broken)])
    assert read_manifest("2026") == before
    assert [f for f in sorted(fresh_home.rglob("*.*")) if "known" not in f.parts] == files


def test_adding_a_damaged_zip_member_changes_nothing(fresh_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tabular.xml", SMALL.read_bytes())
    content = path.read_bytes()
    path.write_bytes(content.replace(b"right knee", b"wrong knee"))
    with pytest.raises(BadInput, match="CRC"):
        add_release([path])
    assert added_releases() == []


def test_adding_at_once_from_two_sides_keeps_both(fresh_home: Path, tmp_path: Path) -> None:
    add_release([SMALL])
    lists = [_file(tmp_path, "POAexemptFY26.txt", POA), _file(tmp_path, "mce.txt", EDITS)]
    threads = [threading.Thread(target=add_release, args=([path], "2026")) for path in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(open_release("2026").files) == {"tabular", "poa_exempt", "edits"}


def test_adding_again_mends_a_damaged_manifest(fresh_home: Path) -> None:
    add_release([SMALL])
    manifest = fresh_home / "releases" / "2026" / "manifest.json"
    manifest.write_text("{", "utf-8")
    with pytest.raises(BadInput, match=r"manifest\.json is damaged"):
        open_release("2026")
    add_release([SMALL])
    assert json.loads(manifest.read_text("utf-8"))["year"] == "2026"


def test_adding_newest_year_comes_first(fresh_home: Path, tmp_path: Path) -> None:
    older = _file(tmp_path, "older.xml", SMALL.read_text("utf-8").replace(">2026<", ">2025<"))
    add_release([SMALL], "a")
    add_release([older], "z")
    assert added_releases() == ["z", "a"]
    assert open_release(None).name == "a"
    names = [name for name, _ in other_releases(open_release("a"))]
    assert names == ["z", "bundled"]


def test_adding_the_official_files(fresh_home: Path) -> None:
    added = add_release(
        [
            shared("icd10cm", "icd10cm-table-index-2026.zip"),
            shared("icd10cm", "icd10cm-codes-2026.zip"),
            shared("icd10cm", "poa-exempt-2026.zip"),
            shared("icd10cm", "mce-v37.zip"),
        ]
    )
    assert added.name == "2026"
    assert added.missing == ["order"]
    assert "The 74,719 billable codes are those of the official list." in added.sentences
