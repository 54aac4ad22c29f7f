"""``chartcoder check`` as a user runs it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chartcoder.cli.check import split_codes
from chartcoder.cli.main import main
from tests.conftest import ROOT, shared

NO_HEAVY_IMPORTS = ("networkx", "pydantic", "langgraph", "lxml", "rich", "simple_icd_10_cm")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["check", *words, "--release", "bundled"])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_check_exits_with_one_on_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "E11.9", "E10.9")
    assert code == 1
    assert "excludes1" in out and 'note at E11: "type 1 diabetes mellitus (E10.-)"' in out


def test_check_exits_with_zero_on_queries_alone(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "I50.9")
    assert code == 0
    assert "query" in out
    assert "valid" in out.splitlines()[0]
    assert "--all" not in out and "Traceback" not in err


def test_check_prints_the_json_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "f0280", "g30.9", "--json")
    said = json.loads(out)
    assert code == 1
    assert said["valid"] is False and said["release"] == "2026"
    assert said["order"] == ["G30.9", "F02.80"]
    rules = {(f["rule"], f["severity"]) for f in said["findings"]}
    assert {("manifestation-first", "error"), ("code-first", "error")} <= rules
    (finding,) = [f for f in said["findings"] if f["rule"] == "code-first"]
    assert (finding["from"], finding["section"]) == ("F02", "I.A.13")
    assert [s["code"] for s in finding["suggestion"]] == ["G30.9", "F02.80"]


def test_check_takes_the_encounter(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "N40.0", "--sex", "F", "--age", "10", "--setting", "inpatient",
        "--date", "2026-02-01", "--all",
    )  # fmt: skip
    assert code == 0
    assert "sex" in out


def test_check_settles_documented_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "E11.9", "E10.9")[0] == 1
    assert run(capsys, "E11.9", "E10.9", "--documented-unrelated", "E10.9", "E11.9")[0] == 0


def test_check_without_codes_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and "No code was given" in err


def test_check_reads_standard_input_and_files(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("E11.9, I10  # two\n\nN18.30\n"))
    _, out, _ = run(capsys, "-", "--json")
    assert json.loads(out)["codes"] == ["E11.9", "I10", "N18.30"]
    file = tmp_path / "codes.txt"
    file.write_text("\ufeffE11.9\nZ79.4\n", "utf-8")
    _, out, _ = run(capsys, "--file", str(file), "--json")
    assert json.loads(out)["codes"] == ["E11.9", "Z79.4"]
    assert run(capsys, "--file", str(tmp_path / "none"))[0] == 2


def test_check_reads_a_set_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sets.jsonl"
    sets = [
        {"id": "a", "codes": ["E11.9", "E10.9"]},
        {"id": "b", "codes": ["Z00.129"], "encounter": {"age": 4}},
        {"id": "c", "codes": ["Z00.129"], "encounter": {"age": 44}},
        {"id": "d", "codes": ["E11.9", "E10.9"], "documented_unrelated": [["E11", "E10"]]},
    ]
    file.write_text("\n".join(map(json.dumps, sets)), "utf-8")
    code, out, _ = run(capsys, "--file", str(file), "--json")
    said = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert {s["id"]: s["valid"] for s in said} == {"a": False, "b": True, "c": False, "d": True}
    file.write_text('{"id": "a"}\n', "utf-8")
    code, _, err = run(capsys, "--file", str(file))
    assert code == 2 and "line 1" in err


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("E11.9", ["E11.9"]), ("E11.9 I10", ["E11.9", "I10"]), ("E11.9, I10;N18.30", None),
        (" E11. 9 ", ["E11. 9"]), ("M17.1-", ["M17.1-"]), ("A00-A09", ["A00-A09"]), ("", []),
    ],
)  # fmt: skip
def test_split_codes(text: str, codes: list[str] | None) -> None:
    assert split_codes(text) == (["E11.9", "I10", "N18.30"] if codes is None else codes)


def test_check_lists_notes_that_do_not_resolve(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--audit-notes", "--json")
    said = json.loads(out)
    assert code == 0
    assert said["references"] > 12_000
    assert len(said["unresolved"]) < 0.005 * said["references"]
    assert {"from", "kind", "note", "reference", "reason"} == set(said["unresolved"][0])
    _, out, _ = run(capsys, "--audit-notes")
    assert "G31.90" in out


def test_check_names_the_release_that_has_a_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTCODER_HOME", str(tmp_path))
    assert main(["release", "add", str(shared("icd10cm", "icd10cm-table-index-2021.zip"))]) == 0
    capsys.readouterr()
    code, out, _ = run(capsys, "T40.7X1A")
    assert code == 1 and "2021" in out


def test_check_is_light_and_the_same_in_every_process() -> None:
    script = (
        "import sys; from chartcoder.cli.main import main; "
        "code = main(sys.argv[1:]); "
        f"heavy = [m for m in {NO_HEAVY_IMPORTS!r} if m in sys.modules]; "
        "print(heavy, file=sys.stderr); sys.exit(code)"
    )
    words = ["check", "R65.20", "A41.9", "J18.9", "N17.9", "E11.9", "E10.9", "--json", "--release"]
    seen = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / ".dev")}
        done = subprocess.run(
            [sys.executable, "-c", script, *words, "bundled"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        seen.add(done.stdout)
    assert len(seen) == 1
    assert done.stderr.splitlines()[-1] == "[]"
