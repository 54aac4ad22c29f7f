from chartcoder.agents.rules.document import read_document
from chartcoder.agents.rules.problems import find_problems


def headings(text: str) -> list[str]:
    return [text[p.start : p.end] for p in find_problems(read_document(text)) if not p.prose]


def test_problems_of_a_numbered_list_with_details() -> None:
    text = (
        "ASSESSMENT AND PLAN\n1. Gout.\n- Medical Reasoning: painful toe.\n- Medical Treatment: "
        "colchicine.\n2. Hypertension: continue lisinopril.\n"
    )
    assert headings(text) == ["Gout", "Hypertension"]


def test_problems_of_bullets() -> None:
    assert headings("ASSESSMENT\n• Constipation\n• Mild hepatomegaly\n") == [
        "Constipation",
        "Mild hepatomegaly",
    ]


def test_problems_of_short_lines_with_bullets_below() -> None:
    text = "ASSESSMENT AND PLAN\n\nGout.\n• rest\n\nObesity.\n• diet\n"
    assert headings(text) == ["Gout", "Obesity"]


def test_problems_leave_administration_out() -> None:
    text = "ASSESSMENT AND PLAN\n1. Gout.\nPatient Agreements: the patient agrees.\n"
    assert headings(text) == ["Gout"]


def test_problems_context_reaches_to_the_next_problem() -> None:
    text = "ASSESSMENT\n1. Gout.\n- left toe\n2. Asthma.\n- mild\n"
    first, second = find_problems(read_document(text))
    assert "left toe" in text[first.context[0] : first.context[1]]
    assert "mild" not in text[first.context[0] : first.context[1]]
    assert "mild" in text[second.context[0] : second.context[1]]
