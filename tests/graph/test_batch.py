"""Batch: input order, any number of processes, and taking up a run that was cut off."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chartcoder.agents.values import Chart
from chartcoder.graph import batch
from chartcoder.graph.batch import Done, code_all
from chartcoder.graph.charts import read_charts
from chartcoder.graph.context import Context
from chartcoder.graph.encounters import encounter_from, read_encounters
from chartcoder.tabular.errors import BadInput

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "charts"
CONTEXT = Context(release="bundled")
TEXTS = ["Assessment: Hypothyroidism.", "A/P: 1. Gout. 2. Type 2 diabetes.", "Impression: asthma."]

PROGRAM = """
import sys
from chartcoder.graph.batch import code_all
from chartcoder.graph.charts import read_charts
from chartcoder.graph.context import Context

def said(line):
    print(line.id, line.before, flush=True)

if __name__ == "__main__":
    charts, out, workers = sys.argv[1:]
    code_all(read_charts(charts), out, Context(release="bundled"), int(workers), said)
"""


def write_charts(file: Path, texts: list[str]) -> Path:
    lines = [json.dumps({"id": f"c{n:03}", "text": text}) for n, text in enumerate(texts)]
    file.write_text("\n".join(lines), "utf-8")
    return file


@pytest.fixture(scope="module")
def sample_output(tmp_path_factory: pytest.TempPathFactory, own_home: Path) -> bytes:
    out = tmp_path_factory.mktemp("batch") / "out.jsonl"
    code_all(read_charts(SAMPLES), out, CONTEXT)
    return out.read_bytes()


def test_batch_lines_stand_in_the_order_of_the_charts(sample_output: bytes) -> None:
    lines = [json.loads(line) for line in sample_output.splitlines()]
    assert [line["id"] for line in lines] == sorted(f.stem for f in SAMPLES.glob("*.txt"))
    assert not any("error" in line for line in lines)
    assert any(line["assigned"] for line in lines)


@pytest.mark.parametrize("workers", [2, 3])
def test_batch_gives_the_same_bytes_for_any_number_of_processes(
    tmp_path: Path, sample_output: bytes, workers: int
) -> None:
    out = tmp_path / "out.jsonl"
    code_all(read_charts(SAMPLES), out, CONTEXT, workers)
    assert out.read_bytes() == sample_output


def start(tmp_path: Path, charts: Path, out: Path, workers: int) -> subprocess.Popen[str]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root / ".dev")}
    return subprocess.Popen(
        [sys.executable, str(program), str(charts), str(out), str(workers)],
        stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [1, 2])
def test_batch_killed_in_the_middle_is_finished_without_losing_or_repeating(
    tmp_path: Path, workers: int
) -> None:
    charts = write_charts(tmp_path / "charts.jsonl", TEXTS * 40)
    out = tmp_path / "out.jsonl"
    killed = start(tmp_path, charts, out, workers)
    assert killed.stdout is not None
    for _ in range(5):
        killed.stdout.readline()
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=30) == -signal.SIGKILL
    killed.stdout.close()
    left = out.read_bytes()
    assert 5 <= left.count(b"\n") < 120
    # As if it had been killed while a line was being written.
    with out.open("ab") as stream:
        stream.write(b'{"id": "c0')
    again = start(tmp_path, charts, out, workers)
    assert again.stdout is not None
    said = again.stdout.read().splitlines()
    assert again.wait(timeout=120) == 0
    again.stdout.close()
    assert sum(line.endswith("True") for line in said) == left.count(b"\n")
    assert out.read_bytes().startswith(left[: left.rfind(b"\n") + 1])
    identities = [json.loads(line)["id"] for line in out.read_bytes().splitlines()]
    assert identities == [f"c{n:03}" for n in range(120)]
    whole = tmp_path / "whole.jsonl"
    code_all(read_charts(charts), whole, CONTEXT)
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
def test_batch_workers_end_when_the_main_process_is_killed(tmp_path: Path) -> None:
    charts = write_charts(tmp_path / "charts.jsonl", TEXTS * 100)
    main = start(tmp_path, charts, tmp_path / "out.jsonl", 2)
    assert main.stdout is not None
    main.stdout.readline()
    children = Path(f"/proc/{main.pid}/task/{main.pid}/children").read_text().split()
    assert len(children) >= 2
    main.kill()
    main.wait(timeout=30)
    main.stdout.close()
    deadline = time.monotonic() + 20
    while any(alive(child) for child in children):
        assert time.monotonic() < deadline, "a worker outlived its main process"
        time.sleep(0.1)


def alive(process: str) -> bool:
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("cut", [1, 8, 9, 400, -1])
def test_batch_takes_up_a_file_cut_at_any_byte(tmp_path: Path, cut: int) -> None:
    charts = write_charts(tmp_path / "charts.jsonl", TEXTS)
    whole, out = tmp_path / "whole", tmp_path / "out"
    code_all(read_charts(charts), whole, CONTEXT)
    out.write_bytes(whole.read_bytes()[:cut])
    code_all(read_charts(charts), out, CONTEXT)
    assert out.read_bytes() == whole.read_bytes()


def test_batch_one_bad_chart_is_a_line_with_its_error(tmp_path: Path) -> None:
    file = tmp_path / "charts.jsonl"
    bad = [
        "{",
        '{"id": "blank", "text": " "}',
        '{"id": "age", "text": "x", "encounter": {"age": -1}}',
        '{"text": "no id"}',
        '{"id": "surrogate", "text": "Gout. \\ud800"}',
    ]
    good = '{"id": "good", "text": "Assessment: Gout.", "encounter": {"setting": "inpatient"}}'
    file.write_text("\n".join([*bad, good]), "utf-8")
    out = tmp_path / "out.jsonl"
    seen: list[Done] = []
    code_all(read_charts(file), out, CONTEXT, done=seen.append)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    names = ["line-1", "blank", "age", "line-4", "surrogate", "good"]
    assert [line["id"] for line in lines] == [one.id for one in seen] == names
    assert ["error" in line for line in lines[:4]] == [True] * 4
    assert lines[0]["error"] == "charts.jsonl, line 1: this is no JSON."
    assert lines[5]["encounter"]["setting"] == "inpatient"
    assert lines[5]["assigned"][0]["code"] == "M10.9"


def test_batch_unexpected_error_is_a_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(chart: Chart, **_: object) -> None:
        raise RuntimeError("it\nbroke")

    monkeypatch.setattr("chartcoder.graph.pipeline.code_chart", fail)
    out = tmp_path / "out.jsonl"
    code_all(read_charts(write_charts(tmp_path / "c.jsonl", TEXTS)), out, CONTEXT)
    errors = [json.loads(line)["error"] for line in out.read_text("utf-8").splitlines()]
    assert errors == ["RuntimeError: it broke"] * 3


def deadly(chart: Chart, context: Context) -> str:
    if "deadly" in chart.text:
        os.kill(os.getpid(), signal.SIGKILL)
    return batch.error_line(chart.id, "lived")


def test_batch_chart_that_kills_its_process_takes_no_other_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from chartcoder.graph.workers import DIED, work_through

    # The processes find this module, and `deadly` in it, by the path they inherit.
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2]))
    texts = ["a", "deadly", "b", "c", "d", "deadly", "e"]
    charts = [Chart.model_validate({"id": str(n), "text": t}) for n, t in enumerate(texts)]
    lines = list(work_through(charts, deadly, batch._died, CONTEXT, workers=2))
    errors = [json.loads(line)["error"] for line in lines]
    assert errors == ["lived", DIED, "lived", "lived", "lived", DIED, "lived"]


def test_batch_refuses_a_file_of_other_work(tmp_path: Path) -> None:
    charts = read_charts(write_charts(tmp_path / "charts.jsonl", TEXTS))
    out = tmp_path / "out.jsonl"
    code_all(charts, out, CONTEXT)
    before = out.read_bytes()
    others = read_charts(write_charts(tmp_path / "others.jsonl", TEXTS[::-1]))
    told = {"c000": encounter_from({"age": 5}, "here")}
    elder = read_charts(tmp_path / "charts.jsonl", told)
    for sources, said in ((others, "another text"), (elder, "another encounter"),
                          (charts[:1], "line 2 is of the chart 'c001'")):  # fmt: skip
        with pytest.raises(BadInput, match=said):
            code_all(sources, out, CONTEXT)
    assert out.read_bytes() == before
    for content in (b"my thesis", b"my thesis\nline\n", b'{"a": 1}\n'):
        out.write_bytes(content)
        with pytest.raises(BadInput, match="name another file"):
            code_all(charts, out, CONTEXT)
        assert out.read_bytes() == content


def test_batch_two_runs_do_not_write_the_same_file(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    charts = read_charts(write_charts(tmp_path / "charts.jsonl", TEXTS))
    out = tmp_path / "out.jsonl"

    def again(_: Done) -> None:
        with pytest.raises(BadInput, match="Another run is writing"):
            code_all(charts, out, CONTEXT)

    code_all(charts, out, CONTEXT, done=again)


def test_batch_encounters_by_id(tmp_path: Path) -> None:
    file = tmp_path / "encounters.jsonl"
    file.write_text(
        '{"id": "c000", "setting": "inpatient", "age": 0.5}\n{"id": "c001", "sex": "M"}'
    )
    sources = read_charts(write_charts(tmp_path / "c.jsonl", TEXTS), read_encounters(file))
    told = [s.chart.encounter.model_dump(exclude_none=True) for s in sources if s.chart]
    assert told == [{"setting": "inpatient", "age": 0.5}, {"sex": "male"}, {}]
    file.write_text('{"id": "c000", "age": "old"}')
    with pytest.raises(BadInput, match="line 1: the age 'old' cannot be"):
        read_encounters(file)


@pytest.mark.parametrize("what", ["missing", "empty folder", "empty file"])
def test_batch_charts_that_are_not_there(tmp_path: Path, what: str) -> None:
    (tmp_path / "empty folder").mkdir()
    (tmp_path / "empty file").touch()
    with pytest.raises(BadInput, match="no chart"):
        read_charts(tmp_path / what)


def test_batch_same_id_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Gout.")
    (tmp_path / "a.md").write_text("Gout.")
    with pytest.raises(BadInput, match="stands twice"):
        read_charts(tmp_path)
