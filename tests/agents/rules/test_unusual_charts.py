"""Charts that arrive in bad shape: capitals, no lines, tables, templates, old notes, no English."""

import pytest

from chartcoder.agents.values import Chart, Coding, Encounter
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import code_chart
from chartcoder.tabular.errors import BadInput

VISIT = """\
CHIEF COMPLAINT: diabetes check.
HPI: 60 year old here for follow-up. No chest pain, no cough.
PAST HISTORY: Appendectomy 1988.
MEDICATIONS: metformin 1000 mg twice daily, lisinopril 20 mg daily.
EXAM: lungs clear, heart regular, no edema, feet without ulcers, pulses present.
ASSESSMENT AND PLAN:
1. Type 2 diabetes mellitus. Continue metformin, recheck the hemoglobin in 3 months.
2. Hypertension, well controlled. Continue lisinopril.
3. Acute maxillary sinusitis. Amoxicillin for 7 days.
"""


def coded(context: Context, text: str, setting: str = "outpatient") -> Coding:
    encounter = Encounter.model_validate({"setting": setting})
    return code_chart(Chart(text=text, encounter=encounter), context=context)


def codes_of(coding: Coding) -> list[str]:
    return [one.code for one in coding.assigned]


def test_unusual_charts_capitals_only(context: Context) -> None:
    assert codes_of(coded(context, VISIT.upper())) == codes_of(coded(context, VISIT))


def test_unusual_charts_without_line_breaks(context: Context) -> None:
    folded = coded(context, " ".join(VISIT.split()))
    assert codes_of(folded) == codes_of(coded(context, VISIT))
    text = " ".join(VISIT.split())
    for one in folded.assigned:
        for evidence in one.evidence:
            assert text[evidence.start : evidence.end] == evidence.text


@pytest.mark.parametrize(
    "rows",
    [
        "Problem\tStatus\tPlan\nHypothyroidism\tstable\tlevothyroxine\nGout\tquiet\tallopurinol\n",
        "| Problem | Status |\n|---|---|\n| Hypothyroidism | stable |\n| Gout | quiet |\n",
    ],
)
def test_unusual_charts_tables(context: Context, rows: str) -> None:
    assert {"E03.9", "M10.9"} <= set(codes_of(coded(context, "ASSESSMENT\n" + rows)))


@pytest.mark.parametrize(
    "template",
    [
        "Patient denies all of the following: chest pain, asthma, seizures, depression.\n",
        "Denies all of the following:\n- asthma\n- seizures\n- depression\n",
        "ROS: negative for asthma, seizures and depression.\n",
        "[ ] Asthma [ ] Seizures [ ] Depression\n",
    ],
)
def test_unusual_charts_templates_deny(context: Context, template: str) -> None:
    text = f"REVIEW OF SYSTEMS\n{template}\nASSESSMENT\n1. Allergic rhinitis\n"
    assert codes_of(coded(context, text)) == ["J30.9"]


def test_unusual_charts_copied_old_notes(context: Context) -> None:
    text = (
        "ASSESSMENT\n1. Gout\n\n"
        "------- begin copied text, visit 11/04/2024 -------\n"
        "A/P: 1. Urinary tract infection, ciprofloxacin. 2. Asthma, albuterol.\n"
        "------- end copied text -------\n"
    )
    assert codes_of(coded(context, text)) == ["M10.9"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "Der Patient wurde wegen einer Pneumonie aufgenommen. Diabetes mellitus Typ 2 und eine"
            " Hypertonie sind bekannt. Er wurde behandelt und nach Hause entlassen.",
            "German",
        ),
        (
            "Paciente de 65 años con antecedentes de diabetes mellitus que acude a urgencias por"
            " dolor en el pecho. Se diagnostica de infarto y se ingresa en la unidad coronaria.",
            "Spanish",
        ),
        ("Пациент поступил с пневмонией. Сахарный диабет второго типа.", "another script"),
    ],
)
def test_unusual_charts_another_language(context: Context, text: str, language: str) -> None:
    coding = coded(context, text)
    assert coding.assigned == ()
    (remark,) = coding.losses.remarks
    assert language in remark and "reads English only" in remark


def test_unusual_charts_shorthand_is_no_other_language(context: Context) -> None:
    coding = coded(
        context, "A/P\n1. COPD - stable\n2. GERD - cont PPI\n3. BPH w LUTS, tamsulosin\n"
    )
    assert coding.losses.remarks == ()
    assert {"J44.9", "K21.9"} <= set(codes_of(coding))


@pytest.mark.parametrize(
    "text",
    [
        "Patient called to move the appointment. Rescheduled for next Tuesday at 10.",
        "Form completed for gym membership. No complaints.",
        "No fever, no cough, no asthma. Lungs clear.",
    ],
)
def test_unusual_charts_without_diagnosis(context: Context, text: str) -> None:
    assert coded(context, text).assigned == ()


def test_unusual_charts_empty(context: Context) -> None:
    with pytest.raises(BadInput, match="empty"):
        coded(context, "  \n")


def test_unusual_charts_contradictions_are_asked_about(context: Context) -> None:
    text = (
        "PAST HISTORY\nNo diabetes. No hypertensive heart disease.\n\n"
        "ASSESSMENT\n1. Type 2 diabetes mellitus, on metformin\n2. Hypertension\n"
    )
    coding = coded(context, text)
    assert "E11.9" in codes_of(coding)
    asked = [q for q in coding.queries if q.axis == "conflicting statements"]
    assert [q.about for q in asked] == [("E11.9",)]
