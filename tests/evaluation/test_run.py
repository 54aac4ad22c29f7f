"""Saved runs: finished after a stop, refused with other settings, read again."""

import json
from pathlib import Path
from typing import Any

import pytest

from chartcoder.agents.values import Chart
from chartcoder.evaluation.gold import GoldChart, gold_from, gold_line
from chartcoder.evaluation.record import ChartRecord, failed_record
from chartcoder.evaluation.run import RunFile, read_run, run_all, run_one
from chartcoder.graph.context import Context
from chartcoder.tabular.errors import BadInput

HEADER: dict[str, Any] = {"version": "1", "way_back": True, "command": "chartcoder evaluate"}


def chart(identity: str, text: str = "Assessment: Gout.") -> Chart:
    return Chart.model_validate({"id": identity, "text": text})


CHARTS = [chart(name) for name in "abc"]
GOLD = {c.id: gold_from({"id": c.id, "codes": ["M10.9"]}, "here") for c in CHARTS}


def run(
    save: RunFile | None, charts: list[Chart] = CHARTS, stop_after: int = 99
) -> tuple[list[ChartRecord], list[str]]:
    worked: list[str] = []

    def work(some: Any) -> Any:
        for one in some:
            if len(worked) == stop_after:
                raise KeyboardInterrupt
            worked.append(one.id)
            yield failed_record(one, "not really run")

    try:
        return list(run_all(charts, GOLD, work, save)), worked
    finally:
        if save is not None:
            save.close()


def test_run_stopped_half_way_is_finished(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(RunFile(file, HEADER), stop_after=2)
    with file.open("ab") as stream:
        stream.write(b'{"id": "c", "assi')
    records, worked = run(RunFile(file, {**HEADER, "command": "in other words"}))
    assert worked == ["c"]
    assert [r["id"] for r in records] == ["a", "b", "c"]
    saved = read_run(file)
    assert [r["id"] for r in saved.records] == ["a", "b", "c"]
    assert saved.gold == GOLD
    assert saved.header == HEADER


def test_run_changed_chart_is_run_again(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    run(RunFile(file, HEADER))
    _, worked = run(RunFile(file, HEADER), [CHARTS[0], chart("b", "Asthma."), CHARTS[2]])
    assert worked == ["b"]
    assert [r["sha256"] for r in read_run(file).records if r["id"] == "b"] == [
        chart("b", "Asthma.").sha256
    ]


def test_run_with_other_settings_is_not_taken_up(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    run(RunFile(file, HEADER))
    before = file.read_bytes()
    with pytest.raises(BadInput, match=r"other settings \(way_back\)"):
        RunFile(file, {**HEADER, "way_back": False})
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"words", b"words\n", b"{}\n", b'{"id": "a"}\n'])
def test_run_file_of_another_kind_is_refused_and_left(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "run.jsonl"
    file.write_bytes(content)
    with pytest.raises(BadInput, match="no saved run"):
        RunFile(file, HEADER)
    with pytest.raises(BadInput, match="no saved run"):
        read_run(file)
    assert file.read_bytes() == content


def test_run_one_keeps_what_losses_need(own_home: Path) -> None:
    record = run_one(chart("a", "Assessment:\n1. Gout."), Context(release="bundled"))
    assert record["error"] == ""
    assert [a["code"] for a in record["assigned"]] == ["M10.9"]
    assert record["assigned"][0]["verbatim"]
    assert record["assigned"][0]["spans"][0]["text"] == "Gout"
    chosen = [c for c in record["chosen"] if c["code"] == "M10.9"]
    assert chosen
    assert set(chosen[0]["evidence"]) <= {e["id"] for e in record["evidence"]}
    assert any(e["code"].startswith("M10") and e["picked"] for e in record["entries"])
    assert json.loads(json.dumps(record)) == record


def test_run_one_turns_a_failure_into_a_record(own_home: Path) -> None:
    record = run_one(chart("a", " "), Context(release="bundled"))
    assert record["error"].startswith("BadInput: The chart a is empty")
    assert record["assigned"] == []


@pytest.mark.parametrize(
    "line",
    [
        {"id": "a", "codes": ["I10"]},
        {"id": "a", "setting": "inpatient", "age": 3.0, "codes": [
            {"code": "D64.89", "kind": "core", "alternatives": ["D64.9"], "evidence": ["x"]},
            {"code": "Z98.84", "kind": "optional"},
        ], "not_coded": [{"what": "R79.1", "why": "covered"}]},
    ],
)  # fmt: skip
def test_run_gold_line_reads_back(line: dict[str, Any]) -> None:
    gold: GoldChart = gold_from(line, "here")
    assert gold_from(gold_line(gold), "here") == gold
