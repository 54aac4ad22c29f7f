"""Severity, course and side said of a condition elsewhere."""

import pytest

from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.qualified import qualify


def phrases(read, text: str, *named: str) -> list[str]:  # type: ignore[no-untyped-def]
    mentions = [
        Mention(
            text.index(n), text.index(n) + len(n), n, "present", "", False, "assessment",
            (text.index(n), len(text)),
        )
        for n in named
    ]  # fmt: skip
    return [m.phrase for m in qualify(mentions, read(text))]


@pytest.mark.parametrize(
    ("text", "named", "phrase"),
    [
        (
            "He has bipolar I disorder. I would put this depressive episode at moderate.",
            "bipolar I disorder", "bipolar I disorder current episode depressive moderate",
        ),
        (
            "Her depression, in its third episode since her twenties, is holding.",
            "depression", "depression recurrent",
        ),
        ("Depression, no prior episodes.", "Depression", "Depression single episode"),
        ("Severe asthma. Gout is quiet, third episode.", "Gout", "Gout"),
    ],
)  # fmt: skip
def test_qualified_takes_what_is_said_elsewhere(  # type: ignore[no-untyped-def]
    read, text: str, named: str, phrase: str
) -> None:
    assert phrases(read, text, named) == [phrase]


def test_qualified_leaves_relatives_out(read) -> None:  # type: ignore[no-untyped-def]
    text = (
        "FAMILY HISTORY\nMother: this depressive episode severe.\n\n"
        "ASSESSMENT\n1. Bipolar I disorder"
    )
    assert phrases(read, text, "Bipolar I disorder") == ["Bipolar I disorder"]


def test_qualified_gives_each_side_its_stage(codes) -> None:  # type: ignore[no-untyped-def]
    text = "EYE CLINIC, IOP 14\nA/P\n1. POAG: OD severe, at target. OS moderate, above target.\n"
    assert codes(text, setting="outpatient") == {"H40.1113", "H40.1122"}
