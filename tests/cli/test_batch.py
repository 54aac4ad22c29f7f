"""The command ``batch``: what it writes, says, and refuses."""

import json
from pathlib import Path

import pytest

from chartcoder.cli.batch import Progress, duration
from chartcoder.cli.main import main
from chartcoder.graph.batch import Done
from tests.agents.model.server import serving


@pytest.fixture
def notes(tmp_path: Path, own_home: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "b.txt").write_text("Assessment: Gout.")
    (folder / "a.txt").write_bytes(b"Assessment: Sj\xf6gren syndrome, long known to us.")
    (folder / "c.txt").write_text("   ")
    (folder / "scan.pdf").write_bytes(b"%PDF")
    return folder


def batch(*arguments: object) -> int:
    return main(["batch", "--release", "bundled", *map(str, arguments)])


def test_batch_writes_a_line_a_chart_and_says_what_happened(
    notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    encounters = tmp_path / "encounters.jsonl"
    encounters.write_text('{"id": "b", "age": 61, "setting": "inpatient"}\n{"id": "z", "age": 1}\n')
    assert batch(notes, out, "--encounters", encounters, "--json") == 0
    said = capsys.readouterr()
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["a", "b", "c"]
    assert list(lines[2]) == ["id", "error"]
    assert lines[1]["encounter"]["age"] == 61
    span = lines[1]["assigned"][0]["evidence"][0]
    assert (notes / "b.txt").read_text()[span["start"] : span["end"]] == span["text"] == "Gout"
    assert json.loads(said.out)["failed"] == 1
    for words in ("scan.pdf", "z has an encounter and no chart", "cp1252", "c failed:", "3 of 3"):
        assert words in said.err
    assert batch(notes, out, "--encounters", encounters, "--json") == 0
    assert json.loads(capsys.readouterr().out)["from_an_earlier_run"] == 3
    assert len(out.read_text("utf-8").splitlines()) == 3


def test_batch_lines_are_what_code_prints(
    notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert batch(notes, out) == 0
    capsys.readouterr()
    assert main(["code", str(notes / "b.txt"), "--release", "bundled", "--json"]) == 0
    single = json.loads(capsys.readouterr().out)
    line = json.loads(out.read_text("utf-8").splitlines()[1])
    assert line == {"id": "b", **single}


def test_batch_bad_input_is_one_sentence(
    notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "b", "age": "old"}')
    other = tmp_path / "other.jsonl"
    other.write_text("my diary\n")
    for arguments, said in (
        ([tmp_path / "none", tmp_path / "o"], "no charts at"),
        ([notes, tmp_path / "o", "--encounters", broken], "line 1: the age 'old'"),
        ([notes, tmp_path / "none" / "o"], "cannot be written"),
        ([notes, tmp_path], "cannot be written"),
        ([notes, other], "name another file"),
        ([notes, tmp_path / "o", "--policy", "x=y"], "no policy 'x'"),
        ([notes, tmp_path / "o", "--release", "1999"], "no release or file '1999'"),
    ):
        assert batch(*arguments) == 2, arguments
        err = capsys.readouterr().err.splitlines()
        assert said in err[-1]
    assert other.read_text() == "my diary\n"
    with pytest.raises(SystemExit) as stopped:
        batch(notes, tmp_path / "o", "--workers", "0")
    assert stopped.value.code == 2


def test_batch_progress_tells_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr("chartcoder.cli.batch.time.monotonic", lambda: clock[0])
    with Progress(100) as progress:
        for number in range(40):
            progress.done(Done(f"c{number}", "", number < 20))
            clock[0] += 1 if number >= 20 else 0
    err = capsys.readouterr().err
    assert "32 of 100 charts, about 62 s left." in err
    assert "40 of 100 charts done, 20 by an earlier run, 20.0 s." in err


@pytest.mark.parametrize(("seconds", "words"), [(12.4, "12 s"), (600, "10 min"), (12600, "3.5 h")])
def test_batch_duration_for_a_reader(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_batch_with_a_model_is_resumed_by_the_same_judge_only(
    notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    with serving() as server:
        model = ("--model", "small", "--base-url", server.base_url, "--no-model-cache")
        assert batch(notes, out, *model) == 0
        lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        assert [line.get("judge") for line in lines] == ["model:small", "model:small", None]
        assert sum(line["usage"]["calls"] for line in lines[:2]) == len(server.requests)
        asked = len(server.requests)
        assert batch(notes, out, *model, "--workers", 2) == 0
        assert len(server.requests) == asked
    assert batch(notes, out) == 2
    assert "by the judge model:small, not rules" in capsys.readouterr().err
