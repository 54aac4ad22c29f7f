"""The worked code sets, properties of a verdict, and Excludes1 held against a peer library."""

import json
import random
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chartcoder.tabular.check import Facts, check
from chartcoder.tabular.findings import RANK
from chartcoder.tabular.release import Release
from chartcoder.tabular.store import TabularList

SETS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "worked_sets.toml").read_text("utf-8")
)["set"]


def name_of(one: dict[str, Any]) -> str:
    known = [str(one[k]) for k in ("setting", "age", "sex", "date") if k in one]
    return " ".join([one["codes"], *known, *(["unrelated"] if "unrelated" in one else [])])


def test_check_has_a_hundred_worked_sets_with_their_source() -> None:
    assert len(SETS) >= 100
    assert all(one["source"] and one["says"] for one in SETS)
    assert len({name_of(one) for one in SETS}) == len(SETS)


@pytest.mark.parametrize("one", SETS, ids=name_of)
def test_check_says_of_a_worked_set_what_its_source_says(
    one: dict[str, Any], official: Release
) -> None:
    facts = Facts(one.get("setting"), one.get("date"), one.get("age"), one.get("sex"))
    pairs = [(a, b) for a, b in (pair.split() for pair in one.get("unrelated", []))]
    verdict = check(one["codes"].split(), official.tabular, facts, pairs)
    found = {f"{f.rule} {f.severity}" for f in verdict.findings}
    wanted = set(one.get("finds", []))
    assert wanted <= found
    errors = {said for said in wanted if said.endswith(" error")}
    assert {f"{f.rule} error" for f in verdict.findings if f.severity == "error"} == errors
    assert verdict.valid == (not errors)
    assert not {f.rule for f in verdict.findings} & set(one.get("never", []))
