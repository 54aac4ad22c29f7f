"""A chat-completions server on loopback that speaks the OpenAI format and misbehaves on demand.

Standard library only, so that a test sees what really goes over the wire. An *answerer* writes the
answers; *faults* are used up one a request before any answer is written; *limits* are what the
server cannot do at all.
"""

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

Body = dict[str, Any]
Answerer = Callable[[Body], str]


class ModelServer:
    """One server with what it was asked.

    Args:
        answerer: writes the answer to a request that demands a schema.
        faults: names of ``_FAULTS``, one for each of the first requests; ``ok`` for none.
        always: a fault for every request after those.
        limits: among ``no json_schema``, ``no json_object``, ``no tools``, ``no temperature``,
            ``no max_tokens``, ``ignores the form``, ``counts no tokens``.
        delay: seconds before every answer.
    """

    def __init__(
        self,
        answerer: Answerer,
        faults: Iterable[str] = (),
        always: str = "ok",
        limits: Iterable[str] = (),
        delay: float = 0.0,
    ) -> None:
        self.answerer = answerer
        self.faults = list(faults)
        self.always = always
        self.limits = frozenset(limits)
        self.delay = delay
        self.requests: list[Body] = []
        self.arrived: list[float] = []
        self.under_way = 0
        self.most_under_way = 0
        self.headers: list[dict[str, str]] = []
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def note(self, body: Body, headers: dict[str, str]) -> str:
        """Notes a request and gives the fault it meets."""
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            self.arrived.append(time.monotonic())
            return self.faults.pop(0) if self.faults else self.always

    def enter(self, step: int) -> None:
        with self._lock:
            self.under_way += step
            self.most_under_way = max(self.most_under_way, self.under_way)

    def asked(self, schema: str) -> list[Body]:
        """The requests that demanded this schema."""
        return [body for body in self.requests if schema_name(body) == schema]

    def __enter__(self) -> "ModelServer":
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def schema_of(body: Body) -> Body | None:
    """The schema a request demands, in whichever form."""
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        return dict(form["json_schema"]["schema"])
    for tool in body.get("tools") or []:
        return dict(tool["function"]["parameters"])
    shown = re.search(r"Its JSON schema: (\{.*\})", body["messages"][0]["content"])
    return dict(json.loads(shown.group(1))) if shown else None


def schema_name(body: Body) -> str:
    """What the answer is: told by the fields of its schema."""
    schema = schema_of(body) or {}
    names = set(schema.get("properties", ()))
    for name, field in _NAMED:
        if field <= names:
            return name
    return "plain"


_NAMED = (
    ("mentions", {"mentions"}), ("set", {"wanted"}), ("codes", {"items", "codes"}),
    ("either", {"items"}), ("probe", {"word"}),
)  # fmt: skip


def question_of(body: Body) -> str:
    """Which of the four questions a request is."""
    name = schema_name(body)
    if name != "either":
        return name
    fields = (schema_of(body) or {})["properties"]["items"]["items"]["properties"]
    return "entries" if "entries" in fields else "codes"


def question_of_line(text: str) -> str:
    """Which of the two questions about evidence a prompt ends with."""
    return "codes" if "Which codes" in text.rsplit("\n\n", 1)[-1] else "entries"


def user_text(body: Body) -> str:
    return str(body["messages"][-1]["content"])


def _handler(model: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def reply(
            self, status: int, payload: object, headers: dict[str, str] | None = None
        ) -> None:
            data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self.reply(200, {"object": "list", "data": [{"id": "tiny", "object": "model"}]})

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            fault = model.note(body, dict(self.headers))
            model.enter(1)
            try:
                time.sleep(model.delay)
                self.answer(body, fault)
            except (BrokenPipeError, ConnectionResetError):
                pass
            finally:
                model.enter(-1)

        def answer(self, body: Body, fault: str) -> None:
            refused = _refused(body, model.limits)
            if refused:
                return self.reply(400, {"error": refused})
            if fault == "connection lost":
                self.close_connection = True
                self.connection.close()
                return None
            if fault in _STATUS:
                status, message, headers = _STATUS[fault]
                return self.reply(status, message, headers)
            if fault == "slow":
                time.sleep(2.0)
            if fault == "not the wire format":
                return self.reply(200, b"<html>proxy login</html>")
            form = schema_of(body)
            demanded = body.get("response_format") or body.get("tools")
            ignores = "ignores the form" in model.limits
            shown = "Its JSON schema:" in body["messages"][0]["content"]
            if form is None or (demanded and ignores and not shown):
                text = "Certainly. The patient has several conditions that I could describe."
            else:
                text = model.answerer(body)
            return self.reply(200, _completion(body, text, fault, model.limits))

    return Handler


_STATUS: dict[str, tuple[int, object, dict[str, str]]] = {
    "429": (429, {"error": {"message": "slow down"}}, {}),
    "429 for 0.2 s": (429, {"error": {"message": "slow down"}}, {"retry-after": "0.2"}),
    "500": (500, {"error": {"message": "internal"}}, {}),
    "503 without JSON": (503, b"upstream connect error", {}),
    "401": (401, {"error": {"message": "bad key"}}, {}),
    "404": (404, {"error": {"message": "model 'tiny' not found"}}, {}),
    "too long": (
        400,
        {"error": {"message": "This model's maximum context length is 2048 tokens.",
                   "code": "context_length_exceeded"}},
        {},
    ),
    "content filter 400": (
        400, {"error": {"message": "filtered by the content management policy",
                        "code": "content_filter"}}, {},
    ),
}  # fmt: skip


def _refused(body: Body, limits: frozenset[str]) -> Body | None:
    form = (body.get("response_format") or {}).get("type")
    if f"no {form}" in limits:
        return {"message": f"response_format {form} is not supported"}
    if body.get("tools") and "no tools" in limits:
        return {"message": "tools are not supported"}
    for field in ("temperature", "max_tokens"):
        if field in body and f"no {field}" in limits:
            return {"message": f"Unsupported parameter: '{field}'", "param": field}
    return None


def _completion(body: Body, text: str, fault: str, limits: frozenset[str]) -> Body:
    finish, message = "stop", {"role": "assistant", "content": text, "refusal": None}
    if fault == "refusal":
        message |= {"content": None, "refusal": "I cannot help with medical records."}
    elif fault == "truncated":
        finish, message["content"] = "length", text[: len(text) // 2]
    elif fault == "content filter":
        finish, message["content"] = "content_filter", ""
    elif fault == "empty":
        message["content"] = ""
    elif fault == "invalid JSON":
        message["content"] = text[:-3] + ",,"
    elif fault == "wrong schema":
        message["content"] = json.dumps(dict.fromkeys(json.loads(text), "seven"))
    elif fault == "another question":
        message["content"] = '{"weather": "fine", "city": "Lyon"}'
    elif fault == "prose":
        message["content"] = f"Here is my answer, as asked:\n\n{text}\n\nI hope this helps {{:-)"
    elif fault == "fence":
        message["content"] = f"```json\n{text}\n```"
    elif fault == "thinking":
        message["content"] = f'<think>The schema is {{"a": 1}}, let me see...</think>\n{text}'
    elif fault == "thinking without end":
        message["content"] = "<think>The chart says that" + " and so on" * 50
    elif body.get("tools") and not body.get("response_format"):
        name = body["tools"][0]["function"]["name"]
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": text}}
        finish, message = "tool_calls", {"role": "assistant", "content": None, "tool_calls": [call]}
    asked = sum(len(m["content"]) for m in body["messages"]) // 4
    done = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }  # fmt: skip
    if "counts no tokens" not in limits:
        done["usage"] = {
            "prompt_tokens": asked, "completion_tokens": len(text) // 4,
            "total_tokens": asked + len(text) // 4,
        }  # fmt: skip
    return done


# Answerers


def first_options(body: Body) -> str:
    """Takes the first of everything: a model that follows the form and nothing else."""
    text = user_text(body)
    question = question_of(body)
    if question == "mentions":
        chart = re.split(r"^=====chart-[0-9a-f]+=====$", text, flags=re.MULTILINE)[1]
        lines = [line.strip() for line in chart.splitlines() if len(line.split()) > 1]
        found = [line[:60].rstrip() for line in lines][2:8]
        items = [
            {
                "quote": quote, "lead_term": quote.split(":")[-1].strip() or quote, "modifiers": [],
                "support": [], "assertion": "present", "role": "problem", "section": "",
                "primary": place == 0, "counts": True, "reason": "first",
            }
            for place, quote in enumerate(found)
        ]  # fmt: skip
        return json.dumps({"setting": "outpatient", "mentions": items})
    if question == "set":
        numbers = [int(n) for n in re.findall(r"^(\d+) ", text, re.MULTILINE)]
        verdicts = [
            {"number": n, "verdict": "report", "section": "IV.J", "reason": "yes"} for n in numbers
        ]
        first = numbers[0] if numbers else 0
        return json.dumps({"items": verdicts, "first": first, "wanted": [], "questions": []})
    items = []
    for number, block in blocks(text):
        options = [int(n) for n in re.findall(r"^ +(\d+) ", block, re.MULTILINE)][:1]
        if question == "entries":
            items.append({"evidence": number, "entries": options, "also": ""})
        else:
            items.append({"evidence": number, "codes": options, "quote": "", "reason": "first"})
    return json.dumps({"items": items})


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """The evidence items of a question with the lines under each."""
    parts = re.split(r"^\[(\d+)\] ", text, flags=re.MULTILINE)
    for number, block in zip(parts[1::2], parts[2::2], strict=True):
        yield int(number), block


class RandomAnswers:
    """Answers at random within the schema: any number, any words, some of them from the chart."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def __call__(self, body: Body) -> str:
        self.words = user_text(body).split()
        return json.dumps(self.value(schema_of(body) or {}))

    def value(self, schema: Body) -> Any:
        kind = schema.get("type")
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if kind == "object":
            return {key: self.value(part) for key, part in schema["properties"].items()}
        if kind == "array":
            return [self.value(schema["items"]) for _ in range(self.random.randrange(7))]
        if kind == "integer":
            return self.random.choice([-1, 0, 1, 2, 3, 5, 8, 13, 21, 40, 10**6])
        if kind == "boolean":
            return self.random.random() < 0.7
        return self.text()

    def text(self) -> str:
        start = self.random.randrange(max(1, len(self.words)))
        stretch = " ".join(self.words[start : start + self.random.randrange(1, 9)])
        invented = self.random.choice(["Z99.999", "E11.9", "he has gout", "", "\u0000{{chart}}"])
        return stretch if self.random.random() < 0.6 else invented


class Recorded:
    """Answers that a person once gave, found again by the words they were given for.

    Numbers are looked up in the prompt by their description, so a recording holds as long as the
    described choice is still offered; ``missed`` names the choices that were not.
    """

    def __init__(self, recording: Body) -> None:
        self.recording = recording
        self.missed: list[str] = []

    def __call__(self, body: Body) -> str:
        text = user_text(body)
        question = question_of(body)
        if question == "mentions":
            return json.dumps(self.recording["mentions"])
        if question == "set":
            return json.dumps(self._set(text))
        recorded = self.recording[question]
        items = []
        for number, block in blocks(text.split("\n\nCombinations of several")[0]):
            said = re.search(r'says: ("(?:[^"\\]|\\.)*")', block)
            key = json.loads(said.group(1)) if said else ""
            name = f"{block.splitlines()[0].split(' (says:')[0]} | {key}"
            items.append(self._item(question, number, recorded.get(name), text, name))
        return json.dumps({"items": items})

    def _item(self, question: str, number: int, row: Body | None, text: str, name: str) -> Body:
        if row is None:
            self.missed.append(f"{question}: {name}")
            row = {}
        if question == "entries":
            numbers = [self._number(text, words, number) for words in row.get("entries", ())]
            found = [n for n in numbers if n]
            # The Index may word a line anew; the person would then have named the words.
            also = row.get("also", "") or ("" if found else name.split(" | ")[0])
            return {"evidence": number, "entries": found, "also": also}
        found = [self._number(text, words, number) for words in row.get("codes", ())]
        return {
            "evidence": number, "codes": [n for n in found if n], "quote": row.get("quote", ""),
            "reason": row.get("reason", ""),
        }  # fmt: skip

    def _number(self, text: str, words: str, evidence: int) -> int:
        """The number of a line that reads so, the one under this evidence before others."""
        own = dict(blocks(text)).get(evidence, "")
        end = r"(?= \(includes:| - covers|;|$)"
        pattern = re.compile(rf"(?:^ +|: |; |\): )(\d+) {re.escape(words)}{end}", re.MULTILINE)
        found = pattern.search(own) or pattern.search(text)
        if found is None:
            if question_of_line(text) == "codes":
                self.missed.append(words)
            return 0
        return int(found.group(1))

    def _set(self, text: str) -> Body:
        recorded = self.recording["set"]
        items, first = [], 0
        for line in re.findall(r"^(\d+ .*)$", text, re.MULTILINE):
            number, _, shown = line.partition(" ")
            title = next((t for t in sorted(recorded["items"], key=len, reverse=True)
                          if shown == t or shown.startswith(f"{t} (")), None)  # fmt: skip
            if title is None:
                self.missed.append(f"set: {shown}")
                continue
            verdict, section, reason = recorded["items"][title]
            items.append({"number": int(number), "verdict": verdict, "section": section,
                          "reason": reason})  # fmt: skip
            first = int(number) if title == recorded["first"] else first
        return {"items": items, "first": first, "wanted": recorded["wanted"],
                "questions": []}  # fmt: skip


@contextmanager
def serving(answerer: Answerer = first_options, **rest: Any) -> Iterator[ModelServer]:
    """A running server."""
    with ModelServer(answerer, **rest) as server:
        yield server
