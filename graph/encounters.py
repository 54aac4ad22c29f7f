"""Encounters as JSON tells them: in a line of charts, in a file of their own, in gold."""

import datetime
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chartcoder.agents.values import Encounter
from chartcoder.tabular.errors import BadInput

_FIELDS = ("setting", "date", "age", "sex")
_SEXES = {"f": "female", "m": "male"}


def encounter_from(data: object, place: str) -> Encounter:
    """The encounter that a JSON object tells of: ``setting``, ``date``, ``age``, ``sex``.

    Args:
        data: the object; other keys are left alone.
        place: file and line, for the message.

    Raises:
        BadInput: it is no object, or one of the four cannot be.
    """
    if not isinstance(data, dict):
        raise BadInput(f"{place}: the encounter must be an object with {', '.join(_FIELDS)}.")
    given = {key: data[key] for key in _FIELDS if data.get(key) is not None}
    for key in ("setting", "sex"):
        if isinstance(given.get(key), str):
            given[key] = given[key].strip().lower()
    if given.get("sex") in _SEXES:
        given["sex"] = _SEXES[given["sex"]]
    if "date" in given:
        try:
            given["date"] = datetime.date.fromisoformat(given["date"]).isoformat()
        except (TypeError, ValueError):
            raise BadInput(
                f"{place}: the date {given['date']!r} is none; write it as 2026-03-31."
            ) from None
    try:
        return Encounter.model_validate(given)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = first["loc"][0] if first["loc"] else "encounter"
        raise BadInput(
            f"{place}: the {name} {first['input']!r} cannot be ({first['msg']})."
        ) from None


def read_encounters(path: str | Path) -> dict[str, Encounter]:
    """Reads encounters by chart id.

    Args:
        path: JSON lines of ``{"id", "setting"?, "date"?, "age"?, "sex"?}``; the four may also
            stand under ``encounter``.

    Raises:
        BadInput: the file cannot be read, or a line is malformed (the message names it).
    """
    file = Path(path)
    found: dict[str, Encounter] = {}
    for number, data in read_objects(file):
        place = f"{file}, line {number}"
        identity = chart_id(data, place)
        if identity in found:
            raise BadInput(f"{place}: the chart {identity!r} stands here for the second time.")
        found[identity] = encounter_from(data.get("encounter", data), place)
    return found


def chart_id(data: dict[str, Any], place: str) -> str:
    """The id of a chart in a JSON object, under ``encounter_id`` or ``id``.

    Raises:
        BadInput: there is none.
    """
    named = data.get("encounter_id", data.get("id"))
    if not isinstance(named, (str, int)) or isinstance(named, bool) or not str(named).strip():
        raise BadInput(f'{place}: the chart has no id; give it as "id" or "encounter_id".')
    return str(named).strip()


def read_objects(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a JSON-lines file with their line numbers from 1; empty lines are skipped.

    Raises:
        BadInput: the file is missing, a folder, not UTF-8, or a line is no JSON object.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadInput(f"{file} is not UTF-8 at byte {problem.start}; save it as UTF-8.") from None
    except OSError as problem:
        raise BadInput(f"{file} cannot be read ({problem.strerror}); name a file.") from None
    objects: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as problem:
            reason = problem.msg if isinstance(problem, json.JSONDecodeError) else "too deep"
            raise BadInput(f"{file}, line {number}: this is no JSON ({reason}).") from None
        if not isinstance(value, dict):
            raise BadInput(f"{file}, line {number}: this is no JSON object; give one a line.")
        objects.append((number, value))
    return objects
