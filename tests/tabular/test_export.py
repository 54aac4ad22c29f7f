"""A release written out: the official order file comes back byte for byte."""

import zipfile
from pathlib import Path

from chartcoder.tabular.export import export_lines
from chartcoder.tabular.release import open_files
from tests.conftest import shared
from tests.tabular.conftest import SMALL


def _official(archive: str) -> str:
    with zipfile.ZipFile(shared("icd10cm", archive)) as opened:
        content = opened.read(opened.namelist()[0])
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def test_export_2021_is_the_official_order_file() -> None:
    """Codes and long titles come from the XML, short titles from the order file."""
    release = open_files(
        [
            shared("icd10cm", "icd10cm-table-index-2021.zip"),
            shared("icd10cm", "icd10cm-order-2021.zip"),
        ]
    )
    assert release.tabular_file.part.role == "tabular"
    lines = export_lines(release, "order")
    assert "".join(f"{line}\n" for line in lines) == _official("icd10cm-order-2021.zip")


def test_export_2025_order_file_alone_comes_back() -> None:
    release = open_files([shared("icd10cm", "icd10cm-order-2025.zip")])
    lines = list(export_lines(release, "order"))
    official = _official("icd10cm-order-2025.zip").splitlines()
    # Some official long titles hold a second space between two words, which is folded here.
    assert lines == [f"{line[:77]}{' '.join(line[77:].split())}" for line in official]
    assert sum(one != other for one, other in zip(lines, official, strict=True)) < 10


def test_export_codes_are_billable_with_their_titles() -> None:
    release = open_files([SMALL])
    lines = list(export_lines(release, "codes"))
    assert lines[:2] == [
        "M17.10\tUnilateral primary osteoarthritis, unspecified knee",
        "M17.11\tUnilateral primary osteoarthritis, right knee",
    ]
    assert lines[2] == "S06.0X0A\tConcussion without loss of consciousness, initial encounter"
    assert len(lines) == len({line.split("\t")[0] for line in lines}) == 14


def test_export_without_short_titles_cuts_the_long_ones(tmp_path: Path) -> None:
    lines = list(export_lines(open_files([SMALL]), "order"))
    assert lines[0] == f"00001 M17     0 {'Osteoarthritis of knee':<60} Osteoarthritis of knee"
    death = next(line for line in lines if line[6:13] == "S061X7A")
    assert death[16:76] == "Traumatic cerebral edema with loss of consciousness of any d"
    # What was written is an order file again.
    path = tmp_path / "icd10cm-order-2026.txt"
    path.write_text("\n".join(lines), "utf-8")
    again = open_files([path])
    assert list(export_lines(again, "order")) == lines
    assert list(export_lines(again, "codes")) == list(export_lines(open_files([SMALL]), "codes"))
