"""``chartcoder lookup``: one code with everything that governs it."""

import argparse
from collections.abc import Iterable
from typing import Any

from chartcoder.cli.common import add_common_options, open_named_release, print_json
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.release import Release, other_releases
from chartcoder.tabular.store import Entry, Note, TabularList

# The field of the JSON, the heading for a reader.
NOTE_FIELDS = {
    "includes": "Includes",
    "inclusion_term": "Inclusion terms",
    "excludes1": "Excludes1",
    "excludes2": "Excludes2",
    "code_first": "Code first",
    "use_additional": "Use additional code",
    "code_also": "Code also",
    "note": "Note",
}
_PLURAL = {"inclusion_term": "inclusion_terms", "note": "notes"}
MOST_NAMED = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of this command."""
    parser.add_argument(
        "code", help="a code, section or chapter: M17.11, m1711, S52.5, M15-M19, 13"
    )
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the code.

    Raises:
        BadInput: there is no such code in the release.
    """
    release = open_named_release(options)
    tabular = release.tabular
    entry = find(options.code, release)
    if options.json:
        print_json(as_json(entry, tabular))
    else:
        print("\n".join(as_lines(entry, tabular)))
    return 0


def find(text: str, release: Release) -> Entry:
    """The entry of a code, section or chapter.

    Raises:
        BadInput: there is none; the message says what there is.
    """
    tabular = release.tabular
    entry = tabular.get(text)
    if entry is not None:
        return entry
    from chartcoder.tabular.validity import read_code

    finding = read_code(text, tabular, lambda: other_releases(release)).finding
    if finding is None:
        raise BadInput(f"{text} is no code of release {release.name}; give another one.")
    meant = [s.code for s in finding.suggestion if s.code not in finding.message]
    named = ", ".join(meant[:MOST_NAMED]) + (", ..." if len(meant) > MOST_NAMED else "")
    raise BadInput(finding.message + (f" There are: {named}." if meant else ""))


def as_json(entry: Entry, tabular: TabularList) -> dict[str, Any]:
    """The entry in the form of the contract.

    Every note is ``{"text", "from"}``, ``from`` being the code, section or chapter that carries
    it. ``path`` names the codes from the chapter down.
    """
    path = tabular.path(entry.code)
    gathered: dict[str, list[dict[str, str]]] = {
        _PLURAL.get(kind, kind): [] for kind in NOTE_FIELDS
    }
    for note in tabular.notes(entry.code):
        if note.kind in NOTE_FIELDS:
            field = _PLURAL.get(note.kind, note.kind)
            gathered[field].append({"text": note.text, "from": note.origin})
    notes = gathered.pop("notes")
    return {
        "code": entry.code,
        "title": entry.title,
        "billable": entry.billable,
        "chapter": _nearest(path, "chapter"),
        "section": _nearest(path, "section"),
        "path": [step.code for step in path],
        **gathered,
        "notes": notes,
        "seventh_characters": _characters(entry, tabular),
        "children": [
            {"code": child.code, "title": child.title, "billable": child.billable}
            for child in tabular.children_of(entry)
        ],
    }


def as_lines(entry: Entry, tabular: TabularList) -> list[str]:
    """The entry as lines for a reader, its own notes before those of the headers above."""
    path = tabular.path(entry.code)
    state = {"chapter": "chapter", "section": "section"}.get(
        entry.kind, "billable" if entry.billable else "not billable"
    )
    lines = [f"{entry.code}  {entry.title}  [{state}]"]
    lines += [f"{'  ' * depth}{step.code} {step.title}" for depth, step in enumerate(path[:-1], 1)]
    notes = [note for note in tabular.notes(entry.code) if note.kind in NOTE_FIELDS]
    for kind, heading in NOTE_FIELDS.items():
        lines += _note_lines(heading, [note for note in notes if note.kind == kind], entry)
    characters = _characters(entry, tabular)
    children = tabular.children_of(entry)
    if characters and entry.seventh < 0:
        lines += ["", "7th characters below"]
        lines += [f"  {character}  {meaning}" for character, meaning in characters.items()]
    if children:
        lines += ["", "Codes with their 7th character" if entry.seventh >= 0 else "Below"]
        lines += [f"  {c.code}{'' if c.billable else '-'}  {c.title}" for c in children]
    return lines


def _note_lines(heading: str, notes: Iterable[Note], entry: Entry) -> list[str]:
    lines: list[str] = []
    origin = None
    for note in notes:
        if note.origin != origin:
            origin = note.origin
            lines += ["", heading + ("" if origin == entry.base else f" (from {origin})")]
        lines.append(f"  {note.text}")
    return lines


def _nearest(path: list[Entry], kind: str) -> str:
    return next((step.code for step in reversed(path) if step.kind == kind), "")


def _characters(entry: Entry, tabular: TabularList) -> dict[str, str]:
    takes = tabular.seventh(entry.code)
    if takes is None and entry.kind == "code" and not entry.billable:
        takes = tabular.seventh_below(entry.code)
    return takes.characters if takes else {}
