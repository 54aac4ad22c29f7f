"""Combination codes, each case with the guideline or note it comes from."""

from collections.abc import Callable

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.rules.combine import Combined, combine
from chartcoder.tabular.release import Release

Lay = Callable[..., object]


def combined(lay, text: str, codes: dict[str, str], **more: object) -> Combined:  # type: ignore[no-untyped-def]
    desk = lay(text, codes, **more)
    return combine(desk.chart, desk.book, desk.evidence, desk.candidates)


def codes_of(result: Combined) -> set[str]:
    return {c.code for c in result.kept}


CASES = [
    # text, codes and their words, what they become
    ("Hypertension. Heart failure.", {"I10": "Hypertension", "I50.9": "Heart failure"},
     {"I11.0", "I50.9"}),  # I.C.9.a.1
    ("Hypertension. CKD stage 4.", {"I10": "Hypertension", "N18.4": "CKD stage 4"},
     {"I12.9", "N18.4"}),  # I.C.9.a.2
    ("Hypertension. ESRD.", {"I10": "Hypertension", "N18.6": "ESRD"}, {"I12.0", "N18.6"}),
    ("Hypertension. Heart failure. CKD 3b.",
     {"I10": "Hypertension", "I50.32": "Heart failure", "N18.32": "CKD 3b"},
     {"I13.0", "I50.32", "N18.32"}),  # I.C.9.a.3
    ("Hypertension. Heart failure. ESRD.",
     {"I10": "Hypertension", "I50.9": "Heart failure", "N18.6": "ESRD"},
     {"I13.2", "I50.9", "N18.6"}),
    ("Type 2 diabetes. CKD stage 3a.", {"E11.9": "Type 2 diabetes", "N18.31": "CKD stage 3a"},
     {"E11.22", "N18.31"}),  # I.A.15, I.C.4.a
    ("Type 2 diabetes. Gastroparesis.", {"E11.9": "Type 2 diabetes", "K31.84": "Gastroparesis"},
     {"E11.43", "K31.84"}),
    ("Type 1 diabetes. Foot ulcer.", {"E10.9": "Type 1 diabetes", "L97.511": "Foot ulcer"},
     {"E10.621", "L97.511"}),
    ("COPD. Pneumonia.", {"J44.9": "COPD", "J18.9": "Pneumonia"}, {"J44.0", "J18.9"}),
    ("COPD. COPD exacerbation.", {"J44.9": "COPD.", "J44.1": "COPD exacerbation"}, {"J44.1"}),
    ("Coronary disease. Unstable angina.",
     {"I25.10": "Coronary disease", "I20.0": "Unstable angina"}, {"I25.110"}),  # I.C.9.b
    ("Acute diastolic failure. Chronic diastolic failure.",
     {"I50.31": "Acute diastolic failure", "I50.32": "Chronic diastolic failure"}, {"I50.33"}),
    ("Respiratory failure, acute hypoxic. Chronic hypoxic failure.",
     {"J96.01": "acute hypoxic", "J96.11": "Chronic hypoxic"}, {"J96.21"}),
    ("Gallstones. Acute cholecystitis.",
     {"K80.20": "Gallstones", "K81.0": "Acute cholecystitis"}, {"K80.00"}),
    ("Kidney stone. Hydronephrosis.", {"N20.0": "Kidney stone", "N13.30": "Hydronephrosis"},
     {"N13.2"}),
    ("Peptic ulcer of stomach. Melena.",
     {"K25.9": "Peptic ulcer of stomach", "K92.1": "Melena"}, {"K25.4"}),
    ("Right knee arthritis. Left knee arthritis.",
     {"M17.11": "Right knee", "M17.12": "Left knee"}, {"M17.0"}),  # I.B.13
    ("Depression, single episode. Depression, recurrent.",
     {"F32.9": "single episode", "F33.1": "recurrent"}, {"F33.1"}),
    ("Influenza. Influenza A.", {"J11.1": "Influenza.", "J10.1": "Influenza A"}, {"J10.1"}),
    ("Gastrostomy leak. Has a PEG.", {"K94.23": "Gastrostomy leak", "Z93.1": "PEG"}, {"K94.23"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "codes", "expected"), CASES)
def test_combine_gives_the_combination(  # type: ignore[no-untyped-def]
    lay, text: str, codes: dict[str, str], expected: set[str]
) -> None:
    assert codes_of(combined(lay, text, codes)) == expected


def test_combine_keeps_the_evidence_of_all_parts(lay) -> None:  # type: ignore[no-untyped-def]
    result = combined(
        lay, "Hypertension. Heart failure.", {"I10": "Hypertension", "I50.9": "Heart failure"}
    )
    (made,) = result.made
    assert (made.code, set(made.evidence)) == ("I11.0", {0, 1})
    assert made.entry.path
    assert made.notes[0].kind == "combination"
    assert made.notes[0].origin == "I.C.9.a.1"


def test_combine_writes_what_it_replaced_in_the_ledger(lay) -> None:  # type: ignore[no-untyped-def]
    result = combined(
        lay, "Hypertension. Heart failure.", {"I10": "Hypertension", "I50.9": "Heart failure"}
    )
    (turned,) = result.replaced
    assert (turned.code, turned.rule, turned.agent) == ("I10", "combination", "reconciler")
    assert "I.C.9.a.1" in turned.reason


@pytest.mark.parametrize(
    "text",
    [
        "Type 2 diabetes. CKD, not due to diabetes.",
        "Type 2 diabetes. CKD is unrelated to his diabetes.",
        "Type 2 diabetes. CKD due to polycystic kidneys.",
    ],
)
def test_combine_presumes_nothing_against_the_provider(lay, text: str) -> None:  # type: ignore[no-untyped-def]
    result = combined(lay, text, {"E11.9": "Type 2 diabetes", "N18.9": "CKD"})
    assert codes_of(result) == {"E11.9", "N18.9"}


def test_combine_needs_a_stated_link_where_the_guidelines_want_one(lay) -> None:  # type: ignore[no-untyped-def]
    codes = {"A41.9": "Sepsis", "N17.9": "acute kidney injury"}
    apart = combined(lay, "Sepsis. He also has acute kidney injury from contrast.", codes)
    assert "R65.20" not in codes_of(apart)
    tied = combined(lay, "Sepsis with acute kidney injury.", codes)
    assert "R65.20" in codes_of(tied)  # I.C.1.d.1.b


def test_combine_leaves_doubtful_parts_alone(lay) -> None:  # type: ignore[no-untyped-def]
    result = combined(
        lay, "Hypertension. Heart failure.", {"I10": "Hypertension", "I50.9": "Heart failure"},
        confidence={"I50.9": 0.5},
    )  # fmt: skip
    assert codes_of(result) == {"I10", "I50.9"}


def test_combine_is_stable_when_asked_again(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay(
        "Hypertension. Heart failure. CKD 3b.",
        {"I10": "Hypertension", "I50.32": "Heart failure", "N18.32": "CKD 3b"},
    )
    once = combine(desk.chart, desk.book, desk.evidence, desk.candidates)
    again = combine(desk.chart, desk.book, desk.evidence, once.kept)
    assert again.kept == once.kept
    assert not again.made
    offered = combine(desk.chart, desk.book, desk.evidence, [*desk.candidates, *once.made])
    assert codes_of(offered) == codes_of(once)


def test_combine_gives_one_type_of_diabetes(lay) -> None:  # type: ignore[no-untyped-def]
    result = combined(
        lay, "T1DM since childhood. Admitted with DKA.", {"E11.10": "DKA", "E10.9": "T1DM"}
    )
    assert "E10.10" in codes_of(result)
    assert not any(code.startswith("E11") for code in codes_of(result))


@pytest.mark.parametrize(("weeks", "code"), [("10", "1"), ("20", "2"), ("30", "3")])
def test_combine_names_the_trimester_of_the_weeks(lay, weeks: str, code: str) -> None:  # type: ignore[no-untyped-def]
    result = combined(
        lay, f"Pregnant, {weeks} weeks. Anemia.",
        {f"Z3A.{weeks}": f"{weeks} weeks", "O99.019": "Anemia"},
    )  # fmt: skip
    assert f"O99.01{code}" in codes_of(result)  # I.C.15.a.3


def test_combine_reads_the_with_convention_from_the_index(lay, official: Release) -> None:  # type: ignore[no-untyped-def]
    book = Book(official)
    for words, other, result in (
        ("cataract", "H26.9", "E11.36"),
        ("amyotrophy", "G71.8", "E11.44"),
        ("hyperglycemia", "R73.9", "E11.65"),
        ("neuropathy", "G62.9", "E11.40"),
    ):
        desk = (
            lay(
                f"Type 2 diabetes. She has {words}.",
                {"E11.9": "Type 2 diabetes", other: words},
                book=book,
            )
            if book.tabular.get(other).billable
            else None
        )  # type: ignore[union-attr]
        if desk is None:
            continue
        found = combine(desk.chart, book, desk.evidence, desk.candidates)
        assert result in codes_of(found), words
        made = next(c for c in found.kept if c.code == result)
        assert "with" in made.entry.path, made.entry


def test_combine_adds_the_manifestation_that_the_index_brackets(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Alzheimer dementia.", {"G30.9": "Alzheimer dementia"})
    entry = desk.candidates[0].entry.model_copy(update={"code": "G30.9", "manifestation": "F02.80"})
    pair = [desk.candidates[0].model_copy(update={"entry": entry, "role": "etiology"})]
    result = combine(desk.chart, desk.book, desk.evidence, pair)
    assert [c.code for c in result.kept] == ["G30.9", "F02.80"]  # I.A.13
    assert result.kept[1].role == "manifestation"


def test_combine_facts_name_codes_of_the_release(bundled_book: Book) -> None:
    import tomllib

    from chartcoder.tabular.home import resources

    rows = tomllib.loads((resources() / "rules" / "links.toml").read_text("utf-8"))["link"]
    named = {
        prefix
        for row in rows
        for prefix in (
            row["result"],
            *row.get("replaces", []),
            *(p for g in row["when"] for p in g),
        )
    }
    assert [p for p in sorted(named) if p and not bundled_book.tabular.billable_under(p)] == []
    assert all(row["why"] and row["section"] for row in rows)
