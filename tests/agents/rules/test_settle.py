"""The settled set: each code once, doubts as suggestions, conflicts decided or asked."""

import pytest

from chartcoder.agents.rules.conflicts import settle_conflicts
from chartcoder.agents.rules.policies import policies_for
from chartcoder.agents.rules.relations import parted, same_site, sites, tie
from chartcoder.agents.rules.settle import settle
from chartcoder.agents.values import Settlement


def settled(desk, **changed: str) -> Settlement:  # type: ignore[no-untyped-def]
    policies = policies_for(desk.chart.encounter.setting, tuple(changed.items()))
    return settle(desk.chart, desk.book, desk.evidence, desk.candidates, policies)


def codes_of(settlement: Settlement) -> list[str]:
    return [c.code for c in settlement.kept]


def test_settle_reports_a_code_once_with_all_its_evidence(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Gout. Podagra.", {"M10.9": "Gout"})
    second = desk.candidates[0].model_copy(update={"evidence": (7,), "confidence": 0.7})
    result = settled(desk._replace(candidates=[*desk.candidates, second]))
    (one,) = result.kept
    assert one.evidence == (0, 7)  # I.B.12
    assert one.confidence > 0.9


def test_settle_suggests_what_is_not_sure_enough(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Gout.", {"M10.9": "Gout"}, confidence={"M10.9": 0.3})
    result = settled(desk)
    assert codes_of(result) == []
    assert [(s.code, s.rule) for s in result.suggested] == [("M10.9", "threshold")]
    assert codes_of(settled(desk, threshold="0.2")) == ["M10.9"]


def test_settle_codes_a_body_mass_index_only_with_a_diagnosis(lay) -> None:  # type: ignore[no-untyped-def]
    alone = lay("Gout. BMI 41.", {"M10.9": "Gout", "Z68.41": "BMI 41"})
    assert codes_of(settled(alone)) == ["M10.9"]  # I.B.14
    obese = lay("Obesity. BMI 41.", {"E66.9": "Obesity", "Z68.41": "BMI 41"})
    assert set(codes_of(settled(obese))) == {"E66.9", "Z68.41"}


def test_settle_codes_an_external_cause_only_with_an_injury(lay) -> None:  # type: ignore[no-untyped-def]
    fall = lay("Fell from a ladder. Gout.", {"W11.XXXA": "Fell from a ladder", "M10.9": "Gout"})
    result = settled(fall, external_causes="code")
    assert codes_of(result) == ["M10.9"]
    assert [s.rule for s in result.suggested] == ["external-cause"]
    hurt = lay(
        "Fell from a ladder. Sprain of right ankle.",
        {"W11.XXXA": "Fell from a ladder", "S93.401A": "Sprain of right ankle"},
    )
    assert set(codes_of(settled(hurt, external_causes="code"))) == {"W11.XXXA", "S93.401A"}
    assert codes_of(settled(hurt, external_causes="suggest")) == ["S93.401A"]


def test_settle_needs_a_pregnancy_for_chapter_15(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Delayed healing. Gout.", {"O63.9": "Delayed healing", "M10.9": "Gout"})
    result = settled(desk)
    assert codes_of(result) == ["M10.9"]
    assert [r.rule for r in result.rejected] == ["encounter"]
    mother = lay("Pregnant. Long labor.", {"O63.9": "Long labor"}, age=30, sex="female")
    assert codes_of(settled(mother)) == ["O63.9"]
    old = lay("Pregnant granddaughter. Long labor.", {"O63.9": "Long labor"}, age=80)
    assert codes_of(settled(old)) == []


def test_settle_drops_vague_names_before_combining(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay(
        "Acute blood loss anemia. Anemia. CKD stage 4.",
        {"D62": "Acute blood loss anemia", "D64.9": "Anemia.", "N18.4": "CKD stage 4"},
    )
    # "Anemia" is the blood loss anemia and no anemia of the kidney disease.
    assert "D63.1" not in codes_of(settled(desk))


def test_settle_loses_nothing_silently(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay(
        "Hypertension. Heart failure. Edema. Heart failure NOS. Gout maybe.",
        {"I10": "Hypertension", "I50.32": "Heart failure.", "R60.0": "Edema",
         "I50.9": "Heart failure NOS", "M10.9": "Gout maybe"},
        confidence={"M10.9": 0.2},
    )  # fmt: skip
    result = settled(desk)
    told = {r.code for r in (*result.rejected, *result.suggested)} | set(codes_of(result))
    assert {c.code for c in desk.candidates} <= told


CONFLICTS = [
    # a symptom and a diagnosis, a vague code and a specific one, a less sure one
    ({"R73.9": "a", "E11.65": "b"}, {}, "E11.65"),
    ({"N20.0": "a", "N13.2": "b"}, {}, None),
    ({"E10.9": "a", "E11.42": "b"}, {}, "E11.42"),
    ({"F31.81": "a", "F33.1": "b"}, {"F31.81": 0.7}, "F33.1"),
]


@pytest.mark.parametrize(("codes", "confidence", "winner"), CONFLICTS)
def test_settle_conflict_keeps_the_better_documented(lay, codes, confidence, winner) -> None:  # type: ignore[no-untyped-def]
    desk = lay("a b", codes, confidence=confidence)
    result = settle_conflicts(desk.chart, desk.book, desk.evidence, desk.candidates)
    assert len(result.kept) == 1
    told = {r.code for r in (*result.rejected, *result.suggested)}
    assert told == set(codes) - {result.kept[0].code}
    if winner:
        assert result.kept[0].code == winner
        assert not result.queries


def test_settle_conflict_that_is_not_clear_becomes_a_query(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Bipolar disorder. Recurrent depression.",
               {"F31.81": "Bipolar disorder", "F33.1": "Recurrent depression"})  # fmt: skip
    result = settle_conflicts(desk.chart, desk.book, desk.evidence, desk.candidates)
    assert [c.code for c in result.kept] == ["F31.81"]
    assert [s.code for s in result.suggested] == ["F33.1"]
    (query,) = result.queries
    assert query.about == ("F31.81", "F33.1")
    assert query.section == "I.A.12.a"
    assert [a.answer for a in query.answers][-2:] == [
        "Other (please specify)", "Unable to determine",
    ]  # fmt: skip


def test_settle_conflict_leaves_unrelated_conditions_alone(lay) -> None:  # type: ignore[no-untyped-def]
    # Two drugs, and injuries of two sites: I.A.12.a, "unrelated to each other".
    drugs = lay(
        "Rash from pembrolizumab. Anemia from pemetrexed.",
        {"T45.AX5A": "pembrolizumab", "T45.1X5A": "pemetrexed"},
    )
    result = settle_conflicts(drugs.chart, drugs.book, drugs.evidence, drugs.candidates)
    assert len(result.kept) == 2


def test_settle_excludes2_never_blocks(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Reflux. Asthma. COPD.", {"J45.40": "Asthma", "K21.9": "Reflux", "J44.89": "COPD"})
    result = settle_conflicts(desk.chart, desk.book, desk.evidence, desk.candidates)
    assert len(result.kept) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Anemia due to bleeding.", "tied"),
        ("bleeding with Anemia.", "tied"),
        ("bleeding. Anemia.", ""),
        ("bleeding, Anemia", ""),
        ("bleeding is unrelated to the Anemia.", "unrelated"),
        ("bleeding. Anemia due to iron deficiency.", "unrelated"),
        ("bleeding\n\n2. Anemia", ""),
    ],
)
def test_relations_tie(lay, text: str, said: str) -> None:  # type: ignore[no-untyped-def]
    desk = lay(text, {"K92.2": "bleeding", "D64.9": "Anemia"})
    assert tie(text, desk.evidence[:1], desk.evidence[1:]) == said


def test_relations_parted_reads_the_sentence(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("Gout. CKD is not related to diabetes. Cough.", {"N18.9": "CKD", "R05.9": "Cough"})
    assert parted(desk.chart.text, desk.evidence[:1])
    assert not parted(desk.chart.text, desk.evidence[1:])


def test_relations_same_site(lay) -> None:  # type: ignore[no-untyped-def]
    desk = lay("a b c d", {"M25.561": "a", "M17.11": "b", "M17.12": "c", "S83.411A": "d"})
    pain, right, left, sprain = desk.candidates
    assert same_site(pain, right)
    assert not same_site(pain, left)
    assert same_site(pain, sprain)
    assert "knee" in sites("Pain in right knee")
    assert not sites("Essential (primary) hypertension")
