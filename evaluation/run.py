"""Runs charts for an evaluation, and saves each result so that a run can be finished later."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from chartcoder.agents.values import Chart
from chartcoder.evaluation.gold import GoldChart, gold_from, gold_line
from chartcoder.evaluation.record import ChartRecord, failed_record, record_of
from chartcoder.graph.context import Context
from chartcoder.tabular.errors import BadInput

_BEGINNING = b'{"run": '
_SOURCE_FOLDERS = ("tabular", "index", "agents", "graph", "resources")


def run_one(chart: Chart, context: Context) -> ChartRecord:
    """Codes one chart and keeps what scores and losses need; an error becomes part of the record.

    Raises:
        ChartcoderError: the release cannot be opened, which would fail every chart.
    """
    from chartcoder.graph.pipeline import run_chart

    _ = context.book.tabular
    began = time.perf_counter()
    try:
        state = run_chart(chart, context)
    except Exception as problem:  # one chart must not end the run; the record says what happened
        error = f"{type(problem).__name__}: {' '.join(str(problem).split())}"
        return failed_record(chart, error, time.perf_counter() - began)
    return record_of(chart, state, time.perf_counter() - began)


def code_state() -> str:
    """A hash over the installed code and data that codings depend on.

    Two runs with the same one, the same release and the same settings give the same codings.
    """
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for folder in _SOURCE_FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(str(file.relative_to(root)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


class RunFile:
    """A saved run: a header line with its settings, then a record a chart.

    A file that was cut off in the middle of a line is taken up after its last whole line.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        """Opens the file for going on, or begins it.

        Args:
            path: where the run is saved.
            header: the settings that records depend on.

        Raises:
            BadInput: the file holds something else, or a run with other settings.
        """
        self.path = path
        self.done: dict[str, ChartRecord] = {}
        whole = b""
        if path.exists():
            content = _bytes(path)
            whole = content[: content.rfind(b"\n") + 1]
            if not (content.startswith(_BEGINNING) or _BEGINNING.startswith(content)):
                raise _no_run(path)
        if whole:
            found, records = parse_run(whole, path)
            differing = sorted(
                k for k in {*found, *header} if found.get(k) != header.get(k) and k != "command"
            )
            if differing:
                raise BadInput(
                    f"{path} holds a run with other settings ({', '.join(differing)}); name "
                    "another file, or remove this one."
                )
            self.done = {r["id"]: r for r in records}
        try:
            self._stream = path.open("r+b" if path.exists() else "w+b")
            self._stream.truncate(len(whole))
            self._stream.seek(len(whole))
        except OSError as problem:
            raise BadInput(f"{path} cannot be written ({problem.strerror}).") from None
        if not whole:
            self._line({"run": header})

    def add(self, record: ChartRecord, gold: GoldChart) -> None:
        """Saves one record with its gold."""
        self._line({**record, "gold": gold_line(gold)})

    def _line(self, value: object) -> None:
        self._stream.write(json.dumps(value).encode() + b"\n")
        self._stream.flush()

    def close(self) -> None:
        """Closes the file, its content on the disk."""
        os.fsync(self._stream.fileno())
        self._stream.close()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise BadInput(f"{path} cannot be read ({problem.strerror}); name a file.") from None


def parse_run(content: bytes, path: Path) -> tuple[dict[str, Any], list[ChartRecord]]:
    """The header and the records of a saved run.

    Raises:
        BadInput: it is none.
    """
    records: list[ChartRecord] = []
    header: dict[str, Any] | None = None
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if number == 1:
                header = value["run"]
            else:
                _ = value["id"], value["assigned"], value["sha256"], value["gold"]
                records.append(cast("ChartRecord", value))
        except (ValueError, LookupError, TypeError):
            break
    if header is None:
        raise _no_run(path)
    return header, records


def _no_run(path: Path) -> BadInput:
    return BadInput(f"{path} is no saved run of `chartcoder evaluate`; name another file.")


class SavedRun(NamedTuple):
    """A run that ``chartcoder evaluate --save`` wrote.

    Attributes:
        header: its settings.
        records: one a chart.
        gold: what it was scored against, by chart id.
    """

    header: dict[str, Any]
    records: list[ChartRecord]
    gold: dict[str, GoldChart]


def read_run(path: str | Path) -> SavedRun:
    """Reads a saved run.

    Raises:
        BadInput: the file is missing or is none.
    """
    file = Path(path)
    header, lines = parse_run(_bytes(file), file)
    # A chart whose text changed between two sittings has two lines; the later one counts.
    records = list({r["id"]: r for r in lines}.values())
    gold = [gold_from(cast("dict[str, Any]", r)["gold"], str(file)) for r in records]
    return SavedRun(header, records, {one.id: one for one in gold})


def run_all(
    charts: Sequence[Chart],
    gold: Mapping[str, GoldChart],
    work: Callable[[Sequence[Chart]], Iterable[ChartRecord]],
    save: RunFile | None = None,
) -> Iterator[ChartRecord]:
    """Runs charts in order, taking from a saved run what it already has.

    Args:
        charts: the charts.
        gold: by chart id.
        work: codes charts in the order given.
        save: where results are kept.
    """
    done = save.done if save is not None else {}
    kept: dict[str, ChartRecord] = {}
    for chart in charts:
        record = done.get(chart.id)
        told = chart.encounter.model_dump(exclude_none=True)
        if record and record["sha256"] == chart.sha256 and record["encounter"] == told:
            kept[chart.id] = record
    fresh = iter(work([c for c in charts if c.id not in kept]))
    for chart in charts:
        record = kept.get(chart.id)
        if record is None:
            record = next(fresh)
            if save is not None:
                save.add(record, gold[chart.id])
        yield record
