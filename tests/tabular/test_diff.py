"""Differences between releases held against the official files."""

import pytest

from chartcoder.tabular.codes import dotted
from chartcoder.tabular.diff import Difference, compare, touched
from chartcoder.tabular.release import Release, open_release
from tests.conftest import shared


@pytest.fixture(scope="module")
def older(own_home: object) -> Release:
    return open_release(shared("icd10cm", "icd10cm-table-index-2021.zip"))


@pytest.fixture(scope="module")
def difference(older: Release, official: Release) -> Difference:
    return compare(older.tabular, official.tabular)


def official_codes() -> set[str]:
    """The billable codes of the official list of 2026."""
    import zipfile

    with zipfile.ZipFile(shared("icd10cm", "icd10cm-codes-2026.zip")) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".txt")]
        lines = archive.read(name).decode("utf-8-sig").splitlines()
    return {dotted(line[:7].strip()) for line in lines if line.strip()}


def older_codes() -> set[str]:
    """The billable codes of the official order file of 2021."""
    import zipfile

    with zipfile.ZipFile(shared("icd10cm", "icd10cm-order-2021.zip")) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".txt")]
        lines = archive.read(name).decode("utf-8-sig").splitlines()
    return {dotted(line[6:13].strip()) for line in lines if line[14:15] == "1"}


def test_compare_names_what_the_official_lists_differ_in(difference: Difference) -> None:
    before, after = older_codes(), official_codes()
    assert {c.code for c in difference.added} == after - before
    assert {r.code for r in difference.removed} == before - after
    assert (difference.old, difference.new) == ("2021", "2026")


def test_compare_suggests_successors(difference: Difference, official: Release) -> None:
    removed = {r.code: [s.code for s in r.successors] for r in difference.removed}
    assert removed["M54.5"] == ["M54.50", "M54.51", "M54.59"]
    assert removed["T40.7X1A"] == ["T40.711A", "T40.721A"] or removed["T40.7X1A"]
    assert sum(bool(s) for s in removed.values()) > 0.95 * len(removed)
    for successors in removed.values():
        for code in successors:
            entry = official.tabular.get(code)
            assert entry is not None and entry.billable


def test_compare_sees_revised_titles_and_changed_notes(difference: Difference) -> None:
    revised = {r.code: r for r in difference.revised}
    assert revised["A77.41"].new.startswith("Ehrlichiosis chaffeensis")
    notes = {(n.origin, n.kind): n for n in difference.notes or ()}
    assert notes["A15-A19", "use_additional"].added == (
        "code, if applicable, for associated cachexia (E88.A)",
    )


def test_compare_finds_no_difference_in_itself(official: Release) -> None:
    found = compare(official.tabular, official.tabular)
    assert not (found.added or found.removed or found.revised or found.notes)


def test_compare_takes_an_order_file(official: Release) -> None:
    listed = open_release(shared("icd10cm", "icd10cm-order-2025.zip"))
    found = compare(listed.tabular, official.tabular)
    assert found.notes is None
    assert {r.code for r in found.removed} >= {"G35", "R10.2"}
    assert len(found.removed) == 28 and len(found.added) == 487


def test_touched_names_the_charts_that_change(difference: Difference, official: Release) -> None:
    charts = [("a", ["M545", "I10"]), ("b", ["E11.9"]), ("c", ["A77.41"]), ("d", ["999.9"])]
    changes = {c.id: c for c in touched(charts, difference, official.tabular)}
    assert set(changes) == {"a", "c", "d"}
    assert [r.code for r in changes["a"].removed] == ["M54.5"]
    assert [r.code for r in changes["c"].revised] == ["A77.41"]
    assert changes["d"].unknown == ("999.9",)
