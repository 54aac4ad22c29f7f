"""The forms of the four answers, and how one is read out of what a model wrote.

A model answers by numbers from the lists it was shown and by quotes from the chart: no form has a
place for a code. Models behind small servers wrap their JSON in a thinking block, a fence or prose;
it is taken out of all three.
"""

import json
import re
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chartcoder.agents.values import Assertion
from chartcoder.tabular.errors import UnusableAnswer

FailureKind = Literal[
    "refusal",
    "truncated",
    "invalid JSON",
    "wrong schema",
    "answer to another question",
    "empty answer",
    "too many requests",
    "server error",
    "time-out",
    "no connection",
    "request refused by the server",
    "question too long",
]
# What is asked once more with the error shown; the others are final for the call.
ASK_AGAIN: frozenset[FailureKind] = frozenset(
    ["invalid JSON", "wrong schema", "answer to another question", "empty answer"]
)


class FailedAnswer(UnusableAnswer):
    """A call that brought no usable answer.

    Attributes:
        kind: which failure it is.
        text: what the model wrote, where it wrote something.
    """

    def __init__(self, kind: FailureKind, message: str, text: str = "") -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.text = text


class Answer(BaseModel):
    """One answer; unknown fields are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class MentionItem(Answer):
    """One mention of the extractor's answer."""

    quote: str
    lead_term: str
    modifiers: list[str] = Field(default_factory=list)
    support: list[str] = Field(default_factory=list)
    assertion: Assertion = "present"
    role: Literal["problem", "finding", "status", "history", "medication", "cause"] = "problem"
    section: str = ""
    primary: bool = False
    counts: bool
    reason: str = ""


class MentionsAnswer(Answer):
    """Answer to "which mentions?"."""

    setting: Literal["outpatient", "inpatient", "unclear"] = "unclear"
    mentions: list[MentionItem]


class EntriesItem(Answer):
    """The entries chosen for one evidence item, and other words to look up besides."""

    evidence: int
    entries: list[int]
    also: str = ""


class EntriesAnswer(Answer):
    """Answer to "which index entries?"."""

    items: list[EntriesItem]


class CodesItem(Answer):
    """The codes chosen for one evidence item, with the quote they rest on."""

    evidence: int
    codes: list[int]
    quote: str = ""
    reason: str = ""


class CodesAnswer(Answer):
    """Answer to "which codes?"."""

    items: list[CodesItem]


class SetItem(Answer):
    """What is to become of one code of the set."""

    number: int
    verdict: Literal["report", "leave out", "suggest"]
    section: str = ""
    reason: str = ""


class WantedItem(Answer):
    """Something missing from the set that the Index should be searched for."""

    look_up: str
    quote: str = ""
    reason: str = ""


class QuestionItem(Answer):
    """A question to the provider about a code of the set."""

    number: int
    question: str


class SetAnswer(Answer):
    """Answer to "which set?"."""

    items: list[SetItem]
    first: int = 0
    wanted: list[WantedItem] = Field(default_factory=list)
    questions: list[QuestionItem] = Field(default_factory=list)


Kind = TypeVar("Kind", bound=Answer)

_THINKING = re.compile(
    r"<(think|thinking|reasoning|reflection)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)


def read_answer(text: str, kind: type[Kind]) -> Kind:
    """Reads an answer out of what a model wrote.

    Args:
        text: the whole message, possibly with thinking, fences or prose around the JSON.
        kind: the form that was asked for.

    Raises:
        FailedAnswer: nothing was written, there is no JSON object, or it is of another form; the
            message says so in words that a model can act on.
    """
    if not text.strip():
        raise FailedAnswer("empty answer", "The answer was empty.", text)
    objects = _json_objects(_THINKING.sub("", text)) or _json_objects(text)
    if not objects:
        raise FailedAnswer("invalid JSON", f"The answer holds no JSON object{_where(text)}.", text)
    error: ValidationError | None = None
    for value in objects:
        try:
            return kind.model_validate(value)
        except ValidationError as found:
            error = error or found
    wanted = set(kind.model_fields)
    if not any(wanted & set(value) for value in objects):
        broken = _where(_THINKING.sub("", text))
        if broken:
            raise FailedAnswer("invalid JSON", f"The answer is broken JSON{broken}.", text)
        raise FailedAnswer(
            "answer to another question",
            f"The answer has none of the fields {', '.join(sorted(wanted))}.",
            text,
        )
    raise FailedAnswer("wrong schema", f"The answer has the wrong form: {_said(error)}.", text)


def _json_objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects of a text, the longest first."""
    decoder = json.JSONDecoder(strict=False)
    found: list[tuple[int, dict[str, Any]]] = []
    place = text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            place = text.find("{", place + 1)
            continue
        if isinstance(value, dict):
            found.append((end - place, value))
        place = text.find("{", end)
    found.sort(key=lambda pair: -pair[0])
    return [value for _, value in found]


def _where(text: str) -> str:
    start = text.find("{")
    if start < 0:
        return ""
    try:
        json.JSONDecoder(strict=False).raw_decode(text, start)
    except ValueError as error:
        return f" ({error})"
    except RecursionError:
        return " (nested too deeply)"
    return ""


def _said(error: ValidationError | None) -> str:
    if error is None:
        return "unknown"
    parts = [
        f"{'.'.join(str(step) for step in row['loc']) or 'answer'}: {row['msg']}"
        for row in error.errors(include_url=False, include_input=False)[:4]
    ]
    return "; ".join(parts)


@cache
def answer_schema(kind: type[Answer]) -> dict[str, Any]:
    """The JSON schema of an answer as strict servers want it.

    Every property is required, no other is allowed, references are written out, and nothing but
    the form is said, so that the schema is the same for every chart and a server compiles it
    once. The one dictionary of each form is shared; it is not to be changed.
    """
    raw = kind.model_json_schema()
    definitions = raw.get("$defs", {})

    def plain(node: Any) -> Any:
        if isinstance(node, list):
            return [plain(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return plain(definitions[node["$ref"].rsplit("/", 1)[-1]])
        kept = {
            key: plain(value)
            for key, value in node.items()
            if key not in ("$defs", "title", "default", "description")
        }
        if "properties" in node:
            kept["properties"] = {k: plain(v) for k, v in node["properties"].items()}
            kept["required"] = list(node["properties"])
            kept["additionalProperties"] = False
        return kept

    schema = plain(raw)
    return dict(schema)
