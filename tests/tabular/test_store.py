"""The Tabular List against the official code list of 2026 and the official order file of 2021."""

import random
import zipfile
from itertools import pairwise

import pytest

from chartcoder.tabular.codes import fold, undotted
from chartcoder.tabular.release import Release
from chartcoder.tabular.store import TabularList
from tests.conftest import shared


def _lines(archive: str) -> list[str]:
    with zipfile.ZipFile(shared("icd10cm", archive)) as opened:
        (name,) = opened.namelist()
        return opened.read(name).decode("utf-8-sig").splitlines()


def test_store_2026_has_exactly_the_official_billable_codes(official: Release) -> None:
    listed = {line[:7].strip(): line[8:].strip() for line in _lines("icd10cm-codes-2026.zip")}
    ours = {undotted(entry.code): entry.title for entry in official.tabular.billable()}
    assert len(listed) == 74_719
    assert list(ours) == list(listed)
    assert {c: fold(t) for c, t in ours.items()} == {c: fold(t) for c, t in listed.items()}
    # The accents that the official list folds away are kept.
    assert sum(ours[code] != listed[code] for code in listed) > 0


def test_store_2021_has_the_rows_of_the_official_order_file(official_2021: Release) -> None:
    listed = [
        (line[6:13].strip(), line[14] == "1", line[77:].strip())
        for line in _lines("icd10cm-order-2021.zip")
    ]
    assert len(listed) == 95_358
    ours = [(undotted(e.code), e.billable, fold(e.title)) for e in official_2021.tabular.rows()]
    assert ours == [(code, billable, fold(title)) for code, billable, title in listed]


def test_store_bundled_equals_the_official_tabular_list(
    bundled: Release, official: Release
) -> None:
    assert list(bundled.tabular.rows()) == list(official.tabular.rows())
    assert list(bundled.tabular.all_notes()) == list(official.tabular.all_notes())


def test_store_one_by_one_look_ups_agree_with_the_whole_list(bundled: Release) -> None:
    tabular = bundled.tabular
    rows = random.Random(7).sample(list(tabular.rows()), 600)
    for row in rows:
        assert tabular.get(row.code) == row
        assert tabular.get(undotted(row.code).lower()) == row
        path = tabular.path(row.code)
        assert path[0].kind == "chapter"
        assert path[-1] == row
        for above, below in pairwise(path):
            assert below in tabular.children_of(above)
        assert row.billable == (not tabular.children_of(row))


def test_store_billable_codes_below_the_chapters_are_all_of_them(bundled: Release) -> None:
    tabular = bundled.tabular
    below = [e for chapter in tabular.chapters() for e in tabular.billable_under(chapter.code)]
    assert below == list(tabular.billable())


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("W08.XXXA", "Fall from other furniture, initial encounter"),
        (
            "S52.501A",
            "Unspecified fracture of the lower end of right radius, initial encounter for closed "
            "fracture",
        ),
        ("T36.0X1A", "Poisoning by penicillins, accidental (unintentional), initial encounter"),
        ("O31.02X3", "Papyraceous fetus, second trimester, fetus 3"),
        ("M1A.00X1", "Idiopathic chronic gout, unspecified site, with tophus (tophi)"),
        ("S06.1XAA", "Traumatic cerebral edema with loss of consciousness status unknown, "
                     "initial encounter"),
    ],
)  # fmt: skip
def test_store_codes_with_a_seventh_character(bundled: Release, code: str, title: str) -> None:
    entry = bundled.tabular.get(code)
    assert entry is not None
    assert (entry.code, entry.title, entry.billable) == (code, title, True)


@pytest.mark.parametrize(
    "code", ["W08", "W08.XXXB", "W08.A", "M17.11A", "S06.1X7D", "S06.1X8S", "T36.0X", "Z99.99"]
)
def test_store_what_is_no_billable_code(bundled: Release, code: str) -> None:
    entry = bundled.tabular.get(code)
    assert entry is None or not entry.billable


def test_store_prose_exception_of_s06(bundled: Release) -> None:
    tabular = bundled.tabular
    takes = tabular.seventh("S06.1X7")
    assert takes is not None
    assert list(takes.characters) == ["A"]
    assert takes.origin == "S06"
    open_ended = tabular.seventh("S06.1X0")
    assert open_ended is not None
    assert list(open_ended.characters) == ["A", "D", "S"]


def test_store_nearest_definition_wins_and_scopes_narrow_it(small: TabularList) -> None:
    assert [e.code for e in small.billable_under("S12.0")] == ["S12.01XA", "S12.01XB"]
    assert [e.code for e in small.billable_under("S12.8")] == ["S12.8XXA", "S12.8XXS"]
    # The sentence at S12 names S12.0 to S12.6, so S12.9 takes no 7th character.
    assert [e.code for e in small.billable_under("S12.9")] == ["S12.9"]


def test_store_seventh_characters_of_headers(small: TabularList) -> None:
    at_category = small.seventh_below("S12.0")
    assert at_category is not None
    assert (at_category.origin, list(at_category.characters)) == ("S12", ["A", "B"])
    nearest = small.seventh_below("S12.8")
    assert nearest is not None
    assert nearest.origin == "S12.8"
    assert small.seventh_below("S12.9") is None
    assert small.seventh_below("M17") is None


def test_store_notes_come_with_the_place_that_carries_them(small: TabularList) -> None:
    notes = small.notes("M17.11")
    assert [(n.kind, n.origin) for n in notes] == [
        ("inclusion_term", "M17.1"),
        ("excludes2", "M15-M19"),
        ("excludes2", "13"),
    ]
    assert notes[1].text == "osteoarthritis of spine (M47.-)"


def test_store_a_section_that_is_one_category_is_the_category(bundled: Release) -> None:
    tabular = bundled.tabular
    entry = tabular.get("B20")
    assert entry is not None
    assert entry.kind == "code"
    assert [(step.code, step.kind) for step in tabular.path("B20")] == [
        ("1", "chapter"), ("B20", "section"), ("B20", "code"),
    ]  # fmt: skip


@pytest.mark.parametrize("typed", ["m1711", " M17.11 ", "M17.11-", "m17.11"])
def test_store_takes_codes_as_people_write_them(small: TabularList, typed: str) -> None:
    entry = small.get(typed)
    assert entry is not None
    assert entry.code == "M17.11"


def test_store_sections_and_chapters_are_found(small: TabularList) -> None:
    section, chapter = small.get("M15-M19"), small.get("19")
    assert section is not None
    assert chapter is not None
    assert (section.kind, chapter.kind) == ("section", "chapter")
    assert [e.code for e in small.children("19")] == ["S00-S09", "S10-S19"]
    assert [e.code for e in small.chapters()] == ["13", "19"]


def test_store_prefix_that_is_no_code_stands_for_those_that_begin_with_it(
    bundled: Release,
) -> None:
    codes = [entry.code for entry in bundled.tabular.billable_under("S52.50-")]
    assert codes[0] == "S52.501A"
    assert all(code.startswith("S52.50") for code in codes)
    assert bundled.tabular.billable_under("Y99.Z") == []
