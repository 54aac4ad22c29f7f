"""``chartcoder release``, as processes against a real server."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from chartcoder.cli.main import main
from tests.conftest import ROOT
from tests.loopback import serving

SMALL = ROOT / "tests" / "tabular" / "small.xml"
TABLES = "icd10cm-table and index-2026.zip"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHARTCODER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _zip(tmp_path: Path) -> bytes:
    import zipfile

    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(SMALL, "tabular.xml")
    return path.read_bytes()


def test_release_add_list_and_export(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", "add", str(SMALL)]) == 0
    shown = capsys.readouterr().out
    assert "Release 2026 (fiscal year 2026)\n  added    Tabular List: small.xml\n" in shown
    assert "  not there: Alphabetic Index (one is derived from the Tabular List)\n" in shown
    assert main(["release", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(r["name"], r["default"], r["index"]) for r in listed] == [
        ("2026", True, "derived"), ("bundled", False, "derived"),
    ]  # fmt: skip
    assert main(["release", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [
        "*", "2026", "2026", "derived", "index", "tabular",
    ]  # fmt: skip
    assert main(["release", "export"]) == 0
    exported = capsys.readouterr().out.splitlines()
    assert exported[1] == "M17.11\tUnilateral primary osteoarthritis, right knee"
    assert main(["release", "export", "--format", "order", "--release", "2026"]) == 0
    assert capsys.readouterr().out.startswith("00001 M17     0 Osteoarthritis of knee  ")


def test_release_add_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", "add", str(SMALL), "--as", "mine", "--json"]) == 0
    added = json.loads(capsys.readouterr().out)
    assert (added["name"], added["year"]) == ("mine", "2026")
    assert added["new"] == [{"role": "tabular", "name": "small.xml", "year": "2026"}]


@pytest.mark.parametrize(
    "words",
    [["add", "/nothing/there.zip"], ["export", "--release", "1999"], ["fetch", "26"],
     ["fetch", "2026", "--base-url", "file:///etc"]],
)  # fmt: skip
def test_release_bad_input_is_one_sentence_and_exit_2(
    home: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release", *words]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("chartcoder: ")
    assert output.err.count("\n") == 1


def test_release_one_that_is_damaged_does_not_hide_the_others(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["release", "add", str(SMALL)])
    (home / "releases" / "2026" / "manifest.json").write_text("{")
    capsys.readouterr()
    assert main(["release", "list"]) == 0
    output = capsys.readouterr()
    assert "manifest.json is damaged" in output.err
    assert "bundled" in output.out


def test_release_fetch_adds_what_it_fetched(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving({"2026": {TABLES: _zip(tmp_path)}}) as server:
        monkeypatch.setenv("CHARTCODER_RELEASE_URL", server.base)
        assert main(["release", "fetch", "2026", "--json"]) == 0
    output = capsys.readouterr()
    (fetched,) = json.loads(output.out)["fetched"]
    assert f"{TABLES}: {fetched['size']:,} bytes, SHA-256 {fetched['sha256']}\n" in output.err
    assert not (home / "downloads" / "2026").exists()
    assert (home / "releases" / "2026" / "manifest.json").is_file()


def test_release_fetch_keeps_the_files_where_it_is_told(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving({"2026": {TABLES: _zip(tmp_path)}}) as server:
        words = ["--base-url", server.base, "--to", str(tmp_path / "kept"), "--as", "mine"]
        assert main(["release", "fetch", "2026", *words]) == 0
    assert (tmp_path / "kept" / TABLES).is_file()
    assert capsys.readouterr().out.startswith("Release mine (fiscal year 2026)\n")


def test_release_fetch_a_missing_year(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving({}) as server:
        assert main(["release", "fetch", "2031", "--base-url", server.base]) == 2
    assert "answers 404" in capsys.readouterr().err
    assert not (home / "releases").exists()


def test_release_fetch_shows_a_bar_on_a_terminal_only(home: Path, tmp_path: Path) -> None:
    with serving({"2026": {TABLES: _zip(tmp_path)}}) as server:
        words = [sys.executable, "-m", "chartcoder", "release", "fetch", "2026"]
        environment = {**os.environ, "CHARTCODER_RELEASE_URL": server.base, "COLUMNS": "100"}
        plain = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        assert "%" not in plain.stderr
        assert "\x1b" not in plain.stderr
        own, other = pty.openpty()
        process = subprocess.Popen(words, env=environment, stderr=other, stdout=subprocess.PIPE)
        os.close(other)
        process.communicate(timeout=60)
        shown = b""
        try:
            while piece := os.read(own, 4096):
                shown += piece
        except OSError:
            pass  # Linux ends a terminal whose other side is closed with an error.
        os.close(own)
    assert process.returncode == 0
    assert TABLES.encode() in shown
    assert b"\x1b" in shown
