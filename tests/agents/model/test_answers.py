import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.agents.model.answers import (
    Answer,
    CodesAnswer,
    EntriesAnswer,
    FailedAnswer,
    MentionsAnswer,
    SetAnswer,
    answer_schema,
    read_answer,
)

GOOD = '{"items": [{"evidence": 0, "entries": [3, 1], "also": ""}]}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Sure! Here it is: {GOOD} Anything else {{?}}",
        f'<think>maybe {{"items": []}} or so</think>\n{GOOD}',
        GOOD.replace("0", '"0"'),
        GOOD[:-1] + ', "confidence": 0.9}',
        '{"items": [{"evidence": 0, "entries": [3, 1]}]}',
    ],
)
def test_answers_are_read_out_of_what_surrounds_them(text: str) -> None:
    answer = read_answer(text, EntriesAnswer)
    assert (answer.items[0].evidence, answer.items[0].entries) == (0, [3, 1])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty answer"),
        (" \n", "empty answer"),
        ("I would look under diabetes.", "invalid JSON"),
        (GOOD[:-2], "invalid JSON"),
        ("[" * 5_000, "invalid JSON"),
        ('{"weather": "fine"}', "answer to another question"),
        ('{"items": "seven"}', "wrong schema"),
        ('{"items": [{"entries": ["E11.9"]}]}', "wrong schema"),
        ("<think>and so on and on", "invalid JSON"),
    ],
)
def test_answers_of_no_use_say_why(text: str, kind: str) -> None:
    with pytest.raises(FailedAnswer) as caught:
        read_answer(text, EntriesAnswer)
    assert caught.value.kind == kind


KINDS = (MentionsAnswer, EntriesAnswer, CodesAnswer, SetAnswer)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_schema_is_strict_and_has_no_place_for_a_code(kind: type[Answer]) -> None:
    schema = answer_schema(kind)
    text = json.dumps(schema)
    assert "$ref" not in text

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert node["required"] == list(node["properties"])
                assert "code" not in node["properties"]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(schema)


@given(st.text(max_size=200))
def test_answers_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_answer(text, CodesAnswer)
    except FailedAnswer as failure:
        assert str(failure)
