import json
from pathlib import Path

import pytest

from chartcoder.agents.values import Chart, Encounter
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import code_chart
from chartcoder.graph.trace import TraceFile, differences, read_trace, replay
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.release import Release

TEXT = "ASSESSMENT\n1. Hypothyroidism, Mrs Quillfeather is well.\n2. Gout of the left foot.\n"


def traced(tmp_path: Path, name: str, text: str = TEXT, keep: bool = False) -> Path:
    source = tmp_path / "chart.txt"
    source.write_text(text, "utf-8")
    target = tmp_path / name
    chart = Chart(id="chart", text=text, encounter=Encounter(setting="outpatient"))
    coding = code_chart(
        chart, context=Context(release="bundled"), watcher=TraceFile(target, keep, str(source))
    )
    (tmp_path / f"{name}.coding").write_text(json.dumps(coding.to_json()))
    return target


def test_trace_replays_the_coding_from_offsets(tmp_path: Path, bundled: Release) -> None:
    target = traced(tmp_path, "a.jsonl")
    written = json.loads((tmp_path / "a.jsonl.coding").read_text())
    assert replay(read_trace(target)) == written


def test_trace_holds_no_chart_text_unless_asked(tmp_path: Path, bundled: Release) -> None:
    assert "Quillfeather" not in traced(tmp_path, "a.jsonl").read_text("utf-8")
    kept = traced(tmp_path, "b.jsonl", keep=True)
    assert replay(read_trace(kept)) == json.loads((tmp_path / "b.jsonl.coding").read_text())


def test_trace_refuses_another_chart(tmp_path: Path, bundled: Release) -> None:
    target = traced(tmp_path, "a.jsonl")
    (tmp_path / "chart.txt").write_text("Something else.")
    with pytest.raises(BadInput, match="has changed"):
        replay(read_trace(target))
    with pytest.raises(BadInput, match="not there"):
        replay(read_trace(target), tmp_path / "none.txt")


def test_trace_diff_names_the_first_step(tmp_path: Path, bundled: Release) -> None:
    same = traced(tmp_path, "a.jsonl"), traced(tmp_path, "b.jsonl")
    assert list(differences(read_trace(same[0]), read_trace(same[1]))) == []
    other = traced(tmp_path, "c.jsonl", TEXT.replace("Gout", "Cellulitis"))
    rows = list(differences(read_trace(same[0]), read_trace(other)))
    assert rows[0][1] == "extract"


@pytest.mark.parametrize("content", ["", "no json", '{"other": 1}\n', '{"trace": 1}\n'])
def test_trace_refuses_what_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(content)
    with pytest.raises(BadInput):
        read_trace(path)
