"""Finds out what a server can do, by asking it small questions in every form.

Servers behind the same wire format differ: some take a JSON schema, some only ask for JSON, some
know tools and nothing else, some accept a demand and pass over it. What is found out is remembered
for later runs, as it is when a run finds it out by itself.
"""

import json
import time
import urllib.error
import urllib.request
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from chartcoder.agents.model.answers import Answer, FailedAnswer, answer_schema, read_answer
from chartcoder.agents.model.client import Ability, ModelClient, with_schema
from chartcoder.agents.model.prompts import Messages
from chartcoder.agents.model.settings import FORMS, OPENAI, Form, ModelSettings
from chartcoder.agents.model.wire import Passing, Raw, Unsupported, Wire
from chartcoder.tabular.errors import MissingPrerequisite

Verdict = Literal["yes", "no", "passed over", "unknown"]

_LIST_SECONDS = 10.0
_QUESTION = Messages(
    "You answer in JSON with the fields word and number, and nothing else.",
    'Give the word "heart" and the number 7.',
)


class Probe(Answer):
    """Answer to the small question."""

    word: str
    number: int


class Row(NamedTuple):
    """One thing a server can or cannot do.

    Attributes:
        ability: what was tried.
        verdict: ``passed over`` where a demand was accepted and not heeded.
        detail: one clause.
    """

    ability: str
    verdict: Verdict
    detail: str


class Report(NamedTuple):
    """What was found out about a server.

    Attributes:
        rows: one for each thing tried.
        form: the best form it takes; None where it takes none.
        without: parameters it refuses.
    """

    rows: tuple[Row, ...]
    form: Form | None
    without: tuple[str, ...]


def check_server(settings: ModelSettings) -> Report:
    """Tries a server out and remembers what it can do.

    Raises:
        MissingPrerequisite: nobody answers at the address, or the server refuses the key or does
            not know the model.
    """
    wire = Wire(settings)
    rows = [_listed(settings)]
    without: frozenset[str] = frozenset()
    best: Form | None = None
    counted: bool | None = None
    for form in FORMS:
        verdict, detail, without, raw = _try(wire, settings, form, without)
        rows.append(Row(_NAMES[form], verdict, detail))
        if raw is not None and verdict == "yes":
            counted = raw.counted if counted is None else counted
            best = best or form
    rows.append(_of_counting(counted))
    refused = tuple(sorted(without))
    rows.append(
        Row("parameters", "no" if refused else "yes",
            f"refuses {', '.join(refused)}" if refused else "takes all that are sent")
    )  # fmt: skip
    if best is not None:
        ModelClient(settings).learn(settings.model, Ability(best, without))
    return Report(tuple(rows), best, refused)


_NAMES: dict[Form, str] = {
    "json_schema": "answers by a JSON schema", "json_object": "answers in JSON",
    "tools": "calls a tool", "plain": "answers in JSON when only asked to",
}  # fmt: skip


def _try(
    wire: Wire, settings: ModelSettings, form: Form, without: frozenset[str]
) -> tuple[Verdict, str, frozenset[str], Raw | None]:
    schema = {"title": "Probe", **answer_schema(Probe)}
    messages = with_schema(_QUESTION, schema) if form in ("json_object", "plain") else _QUESTION
    while True:
        begun = time.monotonic()
        try:
            raw = wire.send(settings.model, messages, form, schema, without)
        except Unsupported as failure:
            if failure.parameter and failure.parameter not in without:
                without |= {failure.parameter}
                continue
            return "no", str(failure), without, None
        except Passing as failure:
            if failure.kind == "no connection":
                raise MissingPrerequisite(
                    f"{str(failure).rstrip('.')}; start the server or correct --base-url."
                ) from None
            return "unknown", str(failure), without, None
        except FailedAnswer as failure:
            if failure.kind == "request refused by the server":
                raise MissingPrerequisite(
                    f"The server {settings.base_url} does not answer for the model "
                    f"{settings.model!r}: {failure}"
                ) from None
            return "unknown", str(failure), without, None
        seconds = time.monotonic() - begun
        try:
            answer = read_answer(raw.text, Probe)
        except FailedAnswer as failure:
            return "passed over", f"accepted, but {_lower(str(failure))}", without, raw
        right = answer.word.strip().lower() == "heart" and answer.number == 7
        said = "" if right else ", though not with what was asked for"
        return "yes", f"in {seconds:.1f} s{said}", without, raw


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _of_counting(counted: bool | None) -> Row:
    if counted is None:
        return Row("counts tokens", "unknown", "no answer could be read")
    if counted:
        return Row("counts tokens", "yes", "usage stands in its answers")
    return Row("counts tokens", "no", "tokens will be estimated from characters")


def _listed(settings: ModelSettings) -> Row:
    """Whether the server lists the model; not all servers list any."""
    url = settings.base_url.rstrip("/") + "/models"
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {settings.key}"})
    try:
        with urllib.request.urlopen(request, timeout=_LIST_SECONDS) as reply:
            names = _names(json.load(reply))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, urllib.error.URLError) and not isinstance(
            error, urllib.error.HTTPError
        ):
            raise MissingPrerequisite(
                f"Nobody answers at {settings.base_url} ({error.reason}); start the server or "
                "correct --base-url."
            ) from None
        return Row("lists its models", "no", "no list of models")
    if settings.model in names:
        return Row("lists its models", "yes", f"{settings.model} is among {len(names)}")
    shown = ", ".join(names[:5]) or "none"
    return Row("lists its models", "no", f"{settings.model} is not among: {shown}")


def _names(listed: Any) -> list[str]:
    return [str(row["id"]) for row in listed["data"]]


def leaves_the_machine(settings: ModelSettings) -> bool:
    """Whether charts would be sent to another machine."""
    host = urlsplit(settings.base_url).hostname or ""
    return settings.base_url == OPENAI or not (
        host == "localhost" or host == "::1" or host.startswith("127.")
    )
