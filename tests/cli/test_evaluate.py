"""The command ``evaluate``: the contract's JSON, bad input, saving, comparing, reporting."""

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from chartcoder.cli.main import main
from tests.agents.model.server import serving

CHARTS = {
    "gout": "Assessment:\n1. Gout.\n2. Essential hypertension.\n",
    "asthma": "Assessment:\nMild persistent asthma, uncomplicated.\n",
    "thyroid": "Assessment: Hypothyroidism.\nPlan: levothyroxine.\n",
}
GOLD: list[dict[str, Any]] = [
    {"id": "gout", "codes": [{"code": "M109"}, {"code": "i10"}]},
    {"encounter_id": "asthma", "codes": ["J45.31", "Z99.999", "J45"], "setting": "outpatient"},
    {
        "id": "thyroid",
        "codes": [
            {
                "code": "E03.8",
                "kind": "core",
                "alternatives": ["E03.9"],
                "evidence": "Hypothyroidism",
            },
            {"code": "Z79.890", "kind": "optional"},
        ],
        "not_coded": [{"what": "goitre (E04.9)", "why": "ruled out"}],
    },
]


@pytest.fixture
def data(tmp_path: Path, own_home: Path) -> tuple[str, str]:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name, text in CHARTS.items():
        (folder / f"{name}.txt").write_text(text)
    gold = tmp_path / "gold.jsonl"
    gold.write_text("\n".join(json.dumps(line) for line in GOLD))
    return str(folder), str(gold)


def evaluate(*arguments: str) -> int:
    return main(["evaluate", "--release", "bundled", *arguments])


def report_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert evaluate(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_evaluate_json_is_that_of_the_contract(
    data: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_of(capsys, *data, "--show")
    assert report["charts"] == 3
    for level in ("exact", "three_character"):
        assert {"precision", "recall", "f1", "macro_f1"} <= set(report[level])
    assert list(report["losses"]) == ["evidence", "index", "validator", "reconciler"]
    assert sum(report["losses"].values()) == report["missed"]
    assert report["gold_codes"] == 6
    assert 0 <= report["chart_exact_match"] <= 1
    assert report["candidate_recall"] >= report["exact"]["recall"] > 0
    rows = {row["id"]: row for row in report["by_chart"]}
    assert ["E03.8", "E03.9"] in rows["thyroid"]["hits"]
    assert {"M10.9", "I10"} == {code for code, _ in rows["gout"]["hits"]}
    assert report["evidence_overlap"]["overlapping"] == 1
    assert report["first_listed"] == {**report["first_listed"], "charts": 1, "agreed": 1}
    assert report["by_setting"]["outpatient"]["charts"] == 1
    assert report["assigned_quality"]["fabricated"] == 0
    assert report["assigned_quality"]["not_billable"] == 0
    assert report["assigned_quality"]["verbatim_evidence"] == 1


def test_evaluate_gold_outside_the_release_is_counted_apart_and_not_dropped(
    data: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    report = report_of(capsys, *data)
    outside = report["gold_outside_release"]
    assert [(c["id"], c["code"], c["why"]) for c in outside["codes"]] == [
        ("asthma", "Z99.999", "unknown"), ("asthma", "J45", "header"),
    ]  # fmt: skip
    assert report["missed"] == outside["exact_without_them"]["missed"] + 2
    assert outside["exact_without_them"]["f1"] > report["exact"]["f1"]


def test_evaluate_ids_of_one_side_only_are_told(
    data: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    notes, gold = data
    (Path(notes) / "extra.txt").write_text("Assessment: Gout.")
    (Path(notes) / "empty.txt").write_text("")
    with Path(gold).open("a") as stream:
        stream.write(
            '\n{"id": "nobody", "codes": ["I10"]}\n{"id": "empty", "codes": ["I10", "I10"]}'
        )
    assert evaluate(notes, gold, "--json") == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert report["charts"] == 3
    assert report["gold_without_chart"] == ["nobody"]
    assert report["charts_without_gold"] == ["extra"]
    assert list(report["unreadable_charts"]) == ["empty"]
    assert "nobody" in err
    assert "extra" in err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 4: this is no JSON"),
        ('{"id": "gout", "codes": []}', "line 4: the chart 'gout' already stands in line 1"),
        ('{"id": "q", "codes": [{}]}', "line 4: None is no code"),
    ],
)
def test_evaluate_malformed_gold_is_one_sentence(
    data: tuple[str, str], capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    with Path(data[1]).open("a") as stream:
        stream.write("\n" + line)
    assert evaluate(*data) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_evaluate_without_anything_in_common_or_to_do(
    data: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"id": "x", "codes": []}')
    for arguments, said in (
        ([data[0], str(other)], "No chart in"),
        ([data[0]], "Name the charts and the gold"),
        ([*data, "--only", "x"], "--only names x"),
        ([*data, "--policy", "uncertain"], "has no value"),
        ([*data, "--policy", "x=y"], "no policy 'x'"),
        ([str(tmp_path / "none"), data[1]], "no charts at"),
    ):
        assert evaluate(*arguments) == 2, arguments
        assert said in capsys.readouterr().err


def test_evaluate_two_folds_are_the_whole(
    data: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = report_of(capsys, *data)
    odd, even = (report_of(capsys, *data, "--only", fold) for fold in ("odd", "even"))
    assert (odd["charts"], even["charts"]) == (2, 1)
    assert odd["missed"] + even["missed"] == whole["missed"]
    one = report_of(capsys, *data, "--only", "gout")
    assert one["charts"] == 1
    assert one["chart_exact_match"] == 1


def test_evaluate_saved_run_is_taken_up_and_compared(
    data: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")
    first = report_of(capsys, *data, "--save", a)
    lines = Path(a).read_bytes().splitlines(keepends=True)
    assert len(lines) == 4
    Path(a).write_bytes(b"".join(lines[:2]) + lines[2][:50])
    again = report_of(capsys, *data, "--save", a)
    for report in (first, again):
        report.pop("cost")
        report["run"].pop("command")
    assert again == first
    report_of(capsys, *data, "--save", b, "--no-way-back")
    assert evaluate(*data, "--save", a, "--no-way-back") == 2
    assert "other settings (way_back)" in capsys.readouterr().err
    assert main(["evaluate", "--compare", a, b, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["charts"] == 3
    assert result["a"]["way_back"]
    assert not result["b"]["way_back"]
    assert main(["evaluate", "--compare", a, b]) == 0
    assert "paired bootstrap" in capsys.readouterr().out
    assert main(["evaluate", "--compare", a, str(tmp_path / "none")]) == 2


def test_evaluate_text_shows_scores_losses_and_charts(
    data: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(*data, "--show", "--ablation") == 0
    out = capsys.readouterr().out
    assert "macro-F1" in out
    assert "lost at" in out
    assert "(by its alternative E03.9)" in out
    assert "A: without the way back" in out


def test_evaluate_markdown_says_what_it_was_measured_on(
    data: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(*data, "--markdown") == 0
    head, _, row = capsys.readouterr().out.splitlines()
    assert head.count("|") == row.count("|")
    assert "| notes (3) | gold.jsonl (6 codes) | 2026, derived index | rules |" in row


def test_evaluate_report_can_be_published(
    data: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["chartcoder", "evaluate", *data])
    folder = tmp_path / "deep" / "report"
    assert evaluate(*data, "--report", str(folder), "--policy", "symptoms=suggest") == 0
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert report["run"]["judge"] == "rules"
    assert report["run"]["release"]["source"] == "bundled"
    assert report["run"]["command"].startswith("chartcoder ")
    assert report["methods"]["prompts"] == {}
    assert report["methods"]["policies_changed"] == {"symptoms": "suggest"}
    assert report["methods"]["policies"]["outpatient"]["symptoms"] == "suggest"
    page = (folder / "index.html").read_text("utf-8")
    assert f"{report['exact']['f1']:.3f}" in page
    for text in (page, json.dumps(report["by_chart"])):
        assert "Mild persistent" not in text
        assert "levothyroxine" not in text
    assert not re.search(r"(src|href)=\"?https?:", page)


def test_evaluate_failed_chart_is_a_finding_and_counts_as_coded_with_nothing(
    data: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chartcoder.graph import pipeline

    coded = pipeline.run_chart

    def fail_for_gout(chart: Any, *rest: Any) -> Any:
        if chart.id == "gout":
            raise RuntimeError("broken")
        return coded(chart, *rest)

    monkeypatch.setattr(pipeline, "run_chart", fail_for_gout)
    assert evaluate(*data, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["failed_charts"] == {"gout": "RuntimeError: broken"}
    assert sum(report["losses"].values()) == report["missed"]
    assert report["by_setting"]["not given"]["missed"] == 2
    assert evaluate(*data) == 1
    assert "1 chart failed" in capsys.readouterr().out


def test_evaluate_picture_is_the_same_every_time(
    data: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for picture in pictures:
        assert evaluate(*data, "--picture", str(picture)) == 0
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert ElementTree.parse(pictures[0]).getroot().tag.endswith("svg")
    assert evaluate(*data, "--picture", str(tmp_path / "a.gif")) == 2
    assert "must end in .svg or .png" in capsys.readouterr().err


def test_evaluate_with_a_model_tells_cost_settings_and_prompts(
    data: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, saved = tmp_path / "report", tmp_path / "run.jsonl"
    with serving() as server:
        arguments = [
            *data, "--model", "small", "--base-url", server.base_url, "--no-model-cache",
            "--workers", "2", "--save", str(saved),
        ]  # fmt: skip
        report = report_of(capsys, *arguments, "--report", str(folder))
        asked = len(server.requests)
    assert report["failed_charts"] == {}
    assert report["run"]["judge"] == "model:small"
    assert report["cost"]["calls_per_chart"] == pytest.approx(asked / 3, abs=1e-3)
    assert report["cost"]["prompt_tokens_per_chart"] > 0
    assert sum(report["losses"].values()) == report["missed"]
    assert report["assigned_quality"]["fabricated"] == 0
    whole = json.loads((folder / "report.json").read_text("utf-8"))
    assert "extractor" in whole["methods"]["prompts"]
    assert whole["run"]["model"]["temperature"] == 0
    header = saved.read_text("utf-8").splitlines()[0]
    assert '"api_key"' not in header
