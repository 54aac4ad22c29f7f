"""Releases: one fiscal year's files, found, parsed once, opened from the cache.

Sources in order: what is named (a year already added, a directory, a zip, single files), the
newest one added, the bundled one. The bundled release is the Tabular List XML inside the installed
package ``simple-icd-10-cm``, read as a data file without importing that package.
"""

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from chartcoder.tabular.errors import BadInput, ChartcoderError, MissingPrerequisite
from chartcoder.tabular.files import write_whole
from chartcoder.tabular.home import home
from chartcoder.tabular.pages import FORMAT_VERSION, write_pages
from chartcoder.tabular.parts import Part, Role
from chartcoder.tabular.records import ParsedTabular
from chartcoder.tabular.store import TabularList

IndexKind = Literal["official", "derived"]
BUNDLED_PACKAGE = "simple_icd_10_cm"
MANIFEST = "manifest.json"


class Known(NamedTuple):
    """A recognised file with the hash of its content."""

    part: Part
    sha256: str


class Release:
    """An opened release.

    Attributes:
        name: what ``--release`` calls it: the year, or ``bundled``.
        source: ``bundled``, ``added``, or the path it was opened from.
        files: the recognised files, by role; where a role occurs twice, the last one counts.
    """

    def __init__(self, name: str, source: str, known: Iterable[Known]) -> None:
        self.name = name
        self.source = source
        self.files: dict[Role, Known] = {k.part.role: k for k in known}

    @cached_property
    def year(self) -> str:
        """The fiscal year of its Tabular List."""
        part = self.tabular_file.part
        return part.year or self.tabular.year

    @property
    def index_kind(self) -> IndexKind:
        """Whether the Alphabetic Index is the official one or derived from the Tabular List."""
        return "official" if "index" in self.files else "derived"

    @cached_property
    def notices(self) -> list[str]:
        """What a user should know of these files, one sentence each."""
        said = []
        years = {k.part.year for k in self.files.values() if k.part.role in _YEAR_ROLES} - {""}
        if len(years) > 1:
            listed = ", ".join(
                f"{k.part.role} {k.part.year}"
                for k in self.files.values()
                if k.part.role in _YEAR_ROLES and k.part.year
            )
            said.append(f"The files of this release are of {len(years)} different years: {listed}.")
        problems = self.tabular.problems
        if problems:
            said.append(
                f"{self.tabular_file.part.name} was read with "
                f"{len(problems):,} {'problem' if len(problems) == 1 else 'problems'}, "
                f"the first: {problems[0]}"
            )
        return said

    @property
    def tabular_file(self) -> Known:
        """What the Tabular List is read from: its XML, else an order file.

        Raises:
            MissingPrerequisite: the release has neither.
        """
        known = self.files.get("tabular") or self.files.get("order")
        if known is None:
            raise MissingPrerequisite(
                f"The release {self.name} has no Tabular List; add its tabular XML or order file."
            )
        return known

    def cache_folder(self, roles: Iterable[Role], version: str) -> Path:
        """The folder of what was made from these files by this version of a reader."""
        digest = hashlib.sha256(version.encode())
        for role in roles:
            if role in self.files:
                digest.update(f"{role}:{self.files[role].sha256}".encode())
        return home() / "cache" / digest.hexdigest()[:20]

    @cached_property
    def tabular(self) -> TabularList:
        """The Tabular List, parsed when first asked for and then read from the cache."""
        known = self.tabular_file
        role: Role = known.part.role
        path = self.cache_folder([role], f"tabular {FORMAT_VERSION}") / "tabular.db"
        return TabularList(path, lambda: _make_cache(known.part, path))


_YEAR_ROLES = {"tabular", "index", "external", "neoplasm", "drug"}


def _make_cache(part: Part, path: Path) -> None:
    import gc

    # A hundred thousand long-lived tuples are made; the cyclic collector would only look at them
    # again and again.
    enabled = gc.isenabled()
    gc.disable()
    try:
        write_pages(parse(part), path)
    finally:
        if enabled:
            gc.enable()


def parse(part: Part) -> ParsedTabular:
    """Reads a Tabular List from its XML or an order file.

    Raises:
        BadInput: the file is damaged or not of the form.
    """
    if part.role == "order":
        from chartcoder.tabular.order import parse_order

        return parse_order(part.read(), part.name, part.year)
    from chartcoder.tabular.parse import parse_tabular

    return parse_tabular(part.read() if part.member else part.path, part.name)


def open_release(named: str | Path | Iterable[Path] | None = None) -> Release:
    """Opens a release.

    Args:
        named: ``bundled``; the name of an added release, such as ``2026``; a directory, a zip or
            one or more files; None for the newest added one, or the bundled one.

    Raises:
        BadInput: nothing of that name is added, or the files are not of ICD-10-CM.
        MissingPrerequisite: the package that carries the bundled release is not installed.
    """
    if named is None:
        added = added_releases()
        return open_added(added[-1]) if added else open_bundled()
    if named == "bundled":
        return open_bundled()
    if isinstance(named, (str, Path)):
        text = str(named)
        if text in added_releases():
            return open_added(text)
        path = Path(text)
        if not path.exists():
            there = ", ".join(["bundled", *added_releases()])
            raise BadInput(
                f"There is no release or file {text!r}; known are {there}, and `chartcoder release "
                "add` adds one."
            )
        return open_files([path])
    return open_files(list(named))


def open_bundled() -> Release:
    """Opens the release inside the installed package ``simple-icd-10-cm``."""
    found = importlib.util.find_spec(BUNDLED_PACKAGE)
    if found is None or found.origin is None:
        raise MissingPrerequisite(
            "The bundled release is in the package simple-icd-10-cm, which is not installed; "
            "run `pip install simple-icd-10-cm`."
        )
    data = Path(found.origin).parent / "data"
    files = sorted(data.glob("*.xml"))
    if not files:
        raise MissingPrerequisite(
            f"The package simple-icd-10-cm has no XML in {data}; reinstall version 1.5.0."
        )
    return Release("bundled", "bundled", known_files(files))


def open_files(paths: list[Path]) -> Release:
    """Opens a directory, a zip or single files without adding them."""
    known = known_files(paths)
    year = next((k.part.year for k in known if k.part.role in ("tabular", "order")), "")
    return Release(year or paths[0].stem, ", ".join(str(p) for p in paths), known)


def other_releases(release: Release) -> Iterator[tuple[str, TabularList]]:
    """The Tabular Lists of all other releases there are, newest first, each with its name."""
    for name in [*reversed(added_releases()), "bundled"]:
        if name != release.name:
            with suppress(ChartcoderError):
                yield name, open_release(name).tabular


def releases_folder() -> Path:
    """Where added releases are kept."""
    return home() / "releases"


def added_releases() -> list[str]:
    """The names of the added releases, the newest year last."""
    try:
        names = os.listdir(releases_folder())  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return []
    there = [n for n in names if (releases_folder() / n / MANIFEST).is_file()]
    return sorted(there, key=lambda name: (_year_of(name), name))


def _year_of(name: str) -> str:
    try:
        return read_manifest(name).year
    except BadInput:
        return ""


class Manifest(NamedTuple):
    """What an added release consists of.

    Attributes:
        year: the fiscal year of its Tabular List.
        files: with paths inside the release's own folder.
    """

    year: str
    files: list[Known]


def read_manifest(name: str) -> Manifest:
    """Reads what an added release consists of.

    Raises:
        BadInput: its ``manifest.json`` is damaged.
    """
    folder = releases_folder() / name
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        known = [
            Known(Part(f["role"], folder / f["file"], "", f["year"]), f["sha256"])
            for f in manifest["files"]
        ]
        return Manifest(str(manifest["year"]), known)
    except (OSError, ValueError, LookupError, TypeError) as problem:
        raise BadInput(
            f"{folder / MANIFEST} is damaged; add the files of release {name} again with "
            f"`chartcoder release add FILES --as {name}`."
        ) from problem


def open_added(name: str) -> Release:
    """Opens an added release by its name.

    Raises:
        BadInput: its ``manifest.json`` is damaged.
    """
    return Release(name, "added", read_manifest(name).files)


def known_files(paths: list[Path]) -> list[Known]:
    """Recognises files and hashes their content, remembering both by path, size and time."""
    stamps = []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            try:
                state = file.stat()
            except OSError:
                continue
            stamps.append(f"{file.absolute()}|{state.st_size}|{state.st_mtime_ns}")
    stamp = hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:20]
    memory = home() / "cache" / "known" / f"{stamp}.json"
    try:
        rows = json.loads(memory.read_text("utf-8"))
        remembered = [Known(Part(r[0], Path(r[1]), r[2], r[3]), r[4]) for r in rows]
        if remembered:
            return remembered
    except (OSError, ValueError, LookupError, TypeError):
        pass
    from chartcoder.tabular.sources import recognise

    known = [Known(p, hashlib.sha256(p.read()).hexdigest()) for p in recognise(paths)]
    rows = [
        [k.part.role, str(k.part.path.absolute()), k.part.member, k.part.year, k.sha256]
        for k in known
    ]
    write_whole(memory, json.dumps(rows).encode())
    return known
