import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chartcoder.cli.main import main
from chartcoder.tabular.release import Release

CHARTS = Path(__file__).resolve().parents[2] / "resources" / "charts"
FIELDS = {
    "schema_version", "chart", "encounter", "release", "judge", "assigned", "rejected", "findings",
    "queries", "losses",
}  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["code", *words])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_code_prints_the_contract(bundled: Release, capsys: pytest.CaptureFixture[str]) -> None:
    chart = CHARTS / "primary-care-visit.txt"
    code, out, _ = run(
        capsys, str(chart), "--release", "bundled", "--setting", "outpatient", "--json"
    )
    coding = json.loads(out)
    assert code == 0
    assert coding.keys() >= FIELDS
    assert "usage" not in coding
    assert coding["release"].keys() == {"year", "source", "index"}
    text = chart.read_text("utf-8")
    assert coding["assigned"]
    for place, one in enumerate(coding["assigned"], 1):
        assert one["sequence"] == place
        assert bundled.tabular.get(one["code"]).billable  # type: ignore[union-attr]
        assert one["index_path"]
        assert one["tabular_path"][-1] == one["code"]
        for span in one["evidence"]:
            assert text[span["start"] : span["end"]] == span["text"]


def test_code_shows_words_and_way(bundled: Release, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, str(CHARTS / "primary-care-visit.txt"), "--release", "bundled")
    assert code == 0
    assert "I10" in out
    assert "Hypertension" in out
    assert "tabular" in out


def test_code_gives_the_same_bytes_in_any_process(bundled: Release) -> None:
    command = [
        sys.executable, "-m", "chartcoder", "code", str(CHARTS / "discharge-heart-failure.txt"),
        "--release", "bundled", "--setting", "inpatient", "--json",
    ]  # fmt: skip
    results = {
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale},
            capture_output=True,
            check=True,
        ).stdout.decode("unicode-escape" if locale == "C" else "utf-8")
        for seed, locale in (("0", "C.UTF-8"), ("1", "C.UTF-8"))
    }
    assert len(results) == 1


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"\0\1\2binary\0", "null byte"), (b"x" * (5 * 2**20), "larger")],
)
def test_code_refuses_bad_charts_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, word: str
) -> None:
    chart = tmp_path / "chart.txt"
    chart.write_bytes(content)
    code, out, err = run(capsys, str(chart))
    assert code == 2
    assert out == ""
    assert word in err
    assert err.count("\n") == 1


def test_code_refuses_a_missing_chart_and_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, str(tmp_path / "none.txt"))[0] == 2
    assert run(capsys, str(tmp_path))[0] == 2


def test_code_of_a_chart_without_diagnosis_says_so(
    tmp_path: Path, bundled: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = tmp_path / "chart.txt"
    chart.write_text("The room was painted on Tuesday.")
    code, out, _ = run(capsys, str(chart), "--release", "bundled")
    assert code == 0
    assert "No codes" in out


def test_code_refuses_an_unknown_policy(capsys: pytest.CaptureFixture[str]) -> None:
    chart = str(CHARTS / "ankle-injury.txt")
    code, _, err = run(capsys, chart, "--release", "bundled", "--policy", "colour=blue")
    assert code == 2
    assert "colour" in err


def test_code_keeps_offsets_true_under_windows_line_ends_and_marks(
    tmp_path: Path, bundled: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "ASSESSMENT\r\n1. Hypothyroidism.\r\n2. Gout.\r\n"
    chart = tmp_path / "chart.txt"
    chart.write_bytes(b"\xef\xbb\xbf" + text.encode())
    _, out, _ = run(capsys, str(chart), "--release", "bundled", "--json")
    coding = json.loads(out)
    assert [one["code"] for one in coding["assigned"]] == ["E03.9", "M10.9"]
    assert coding["chart"]["encoding"] == "utf-8-sig"
    for one in coding["assigned"]:
        for span in one["evidence"]:
            assert text[span["start"] : span["end"]] == span["text"]
