"""Symptoms inside their diagnosis, and less specific names of the same thing."""

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.rules.integral import drop_integral, drop_less_specific
from chartcoder.index.words import read_table
from chartcoder.tabular.home import resources

DROPPED = [
    ("Pneumonia. Cough.", {"J18.9": "Pneumonia", "R05.9": "Cough"}, "R05.9"),
    ("Influenza. Fever.", {"J10.1": "Influenza", "R50.9": "Fever"}, "R50.9"),
    ("Gout. Heart failure. Leg edema.", {"I50.9": "Heart failure", "R60.0": "edema"}, "R60.0"),
    ("Appendicitis. Right lower quadrant pain.",
     {"K35.80": "Appendicitis", "R10.31": "lower quadrant pain"}, "R10.31"),
    ("Knee arthritis, right. Right knee pain.",
     {"M17.11": "Knee arthritis, right", "M25.561": "Right knee pain"}, "M25.561"),
    ("Migraine. Headache.", {"G43.909": "Migraine", "R51.9": "Headache"}, "R51.9"),
    ("Kidney stone. Flank colic.", {"N20.0": "Kidney stone", "N23": "Flank colic"}, "N23"),
    ("Urinary infection. Dysuria.", {"N39.0": "Urinary infection", "R30.0": "Dysuria"}, "R30.0"),
    ("Urticaria. Rash.", {"L50.9": "Urticaria", "R21": "Rash"}, "R21"),
    ("Diabetes with hyperglycemia. High sugar.",
     {"E11.65": "Diabetes with hyperglycemia", "R73.9": "High sugar"}, "R73.9"),
]  # fmt: skip
KEPT = [
    # I.B.6: not routinely associated with the disease.
    ("Hypertension. Headache.", {"I10": "Hypertension", "R51.9": "Headache"}),
    ("Diabetes. Knee pain.", {"E11.9": "Diabetes", "M25.561": "Knee pain"}),
    ("Pneumonia. Rash.", {"J18.9": "Pneumonia", "R21": "Rash"}),
    # Another side, another site.
    ("Arthritis of the right knee. Left knee pain.",
     {"M17.11": "right knee", "M25.562": "Left knee pain"}),
    ("Arthritis of the right knee. Right shoulder pain.",
     {"M17.11": "right knee", "M25.511": "Right shoulder pain"}),
    # A symptom with a cause of its own.
    ("Hypothyroidism. Constipation from oxycodone.",
     {"E03.9": "Hypothyroidism", "K59.03": "Constipation"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "codes", "symptom"), DROPPED)
def test_integral_drops_the_symptom_of_a_diagnosis(lay, text, codes, symptom) -> None:  # type: ignore[no-untyped-def]
    desk = lay(text, codes)
    kept, dropped = drop_integral(desk.chart, desk.evidence, desk.candidates)
    assert {c.code for c in kept} == set(codes) - {symptom}
    (turned,) = dropped
    assert (turned.code, turned.rule) == (symptom, "integral-symptom")
    assert "I.B." in turned.reason


@pytest.mark.parametrize(("text", "codes"), KEPT)
def test_integral_keeps_what_does_not_belong(lay, text, codes) -> None:  # type: ignore[no-untyped-def]
    desk = lay(text, codes)
    kept, dropped = drop_integral(desk.chart, desk.evidence, desk.candidates)
    assert {c.code for c in kept} == set(codes)
    assert not dropped


def test_integral_drops_pain_that_the_provider_lays_to_a_diagnosis(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Chest pain due to gastritis.", {"R07.9": "Chest pain", "K29.70": "gastritis"})
    kept, _ = drop_integral(desk.chart, desk.evidence, desk.candidates)
    assert [c.code for c in kept] == ["K29.70"]  # I.B.4


VAGUE = [
    ({"E11.9": "a", "E11.42": "b"}, "E11.9"),
    ({"I50.9": "a", "I50.32": "b"}, "I50.9"),
    ({"J96.90": "a", "J96.01": "b"}, "J96.90"),
    ({"M25.569": "a", "M25.561": "b"}, "M25.569"),
    ({"M54.9": "a", "M54.50": "b"}, "M54.9"),
    ({"D64.9": "a", "D50.9": "b"}, "D64.9"),
    ({"J18.9": "a", "J15.0": "b"}, "J18.9"),
    ({"K21.9": "a", "K21.00": "b"}, "K21.9"),
    ({"D57.1": "a", "D57.00": "b"}, "D57.1"),
    ({"S99.911A": "a", "S93.401A": "b"}, "S99.911A"),
    ({"L89.151": "a", "L89.154": "b"}, "L89.151"),
    ({"M19.90": "a", "M17.0": "b"}, "M19.90"),
]
DIFFERENT = [
    {"I48.91": "a", "I48.3": "b"},
    {"I11.0": "a", "I50.9": "b"},
    {"M79.10": "a", "M79.601": "b"},
    {"N18.9": "a", "E11.22": "b"},
    {"M25.561": "a", "M25.562": "b"},
    {"J45.909": "a", "J44.9": "b"},
    {"I63.9": "a", "I10": "b"},
    {"F32.A": "a", "F41.9": "b"},
    {"E03.9": "a", "E11.9": "b"},
    {"L89.154": "a", "L89.610": "b"},
]


@pytest.mark.parametrize(("codes", "vague"), VAGUE)
def test_integral_drops_the_less_specific_name(lay, codes, vague) -> None:  # type: ignore[no-untyped-def]
    desk = lay("a b", codes)
    kept, dropped = drop_less_specific(desk.book.tabular, desk.candidates)
    assert [d.code for d in dropped] == [vague]
    assert dropped[0].rule == "less-specific"
    assert len(kept) == len(codes) - 1


@pytest.mark.parametrize("codes", DIFFERENT)
def test_integral_keeps_names_of_different_things(lay, codes) -> None:  # type: ignore[no-untyped-def]
    desk = lay("a b", codes)
    kept, dropped = drop_less_specific(desk.book.tabular, desk.candidates)
    assert not dropped
    assert len(kept) == len(codes)


def test_integral_rows_name_codes_of_the_release(bundled_book: Book) -> None:
    rows = read_table(resources() / "rules" / "integral_symptoms.tsv")
    assert len(rows) > 300
    unknown = [
        prefix
        for row in rows
        for column in ("diagnosis_codes", "symptom_codes")
        for prefix in (p.strip() for p in row[column].split(","))
        if not bundled_book.tabular.billable_under(prefix)
    ]
    assert unknown == []
    assert all(row["why"] and row["source"] for row in rows)
