"""Chronic conditions, personal history, status and long-term medicines."""

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.rules.background import find_background
from chartcoder.agents.rules.history import is_chronic, past_of
from chartcoder.agents.rules.policies import policies_for
from chartcoder.agents.values import Encounter
from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources


def phrases(read, text: str, setting: str | None, **encounter: object) -> set[str]:  # type: ignore[no-untyped-def]
    reading = read(text)
    given = Encounter.model_validate({"setting": setting, **encounter})
    return {m.phrase.lower() for m in find_background(reading, policies_for(setting), given, [])}


def test_background_stay_codes_the_chronic_diseases_it_names(read) -> None:  # type: ignore[no-untyped-def]
    text = "PMH: HTN, COPD, tonsillitis as a child.\n\nCOURSE\nHip fracture repaired."
    found = phrases(read, text, "inpatient")
    assert {"hypertension", "chronic obstructive pulmonary disease"} <= found
    assert not any("tonsillitis" in p for p in found)


def test_background_visit_codes_what_is_treated(read) -> None:  # type: ignore[no-untyped-def]
    text = "PMH: COPD, tiotropium. Gout.\n\nDX\nAnkle sprain"
    found = phrases(read, text, "outpatient")
    assert "chronic obstructive pulmonary disease" in found
    assert "gout" not in found


def test_background_without_a_setting_nothing_is_added(read) -> None:  # type: ignore[no-untyped-def]
    assert phrases(read, "PMH: HTN on lisinopril. Appendectomy.", None) == set()


def test_background_history_of_keeps_a_chronic_disease_current(read) -> None:  # type: ignore[no-untyped-def]
    found = phrases(read, "HPI: 63F hx hypothyroidism, HTN, obesity, fell.", "inpatient")
    assert {"hypothyroidism", "hypertension", "obesity"} <= found


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "PMH: prostate cancer, prostatectomy 2014, PSA undetectable.",
            "malignant neoplasm of prostate",
        ),
        ("PMH: L leg DVT 2019, off anticoagulation since.", "venous thrombosis"),
        ("PMH: stroke 2015, no residual.", "without residual deficits"),
        ("DX\nThyroid cancer 2009, NED", "malignant neoplasm of thyroid"),
        ("PMH: h/o kidney stones.", "urinary calculi"),
        ("PMH: HCV s/p SVR.", "infectious and parasitic"),
        ("SH: quit smoking 2010, 30 py.", "nicotine dependence"),
        ("PSH: L mastectomy.", "acquired absence of left breast"),
        ("PSH: left below-knee amputation 2020.", "acquired absence of left leg below knee"),
        ("PMH: mechanical mitral valve.", "prosthetic heart valve"),
        ("PMH: kidney transplant 2016.", "kidney transplant status"),
        ("Meds: warfarin 5 mg daily", "anticoagulants"),
        ("PMH: COPD on 2L home O2.", "supplemental oxygen"),
        ("Full code discussed. DNR per patient.", "do not resuscitate"),
    ],
)
def test_background_history_and_status_are_told(read, text: str, title: str) -> None:  # type: ignore[no-untyped-def]
    assert any(title in p for p in phrases(read, text, "inpatient"))


@pytest.mark.parametrize(
    ("text", "not_said"),
    [
        # Still treated, still there, planned, somebody else's, stopped, given once.
        ("PMH: colon cancer resected 2026, on adjuvant chemotherapy.", "personal history"),
        ("PMH: L MCA stroke 2021. Since then right hemiparesis.", "without residual"),
        ("HPI: we talked about dialysis and a transplant.", "dialysis"),
        ("FH: mother had breast cancer, mastectomy.", "breast"),
        ("PMH: CABG no.", "bypass"),
        ("Meds: warfarin stopped 2024", "anticoagulants"),
        ("Plan: prednisone 40 x 5 days", "steroids"),
        ("Meds: insulin drip", "insulin"),
        ("SH: never smoker. Mother quit smoking.", "nicotine"),
        (
            "PMH: hx of kidney stones.\n\nCOURSE\nObstructing kidney stone removed.",
            "urinary calculi",
        ),
    ],
)
def test_background_what_is_not_history_or_status(read, text: str, not_said: str) -> None:  # type: ignore[no-untyped-def]
    assert not any(not_said in p for p in phrases(read, text, "inpatient"))


def test_background_diabetes_drugs_count_only_beside_diabetes(read) -> None:  # type: ignore[no-untyped-def]
    assert any("insulin" in p for p in phrases(read, "PMH: T2DM on insulin glargine.", "inpatient"))
    assert not any(
        "insulin" in p for p in phrases(read, "PMH: T1DM on insulin lispro.", "inpatient")
    )
    assert not any(
        "injectable" in p for p in phrases(read, "Meds: semaglutide weekly", "inpatient")
    )


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ("16.9", "19.9 or less"),
        ("31.2", "31.0-31.9"),
        ("41.8", "40.0-44.9"),
        ("72", "70 or greater"),
    ],
)
def test_background_body_mass_beside_a_diagnosis_of_weight(read, value: str, title: str) -> None:  # type: ignore[no-untyped-def]
    weighed = f"BMI {value}.\n\nDX\nMorbid obesity"
    assert any(title in p for p in phrases(read, weighed, "inpatient", age=50))
    assert not any(
        "body mass" in p for p in phrases(read, f"BMI {value}.\n\nDX\nGout", "inpatient")
    )
    assert not any("body mass" in p for p in phrases(read, weighed, "inpatient", age=9))


def test_background_every_history_code_stands_in_the_tabular_list(bundled_book: Book) -> None:
    rows = read_table(resources() / "rules" / "past_conditions.tsv")
    assert len(rows) > 80
    for row in rows:
        entry = bundled_book.tabular.get(row["code"])
        assert entry is not None and entry.billable, row
        assert bundled_book.tabular.billable_under(row["prefix"]), row


def test_background_chronic_prefixes_stand_in_the_tabular_list(bundled_book: Book) -> None:
    for row in read_table(resources() / "rules" / "chronic_conditions.tsv"):
        if len(row["prefix"]) > 1:
            assert bundled_book.tabular.billable_under(row["prefix"]), row
    assert is_chronic("E11.9") and not is_chronic("J06.9")


def test_background_longest_prefix_decides_the_history_code() -> None:
    assert past_of("C57.01").code == "Z85.4A"  # type: ignore[union-attr]
    assert past_of("J06.9") is None


def test_background_history_replaces_the_condition(codes) -> None:  # type: ignore[no-untyped-def]
    text = "PROBLEM LIST\n1. Papillary thyroid cancer 2009, NED, annual check\n2. Gout, allopurinol"
    found = codes(text, setting="outpatient", age=60)
    assert "Z85.850" in found and "C73" not in found


@pytest.mark.parametrize(
    ("text", "setting", "code"),
    [
        ("PLAN: She is leaning toward a laparoscopic hysterectomy.", "outpatient", "Z90.710"),
        ("PSH: appendectomy 1988.", "outpatient", "Z90.49"),
        ("Chronic constipation: PEG + senna.", "inpatient", "Z93.1"),
        ("On March 5 she had the bilateral salpingectomy.", "inpatient", "Z90.79"),
        (
            "PMH: gestational diabetes 1996.\n\nDX\nType 2 diabetes", "inpatient", "Z86.32",
        ),
    ],
)  # fmt: skip
def test_background_done_now_or_without_bearing_is_no_status(  # type: ignore[no-untyped-def]
    read, bundled_book: Book, text: str, setting: str, code: str
) -> None:
    entry = bundled_book.tabular.get(code)
    assert entry is not None
    assert entry.title.lower() not in phrases(read, text, setting)


def test_background_underweight_brings_the_body_mass_index(read) -> None:  # type: ignore[no-untyped-def]
    found = phrases(read, "He is thin, BMI 17.8. He is underweight.", "outpatient")
    assert any("underweight" in p for p in found) and any("19.9 or less" in p for p in found)
    assert not any("body mass" in p for p in phrases(read, "BMI 31.", "outpatient"))
