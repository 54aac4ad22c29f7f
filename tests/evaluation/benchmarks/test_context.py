"""The benchmark of assertions really runs what it says."""

import importlib.util
from collections import Counter
from pathlib import Path

import pytest

from chartcoder.evaluation.benchmarks import context
from chartcoder.evaluation.benchmarks.measure import run_part
from chartcoder.tabular.errors import BadInput


def test_context_sentences_are_well_formed() -> None:
    listed = context.rows()
    assert len(listed) >= 160
    assert len({(row.sentence, row.condition) for row in listed}) == len(listed)
    counted = Counter(row.expected for row in listed)
    assert all(counted[name] >= 15 for name in context.CLASSES)


def test_context_a_broken_line_is_said(tmp_path: Path) -> None:
    file = tmp_path / "broken.tsv"
    file.write_text("sentence\tcondition\texpected\nNo gout.\tgout\tperhaps\n", "utf-8")
    with pytest.raises(BadInput, match="Line 2"):
        context.rows(file)


def test_context_measures_ours() -> None:
    numbers = run_part(context._MODULE, "ours")
    assert numbers["seconds"] > 0
    shares = context.agreement(numbers["said"], [row.expected for row in context.rows()])
    # Far below what was measured: the file is for comparing, not for tuning.
    assert shares["all"] > 0.7


@pytest.mark.skipif(
    importlib.util.find_spec("medspacy") is None, reason="the extra bench is absent"
)
def test_context_beside_medspacy() -> None:
    peer = run_part(context._MODULE, "together")
    assert len(peer["said"]) == len(context.rows())
    assert set(peer["said"]) <= set(context.CLASSES)
    assert 0 < peer["ours"] < 2 * peer["alone"] and peer["alone"] < 2 * peer["whole"]
