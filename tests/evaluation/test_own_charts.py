"""The project's own charts, which every checkout has: no gain of a session is lost in the next."""

import json
from pathlib import Path

import pytest

from chartcoder.cli.main import main

CHARTS = Path(__file__).resolve().parent.parent / "data" / "charts"


@pytest.mark.parametrize(
    ("name", "count", "least"),
    [("visits", 40, 0.76), ("letters", 16, 0.75), ("inpatient", 16, 0.73), ("mixed", 16, 0.62)],
)
def test_own_charts_are_coded_as_well_as_before(
    name: str, count: int, least: float, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = CHARTS / name
    code = main(
        ["evaluate", str(folder / "notes"), str(folder / "gold.jsonl"), "--release", "bundled",
         "--json"]
    )  # fmt: skip
    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert report["charts"] == count
    assert report["exact"]["f1"] >= least
    assert sum(report["losses"].values()) == report["missed"]
