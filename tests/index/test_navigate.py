"""Walking like a coder: worked examples."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartcoder.index.navigate import Navigator
from chartcoder.index.store import open_index
from chartcoder.tabular.release import Release
from tests.index.small import small_store


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Navigator:
    return Navigator(small_store(tmp_path_factory.mktemp("navigate")))


@pytest.fixture(scope="module")
def book(official: Release) -> Navigator:
    return Navigator(open_index(official))


@pytest.fixture(scope="module")
def derived(bundled: Release) -> Navigator:
    return Navigator(open_index(bundled))


def test_navigate_follows_see_and_goes_on_down(small: Navigator) -> None:
    best = small.find("foot pain")[0]
    assert best.code == "M79.67-"
    assert best.path == ("Pain", "limb", "lower", "foot")
    assert best.hops == ("Pain, foot: see Pain, limb, lower",)


def test_navigate_follows_several_hops(small: Navigator) -> None:
    found = next(f for f in small.find("atherosclerosis coronary") if f.code == "I25.10")
    assert found.hops == ("Atherosclerosis: see also Arteriosclerosis",)
    angina = small.find("angina with atherosclerotic heart disease")
    assert "I25.10" in [f.code for f in angina]


def test_navigate_a_cycle_of_see_ends(small: Navigator) -> None:
    assert small.find("chase") == []
    assert small.find("hunt") == []


def test_navigate_see_category_leads_to_its_codes(small: Navigator) -> None:
    codes = [f.code for f in small.find("necrobiosis lipoidica with diabetes")]
    assert {"E10.620-", "E11.620-"} <= set(codes)


def test_navigate_tables_say_row_and_column(small: Navigator) -> None:
    best = small.find("lung cancer")[0]
    assert (best.code, best.path) == (
        "C34.9-", ("Neoplasm, neoplastic", "lung", "Malignant Primary"),
    )  # fmt: skip
    assert small.find("metastasis to liver")[0].code == "C78.7"
    assert small.find("underdosing of warfarin")[0].path == ("Warfarin", "Underdosing")
    assert small.find("cancer")[0].code == "C80.1"


def test_navigate_see_also_leads_into_the_table(small: Navigator) -> None:
    found = small.find("warfarin poisoning")
    assert found[0].code == "T45.511"


def test_navigate_says_what_matched_and_what_did_not(small: Navigator) -> None:
    found = next(f for f in small.find("unstable diabetes") if f.code == "E11.9")
    assert (found.matched, found.unmatched, found.missing) == (("diabete",), ("unstable",), ())
    assert next(f for f in small.find("ketoacidosis") if f.code == "E11.10").missing == ("diabete",)


def test_navigate_mends_misspelt_words(small: Navigator) -> None:
    best = small.find("arteriosclerosos")[0]
    assert best.code == "I70.90"
    assert best.score < small.find("arteriosclerosis")[0].score
    assert best.matched == ("arterioscleroso",)


def test_navigate_knows_when_it_is_unsure(small: Navigator) -> None:
    assert not small.find("diabetes")[0].unsure
    assert small.find("unstable lung vein")[0].unsure


def test_navigate_finds_the_same_for_words(small: Navigator) -> None:
    plain = small.find("type 1 diabetes")
    assert small.find_words(["type", "1", "diabete"])[0].code == plain[0].code


@settings(deadline=None)
@given(st.text(max_size=80))
def test_navigate_takes_any_text(small: Navigator, text: str) -> None:
    found = small.find(text)
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
    for one in found:
        assert 0.0 <= one.score <= 1.0
        assert 0.0 <= one.sure <= 1.0
        assert one.code


OFFICIAL = [
    ("pneumonia", "J18.9"),
    ("community acquired pneumonia", "J18.9"),
    ("type 2 diabetes with neuropathy", "E11.40"),
    ("diabetic nephropathy, type 1", "E10.21"),
    ("essential hypertension", "I10"),
    ("carpal tunnel syndrome left", "G56.02"),
    ("Bell's palsy", "G51.0"),
    ("acute appendicitis", "K35.80"),
    ("renal stone", "N20.0"),
    ("closed fracture of shaft of left tibia", "S82.202-"),
    ("breast cancer", "C50.91-"),
    ("carcinoma of sigmoid colon", "C18.7"),
    ("malignant neoplasm of prostate", "C61"),
    ("metastasis to liver", "C78.7"),
    ("benign neoplasm of ascending colon", "D12.2"),
    ("underdosing of warfarin", "T45.516-"),
    ("adverse effect of penicillin", "T36.0X5-"),
    ("family history of colon cancer", "Z80.0"),
    ("screening for colon cancer", "Z12.11"),
    ("encounter for immunization", "Z23"),
    ("fall from ladder", "W11-"),
    ("migraine with aura, not intractable", "G43.109"),
    ("acute blood loss anemia", "D62"),
    ("gastroenteritis due to norovirus", "A08.11"),
    ("haemorrhage of oesophagus", "K22.89"),
]


@pytest.mark.parametrize(("phrase", "code"), OFFICIAL)
def test_navigate_official_worked_examples(book: Navigator, phrase: str, code: str) -> None:
    codes = [found.code for found in book.find(phrase, 5)]
    assert code in codes, codes
    assert codes[0][:3] == code[:3], codes


DERIVED = [
    ("breast cancer", "C50"), ("metastasis to liver", "C78.7"), ("pneumonia", "J18.9"),
    ("type 2 diabetes with neuropathy", "E11.40"), ("underdosing of anticoagulants", "T45.516"),
    ("essential hypertension", "I10"), ("low back pain", "M54.5"),
]  # fmt: skip


@pytest.mark.parametrize(("phrase", "code"), DERIVED)
def test_navigate_derived_worked_examples(derived: Navigator, phrase: str, code: str) -> None:
    assert derived.find(phrase)[0].code.startswith(code)


def test_navigate_is_the_same_in_a_second_navigator(official: Release, book: Navigator) -> None:
    other = Navigator(open_index(official))
    for phrase, _ in OFFICIAL[:8]:
        assert other.find(phrase) == book.find(phrase)


def test_navigate_lists_no_code_twice(book: Navigator) -> None:
    for phrase, _ in OFFICIAL:
        keys = [(f.code, f.manifestation) for f in book.find(phrase, 20)]
        assert len(keys) == len(set(keys))


def test_navigate_small_release_folder_is_enough(tmp_path: Path) -> None:
    assert Navigator(small_store(tmp_path)).find("vertigo")[0].code == "R42"


def test_navigate_few_entries_asked_first_do_not_change_the_many(book: Navigator) -> None:
    phrases = ("diabetic foot ulcer", "brocken wrist", "aortic aneurysm", "metastasis to liver")
    for phrase in phrases:
        few, many = book.find(phrase, 10), book.find(phrase, 40)
        afresh = Navigator(book.store)
        assert (afresh.find(phrase, 40), afresh.find(phrase, 10)) == (many, few)


def test_navigate_a_category_gives_those_entries_of_all(book: Navigator) -> None:
    every = book.find("aortic aneurysm", 40)
    some = book.find("aortic aneurysm", 40, category="I71")
    assert some == [found for found in every if found.code.startswith("I71")]
    assert 0 < len(some) < len(every)


def test_navigate_what_is_remembered_is_bounded(
    small: Navigator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chartcoder.index.navigate._REMEMBERED", 3)
    navigator = Navigator(small.store)
    first = navigator.find("vertigo", 1)
    for limit in range(2, 12):
        navigator.find("vertigo", limit)
        assert len(navigator._memory) <= 3
    assert navigator.find("vertigo", 1) == first
