"""Reads charts from files: one text file, a folder of them, or JSON lines.

Offsets in results count characters of the decoded text, so nothing is normalised: line ends stay
as they are, and only a byte-order mark is taken off.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chartcoder.agents.reading import decode
from chartcoder.agents.values import Chart, Encounter
from chartcoder.graph.encounters import encounter_from
from chartcoder.tabular.errors import BadInput

ENDINGS = (".txt", ".text", ".md", ".note")


class Source(NamedTuple):
    """A chart that is still to be read, or why it cannot be.

    Attributes:
        id: file name without ending, or the id in the JSON line.
        chart: the chart; None where it cannot be read.
        error: one sentence where it cannot be read, else empty.
        remark: what was noticed while reading it, such as a guessed encoding; empty for nothing.
    """

    id: str
    chart: Chart | None
    error: str = ""
    remark: str = ""


def read_charts(
    path: str | Path, encounters: Mapping[str, Encounter] | None = None
) -> list[Source]:
    """Reads many charts, in order: a folder's by file name, a file's by line.

    Args:
        path: a folder of text files, or a JSON-lines file of ``{"id", "text", "encounter"?}``.
        encounters: by chart id; they replace what the file says field by field.

    Returns:
        One source a chart; those that cannot be read carry their error.

    Raises:
        BadInput: there is no such file or folder, or no chart in it, or an id stands there twice.
    """
    place = Path(path)
    known = encounters or {}
    if place.is_dir():
        sources = list(_folder(place))
    elif place.is_file():
        sources = list(_lines(place))
    else:
        raise BadInput(f"There are no charts at {place}; name a folder or a JSON-lines file.")
    if not sources:
        kinds = ", ".join(ENDINGS)
        raise BadInput(f"There is no chart in {place}; a folder holds text files ({kinds}).")
    seen: set[str] = set()
    for source in sources:
        if source.id in seen:
            raise BadInput(f"The chart id {source.id!r} stands twice in {place}; make it unique.")
        seen.add(source.id)
    return [_with_encounter(source, known.get(source.id)) for source in sources]


def left_out(path: str | Path) -> list[str]:
    """The files of a folder that ``read_charts`` does not take for charts, by name."""
    place = Path(path)
    if not place.is_dir():
        return []
    return sorted(
        file.name for file in place.iterdir() if file.is_file() and not _is_chart(file)
        and not file.name.startswith(".")
    )  # fmt: skip


def _is_chart(file: Path) -> bool:
    return file.suffix.lower() in ENDINGS and not file.name.startswith(".") and file.is_file()


def _with_encounter(source: Source, more: Encounter | None) -> Source:
    if source.chart is None or more is None:
        return source
    given = more.model_dump(exclude_none=True)
    merged = source.chart.encounter.model_copy(update=given)
    return source._replace(chart=source.chart.model_copy(update={"encounter": merged}))


def _folder(folder: Path) -> Iterator[Source]:
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not _is_chart(file):
            continue
        try:
            decoded = decode(file.read_bytes(), file.name)
        except BadInput as problem:
            yield Source(file.stem, None, str(problem))
        except OSError as problem:
            yield Source(file.stem, None, f"{file.name} cannot be read: {problem.strerror}.")
        else:
            chart = Chart(id=file.stem, text=decoded.text, encoding=decoded.encoding)
            yield Source(file.stem, chart, "", decoded.remark)


def _lines(file: Path) -> Iterator[Source]:
    for number, line in enumerate(file.read_bytes().split(b"\n"), 1):
        if line.strip():
            yield _line(line.removeprefix(b"\xef\xbb\xbf"), f"{file.name}, line {number}", number)


def _line(line: bytes, place: str, number: int) -> Source:
    unnamed = f"line-{number}"
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        return Source(unnamed, None, f"{place}: this is no JSON.")
    if not isinstance(data, dict):
        return Source(unnamed, None, f"{place}: this is no JSON object.")
    named = data.get("id")
    if not isinstance(named, (str, int)) or isinstance(named, bool) or not str(named).strip():
        return Source(unnamed, None, f"{place}: the chart has no id.")
    identity = str(named).strip()
    text = data.get("text")
    if not isinstance(text, str) or not text.strip():
        return Source(identity, None, f"{place}: the chart {identity!r} has no text.")
    told = data.get("encounter")
    try:
        encounter = encounter_from(told if told is not None else {}, place)
    except BadInput as problem:
        return Source(identity, None, str(problem))
    chart = Chart(id=identity, text=text, encoding="utf-8", encounter=encounter)
    return Source(identity, chart)
