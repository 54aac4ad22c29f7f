"""The development charts, end to end: what must hold of any run, whatever its scores."""

import json
from typing import Any

import pytest

from chartcoder.cli.main import main
from tests.conftest import shared


@pytest.mark.parametrize("kind", ["dev", "varied"])
def test_development_charts_are_accounted_for(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    notes, gold = shared("charts", kind, "notes"), shared("charts", kind, "gold.jsonl")
    release = shared("icd10cm", "icd10cm-table-index-2026.zip")
    arguments = ["evaluate", str(notes), str(gold), "--release", str(release), "--json", "--show"]
    assert main(arguments) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    charts, codes = {"dev": (67, 140), "varied": (15, 212)}[kind]
    assert (report["charts"], report["gold_codes"]) == (charts, codes)
    assert sum(report["losses"].values()) == report["missed"]
    assert report["missed"] == codes - report["exact"]["hit"]
    assert sum(report["false_by_stage"].values()) == report["false"]
    quality = report["assigned_quality"]
    assert quality["fabricated"] == quality["not_billable"] == 0
    assert quality["verbatim_evidence"] == 1
    assert report["failed_charts"] == {}
    assert report["candidate_recall"] >= report["exact"]["recall"]
    low, high = report["exact"]["f1_interval"]
    assert low <= report["exact"]["f1"] <= high
    assert sum(len(row["missed"]) for row in report["by_chart"]) == report["missed"]
    assert sum(len(row["false"]) for row in report["by_chart"]) == report["false"]
    if kind == "dev":
        outside = {c["code"] for c in report["gold_outside_release"]["codes"]}
        assert "B17.1" in outside
    else:
        assert report["first_listed"]["charts"] == 15
        assert report["evidence_overlap"]["quotes_not_in_chart"] == 0
