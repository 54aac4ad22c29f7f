"""The whole path with a model on the sample charts, answers as a person gave them at the desk."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from chartcoder.agents.model.factory import ModelJudges
from chartcoder.agents.model.settings import ModelSettings
from chartcoder.agents.values import Chart, Encounter
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import code_chart
from chartcoder.tabular.home import resources
from tests.agents.model.server import Recorded, serving

RECORDED = Path(__file__).parent / "recorded"
ROOT = Path(__file__).resolve().parents[3]
SEXES = {"F": "female", "M": "male"}


def code_samples() -> dict[str, Any]:
    """Every sample chart coded over a server that gives the recorded answers."""
    found = {}
    for file in sorted(RECORDED.glob("*.json")):
        name = file.stem
        chart_file = resources() / "charts" / f"{name}.txt"
        about = tomllib.loads(chart_file.with_suffix(".toml").read_text("utf-8"))
        encounter = Encounter(
            setting=about["setting"], age=about["age"], sex=SEXES[about["sex"]],  # type: ignore[arg-type]
            date=about["date"],
        )  # fmt: skip
        chart = Chart(id=name, text=chart_file.read_text("utf-8"), encounter=encounter)
        answerer = Recorded(json.loads(file.read_text("utf-8")))
        with serving(answerer) as server:
            settings = ModelSettings("recorded", base_url=server.base_url, cache=False)
            coding = code_chart(chart, context=Context("bundled", ModelJudges(settings)))
        told = coding.to_json()
        told["usage"].pop("seconds")  # type: ignore[attr-defined]
        wanted = [c for c in about["code"] if c["kind"] == "core"]
        allowed = {c["code"] for c in about["code"]}
        found[name] = {
            "coding": told,
            "missed": answerer.missed,
            "core": [c["code"] for c in wanted],
            "allowed": sorted(allowed),
            "text": chart.text,
        }
    return found


@pytest.fixture(scope="module")
def samples(own_home: Path) -> dict[str, Any]:
    return json.loads(_in_a_process("1"))  # type: ignore[no-any-return]


def _in_a_process(hash_seed: str) -> bytes:
    script = (
        "import json\nfrom tests.agents.model.test_recorded import code_samples\n"
        "print(json.dumps(code_samples(), sort_keys=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, cwd=ROOT, check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_recorded_answers_still_fit_the_questions(samples: dict[str, Any]) -> None:
    assert len(samples) == 10
    assert {name: s["missed"] for name, s in samples.items() if s["missed"]} == {}


def test_recorded_charts_give_their_codes(samples: dict[str, Any]) -> None:
    hit = wanted = false = 0
    for sample in samples.values():
        codes = {a["code"] for a in sample["coding"]["assigned"]}
        hit += len(codes & set(sample["core"]))
        wanted += len(sample["core"])
        false += len(codes - set(sample["allowed"]))
    assert hit / wanted >= 0.95
    assert false <= 2


def test_recorded_charts_begin_with_their_first_listed_code(samples: dict[str, Any]) -> None:
    right = [s["coding"]["assigned"][0]["code"] == s["core"][0] for s in samples.values()]
    assert sum(right) >= 9


def test_recorded_charts_take_four_calls_and_few_tokens(samples: dict[str, Any]) -> None:
    for name, sample in samples.items():
        usage = sample["coding"]["usage"]
        assert usage["calls"] <= 4, name
        assert usage["prompt_tokens"] < 12_000, name


def test_recorded_charts_lose_nothing(samples: dict[str, Any]) -> None:
    for sample in samples.values():
        losses = sample["coding"]["losses"]
        assert losses["dropped_quotes"] == losses["failed_calls"] == 0
        assert losses["degraded_items"] == []
        for one in sample["coding"]["assigned"]:
            for span in one["evidence"]:
                assert sample["text"][span["start"] : span["end"]] == span["text"]
            assert any(n["kind"] == "documentation" for n in one["notes"]), one["code"]


def test_recorded_charts_are_the_same_bytes_again(samples: dict[str, Any]) -> None:
    again = _in_a_process("2")
    assert json.dumps(samples, sort_keys=True).encode() == again.strip()


def test_recorded_trace_holds_no_words_of_the_chart(tmp_path: Path, own_home: Path) -> None:
    """Offsets stand in place of quotes, also of those that a decision of the model rests on."""
    name = "wound-clinic"
    recording = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    trace = tmp_path / "trace.jsonl"
    with serving(Recorded(recording)) as server:
        done = subprocess.run(
            [sys.executable, "-m", "chartcoder", "code",
             str(resources() / "charts" / f"{name}.txt"), "--setting", "outpatient",
             "--release", "bundled", "--model", "recorded", "--base-url", server.base_url,
             "--no-model-cache", "--trace", str(trace), "--json"],
            capture_output=True, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kept = trace.read_text("utf-8")
    quotes = [row["quote"] for row in recording["codes"].values()]
    assert [q for q in quotes if q and q in kept] == []
    again = subprocess.run(
        [sys.executable, "-m", "chartcoder", "trace", "replay", str(trace), "--json"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert json.loads(again.stdout) == json.loads(done.stdout), again.stderr
