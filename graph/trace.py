"""The local trace: what happened, step by step, in a file of JSON lines.

It is written only when asked for. Chart text does not stand in it: wherever words of the chart
would appear there is a mark with their offsets (``⟦start:end⟧``), unless ``keep_text`` is set. With
the chart beside it the trace gives back the very coding that was printed.

Lines: a head (chart by hash, encounter, release, judge, switches), one a step (node, agent, what
it gave), and the coding.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from chartcoder import __version__
from chartcoder.agents.reading import decode
from chartcoder.agents.values import Chart, Coding
from chartcoder.graph.context import Context
from chartcoder.tabular.errors import BadInput

TRACE_VERSION = 1
_MARK = re.compile("⟦(\\d+):(\\d+)⟧")
_SHORTEST = 3


class TraceFile:
    """Writes a trace; give it to ``code_chart``.

    Args:
        path: where to write; the file appears whole, when the run is done.
        keep_text: write chart text instead of offsets.
        source: the file the chart came from, so that a replay finds it.
    """

    def __init__(self, path: Path, keep_text: bool = False, source: str = "") -> None:
        self.path = path
        self.keep_text = keep_text
        self.source = source
        self._lines: list[dict[str, Any]] = []
        self._spans: dict[str, tuple[int, int]] = {}
        self._chart = Chart(text="")
        self._last = 0.0

    def begin(self, chart: Chart, context: Context) -> None:
        """Notes the head of the trace."""
        self._chart = chart
        self._last = time.perf_counter()
        self._spans = {}
        self._lines = [
            {
                "trace": TRACE_VERSION,
                "chartcoder": __version__,
                "chart": {
                    "id": chart.id, "sha256": chart.sha256, "encoding": chart.encoding,
                    "characters": len(chart.text),
                    "file": str(Path(self.source).absolute()) if self.source.strip("-") else "",
                },
                "text": self.keep_text,
                "encounter": chart.encounter.model_dump(mode="json"),
                "release": context.book.release.name,
                "judge": context.make_judge().name,
                "way_back": context.way_back,
                "policies": dict(context.policies),
            }
        ]  # fmt: skip

    def step(self, node: str, update: dict[str, Any]) -> None:
        """Notes what one node gave."""
        now = time.perf_counter()
        gave = {key: plain(value) for key, value in (update or {}).items() if key != "coding"}
        self._gather(gave)
        self._lines.append(
            {
                "step": len(self._lines),
                "node": node,
                "seconds": round(now - self._last, 6),
                "gave": gave,
            }
        )
        self._last = now

    def finish(self, coding: Coding) -> None:
        """Writes the trace with the coding at its end."""
        data = coding.to_json()
        self._gather(data)
        self._in_order()
        self._lines.append({"coding": data})
        ordered = sorted(self._spans, key=lambda t: (-len(t), t))
        lines = [
            line if self.keep_text or place == 0 else self._redacted(line, ordered)
            for place, line in enumerate(self._lines)
        ]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        temporary = self.path.with_name(self.path.name + ".part")
        try:
            temporary.write_text(text, "utf-8")
            temporary.replace(self.path)
        except OSError as problem:
            raise BadInput(
                f"The trace {self.path} cannot be written ({problem.strerror}); name another file."
            ) from problem

    def _in_order(self) -> None:
        """Puts the items of a fan-out in their own order, whichever thread was first."""
        start = 1
        while start < len(self._lines):
            end = start
            while end < len(self._lines) and self._lines[end]["node"] == self._lines[start]["node"]:
                end += 1
            group = self._lines[start:end]
            group.sort(key=lambda line: json.dumps(_item_of(line["gave"])))
            for place, line in enumerate(group, start):
                self._lines[place] = {**line, "step": place}
            start = end

    def _gather(self, value: Any) -> None:
        """Remembers every span, so that its words can be put away wherever they appear."""
        if isinstance(value, dict):
            if {"start", "end", "text"} <= value.keys() and isinstance(value["text"], str):
                self._spans.setdefault(value["text"], (value["start"], value["end"]))
            phrase = value.get("phrase")
            if isinstance(phrase, str):
                place = self._chart.text.find(phrase)
                if place >= 0:
                    self._spans.setdefault(phrase, (place, place + len(phrase)))
            self._gather_words(value)
            for item in value.values():
                self._gather(item)
        elif isinstance(value, list):
            for item in value:
                self._gather(item)

    def _gather_words(self, value: dict[str, Any]) -> None:
        """Chart words that stand outside spans: a decision's quote, modifiers of a mention."""
        words = [w for w in value.get("modifiers") or () if isinstance(w, str)]
        if value.get("kind") == "documentation":
            words.append(str(value.get("text", "")))
        for word in words:
            place = self._chart.text.find(word) if word else -1
            if place >= 0:
                self._spans.setdefault(word, (place, place + len(word)))

    def _redacted(self, value: Any, ordered: list[str]) -> Any:
        if isinstance(value, dict):
            return {key: self._redacted(item, ordered) for key, item in value.items()}
        if isinstance(value, list):
            return [self._redacted(item, ordered) for item in value]
        if isinstance(value, str) and len(value) >= _SHORTEST:
            exact = self._spans.get(value)
            if exact is not None:
                return f"⟦{exact[0]}:{exact[1]}⟧"
            for text in ordered:
                if len(text) > 8 and text in value:
                    start, end = self._spans[text]
                    value = value.replace(text, f"⟦{start}:{end}⟧")
        return value


def _item_of(gave: dict[str, Any]) -> list[Any]:
    """The number of the evidence item a fan-out step was about."""
    for rows in gave.values():
        if isinstance(rows, list) and rows and isinstance(rows[0], list):
            return rows[0][:2]
    return []


def plain(value: Any) -> Any:
    """A value of the state as JSON would hold it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    return value


class Trace(NamedTuple):
    """A trace as read.

    Attributes:
        path: the file.
        head: its first line.
        steps: one a node run.
        coding: the coding, words of the chart still put away where they were.
    """

    path: Path
    head: dict[str, Any]
    steps: list[dict[str, Any]]
    coding: dict[str, Any]


def read_trace(path: Path) -> Trace:
    """Reads a trace.

    Raises:
        BadInput: the file is missing, cut short, or no trace.
    """
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as problem:
        raise BadInput(f"The trace {path} cannot be read ({problem.strerror}).") from problem
    except ValueError as problem:
        raise BadInput(
            f"{path} is no trace: a line is not JSON; give a file of --trace."
        ) from problem
    if not rows or not isinstance(rows[0], dict) or rows[0].get("trace") != TRACE_VERSION:
        raise BadInput(f"{path} is no trace of this version; give a file that --trace wrote.")
    if not isinstance(rows[-1], dict) or "coding" not in rows[-1]:
        raise BadInput(f"The trace {path} ends before the coding; the run did not finish.")
    return Trace(path, rows[0], rows[1:-1], rows[-1]["coding"])


def replay(trace: Trace, chart_file: Path | None = None) -> dict[str, Any]:
    """The coding of a trace, with the words of the chart put back.

    Args:
        trace: as ``read_trace`` gives it.
        chart_file: the chart, where it is not where it was.

    Raises:
        BadInput: the chart is needed and missing, or is not the one that was coded.
    """
    if trace.head["text"]:
        return trace.coding
    named = trace.head["chart"]["file"]
    file = chart_file or (Path(named) if named else None)
    if file is None or not file.is_file():
        raise BadInput(
            f"The trace {trace.path} holds no chart text and its chart "
            f"{named or '(standard input)'} is not there; name it with --chart."
        )
    text = decode(file.read_bytes(), str(file)).text
    if (
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        != trace.head["chart"]["sha256"]
    ):
        raise BadInput(f"{file} is not the chart of the trace {trace.path}: its text has changed.")
    restored: dict[str, Any] = _restored(trace.coding, text)
    return restored


def _restored(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: _restored(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item, text) for item in value]
    if isinstance(value, str) and "⟦" in value:
        return _MARK.sub(lambda m: text[int(m.group(1)) : int(m.group(2))], value)
    return value


def differences(first: Trace, second: Trace) -> Iterator[tuple[int, str, str]]:
    """Where two traces part: ``(step, node, what differs)``, the first one first."""
    for place, (one, other) in enumerate(zip(first.steps, second.steps, strict=False), 1):
        if one["node"] != other["node"]:
            yield place, one["node"], f"runs {one['node']} here, {other['node']} there"
            return
        for key in sorted({*one["gave"], *other["gave"]}):
            here, there = one["gave"].get(key), other["gave"].get(key)
            if here != there:
                yield place, one["node"], f"{key}: {_first_difference(here, there)}"
    if len(first.steps) != len(second.steps):
        yield (
            min(len(first.steps), len(second.steps)) + 1,
            "",
            f"{len(first.steps)} steps here, {len(second.steps)} there",
        )


def _first_difference(here: Any, there: Any) -> str:
    if isinstance(here, list) and isinstance(there, list):
        for place, (one, other) in enumerate(zip(here, there, strict=False)):
            if one != other:
                return f"item {place}: {_first_difference(one, other)}"
        return f"{len(here)} items here, {len(there)} there"
    if isinstance(here, dict) and isinstance(there, dict):
        for key in sorted({*here, *there}):
            if here.get(key) != there.get(key):
                return f"{key}: {_first_difference(here.get(key), there.get(key))}"
    return f"{_short(here)} here, {_short(there)} there"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
