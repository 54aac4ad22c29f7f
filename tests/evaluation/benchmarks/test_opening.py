"""The benchmark of opening a release really runs what it says."""

import os
from pathlib import Path

import pytest

from chartcoder.evaluation.benchmarks.opening import (
    AIMS,
    CODES,
    Cost,
    measure,
    measure_all,
    table,
)
from chartcoder.tabular.errors import MissingPrerequisite
from chartcoder.tabular.release import Release

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="no os.wait4 on this system")


def test_opening_measures_three_programs() -> None:
    costs = measure_all(1)
    assert list(costs) == ["peer", *AIMS]
    assert all(cost.cpu > 0 and cost.wall > 0 and cost.memory > 1 for cost in costs.values())
    # Far from the aims, so that a busy machine does not decide; the table shows the aims.
    assert costs["cold"].cpu < costs["peer"].cpu
    assert costs["cold"].memory < costs["peer"].memory
    assert costs["warm"].cpu < 0.3 * costs["peer"].cpu
    assert costs["warm"].memory < AIMS["warm"].memory * costs["peer"].memory


def test_opening_a_program_that_fails_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingPrerequisite, match="failed"):
        measure(["-c", "raise SystemExit(3)"], tmp_path)


def test_opening_asks_about_codes_that_exist(bundled: Release) -> None:
    assert all(code in bundled.tabular for code in CODES)


def test_opening_prints_ratios() -> None:
    lines = table({"peer": Cost(2.0, 4.0, 200.0), "cold": Cost(0.5, 1.0, 90.0)}).splitlines()
    assert lines[1].split() == ["peer", "2.000", "4.000", "200.0", "1.000", "1.000", "1.000", "1"]
    assert lines[2].split()[4:7] == ["0.250", "0.250", "0.450"]
