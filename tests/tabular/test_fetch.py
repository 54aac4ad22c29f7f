"""Fetching a release from a real server: listing, resume, faults."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chartcoder.tabular.adding import add_release
from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.fetch import TRIES, fetch_release, read_places
from chartcoder.tabular.release import open_release
from tests.conftest import shared
from tests.loopback import ReleaseServer, serving
from tests.tabular.conftest import SMALL

TABLES = "icd10cm-table and index-2026.zip"
CODES = "icd10cm-Code Descriptions-2026.zip"


def _packed(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.fixture
def server(fresh_home: Path) -> Iterator[ReleaseServer]:
    tables = _packed(**{"tabular-2026.xml": SMALL.read_bytes(), "readme.pdf": b"%PDF" * 9000})
    codes = _packed(**{"icd10cm-codes-2026.txt": b"M1710   a\nM1711   b\nS060X0A c\n"})
    files = {TABLES: tables, CODES: codes, "icd10cm-Guidelines-2026.pdf": b"%PDF"}
    with serving({"2026": files}) as running:
        yield running


def _fetch(server: ReleaseServer, folder: Path, year: str = "2026") -> list[str]:
    pauses: list[float] = []
    fetched = fetch_release(year, folder, server.base, pause=pauses.append)
    assert pauses == sorted(pauses)
    for file in fetched:
        content = server.files[year][file.path.name]
        assert file.path.read_bytes() == content
        assert file.size == len(content)
        assert file.sha256 == hashlib.sha256(content).hexdigest()
    return [file.path.name for file in fetched]


def test_fetch_takes_the_wanted_files_of_the_listing(server: ReleaseServer, tmp_path: Path) -> None:
    assert _fetch(server, tmp_path / "to") == [TABLES, CODES]
    assert [path for path, _ in server.requests] == [
        "/pub/2026/",
        "/pub/2026/icd10cm-table%20and%20index-2026.zip",
        "/pub/2026/icd10cm-Code%20Descriptions-2026.zip",
    ]


@pytest.mark.parametrize(
    "name",
    ["icd10cm-table-index-2021.zip", "icd10cm_table_and_index_2022.zip", "2023 Table & Index.zip"],
)
def test_fetch_knows_the_names_of_other_years(
    server: ReleaseServer, tmp_path: Path, name: str
) -> None:
    server.files["2022"] = {name: server.files["2026"][TABLES]}
    assert _fetch(server, tmp_path, "2022") == [name]


def test_fetch_prefers_the_april_update(server: ReleaseServer, tmp_path: Path) -> None:
    update = "icd10cm-table and index-April 1 2026.zip"
    server.files["2026"][update] = server.files["2026"][TABLES]
    assert _fetch(server, tmp_path) == [update, CODES]


def test_fetch_goes_on_where_the_connection_broke(server: ReleaseServer, tmp_path: Path) -> None:
    server.break_after = [1000, 5000, 1]
    assert _fetch(server, tmp_path) == [TABLES, CODES]
    ranges = [asked for path, asked in server.requests if "table" in path]
    assert ranges == ["", "bytes=1000-", "bytes=6000-", "bytes=6001-"]


def test_fetch_goes_on_in_another_run(server: ReleaseServer, tmp_path: Path) -> None:
    server.break_after = [100] * TRIES
    with pytest.raises(MissingPrerequisite, match="run the command again"):
        _fetch(server, tmp_path)
    server.requests.clear()
    assert _fetch(server, tmp_path) == [TABLES, CODES]
    assert server.requests[1][1] == f"bytes={100 * TRIES}-"
    # A third run finds everything there.
    server.requests.clear()
    assert _fetch(server, tmp_path) == [TABLES, CODES]
    assert [asked for _, asked in server.requests[1:]] == [
        f"bytes={len(server.files['2026'][name])}-" for name in (TABLES, CODES)
    ]


def test_fetch_begins_anew_when_the_file_has_changed(server: ReleaseServer, tmp_path: Path) -> None:
    server.break_after = [100] * TRIES
    with pytest.raises(MissingPrerequisite):
        _fetch(server, tmp_path)
    changed = _packed(**{"t.xml": SMALL.read_bytes().replace(b"right knee", b"other knee")})
    server.files["2026"][TABLES] = changed
    server.marks[TABLES] = '"changed"'
    assert _fetch(server, tmp_path) == [TABLES, CODES]


def test_fetch_begins_anew_where_the_server_knows_no_ranges(
    server: ReleaseServer, tmp_path: Path
) -> None:
    server.ranged = False
    server.break_after = [1000, 2000]
    assert _fetch(server, tmp_path) == [TABLES, CODES]


def test_fetch_waits_and_tries_again_when_the_server_is_busy(
    server: ReleaseServer, tmp_path: Path
) -> None:
    server.statuses = [503, 429, 500]
    assert _fetch(server, tmp_path) == [TABLES, CODES]


@pytest.mark.parametrize("year", ["2031", "2026"])
def test_fetch_a_missing_year_or_file_is_one_sentence(
    server: ReleaseServer, tmp_path: Path, year: str
) -> None:
    if year == "2026":
        server.statuses = [404]
    with pytest.raises(BadInput, match=r"answers 404 .*--base-url"):
        _fetch(server, tmp_path, year)
    assert len(server.requests) == 1


def test_fetch_a_truncated_zip_is_refused_and_not_kept(
    server: ReleaseServer, tmp_path: Path
) -> None:
    whole = server.files["2026"][TABLES]
    server.files["2026"][TABLES] = whole[:-500]
    with pytest.raises(BadInput, match="not a whole zip"):
        _fetch(server, tmp_path)
    assert list(tmp_path.glob("*.zip")) == []
    server.files["2026"][TABLES] = whole
    assert _fetch(server, tmp_path) == [TABLES, CODES]


def test_fetch_a_cut_without_a_length_is_refused(server: ReleaseServer, tmp_path: Path) -> None:
    server.sized = False
    server.break_after = [3000]
    with pytest.raises(BadInput, match="not a whole zip"):
        _fetch(server, tmp_path)


def test_fetch_a_web_page_in_place_of_a_zip_is_refused(
    server: ReleaseServer, tmp_path: Path
) -> None:
    server.files["2026"][TABLES] = b"<!DOCTYPE html><html>Please log in</html>"
    with pytest.raises(BadInput, match="a web page, not a zip"):
        _fetch(server, tmp_path)


def test_fetch_a_damaged_member_is_refused(server: ReleaseServer, tmp_path: Path) -> None:
    content = server.files["2026"][TABLES]
    server.files["2026"][TABLES] = content.replace(b"right knee", b"wrong knee")
    with pytest.raises(BadInput, match="CRC"):
        _fetch(server, tmp_path)


def test_fetch_a_listing_without_the_file_says_what_it_saw(
    server: ReleaseServer, tmp_path: Path
) -> None:
    del server.files["2026"][TABLES]
    with pytest.raises(BadInput, match=r"names no file with the Tabular List .*Guidelines"):
        _fetch(server, tmp_path)


def test_fetch_names_of_the_users_own_table_win(
    server: ReleaseServer, tmp_path: Path, fresh_home: Path
) -> None:
    fresh_home.mkdir()
    (fresh_home / "releases.toml").write_text(f'[files]\n2026 = ["{CODES.replace(" ", "%20")}"]\n')
    assert _fetch(server, tmp_path) == [CODES]


@pytest.mark.parametrize("table", ["wanted = 3", "[[wanted]]\nwhat = 'x'", "base = [", "files = 1"])
def test_fetch_a_broken_table_is_one_sentence(fresh_home: Path, table: str) -> None:
    fresh_home.mkdir()
    (fresh_home / "releases.toml").write_text(table)
    with pytest.raises(BadInput, match=r"releases\.toml"):
        read_places()


@pytest.mark.parametrize("base", ["file:///etc/", "ftp://example.org/", "nonsense", "http://"])
def test_fetch_other_addresses_are_refused(fresh_home: Path, tmp_path: Path, base: str) -> None:
    with pytest.raises(BadInput, match="no web address"):
        fetch_release("2026", tmp_path, base)


@pytest.mark.parametrize("year", ["26", "../2026", "2026/..", "", "20266/x"])
def test_fetch_other_years_are_refused(fresh_home: Path, tmp_path: Path, year: str) -> None:
    with pytest.raises(BadInput, match="no fiscal year"):
        fetch_release(year, tmp_path, "http://127.0.0.1:9/")


def test_fetch_a_listing_cannot_lead_out_of_the_folder(
    server: ReleaseServer, tmp_path: Path
) -> None:
    server.links = [
        "..%2F..%2Ftable-index-april.zip",
        "http://other.example/pub/table-index.zip?april",
        "table-index-april.zip%00",
        "C%3A%5Ctable-index-april.zip",
    ]
    server.files["2026"]["table-index.zip"] = server.files["2026"].pop(TABLES)
    to = tmp_path / "to"
    assert _fetch(server, to) == ["table-index.zip", CODES]
    assert {path.parent for path in tmp_path.rglob("*.zip")} == {to}


def test_fetch_says_how_far_it_is(server: ReleaseServer, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    fetch_release(
        "2026", tmp_path, server.base, lambda name, there, total: seen.append((name, there, total))
    )
    size = len(server.files["2026"][TABLES])
    assert (TABLES, size, size) in seen


def test_fetch_the_official_zips_and_add_them(fresh_home: Path, tmp_path: Path) -> None:
    files = {
        TABLES: shared("icd10cm", "icd10cm-table-index-2026.zip").read_bytes(),
        CODES: shared("icd10cm", "icd10cm-codes-2026.zip").read_bytes(),
        "POAexemptCodesFY26.zip": shared("icd10cm", "poa-exempt-2026.zip").read_bytes(),
    }
    with serving({"2026": files}) as server:
        server.break_after = [500_000]
        fetched = fetch_release("2026", tmp_path, server.base, pause=lambda _: None)
    assert [file.path.name for file in fetched] == list(files)
    add_release([file.path for file in fetched])
    assert len(list(open_release("2026").tabular.billable())) == 74_719
