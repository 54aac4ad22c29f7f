"""What coding with a model costs beside a bare client that makes the same calls.

Run it with ``python -m chartcoder.evaluation.benchmarks.orchestration``. A server on loopback, a
process of its own, answers every request after 20 ms with the first of every list. The sample
charts are coded over it; then the openai client sends the very same requests again. What the
coder's own work takes (index, Tabular List, rules, quotes) is told apart from the orchestration:
graph, prompts, client. 1.0 is the bare client.
"""

import functools
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from chartcoder.evaluation.benchmarks.measure import (
    Numbers,
    run_benchmark,
    run_part,
    sample_texts,
    table,
)

_MODULE = "chartcoder.evaluation.benchmarks.orchestration"
_DELAY = 0.020
_REPEATS = 3


class _Handler(BaseHTTPRequestHandler):
    """Answers chat completions with the first of every list."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes; the second must not wait for the first to be acknowledged.
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def do_POST(self) -> None:
        """One answer."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = json.dumps(_first(body["messages"][-1]["content"], body))
        time.sleep(_DELAY)
        message = {"role": "assistant", "content": text}
        data = json.dumps(
            {
                "id": "x", "object": "chat.completion", "created": 1, "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        ).encode()  # fmt: skip
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _first(text: str, body: dict[str, Any]) -> dict[str, Any]:
    fields = body["response_format"]["json_schema"]["schema"]["properties"]
    if "mentions" in fields:
        lines = re.findall(r"^\s*(?:\d[.)]|[-*•])\s*(.{4,60}?)[.:;,]", text, re.MULTILINE)
        return {
            "setting": "outpatient",
            "mentions": [
                {
                    "quote": line, "lead_term": line, "modifiers": [], "support": [],
                    "assertion": "present", "role": "problem", "section": "", "primary": not n,
                    "counts": True, "reason": "",
                }
                for n, line in enumerate(lines[:8])
            ],
        }  # fmt: skip
    if "wanted" in fields:
        numbers = [int(n) for n in re.findall(r"^(\d+) ", text, re.MULTILINE)]
        items = [{"number": n, "verdict": "report", "section": "", "reason": ""} for n in numbers]
        return {"items": items, "first": 1, "wanted": [], "questions": []}
    parts = re.split(r"^\[(\d+)\] ", text, flags=re.MULTILINE)
    answer = []
    for number, block in zip(parts[1::2], parts[2::2], strict=True):
        options = [int(n) for n in re.findall(r"^ +(\d+) ", block, re.MULTILINE)][:1]
        answer.append(
            {"evidence": int(number), "entries": options, "codes": options, "also": "",
             "quote": "", "reason": ""}
        )  # fmt: skip
    return {"items": answer}


def serve(arguments: Sequence[str]) -> Numbers:
    """Serves until its standard input ends; tells its address first."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    sys.stdin.read()
    return {}


@contextmanager
def _serving() -> Iterator[str]:
    command = [sys.executable, "-m", _MODULE, "--part", "serve"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.stdout.read()


def coded(arguments: Sequence[str]) -> Numbers:
    """Seconds to code the sample charts; the requests are kept in the file that is named."""
    from chartcoder.agents import reconciler
    from chartcoder.agents.model import codes, entries, mentions, sets, wire
    from chartcoder.agents.model.factory import ModelJudges
    from chartcoder.agents.model.settings import ModelSettings
    from chartcoder.agents.rules.judge import RulesJudge
    from chartcoder.agents.values import Chart
    from chartcoder.graph import pipeline
    from chartcoder.graph.context import Context

    books = _Clock()
    for place, name in (
        (pipeline, "look_up"), (pipeline, "verify"), (codes, "question"), (sets, "open_questions"),
        (reconciler, "conclude"), (reconciler, "missing_partners"), (RulesJudge, "which_set"),
        (mentions, "read"), (entries, "read"), (codes, "read"),
    ):  # fmt: skip
        setattr(place, name, books.timed(getattr(place, name)))
    outside = _Clock()
    sent: list[dict[str, Any]] = []
    send = wire.Wire.send

    def noted(
        self: wire.Wire, model: str, messages: Any, form: Any, schema: Any, *rest: Any
    ) -> Any:
        sent.append({"system": messages.system, "user": messages.user, "schema": schema})
        return outside.timed(send)(self, model, messages, form, schema, *rest)

    with _serving() as url:
        settings = ModelSettings("canned", base_url=url, cache=False)
        context = Context(release="bundled", judge=ModelJudges(settings), way_back=False)
        charts = [Chart(id=str(n), text=text) for n, text in enumerate(sample_texts())]
        compiled = pipeline.build_graph()

        def work() -> None:
            for chart in charts:
                compiled.invoke({"chart": chart}, context=context)

        work()
        wire.Wire.send = noted  # type: ignore[method-assign, assignment]
        books.seconds = outside.seconds = 0.0
        began = time.perf_counter()
        for _ in range(_REPEATS):
            work()
        took = time.perf_counter() - began
    calls = len(sent) // _REPEATS
    Path(arguments[0]).write_text(json.dumps(sent[:calls]))
    return {
        "seconds": took / _REPEATS, "calls": calls, "charts": len(charts),
        "waiting": outside.seconds / _REPEATS, "books": books.seconds / _REPEATS,
    }  # fmt: skip


class _Clock:
    """Adds up the wall time of calls."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def timed(self, work: Any) -> Any:
        @functools.wraps(work)
        def wrapped(*values: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*values, **named)
            finally:
                with self._lock:
                    self.seconds += time.perf_counter() - began

        return wrapped


def bare(arguments: Sequence[str]) -> Numbers:
    """Seconds for the openai client to send the same requests one after the other."""
    from openai import OpenAI

    requests = json.loads(Path(arguments[0]).read_text())
    with _serving() as url:
        client = OpenAI(base_url=url, api_key="none", max_retries=0)

        def work() -> None:
            for request in requests:
                schema = {k: v for k, v in request["schema"].items() if k != "title"}
                demanded = {"name": request["schema"]["title"], "schema": schema, "strict": True}
                form: Any = {"type": "json_schema", "json_schema": demanded}
                turns: Any = [
                    {"role": "system", "content": request["system"]},
                    {"role": "user", "content": request["user"]},
                ]
                done = client.chat.completions.create(
                    model="canned", messages=turns, response_format=form, temperature=0
                )
                json.loads(done.choices[0].message.content or "")

        work()
        began = time.perf_counter()
        for _ in range(_REPEATS):
            work()
        return {"seconds": (time.perf_counter() - began) / _REPEATS, "calls": len(requests)}


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        kept = str(Path(folder) / "requests.json")
        whole = run_part(_MODULE, "coded", kept)
        alone = run_part(_MODULE, "bare", kept)
    calls, charts = whole["calls"], whole["charts"]
    rest = whole["seconds"] - whole["waiting"] - whole["books"]

    def row(name: str, seconds: float) -> tuple[object, ...]:
        return name, seconds / charts * 1000, seconds / calls * 1000, seconds / alone["seconds"]

    print(f"{charts} sample charts, {calls / charts:.1f} calls each, {_DELAY * 1000:.0f} ms a call")
    print(
        table(
            ("", "ms a chart", "ms a call", "ratio"),
            [
                row("the same calls by the openai client", alone["seconds"]),
                row("coded", whole["seconds"]),
                row("  waiting for the model, with its client", whole["waiting"]),
                row("  looking up, verifying, settling by rules", whole["books"]),
                row("  graph, prompts, the rest", rest),
                row("without the coder's own work", whole["seconds"] - whole["books"]),
            ],
        )
    )


if __name__ == "__main__":
    parts = {"serve": serve, "coded": coded, "bare": bare}
    sys.exit(run_benchmark(_MODULE, parts, main, "Coding with a model beside a bare client."))
