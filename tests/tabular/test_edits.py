"""Edits of place, age and sex held against the Medicare Code Editor's own lists."""

import pytest

from chartcoder.tabular.check import Facts, check
from chartcoder.tabular.edits import may_lead, place_of, row_of, rows, sex_of
from chartcoder.tabular.lists import OfficialLists, official_lists
from chartcoder.tabular.release import Release, open_release
from chartcoder.tabular.rulebook import Item, rule_book
from tests.conftest import shared


@pytest.fixture(scope="module")
def with_lists(own_home: object) -> Release:
    names = ("icd10cm-table-index-2026", "mce-v37", "poa-exempt-2026")
    return open_release([shared("icd10cm", f"{name}.zip") for name in names])


@pytest.fixture(scope="module")
def lists(with_lists: Release) -> OfficialLists:
    found = official_lists(with_lists)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def items(with_lists: Release) -> list[Item]:
    book = rule_book(with_lists.tabular)
    found = (book.item(entry.code) for entry in with_lists.tabular.billable())
    return [item for item in found if item is not None]


def shares(ours: set[str], theirs: set[str]) -> tuple[float, float]:
    return len(ours & theirs) / len(ours), len(ours & theirs) / len(theirs)


def test_lists_are_read_with_their_version(lists: OfficialLists) -> None:
    assert lists.version == "37"
    assert len(lists.edits["Newborn_Only"]) == 41
    assert len(lists.edits["Principal_Manifestation"]) == 395
    assert len(lists.edits["Principal_Unacceptable"]) == 2406
    assert len(lists.poa_exempt) > 30_000


def test_lists_are_none_without_files(bundled: Release) -> None:
    assert official_lists(bundled) is None


def test_manifestations_of_the_titles_agree_with_the_list(
    items: list[Item], lists: OfficialLists
) -> None:
    old = {e.code.replace(".", "") for e in _release_2021().tabular.billable()}
    ours = {i.bare for i in items if i.manifestation and i.bare in old}
    theirs = lists.edits["Principal_Manifestation"] & {i.bare for i in items}
    precision, recall = shares(ours, set(theirs))
    assert precision > 0.98
    # The list adds E08 and M02.8, which no title calls manifestations but a code first note does.
    missed = {bare[:3] for bare in theirs - ours}
    assert missed == {"E08", "M02", "J84", "D64", "D75"}
    assert recall > 0.7


def _release_2021() -> Release:
    return open_release(shared("icd10cm", "icd10cm-table-index-2021.zip"))


def test_sex_of_agrees_with_the_lists(items: list[Item], lists: OfficialLists) -> None:
    known = {i.bare for i in items}
    old = {e.code.replace(".", "") for e in _release_2021().tabular.billable()}
    female, male = lists.edits["Female_Only"], lists.edits["Male_Only"]
    for sex, theirs in (("female", female - male), ("male", male - female)):
        ours = {i.bare for i in items if i.bare in old and sex_of(i) == sex}
        precision, recall = shares(ours, set(theirs & known))
        assert precision > 0.96 and recall > 0.96


def test_newborn_and_maternity_ages_agree_with_the_lists(
    items: list[Item], lists: OfficialLists
) -> None:
    known = {i.bare for i in items}
    maternity = {i.bare for i in items if _conflicts(i, 70) and _conflicts(i, 5)}
    assert len(lists.edits["Maternity_Only"] & known & maternity) > 0.98 * len(
        lists.edits["Maternity_Only"] & known
    )
    newborn = {i.bare for i in items if _conflicts(i, 3) and not _conflicts(i, 0)}
    assert len(lists.edits["Newborn_Only"] & known - newborn) <= 1


def _conflicts(item: Item, age: float) -> bool:
    return any(
        row.holds(item) and not row.at_least <= age < row.below
        for row in rows("age")
        if row.severity != "query"
    )


def test_every_row_names_codes_that_exist(items: list[Item]) -> None:
    for kind in ("never_first", "only_first", "unacceptable", "age", "sex"):
        for row in rows(kind):
            assert row.spans, row
            assert any(row.holds(item) for item in items), row
            assert row.section or kind == "sex"


def test_place_of_knows_both_kinds(items: list[Item]) -> None:
    by_code = {i.code: i for i in items}
    assert place_of(by_code["W19.XXXA"]).never_first is not None
    assert place_of(by_code["Z00.00"]).only_first is not None
    assert place_of(by_code["Z00.6"]).only_first is None
    assert may_lead(by_code["Z85.3"]) and not may_lead(by_code["Z68.35"])
    assert row_of("unacceptable", by_code["Z79.4"]) is not None


def test_inpatient_edits_use_the_list_where_there_is_one(
    with_lists: Release, lists: OfficialLists
) -> None:
    inpatient = Facts(setting="inpatient")
    found = check(["Z79.02"], with_lists.tabular, inpatient, lists=lists).findings
    assert ("unacceptable-principal", "error") in {(f.rule, f.severity) for f in found}
    assert any("v37" in f.section for f in found)
    without = check(["Z79.02"], with_lists.tabular, inpatient).findings
    assert ("unacceptable-principal", "warning") in {(f.rule, f.severity) for f in without}
    manifestation = check(["E08.9"], with_lists.tabular, inpatient, lists=lists)
    assert "manifestation-first" in {f.rule for f in manifestation.findings}


def test_exempt_codes_are_named_where_the_list_was_added(
    with_lists: Release, lists: OfficialLists
) -> None:
    verdict = check(["I10", "Z87.891", "B90.9"], with_lists.tabular, lists=lists)
    (finding,) = [f for f in verdict.findings if f.rule == "present-on-admission"]
    assert finding.severity == "info"
    assert finding.codes == ("Z87.891", "B90.9")


@pytest.mark.parametrize(
    ("code", "age", "severity"),
    [
        ("Z38.00", 0.0, None), ("Z38.00", 2.0, "error"), ("Z00.110", 10 / 365.25, "error"),
        ("Z00.110", 3 / 365.25, None), ("Z00.111", 0.0, None), ("Z00.00", 40.0, None),
        ("Z00.00", 3.0, "error"), ("T74.12XA", 30.0, "error"), ("T74.11XA", 30.0, None),
        ("M81.0", 5.0, "warning"), ("M81.0", 70.0, None), ("O80", 30.0, None),
        ("O80", 5.0, "error"), ("P07.30", 3.0, "query"), ("P07.30", 0.02, None),
        ("R68.11", 40.0, "warning"),
    ],
)  # fmt: skip
def test_age_conflicts(code: str, age: float, severity: str | None, bundled: Release) -> None:
    found = check([code], bundled.tabular, Facts(age=age)).findings
    assert [f.severity for f in found if f.rule == "age"] == ([severity] if severity else [])
