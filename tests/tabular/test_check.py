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
from chartcoder.tabular.rulebook import rule_book

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


def test_check_quotes_a_note_that_stands_where_it_says(official: Release) -> None:
    tabular = official.tabular
    for one in SETS:
        for finding in check(one["codes"].split(), tabular).findings:
            if finding.rule in ("excludes1", "code-first", "use-additional") and finding.origin:
                entry = tabular.get(finding.origin)
                assert entry is not None
                texts = [note.text for note in tabular.own_notes(entry)]
                assert any(text in finding.note for text in texts), finding


def test_check_cites_a_section_of_the_guidelines(official: Release) -> None:
    for one in SETS:
        facts = Facts(one.get("setting"), one.get("date"), one.get("age"), one.get("sex"))
        for finding in check(one["codes"].split(), official.tabular, facts).findings:
            assert finding.section


def test_check_writes_the_fields_of_the_contract(bundled: Release) -> None:
    said = check(["E11.9", "E10.9", "S72.001"], bundled.tabular).to_json()
    assert list(said)[:2] == ["release", "valid"]
    wanted = {"rule", "severity", "codes", "message", "note", "from", "section"}
    for finding in said["findings"]:
        assert wanted <= set(finding) <= wanted | {"suggestion"}
    assert json.loads(json.dumps(said)) == said
    assert said["valid"] is False


def test_check_settles_a_pair_by_its_headers(bundled: Release) -> None:
    codes = ["E11.9", "E10.9"]
    for pair in (("E11", "E10"), ("e109", "E11.9")):
        found = check(codes, bundled.tabular, documented_unrelated=[pair]).findings
        assert [f.severity for f in found if f.rule == "excludes1"] == ["info"]
    found = check(codes, bundled.tabular, documented_unrelated=[("E11", "I10")]).findings
    assert [f.severity for f in found if f.rule == "excludes1"] == ["error"]


def test_check_takes_nothing_and_what_is_no_code(bundled: Release) -> None:
    assert check([], bundled.tabular).valid
    verdict = check(["", "???", "I10"], bundled.tabular)
    assert not verdict.valid
    assert len(verdict.codes) == 3


@pytest.fixture(scope="module")
def some_codes(bundled: Release) -> list[str]:
    billable = [entry.code for entry in bundled.tabular.billable()]
    return random.Random(20260401).sample(billable, 1500)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_check_is_deterministic_and_valid_means_no_error(
    data: st.DataObject, bundled: Release, some_codes: list[str]
) -> None:
    codes = data.draw(st.lists(st.sampled_from(some_codes), max_size=12))
    rule_book.cache_clear()
    one, two = check(codes, bundled.tabular), check(codes, bundled.tabular)
    assert one == two
    assert one.valid == (not any(f.severity == "error" for f in one.findings))
    ranks = [RANK[f.severity] for f in one.findings]
    assert ranks == sorted(ranks)
    given_or_meant = set(codes)
    for finding in one.findings:
        assert set(finding.codes) <= given_or_meant
        assert finding.rule != "use-additional" or finding.severity in ("query", "info")
    if one.order:
        assert sorted(one.order) == sorted(set(codes))


def test_check_finds_each_pair_whatever_the_order(bundled: Release, some_codes: list[str]) -> None:
    numbers = random.Random(5)
    for _ in range(200):
        codes = numbers.sample(some_codes, 25)
        shuffled = numbers.sample(codes, 25)
        pairs = [
            {(f.severity, frozenset(f.codes)) for f in check(one, bundled.tabular).findings
             if f.rule == "excludes1"}
            for one in (codes, shuffled)
        ]  # fmt: skip
        assert pairs[0] == pairs[1]


def test_check_takes_thousands_of_codes_at_once(bundled: Release, some_codes: list[str]) -> None:
    begun = time.perf_counter()
    verdict = check(some_codes * 2, bundled.tabular)
    assert time.perf_counter() - begun < 30
    assert len(verdict.codes) == 3000
    assert sum(f.rule == "duplicate" for f in verdict.findings) == 1500
