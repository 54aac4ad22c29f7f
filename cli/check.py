"""``chartcoder check``: holds a code set against the Tabular List, without any chart."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chartcoder.cli.common import (
    EncounterOptions,
    add_common_options,
    add_encounter_options,
    counted,
    encounter_of,
    json_text,
    open_named_release,
    print_json,
    say,
)
from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.tabular.findings import Finding, Verdict
    from chartcoder.tabular.release import Release
    from chartcoder.tabular.store import TabularList

MOST_SUGGESTED = 12

_SEPARATORS = re.compile(r"[,;|]")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9][A-Za-z0-9.]{1,8}-*")


class CodeSetGiven(NamedTuple):
    """One set to check.

    Attributes:
        id: of a line of a JSON-lines file; None for codes given plainly.
        codes: as they were written, in their sequence.
        encounter: what is known of the visit or stay.
        unrelated: pairs documented as unrelated.
    """

    id: str | None
    codes: list[str]
    encounter: EncounterOptions
    unrelated: list[tuple[str, str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The codes, where else they may come from, the encounter, and how to print."""
    parser.add_argument(
        "codes",
        nargs="*",
        metavar="CODE",
        help="in their sequence, the first-listed or principal diagnosis first; "
        "- reads standard input",
    )
    parser.add_argument(
        "--file",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="codes from a file: one set as plain text, or a set a line as JSON "
        '{"id", "codes", "encounter"?, "documented_unrelated"?}',
    )
    parser.add_argument(
        "--documented-unrelated",
        nargs=2,
        action="append",
        default=[],
        metavar=("A", "B"),
        help="two codes under an Excludes1 note that the chart says are unrelated",
    )
    parser.add_argument(
        "--all", action="store_true", help="print what is merely worth knowing, too"
    )
    parser.add_argument(
        "--audit-notes",
        action="store_true",
        help="instead of checking codes, list the notes whose references name no code",
    )
    add_encounter_options(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Checks the sets; 1 where one has an error, else 0.

    Raises:
        BadInput: no code was given, or a file cannot be read.
    """
    if options.audit_notes:
        return _audit(options)
    given = _given(options)
    release = open_named_release(options)
    from chartcoder.tabular.check import check
    from chartcoder.tabular.lists import official_lists

    lists = official_lists(release)
    others = _other_releases(release)
    failed = False
    for one in given:
        verdict = check(one.codes, release.tabular, one.encounter, one.unrelated, lists, others)
        failed = failed or not verdict.valid
        _print(one, verdict, options)
    return 1 if failed else 0


def _given(options: argparse.Namespace) -> list[CodeSetGiven]:
    encounter = encounter_of(options)
    unrelated = [(one, two) for one, two in options.documented_unrelated]
    plain: list[str] = []
    sets: list[CodeSetGiven] = []
    sources: list[tuple[str, str]] = []
    for word in options.codes:
        if word == "-":
            sources.append(("standard input", sys.stdin.read()))
        else:
            plain += split_codes(word)
    sources += [(str(path), _read(path)) for path in options.file]
    for name, text in sources:
        if text.lstrip().startswith("{"):
            sets += _from_json_lines(name, text, encounter, unrelated)
        else:
            for line in text.splitlines():
                plain += split_codes(line.partition("#")[0])
    if plain or not sets:
        sets.insert(0, CodeSetGiven(None, plain, encounter, unrelated))
    if not any(one.codes for one in sets):
        raise BadInput(
            "No code was given; name codes, or read them with - from standard input or with --file."
        )
    return sets


def split_codes(text: str) -> list[str]:
    """The codes in a line as people write it: commas between them, or spaces, or spaces inside."""
    codes: list[str] = []
    for part in _SEPARATORS.split(text):
        words = part.split()
        if all(_TOKEN.fullmatch(word) for word in words):
            codes += words
        else:
            codes.append(part.strip())
    return codes


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise BadInput(f"{path} cannot be read ({reason}); give a text file of codes.") from None


def _from_json_lines(
    name: str, text: str, encounter: EncounterOptions, unrelated: list[tuple[str, str]]
) -> Iterator[CodeSetGiven]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            codes = [str(c) for c in said["codes"]]
            own = said.get("encounter") or {}
            pairs = [(str(a), str(b)) for a, b in said.get("documented_unrelated", ())]
            known = EncounterOptions(
                *(own.get(field, getattr(encounter, field)) for field in EncounterOptions._fields)
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadInput(
                f'{name} line {number} is no code set; write {{"id": "...", "codes": ["E11.9"]}}.'
            ) from None
        yield CodeSetGiven(str(said.get("id", number)), codes, known, [*unrelated, *pairs])


def _other_releases(
    release: "Release",
) -> Callable[[], Iterable[tuple[str, "TabularList"]]]:
    @cache
    def opened() -> list[tuple[str, "TabularList"]]:
        from chartcoder.tabular.release import added_releases, open_release

        names = ["bundled", *added_releases()]
        releases = [open_release(name) for name in names if name != release.name]
        return [(other.year, other.tabular) for other in releases if other.year != release.year]

    return opened


def _print(one: CodeSetGiven, verdict: "Verdict", options: argparse.Namespace) -> None:
    if options.json:
        if one.id is None:
            print_json(verdict.to_json())
        else:
            print_json({"id": one.id, **verdict.to_json()}, indent=None)
        return
    shown = [f for f in verdict.findings if options.all or f.severity != "info"]
    hidden = len(verdict.findings) - len(shown)
    name = f"{one.id}: " if one.id is not None else ""
    print(f"{name}{_summary(verdict)}")
    for finding in shown:
        print(_finding(finding, verdict.order))
    if verdict.order:
        print(f"  order that satisfies the notes: {', '.join(verdict.order)}")
    if options.all and any(len(group) > 1 for group in verdict.ties):
        ties = " > ".join(" = ".join(group) for group in verdict.ties)
        print(f"  where nothing but the circumstances decides (II.B, II.C): {ties}")
    if hidden:
        say(f"{counted(hidden, 'finding')} worth knowing not shown; --all shows them.")


def _summary(verdict: "Verdict") -> str:
    counts: dict[str, int] = {}
    for finding in verdict.findings:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    many = {"error": "errors", "warning": "warnings", "query": "queries", "info": "worth knowing"}
    said = [
        f"{counts[severity]} {severity if counts[severity] == 1 and severity != 'info' else plural}"
        for severity, plural in many.items()
        if severity in counts
    ]
    state = "valid" if verdict.valid else "not valid"
    tail = f": {', '.join(said)}" if said else ""
    return f"{counted(len(verdict.codes), 'code')} of {verdict.release}, {state}{tail}"


def _finding(finding: "Finding", order: tuple[str, ...]) -> str:
    lines = [f"{finding.severity:8}{finding.rule}  {finding.message}"]
    if finding.note:
        lines.append(f'        note at {finding.origin}: "{finding.note.strip(" ,")}"')
    if finding.section:
        lines.append(f"        {finding.section}")
    if finding.suggestion and tuple(s.code for s in finding.suggestion) != order:
        meant = [f"{s.code} {s.title}" for s in finding.suggestion[:MOST_SUGGESTED]]
        more = len(finding.suggestion) - len(meant)
        if more:
            meant.append(f"... and {more} more")
        lines += [f"        -> {line}" for line in meant]
    return "\n".join(lines)


def _audit(options: argparse.Namespace) -> int:
    release = open_named_release(options)
    from chartcoder.tabular.audit import audit

    found = audit(release.tabular)
    if options.json:
        print(json_text(_audit_json(release.year, found)))
        return 0
    total, carrying = sum(found.notes.values()), sum(found.with_references.values())
    share = 100 * len(found.unresolved) / max(1, found.references)
    print(
        f"{release.year}: {total:,} notes, {carrying:,} with references; {found.references:,} "
        f"references, {len(found.unresolved)} unresolved ({share:.2f} %)"
    )
    for kind in sorted(found.notes):
        print(
            f"  {kind:18}{found.notes[kind]:7,} notes, {found.with_references.get(kind, 0):6,} with"
        )
    for one in found.unresolved:
        print(f"  {one.note.origin}  {one.note.kind}  {one.reference.words}: {one.reason}")
        print(f'        "{one.note.text}"')
    return 0


def _audit_json(year: str, found: Any) -> dict[str, Any]:
    return {
        "release": year,
        "notes": found.notes,
        "with_references": found.with_references,
        "references": found.references,
        "unresolved": [
            {
                "from": one.note.origin,
                "kind": one.note.kind,
                "note": one.note.text,
                "reference": one.reference.words,
                "reason": one.reason,
            }
            for one in found.unresolved
        ],
    }
