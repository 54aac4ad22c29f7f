"""The reconciler: only codes of the book, in order, without an error, nothing lost silently."""

from itertools import combinations

import pytest

from chartcoder.agents.judge import Settlement
from chartcoder.agents.partners import look_for, missing_partners
from chartcoder.agents.reconciler import conclude, reconcile, write_coding
from chartcoder.agents.rules.judge import RulesJudge
from chartcoder.agents.values import Losses, Wanted
from chartcoder.tabular.check import check


class Fixed(RulesJudge):
    """A judge whose set is given."""

    def __init__(self, settlement: Settlement) -> None:
        super().__init__()
        self.settlement = settlement

    def which_set(self, chart, book, evidence, candidates):  # type: ignore[no-untyped-def, override]
        return self.settlement


def concluded(desk, candidates=None) -> Settlement:  # type: ignore[no-untyped-def]
    kept = tuple(desk.candidates if candidates is None else candidates)
    return conclude(desk.chart, desk.book, desk.evidence, Settlement(kept=kept))


def test_reconciler_lets_through_only_codes_of_the_book_once(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Gout. Asthma.", {"M10.9": "Gout", "J45.909": "Asthma"})
    invented = desk.candidates[0].model_copy(update={"code": "M10.999"})
    judge = Fixed(Settlement(kept=(*desk.candidates, invented, desk.candidates[0])))
    result = reconcile(desk.chart, desk.book, judge, desk.evidence, desk.candidates)
    assert [c.code for c in result.kept] == ["M10.9", "J45.909"]


BROKEN = [
    # what breaks a rule, and what has to give way
    ({"F02.80": "dementia"}, "F02.80"),  # I.A.13: a manifestation alone
    ({"M25.561": "knee", "B95.62": "MRSA"}, None),
    ({"E10.9": "type 1", "E11.9": "type 2"}, "E11.9"),  # I.A.12.a
    ({"W11.XXXA": "ladder"}, "W11.XXXA"),  # I.C.20.a.6: never alone
]


@pytest.mark.parametrize(("codes", "dropped"), BROKEN)
def test_reconciler_result_has_no_error(lay, codes: dict[str, str], dropped: str | None) -> None:  # type: ignore[no-untyped-def]
    desk = lay(" ".join(codes.values()), codes)
    result = concluded(desk)
    assert not [f for f in result.findings if f.severity == "error"]
    left = [c.code for c in result.kept]
    assert dropped not in left
    assert {s.code for s in result.suggested} == set(codes) - set(left)
    assert all(s.reason for s in result.suggested)
    assert check(left, desk.book.tabular).valid or not left


def test_reconciler_result_of_random_sets_has_no_error(lay) -> None:  # type: ignore[no-untyped-def]
    words = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
    codes = ["E10.9", "E11.22", "N18.6", "I10", "I12.0", "F02.80", "G30.9", "B96.20", "N39.0",
             "W19.XXXA", "O24.419", "Z34.90"]  # fmt: skip
    for chosen in combinations(range(len(codes)), 4):
        desk = lay(" ".join(words), {codes[i]: words[i] for i in chosen}, sex="female", age=30)
        result = concluded(desk)
        assert not [f for f in result.findings if f.severity == "error"]
        told = {c.code for c in result.kept} | {s.code for s in result.suggested}
        assert told == {codes[i] for i in chosen}


def test_reconciler_mends_an_order_instead_of_dropping(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("dementia in Alzheimer", {"F02.80": "dementia", "G30.9": "Alzheimer"})
    result = concluded(desk)
    assert [c.code for c in result.kept] == ["G30.9", "F02.80"]
    assert not result.suggested


def test_reconciler_findings_cite_their_note(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("heart failure", {"I50.9": "heart failure"})
    found = [f for f in concluded(desk).findings if f.rule == "code-first"]
    assert found
    assert found[0].section
    assert found[0].note


def test_reconciler_writes_the_proof_of_each_code(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("ASSESSMENT\n1. Gout\n2. Asthma", {"J45.909": "Asthma", "M10.9": "Gout"})
    settlement = concluded(desk)
    coding = write_coding(
        desk.chart, desk.book, "rules", desk.evidence, settlement, [], Losses(), [], None
    )
    assert [a.sequence for a in coding.assigned] == [1, 2]
    assert coding.assigned[0].code == "M10.9"
    for one in coding.assigned:
        assert one.evidence
        assert one.index_path
        assert one.tabular_path
        for span in one.evidence:
            assert desk.chart.text[span.start : span.end] == span.text
    assert coding.ties == (("M10.9", "J45.909"),)
    assert coding.queries
    assert coding.to_json()["findings"] is not None


def wanted_by(lay, text: str, codes: dict[str, str], **more: object):  # type: ignore[no-untyped-def]
    desk = lay(text, codes, **more)
    wanted = missing_partners(desk.book, desk.candidates)
    return desk, wanted, look_for(desk.chart, desk.book, desk.evidence, wanted)


def test_partners_finds_the_stage_that_a_combination_asks_for(lay) -> None:  # type: ignore[no-untyped-def]
    text = "Hypertensive kidney disease.\n\nHPI: He has chronic kidney disease stage 4 since 2020."
    _, wanted, found = wanted_by(lay, text, {"I12.9": "Hypertensive kidney disease"})
    assert any("N18.4" in r or "N18" in r for w in wanted for r in w.ranges)
    (item,) = found
    assert "chronic kidney disease stage 4" in item.span.text
    assert item.reason.startswith("I12.9 asks for it")
    assert text[item.span.start : item.span.end] == item.span.text


def test_partners_looks_under_the_words_of_the_book_not_only_its_titles(lay) -> None:  # type: ignore[no-untyped-def]
    text = "Hypertensive heart disease with failure.\n\nHPI: known CHF with reduced function."
    _, _, found = wanted_by(lay, text, {"I11.0": "Hypertensive heart disease with failure"})
    assert [f.span.text for f in found] == ["known CHF"] or "CHF" in found[0].span.text


@pytest.mark.parametrize(
    "text",
    [
        "Hypertensive kidney disease.\n\nHPI: no chronic kidney disease stage 4.",
        "Hypertensive kidney disease.\n\nFAMILY HISTORY: chronic kidney disease stage 4.",
        "Hypertensive kidney disease.\n\nHPI: he plays tennis.",
    ],
)
def test_partners_finds_nothing_that_is_not_documented_as_present(lay, text: str) -> None:  # type: ignore[no-untyped-def]
    _, _, found = wanted_by(lay, text, {"I12.9": "Hypertensive kidney disease"})
    assert found == []


def test_partners_finds_the_body_mass_index_beside_obesity(lay) -> None:  # type: ignore[no-untyped-def]
    text = "Obesity.\n\nVITALS: BP 130/80, BMI 41.8"
    _, _, found = wanted_by(lay, text, {"E66.9": "Obesity"}, age=50)
    assert [f.phrase for f in found] == ["Body mass index [BMI] 40.0-44.9, adult"]
    _, _, child = wanted_by(lay, text, {"E66.9": "Obesity"}, age=9)
    assert child == []


@pytest.mark.parametrize(
    ("text", "organism"),
    [
        ("Sepsis. Blood cultures 4/4 grew E coli.", "E coli"),
        ("Sepsis. BCx positive for Klebsiella.", "Klebsiella"),
        ("Sepsis. Blood cultures negative. Urine grew E coli.", None),
        ("Sepsis. Blood cultures pending.", None),
    ],
)
def test_partners_finds_the_organism_in_the_blood(lay, text: str, organism: str | None) -> None:  # type: ignore[no-untyped-def]
    _, _, found = wanted_by(lay, text, {"A41.9": "Sepsis"})
    assert [f.span.text for f in found] == ([organism] if organism else [])


def test_partners_are_not_wanted_where_they_are_there(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("HTN CKD4", {"I12.9": "HTN", "N18.4": "CKD4"})
    assert missing_partners(desk.book, desk.candidates) == []


def test_partners_search_is_bounded(lay) -> None:  # type: ignore[no-untyped-def]
    text = "Gout.\n\n" + "HPI: chronic kidney disease stage 4. BMI 41.8. E coli.\n" * 300
    desk = lay(text, {"M10.9": "Gout"})
    wanted = [Wanted(by="X", ranges=("N18",)), Wanted(by="Y", ranges=("Z68",))] * 20
    assert len(look_for(desk.chart, desk.book, desk.evidence, wanted)) <= 4
