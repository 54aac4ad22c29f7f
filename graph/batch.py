"""Codes many charts into one JSON-lines file that can be finished after any interruption.

A line holds what ``chartcoder code --json`` prints for the chart, with its ``id`` first; a chart
that failed is a line with ``error``. Lines stand in the order of the charts, and each is written
whole before the next, so what an interrupted run leaves is its first lines and at most the
beginning of one more, which is cut off when the run is taken up again.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from chartcoder.agents.values import Chart
from chartcoder.graph.charts import Source
from chartcoder.graph.context import Context
from chartcoder.graph.workers import work_through
from chartcoder.tabular.errors import BadInput, ChartcoderError

_BEGINNING = b'{"id": '


class Done(NamedTuple):
    """A line that was just written, or was there before.

    Attributes:
        id: the chart's id.
        error: why the chart failed; empty where it was coded.
        before: an earlier run wrote it.
    """

    id: str
    error: str
    before: bool


def code_line(chart: Chart, context: Context) -> str:
    """The line for one chart, without its end; an error becomes a line with ``error``."""
    from chartcoder.graph.pipeline import code_chart

    try:
        coding = code_chart(chart, context=context)
    except ChartcoderError as problem:
        return error_line(chart.id, str(problem))
    except Exception as problem:  # one bad chart must never stop the run
        return error_line(chart.id, f"{type(problem).__name__}: {problem}")
    return _line({"id": chart.id, **coding.to_json()})


def error_line(identity: str, error: str) -> str:
    """The line for a chart that failed."""
    return _line({"id": identity, "error": " ".join(error.split())})


def _died(chart: Chart, error: str) -> str:
    return error_line(chart.id, error)


def _line(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        # JSON can hold half a surrogate pair, UTF-8 cannot.
        return json.dumps(value)
    return text


def check_context(context: Context) -> None:
    """Opens what every chart needs, so that what would fail for all of them is said once.

    Raises:
        BadInput: the release cannot be opened, or there is no such policy.
        MissingPrerequisite: a prerequisite of the release or the judge is not there.
    """
    from chartcoder.agents.rules.policies import policies_for

    for setting in ("outpatient", "inpatient"):
        policies_for(setting, context.policies)
    _ = context.book.tabular, context.book.index


def code_all(
    sources: Sequence[Source],
    out: str | Path,
    context: Context,
    workers: int = 1,
    done: Callable[[Done], None] = lambda _: None,
) -> None:
    """Codes charts into a file, taking up what an earlier run left there.

    Args:
        sources: the charts, from ``read_charts``.
        out: the JSON-lines file; charts whose line is there are not coded again.
        context: release, judge and switches.
        workers: how many processes; the bytes are the same for any number.
        done: is told of every line, those of an earlier run first.

    Raises:
        BadInput: the file holds something else than the first lines of this work, is written by
            another run just now, or cannot be written; or the release cannot be opened.
        MissingPrerequisite: a prerequisite of the release or the judge is not there.
    """
    path = Path(out)
    check_context(context)
    with _opened(path) as stream:
        kept = _kept(stream, path, sources, context)
        for source, error in zip(sources, kept, strict=False):
            done(Done(source.id, error, True))
        rest = sources[len(kept) :]
        for line in _lines(rest, context, workers):
            stream.write(line.encode() + b"\n")
            stream.flush()
            source = rest[0]
            rest = rest[1:]
            done(Done(source.id, json.loads(line).get("error", ""), False))
        os.fsync(stream.fileno())


def _lines(rest: Sequence[Source], context: Context, workers: int) -> Iterator[str]:
    readable = [s.chart for s in rest if s.chart is not None]
    coded = work_through(readable, code_line, _died, context, workers)
    for source in rest:
        yield error_line(source.id, source.error) if source.chart is None else next(coded)


def _opened(path: Path) -> IO[bytes]:
    try:
        stream = path.open("r+b" if path.exists() else "w+b")
    except OSError as problem:
        raise BadInput(f"{path} cannot be written ({problem.strerror}); name a file.") from None
    try:
        import fcntl
    except ImportError:  # not on Windows
        return stream
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        raise BadInput(f"Another run is writing {path} just now; wait for it, or end it.") from None
    except OSError:
        pass  # a file system without locks
    return stream


def _kept(stream: IO[bytes], path: Path, sources: Sequence[Source], context: Context) -> list[str]:
    """The errors of the lines an earlier run wrote; leaves the stream at their end."""
    content = stream.read()
    end = content.rfind(b"\n") + 1
    cut = content[end:]
    if not (cut.startswith(_BEGINNING) or _BEGINNING.startswith(cut)):
        raise BadInput(f"{path} is not the output of `chartcoder batch`; name another file.")
    errors: list[str] = []
    release = context.book.release
    judge = context.make_judge().name
    for number, line in enumerate(content[:end].splitlines(), 1):
        try:
            value = json.loads(line)
            identity, error = value["id"], value.get("error", "")
        except (ValueError, LookupError, TypeError, AttributeError):
            raise BadInput(
                f"{path}, line {number} is not of `chartcoder batch`; name another file."
            ) from None
        if number > len(sources) or sources[number - 1].id != identity:
            raise BadInput(
                f"{path}, line {number} is of the chart {identity!r}, which is not number "
                f"{number} of these charts; name another file."
            )
        reason = "" if error else _stale(value, sources[number - 1], release.year, judge)
        if reason:
            raise BadInput(
                f"{path}, line {number}: the chart {identity!r} was coded {reason}; name another "
                "file, or remove this one."
            )
        errors.append(error)
    stream.seek(end)
    stream.truncate()
    return errors


def _stale(value: dict[str, Any], source: Source, year: str, judge: str) -> str:
    chart = source.chart
    if chart is None or value["chart"]["sha256"] != chart.sha256:
        return "from another text"
    if value["release"]["year"] != year:
        return f"with the release {value['release']['year']}, not {year}"
    if value["judge"] != judge:
        return f"by the judge {value['judge']}, not {judge}"
    if value["encounter"] != chart.encounter.model_dump(mode="json"):
        return "with another encounter"
    return ""
