"""``chartcoder release diff``: what changed between two releases, and which charts it touches."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chartcoder.cli.common import counted, print_json, say
from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.tabular.diff import ChartChange, Difference, Removed

MOST_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two releases, the charts, and how to print."""
    parser.add_argument("old", metavar="OLD", help="an added year, `bundled`, a directory or a zip")
    parser.add_argument("new", metavar="NEW", help="the release to compare it with")
    parser.add_argument(
        "--charts",
        type=Path,
        metavar="FILE",
        help="coded charts as JSON lines, as `code --json` and `batch` write them, "
        'or {"id", "codes"}: say which change',
    )
    parser.add_argument(
        "--all", action="store_true", help=f"print every change, not the first {MOST_SHOWN}"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Compares two releases.

    Raises:
        BadInput: a release is not there, or the charts cannot be read.
    """
    from chartcoder.tabular.diff import compare, touched
    from chartcoder.tabular.release import open_release

    charts = list(_charts(options.charts)) if options.charts else None
    old, new = open_release(options.old), open_release(options.new)
    for release in (old, new):
        for notice in release.notices:
            say(notice)
    difference = compare(old.tabular, new.tabular)
    changes = None if charts is None else touched(charts, difference, new.tabular)
    if options.json:
        print_json(_as_json(difference, changes))
    elif changes is None:
        _print(difference, None if options.all else MOST_SHOWN)
    else:
        _print_charts(difference, changes, len(charts or ()))
    return 0


def _charts(path: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise BadInput(f"{path} cannot be read ({reason}); give JSON lines.") from None
    try:
        # One coding, as `code --json` prints it over many lines.
        whole = json.loads(text)
        lines = whole if isinstance(whole, list) else [whole]
    except ValueError:
        lines = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    raise BadInput(
                        f"{path} line {number} is no JSON; give a coded chart a line."
                    ) from None
    for number, chart in enumerate(lines, start=1):
        yield _chart(path, number, chart)


def _chart(path: Path, number: int, chart: Any) -> tuple[str, list[str]]:
    try:
        if "error" in chart and "codes" not in chart and "assigned" not in chart:
            return str(chart.get("id", number)), []
        listed = chart["codes"] if "codes" in chart else chart["assigned"]
        codes = [str(c["code"]) if isinstance(c, dict) else str(c) for c in listed]
        name = chart.get("id", chart.get("encounter_id", chart.get("chart", number)))
        return (str(name) if isinstance(name, (str, int)) else str(number)), codes
    except (KeyError, TypeError, AttributeError):
        raise BadInput(
            f'{path} entry {number} is no coded chart; it has neither "codes" nor "assigned".'
        ) from None


def _as_json(difference: "Difference", changes: "list[ChartChange] | None") -> dict[str, Any]:
    said: dict[str, Any] = {
        "from": difference.old,
        "to": difference.new,
        "added": [c._asdict() for c in difference.added],
        "removed": [_removed(r) for r in difference.removed],
        "revised": [{"code": r.code, "from": r.old, "to": r.new} for r in difference.revised],
        "notes": None
        if difference.notes is None
        else [
            {"code": n.origin, "kind": n.kind, "removed": n.removed, "added": n.added}
            for n in difference.notes
        ],
    }
    if changes is not None:
        said["charts"] = [
            {
                "id": change.id,
                "removed": [_removed(r) for r in change.removed],
                "revised": [{"code": r.code, "from": r.old, "to": r.new} for r in change.revised],
                "unknown": list(change.unknown),
            }
            for change in changes
        ]
    return said


def _removed(one: "Removed") -> dict[str, Any]:
    return {
        "code": one.code,
        "title": one.title,
        "successors": [s._asdict() for s in one.successors],
    }


def _print(difference: "Difference", most: int | None) -> None:
    print(f"{difference.old} -> {difference.new}")
    _list("added", [f"{c.code} {c.title}" for c in difference.added], most)
    _list("removed", [_line(r) for r in difference.removed], most)
    _list("revised", [f"{r.code} {r.old} -> {r.new}" for r in difference.revised], most)
    if difference.notes is None:
        print("\nThe notes cannot be compared: one of the releases is an order file without notes.")
        return
    notes = []
    for changed in difference.notes:
        lines = [f"- {text}" for text in changed.removed] + [f"+ {text}" for text in changed.added]
        notes.append(f"{changed.origin} {changed.kind}: {' '.join(lines)}")
    _list("changed notes", notes, most)


def _list(name: str, lines: list[str], most: int | None) -> None:
    print(f"\n{len(lines):,} {name}")
    for line in lines[:most]:
        print(f"  {line}")
    if most is not None and len(lines) > most:
        print(f"  ... and {len(lines) - most:,} more; --all prints them")


def _line(one: "Removed") -> str:
    return f"{one.code} {one.title}{_instead(one)}"


def _instead(one: "Removed") -> str:
    codes = ", ".join(s.code for s in one.successors)
    return f" -> {codes}" if codes else ""


def _print_charts(difference: "Difference", changes: "list[ChartChange]", total: int) -> None:
    print(
        f"{difference.old} -> {difference.new}: "
        f"{len(changes):,} of {counted(total, 'chart')} change"
    )
    for change in changes:
        print(change.id)
        for gone in change.removed:
            print(f"  {gone.code} {gone.title}: removed{_instead(gone)}")
        for other in change.revised:
            print(f"  {other.code}: {other.old} -> {other.new}")
        for code in change.unknown:
            print(f"  {code}: in neither release")
