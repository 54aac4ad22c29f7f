"""Two runs paired by chart."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chartcoder.agents.values import Chart
from chartcoder.evaluation import scores
from chartcoder.evaluation.compare import compare, comparison_text
from chartcoder.evaluation.gold import GoldChart, gold_from
from chartcoder.evaluation.record import ChartRecord, failed_record
from chartcoder.tabular.errors import BadInput


def record(identity: str, codes: list[str], text: str = "t") -> ChartRecord:
    made = failed_record(Chart.model_validate({"id": identity, "text": text}), "")
    given_: list[Any] = [
        {"code": c, "title": "", "spans": [], "verbatim": False, "confidence": 1, "degraded": False}
        for c in codes
    ]
    return {**made, "assigned": given_}


def gold(**codes: list[str]) -> dict[str, GoldChart]:
    return {name: gold_from({"id": name, "codes": c}, "here") for name, c in codes.items()}


def test_compare_names_what_changed() -> None:
    wanted = gold(x=["I10", "E11.9"], y=["J45.909"], z=["M10.9"])
    a = [record("x", ["I10", "R07.9"]), record("y", ["J45.909"]), record("z", ["M10.9", "I10"])]
    b = [record("x", ["I10", "E11.9"]), record("y", []), record("z", ["I10", "M10.9"])]
    result = compare(a, b, wanted)
    assert (result["charts"], result["charts_changed"]) == (3, 3)
    assert (result["charts_better"], result["charts_worse"]) == (1, 1)
    assert (result["won"], result["lost"]) == (1, 1)
    assert (result["false_dropped"], result["false_added"]) == (1, 0)
    by_chart = {row["id"]: row for row in result["changes"]}
    assert by_chart["x"]["won"] == ["E11.9"]
    assert by_chart["x"]["false_dropped"] == ["R07.9"]
    assert by_chart["y"]["lost"] == ["J45.909"]
    assert by_chart["z"]["only_order"]
    text = comparison_text(result)
    assert "x          0.50 > 1.00  won E11.9; dropped R07.9" in text
    assert "another sequence" in text


def test_compare_pairs_only_charts_of_both_runs() -> None:
    result = compare(
        [record("x", []), record("y", [])], [record("y", []), record("z", [])],
        gold(x=[], y=["I10"], z=[]),
    )  # fmt: skip
    assert (result["charts"], result["only_in_a"], result["only_in_b"]) == (1, ["x"], ["z"])


def test_compare_refuses_runs_without_common_charts_or_of_other_texts() -> None:
    with pytest.raises(BadInput, match="no chart with gold in common"):
        compare([record("x", [])], [record("y", [])], gold(x=[], y=[]))
    with pytest.raises(BadInput, match="text of the chart 'x' differs"):
        compare([record("x", [])], [record("x", [], "u")], gold(x=[]))


code_lists = st.lists(st.sampled_from(["I10", "E11.9", "E11.65", "J45.909"]), unique=True)


@example(
    [
        (["I10"], [], ["I10", "E11.9", "E11.65", "J45.909"]),
        (["I10"], [], ["I10"]),
        ([], [], []),
        (["E11.9", "E11.65"], ["I10"], ["I10", "E11.9", "E11.65", "J45.909"]),
        (["I10", "E11.9", "E11.65"], ["I10", "E11.9"], ["I10", "E11.9", "E11.65", "J45.909"]),
    ]
)
@given(st.lists(st.tuples(code_lists, code_lists, code_lists), min_size=1, max_size=5))
def test_compare_difference_is_that_of_the_scores(rows: list[tuple[Any, Any, Any]]) -> None:
    wanted = gold(**{f"c{n}": g for n, (g, _, _) in enumerate(rows)})
    a = [record(f"c{n}", x) for n, (_, x, _) in enumerate(rows)]
    b = [record(f"c{n}", y) for n, (_, _, y) in enumerate(rows)]
    result = compare(a, b, wanted, rounds=20)
    for side, records in (("a", a), ("b", b)):
        counts = scores.total(
            scores.match(wanted[r["id"]].codes, [o["code"] for o in r["assigned"]]).counts
            for r in records
        )
        assert result["exact"]["f1"][side] == round(counts.f1, 4)
    same = compare(a, a, wanted, rounds=20)
    assert same["exact"]["f1"]["interval"] == [0.0, 0.0]
    assert (same["charts_changed"], same["won"], same["lost"]) == (0, 0, 0)
    low, high = result["exact"]["f1"]["interval"]
    back = compare(b, a, wanted, rounds=20)["exact"]["f1"]
    # Both are rounded to four digits, each from its own side of a half: one last digit apart.
    assert back["interval"] == pytest.approx([-high, -low], abs=1.5e-4)
    assert _missed(a, wanted) - _missed(b, wanted) == result["won"] - result["lost"]


def _missed(records: list[ChartRecord], wanted: dict[str, GoldChart]) -> int:
    return sum(
        len(scores.match(wanted[r["id"]].codes, [a["code"] for a in r["assigned"]]).missed)
        for r in records
    )
