import json
import subprocess
import sys
from pathlib import Path

import pytest

from chartcoder.cli.main import main
from tests.agents.model.server import Body, first_options, serving

VISIT = "ASSESSMENT\n1. Hypertension. Continue lisinopril.\n2. Gout. Continue allopurinol.\n"


def probe(body: Body) -> str:
    return json.dumps({"word": "heart", "number": 7})


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chartcoder", *arguments],
        capture_output=True, text=True, input=VISIT,
    )  # fmt: skip


def test_model_check_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(probe) as server:
        assert main(["model", "check", "--model", "tiny", "--base-url", server.base_url]) == 0
    shown = capsys.readouterr()
    assert "answers by a JSON schema            yes" in shown.out
    assert "in the form json_schema" in shown.out
    assert shown.err == ""


def test_model_check_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(probe, limits=["no json_schema"]) as server:
        base = ["--model", "tiny", "--base-url", server.base_url]
        assert main(["model", "check", *base, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["form"] == "json_object"
    assert {row["verdict"] for row in told["abilities"]} <= {"yes", "no", "passed over", "unknown"}


def test_model_check_that_fails_is_a_finding() -> None:
    with serving(lambda body: "prose") as server:
        assert main(["model", "check", "--model", "tiny", "--base-url", server.base_url]) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["model", "check"], "Name the model"),
        (["model", "check", "--model", "m", "--base-url", "nowhere"], "no http or https address"),
        (["model", "check", "--model", "m", "--base-url", "http://[::1]:9/v1"], "Nobody answers"),
        (["model", "check", "--base-url", "http://127.0.0.1:9/v1"], "add --model NAME"),
        (["model", "check", "--model", "m", "--retries", "x"], "--retries"),
        (["code", "-", "--model", "m", "--prompts", "/nowhere"], "is not there"),
    ],
)  # fmt: skip
def test_model_bad_input_is_one_sentence(arguments: list[str], complaint: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_model_codes_a_chart_and_tells_what_it_cost(tmp_path: Path, own_home: Path) -> None:
    chart = tmp_path / "visit.txt"
    chart.write_text(VISIT)
    with serving(first_options) as server:
        done = run(
            "code", str(chart), "--setting", "outpatient", "--release", "bundled", "--json",
            "--model", "tiny", "--base-url", server.base_url, "--no-model-cache",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        coding = json.loads(done.stdout)
        assert coding["judge"] == "model:tiny"
        assert coding["usage"]["calls"] == len(server.requests) <= 6
        assert coding["usage"]["prompt_tokens"] > 0
        for one in coding["assigned"]:
            for span in one["evidence"]:
                assert VISIT[span["start"] : span["end"]] == span["text"]


def test_model_a_key_alone_sends_nothing(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = tmp_path / "visit.txt"
    chart.write_text(VISIT)
    with serving(first_options) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-anything")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("CHARTCODER_BASE_URL", "")
        done = run("code", str(chart), "--release", "bundled", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["judge"] == "rules"
        assert server.requests == []


def test_model_strict_ends_the_chart(tmp_path: Path, own_home: Path) -> None:
    chart = tmp_path / "visit.txt"
    chart.write_text(VISIT)
    with serving(always="refusal") as server:
        base = [
            "code", str(chart), "--release", "bundled", "--json", "--model", "tiny",
            "--base-url", server.base_url, "--no-model-cache",
        ]  # fmt: skip
        strict = run(*base, "--strict")
        assert strict.returncode == 2
        assert "refused" in strict.stderr
        bearing = run(*base)
        assert bearing.returncode == 0
        assert json.loads(bearing.stdout)["losses"]["degraded_items"]


def test_model_options_are_documented_with_their_variables() -> None:
    shown = run("code", "--help").stdout
    for name in ("CHARTCODER_MODEL", "CHARTCODER_BASE_URL", "CHARTCODER_PROMPTS", "--strict"):
        assert name in shown
