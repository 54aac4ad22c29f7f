"""One request to a server behind the OpenAI wire format, by way of langchain-openai.

What comes back is a raw answer or a failure of one of the known kinds. Retrying, waiting and
remembering are the client's business.
"""

import json
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chartcoder.agents.model.answers import FailedAnswer, FailureKind
from chartcoder.agents.model.prompts import Messages
from chartcoder.agents.model.settings import Form, ModelSettings

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langchain_openai import ChatOpenAI

# Parameters that some servers refuse; a request that is refused for one is sent again without it.
OPTIONAL = ("temperature", "seed", "max_tokens", "max_completion_tokens", "strict")
_MOST_WAIT = 120.0
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|maximum context|too many tokens|prompt is too long"
    r"|exceeds? the (available )?context",
    re.IGNORECASE,
)
_OF_THE_FORM = re.compile(r"response_format|\btools?\b|schema|endpoints", re.IGNORECASE)
_PREFIX = re.compile(r"^Error code: \d+ - ")
_FILTERED = re.compile(r"content.?(filter|management|policy)", re.IGNORECASE)


class Raw(NamedTuple):
    """What a server answered.

    Attributes:
        text: the message, or the arguments of the tool call.
        prompt_tokens: as the server counted, or estimated where it did not.
        completion_tokens: likewise.
        counted: the server counted the tokens.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    counted: bool


class Unsupported(FailedAnswer):
    """The server refuses the form or a parameter of the request.

    Attributes:
        parameter: the parameter it names; empty where it is the form, or unknown.
    """

    def __init__(self, message: str, parameter: str) -> None:
        super().__init__("request refused by the server", message)
        self.parameter = parameter


class Passing(FailedAnswer):
    """A failure that may pass: 429, 5xx, a time-out, a lost connection.

    Attributes:
        wait: seconds the server asks to wait; None where it names none.
    """

    def __init__(self, kind: FailureKind, message: str, wait: float | None = None) -> None:
        super().__init__(kind, message)
        self.wait = wait


def estimated_tokens(text: str) -> int:
    """Tokens of a text, for servers that do not count: a token for four characters."""
    return (len(text) + 3) // 4


class Wire:
    """Sends requests; one of it serves all charts and threads of a process.

    Args:
        settings: the server and the parameters.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._chats: dict[tuple[str, frozenset[str]], ChatOpenAI] = {}

    def send(
        self,
        model: str,
        messages: Messages,
        form: Form,
        schema: Mapping[str, Any],
        without: frozenset[str] = frozenset(),
        config: "RunnableConfig | None" = None,
    ) -> Raw:
        """Sends one request and gives what came back.

        Args:
            model: the model's name.
            messages: the prompt.
            form: how the answer's form is demanded.
            schema: the answer's JSON schema, with its name under ``title``.
            without: parameters this server does not take.
            config: names the call in a trace.

        Raises:
            Passing: it may go better later.
            Unsupported: the form or a parameter is refused.
            FailedAnswer: it will not go better.
        """
        import openai

        chat = self._chat(model, without)
        turns = [("system", messages.system), ("user", messages.user)]
        begun = time.monotonic()
        try:
            message = chat.invoke(turns, config, **_demand(form, schema, without))
        except openai.LengthFinishReasonError as error:
            choices = error.completion.choices
            text = (choices[0].message.content or "") if choices else ""
            raise FailedAnswer("truncated", "The answer was cut short.", text) from None
        except openai.ContentFilterFinishReasonError:
            raise FailedAnswer(
                "refusal", "The server's content filter stopped the answer."
            ) from None
        except openai.APITimeoutError:
            raise Passing(
                "time-out", f"No answer within {self.settings.timeout:g} seconds."
            ) from None
        except openai.APIConnectionError as error:
            told = str(error.__cause__ or error)
            raise Passing(
                "no connection", f"The server {self.settings.base_url} cannot be reached: {told}."
            ) from None
        except openai.APIStatusError as error:
            raise _of_status(error) from None
        except (
            openai.APIError,
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
        ) as error:
            # A body that is not the wire format at all.
            seconds = time.monotonic() - begun
            raise Passing(
                "server error",
                f"The server's reply after {seconds:.1f} seconds is unusable: {error}.",
            ) from None
        return _read_message(message, messages)

    def _chat(self, model: str, without: frozenset[str]) -> "ChatOpenAI":
        key = (model, without)
        if key not in self._chats:
            from langchain_openai import ChatOpenAI

            settings = self.settings
            body = dict(settings.extra_body)
            # Some servers know only the older of the two names for the longest answer.
            if not settings.is_openai and "max_tokens" not in without:
                body.setdefault("max_tokens", settings.answer_tokens)
            longest = None if "max_completion_tokens" in without else settings.answer_tokens
            values: dict[str, Any] = {
                "model": model, "base_url": settings.base_url, "api_key": settings.key,
                "timeout": settings.timeout, "max_retries": 0, "max_tokens": longest,
                "temperature": None if "temperature" in without else settings.temperature,
                "seed": None if "seed" in without else settings.seed,
                "use_responses_api": False, "disable_streaming": True,
                "extra_body": body or None,
            }  # fmt: skip
            self._chats[key] = ChatOpenAI(**values)
        return self._chats[key]


def _demand(form: Form, schema: Mapping[str, Any], without: frozenset[str]) -> dict[str, Any]:
    """The fields of a request that demand the answer's form."""
    name = str(schema["title"])
    bare = {key: value for key, value in schema.items() if key != "title"}
    if form == "json_schema":
        demanded: dict[str, Any] = {"name": name, "schema": bare}
        if "strict" not in without:
            demanded["strict"] = True
        return {"response_format": {"type": "json_schema", "json_schema": demanded}}
    if form == "json_object":
        return {"response_format": {"type": "json_object"}}
    if form == "tools":
        function = {"name": name, "description": "Files the answer.", "parameters": bare}
        tool = {"type": "function", "function": function}
        return {"tools": [tool], "tool_choice": {"type": "function", "function": {"name": name}}}
    return {}


def _read_message(message: Any, messages: Messages) -> Raw:
    if message.additional_kwargs.get("refusal"):
        raise FailedAnswer("refusal", f"The model refused: {message.additional_kwargs['refusal']}")
    text = message.content if isinstance(message.content, str) else _joined(message.content)
    if message.tool_calls:
        text = json.dumps(message.tool_calls[0]["args"], ensure_ascii=False)
    elif message.invalid_tool_calls:
        text = str(message.invalid_tool_calls[0].get("args") or "")
    reason = message.response_metadata.get("finish_reason")
    if reason == "length":
        raise FailedAnswer("truncated", "The answer was cut short.", text)
    if reason == "content_filter":
        raise FailedAnswer("refusal", "The server's content filter stopped the answer.")
    usage = message.usage_metadata or {}
    prompt, completion = usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
    return Raw(
        text,
        prompt or estimated_tokens(messages.system + messages.user),
        completion or estimated_tokens(text),
        bool(prompt),
    )


def _joined(content: Any) -> str:
    parts = [part if isinstance(part, str) else part.get("text", "") for part in content]
    return "".join(parts)


def _of_status(error: Any) -> FailedAnswer:
    status = int(error.status_code)
    said = _PREFIX.sub("", " ".join(str(error.message).split()))[:300]
    if status == 429:
        code = str(getattr(error, "code", "") or "")
        if code == "insufficient_quota":
            return FailedAnswer("request refused by the server", f"The server says: {said}")
        wait = _wait_of(error.response.headers.get("retry-after"))
        return Passing("too many requests", "The server says 429, too many requests.", wait)
    if status >= 500 and status != 501:
        wait = _wait_of(error.response.headers.get("retry-after"))
        return Passing("server error", f"The server says {status}: {said}", wait)
    if status == 408:
        return Passing("time-out", f"The server says 408: {said}")
    if _TOO_LONG.search(said):
        return FailedAnswer("question too long", f"The server says {status}: {said}")
    if _FILTERED.search(said) or _FILTERED.search(str(getattr(error, "code", "") or "")):
        return FailedAnswer("refusal", f"The server says {status}: {said}")
    if status == 404 and not _OF_THE_FORM.search(said):
        # The model or the address is not there; no other form of the request will help.
        return FailedAnswer("request refused by the server", f"The server says 404: {said}")
    if status in (400, 404, 405, 415, 422, 501):
        named = str(getattr(error, "param", "") or "")
        fields = [p for p in OPTIONAL if p == named or re.search(rf"\b{p}\b", said)]
        # "use max_completion_tokens instead of max_tokens" names both; the first is at fault.
        fields.sort(key=lambda p: (p != named, said.find(p)))
        return Unsupported(f"The server says {status}: {said}", fields[0] if fields else "")
    return FailedAnswer("request refused by the server", f"The server says {status}: {said}")


def _wait_of(header: str | None) -> float | None:
    """Seconds of a Retry-After header, whether it counts seconds or names a date."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), _MOST_WAIT)
