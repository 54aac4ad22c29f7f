"""Recognising release files by what is in them, and refusing what is unsafe."""

import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.tabular import sources
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.sources import recognise, role_of
from tests.conftest import shared
from tests.tabular.conftest import SMALL


def _zip(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("archive", "expected"),
    [
        ("icd10cm-table-index-2026.zip", {("tabular", "2026"), ("drug", "2026"),
            ("external", "2026"), ("neoplasm", "2026"), ("index", "2025")}),
        ("icd10cm-table-index-2021.zip", {("tabular", "2021"), ("drug", "2021"),
            ("external", "2021"), ("neoplasm", "2021")}),
        ("icd10cm-order-2025.zip", {("order", "2025")}),
        ("icd10cm-codes-2026.zip", {("codes", "2026")}),
        ("poa-exempt-2026.zip", {("poa_exempt", "2026")}),
        ("mce-v37.zip", {("edits", "")}),
    ],
)  # fmt: skip
def test_sources_official_zips_are_recognised(archive: str, expected: set[tuple[str, str]]) -> None:
    parts = recognise([shared("icd10cm", archive)])
    assert {(part.role, part.year) for part in parts} == expected


@pytest.mark.parametrize("archive", ["icd10cm-schemas.zip", "guidelines-2026.zip"])
def test_sources_zips_without_release_files_are_refused(archive: str) -> None:
    with pytest.raises(BadInput, match="holds no ICD-10-CM file"):
        recognise([shared("icd10cm", archive)])


def test_sources_names_do_not_matter(tmp_path: Path) -> None:
    renamed = tmp_path / "sub" / "whatever.bin"
    renamed.parent.mkdir()
    renamed.write_bytes(SMALL.read_bytes())
    (tmp_path / "sub" / "readme.txt").write_text("nothing to see")
    packed = _zip(tmp_path / "sub" / "packed.dat", **{"a/b.x": SMALL.read_bytes()})
    parts = recognise([tmp_path])
    assert [(part.role, part.path) for part in parts] == [
        ("tabular", packed), ("tabular", renamed),
    ]  # fmt: skip
    assert parts[0].read() == parts[1].read() == SMALL.read_bytes()


PCS_ORDER = b"00001 001     0 Central Nervous System and Cranial Nerves\n"
PCS_CODES = b"0016070 Bypass Cereb Vent to Nasophar\n0016071 Bypass\n0016072 Bypass\n"


@pytest.mark.parametrize(
    "head", [b"<?xml version='1.0'?><ICD10PCS.tabular>", b"<ICD10PCS.index>", PCS_ORDER, PCS_CODES]
)
def test_sources_procedure_files_are_refused(tmp_path: Path, head: bytes) -> None:
    with pytest.raises(BadInput, match="ICD-10-PCS"):
        role_of(head, "given.xml")
    with pytest.raises(BadInput, match="ICD-10-PCS"):
        recognise([_zip(tmp_path / "pcs.zip", given=head)])


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/evil.xml", "..\\evil.xml", "C:\\evil.xml"])
def test_sources_unsafe_names_in_a_zip_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="unsafe file name"):
        recognise([_zip(tmp_path / "evil.zip", **{name: SMALL.read_bytes()})])


def test_sources_zip_bombs_are_refused(tmp_path: Path) -> None:
    bomb = _zip(tmp_path / "bomb.zip", **{"zeros.xml": b"\0" * 50_000_000})
    assert bomb.stat().st_size < 100_000
    with pytest.raises(BadInput, match="zip bomb"):
        recognise([bomb])


def test_sources_far_too_large_zips_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES", 1000)
    with pytest.raises(BadInput, match="no release is that large"):
        recognise([_zip(tmp_path / "large.zip", **{"a.xml": SMALL.read_bytes()})])
    with pytest.raises(BadInput, match="no file of a release is"):
        recognise([SMALL])


def test_sources_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    """The directory of the zip says that a member is small, and it is not."""
    lying = _zip(tmp_path / "lying.zip", **{"a.xml": SMALL.read_bytes()})
    content = lying.read_bytes()
    size = struct.pack("<L", SMALL.stat().st_size)
    lying.write_bytes(content.replace(size, struct.pack("<L", 40)))
    with pytest.raises(BadInput, match=r"not a whole zip|no ICD-10-CM file"):
        recognise([lying])


def test_sources_a_web_page_in_place_of_a_zip_is_said(tmp_path: Path) -> None:
    page = tmp_path / "release.zip"
    page.write_text("<!DOCTYPE html><html><body>Not found</body></html>")
    with pytest.raises(BadInput, match="a web page, not a zip"):
        recognise([page])


def test_sources_unusual_compression_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.xml", SMALL.read_bytes())
    with pytest.raises(BadInput, match="unusual compression"):
        recognise([path])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_sources_a_truncated_zip_is_refused(tmp_path: Path, share: float) -> None:
    whole = _zip(tmp_path / "whole.zip", **{"a.xml": SMALL.read_bytes()}).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadInput, match="not a whole zip"):
        recognise([cut])


def test_sources_missing_and_unreadable_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        recognise([tmp_path / "nothing.zip"])
    with pytest.raises(BadInput, match="holds no ICD-10-CM file"):
        recognise([tmp_path])


def test_sources_a_folder_with_far_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(BadInput, match="name the folder of one release"):
        recognise([tmp_path])


@given(st.data())
def test_sources_damaged_zips_give_parts_or_bad_input(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = _zip(folder / "a.zip", **{"a.xml": SMALL.read_bytes(), "b.txt": b"x"})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    try:
        for part in recognise([path]):
            part.read()
    except BadInput as refusal:
        assert "a.zip" in str(refusal)


@given(st.binary(max_size=300))
def test_sources_any_first_bytes_have_a_role_or_none(head: bytes) -> None:
    try:
        assert role_of(head, "x") is None or head
    except BadInput as refusal:
        assert "PCS" in str(refusal)
