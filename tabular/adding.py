"""Adds files to the releases that are kept: copied, checked, and listed in a manifest.

A release is a folder of files named by their content and one ``manifest.json``, which is written
last and at once: until then the release is what it was.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from chartcoder.tabular.codes import undotted
from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.files import write_whole
from chartcoder.tabular.order import order_rows
from chartcoder.tabular.parts import Part, Role
from chartcoder.tabular.release import (
    MANIFEST,
    Known,
    Release,
    added_releases,
    open_bundled,
    read_manifest,
    releases_folder,
)
from chartcoder.tabular.sources import recognise

# What tells the year of a release, surest first.
_YEAR_TELLERS: tuple[Role, ...] = (
    "tabular", "order", "codes", "index", "external", "neoplasm", "drug", "poa_exempt", "edits",
)  # fmt: skip
_XML: tuple[Role, ...] = ("tabular", "index", "external", "neoplasm", "drug")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

DESCRIPTIONS: dict[Role, str] = {
    "tabular": "Tabular List",
    "index": "Alphabetic Index",
    "external": "Index to External Causes",
    "neoplasm": "Table of Neoplasms",
    "drug": "Table of Drugs and Chemicals",
    "codes": "list of billable codes",
    "order": "order file with short titles",
    "poa_exempt": "list of codes exempt from present-on-admission reporting",
    "edits": "Medicare Code Edits",
}


class Added(NamedTuple):
    """What became of the files.

    Attributes:
        name: what ``--release`` calls it.
        year: the fiscal year of its Tabular List.
        new: the files that were added now.
        kept: the files that were there before and still are.
        missing: what the release could have and has not.
        sentences: what a user should know, one sentence each.
    """

    name: str
    year: str
    new: list[Part]
    kept: list[Role]
    missing: list[Role]
    sentences: list[str]


def add_release(sources: Iterable[Path], name: str | None = None) -> Added:
    """Adds a release, or more files to one that is there.

    Args:
        sources: directories, zips and single files.
        name: what to call it; the year that the files name where None.

    Raises:
        BadInput: the files are no release of ICD-10-CM, are damaged, or do not say which release
            they belong to.
        MissingPrerequisite: the folder of releases cannot be written.
    """
    sentences: list[str] = []
    chosen = _one_each(recognise(sources), sentences)
    year = next((chosen[r].year for r in _YEAR_TELLERS if r in chosen and chosen[r].year), "")
    name = _name(name, year, chosen, sentences)
    folder = releases_folder() / name
    with _locked(folder):
        before: dict[Role, Known] = {}
        if name in added_releases():
            with suppress(BadInput):
                before = {k.part.role: k for k in read_manifest(name).files}
        if not {"tabular", "order"} & {*chosen, *before}:
            chosen["tabular"] = _bundled_tabular(name, year, chosen, sentences)
        _check_xml(chosen)
        given = {role: Known(part, _sha256(part)) for role, part in chosen.items()}
        release = Release(name, "added", {**before, **given}.values())
        # Opening it here refuses a damaged Tabular List before anything is changed.
        year = release.year
        sentences += [*release.notices, *_against_official_list(release)]
        files = {**before, **{role: _copied(known, folder) for role, known in given.items()}}
        _write_manifest(folder, year, files)
    return Added(
        name=name,
        year=year,
        new=list(chosen.values()),
        kept=[role for role in before if role not in chosen],
        missing=[role for role in DESCRIPTIONS if role not in files],
        sentences=sentences,
    )


def _one_each(parts: Iterable[Part], sentences: list[str]) -> dict[Role, Part]:
    chosen: dict[Role, Part] = {}
    for part in parts:
        known = chosen.get(part.role)
        if known is not None:
            if part.role in ("tabular", "order") and known.year != part.year:
                raise BadInput(
                    f"{known.name} is of {known.year or 'an unknown year'} and {part.name} of "
                    f"{part.year or 'an unknown year'}; add one year at a time."
                )
            sentences.append(
                f"Of two files with the {DESCRIPTIONS[part.role]}, {part.name} was taken and "
                f"{known.name} left out."
            )
        chosen[part.role] = part
    return chosen


def _name(name: str | None, year: str, chosen: dict[Role, Part], sentences: list[str]) -> str:
    if name is not None:
        if not _NAME.fullmatch(name) or name == "bundled":
            raise BadInput(
                f"A release cannot be called {name!r}; use letters, digits, dots and dashes, such "
                "as 2026 or 2026-april."
            )
        return name
    if year and not (chosen.keys() <= {"edits", "poa_exempt"} and year not in added_releases()):
        return year
    there = added_releases()
    bundled_year = _bundled_year()
    if year and year == bundled_year:
        return year
    if len(there) == 1:
        sentences.append(f"The files went to release {there[0]}, the only one that is added.")
        return there[0]
    names = ", ".join(there) or "none"
    raise BadInput(
        f"{', '.join(p.name for p in chosen.values())} does not say which release it belongs to; "
        f"name one with --as (added are: {names})."
    )


def _bundled_year() -> str:
    try:
        return open_bundled().year
    except MissingPrerequisite:
        return ""


def _bundled_tabular(name: str, year: str, chosen: dict[Role, Part], sentences: list[str]) -> Part:
    bundled_year = _bundled_year()
    if bundled_year and bundled_year in (year, name):
        sentences.append(f"The Tabular List is the bundled one of {bundled_year}.")
        return open_bundled().files["tabular"].part
    raise BadInput(
        f"{', '.join(p.name for p in chosen.values())} comes without a Tabular List, and release "
        f"{name} has none; add the tabular XML or the order file of {year or 'its year'} too."
    )


def _check_xml(chosen: dict[Role, Part]) -> None:
    from chartcoder.tabular.xml import read_xml

    for role in _XML:
        if role in chosen and role != "tabular":
            read_xml(chosen[role].read(), chosen[role].name)


def _sha256(part: Part) -> str:
    return hashlib.sha256(part.read()).hexdigest()


def _copied(known: Known, folder: Path) -> Known:
    part = known.part
    suffix = ".xml" if part.role in _XML else ".txt"
    target = folder / f"{part.role}-{known.sha256[:12]}{suffix}"
    write_whole(target, part.read())
    return Known(Part(part.role, target, "", part.year), known.sha256)


def _write_manifest(folder: Path, year: str, files: dict[Role, Known]) -> None:
    rows = [
        {"role": role, "file": part.path.name, "year": part.year, "sha256": sha256}
        for role, (part, sha256) in files.items()
    ]
    write_whole(folder / MANIFEST, json.dumps({"year": year, "files": rows}, indent=2).encode())
    named = {MANIFEST, *(row["file"] for row in rows)}
    for file in folder.iterdir():
        if file.name not in named:
            file.unlink(missing_ok=True)


def _against_official_list(release: Release) -> Iterator[str]:
    """Holds the codes that were made from the XML against the official list, where it is there."""
    if "tabular" not in release.files:
        return
    for role in ("codes", "order"):
        known = release.files.get(role)
        if known is None or known.part.year not in ("", release.year):
            continue
        official = _billable_codes(known.part)
        ours = {undotted(entry.code) for entry in release.tabular.billable()}
        missing, extra = sorted(official - ours), sorted(ours - official)
        if not missing and not extra:
            yield f"The {len(ours):,} billable codes are those of the official list."
        else:
            shown = ", ".join([*missing, *extra][:5])
            yield (
                f"Held against the {DESCRIPTIONS[role]}, codes missing: {len(missing):,}, "
                f"extra: {len(extra):,} ({shown})."
            )
        return


def _billable_codes(part: Part) -> set[str]:
    content = part.read()
    if part.role == "order":
        return {row.code for row in order_rows(content, part.name, []) if row.billable}
    lines = content.decode("utf-8-sig", "replace").splitlines()
    return {line.split()[0] for line in lines if line.strip()}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lets one process at a time change a release, where the system has such locks."""
    try:
        from fcntl import LOCK_EX, flock
    except ImportError:
        yield
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / f".{folder.name}.lock").open("wb")
    except OSError as problem:
        raise MissingPrerequisite(
            f"{folder.parent} cannot be written ({problem.strerror}); set CHARTCODER_HOME to "
            "another folder."
        ) from problem
    with lock:
        flock(lock, LOCK_EX)
        yield
