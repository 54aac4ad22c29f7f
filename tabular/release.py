"""Releases: one fiscal year's files, found, parsed once, opened from the cache.

Sources in order: what is named (a year already added, a directory, a zip, single files), the
newest one added, the bundled one. The bundled release is the Tabular List XML inside the installed
package ``simple-icd-10-cm``, read as a data file without importing that package.
"""

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.files import write_whole
from chartcoder.tabular.home import home
from chartcoder.tabular.pages import FORMAT_VERSION, write_pages
from chartcoder.tabular.sources import Part, Role, recognise
from chartcoder.tabular.store import TabularList

IndexKind = Literal["official", "derived"]
BUNDLED_PACKAGE = "simple_icd_10_cm"


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
        part = self._tabular_file.part
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
            said.append(f"The files of this release are of different years: {listed}.")
        return said

    @property
    def _tabular_file(self) -> Known:
        for role in ("tabular", "order"):
            if role in self.files:
                return self.files[role]  # type: ignore[index]
        raise MissingPrerequisite(
            f"The release {self.name} has no Tabular List; add its tabular XML or order file."
        )

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
        known = self._tabular_file
        role: Role = known.part.role
        path = self.cache_folder([role], f"tabular {FORMAT_VERSION}") / "tabular.db"
        return TabularList(path, lambda: write_pages(_parse(known.part), path))


_YEAR_ROLES = {"tabular", "index", "external", "neoplasm", "drug"}


def _parse(part: Part):  # type: ignore[no-untyped-def]
    import gc

    # The reader makes a hundred thousand long-lived tuples; the cyclic collector only slows it.
    enabled = gc.isenabled()
    gc.disable()
    try:
        if part.role == "order":
            from chartcoder.tabular.order import parse_order

            return parse_order(part.read(), part.name, part.year)
        from chartcoder.tabular.parse import parse_tabular

        return parse_tabular(part.read() if part.member else part.path, part.name)
    finally:
        if enabled:
            gc.enable()


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


def releases_folder() -> Path:
    """Where added releases are kept."""
    return home() / "releases"


def added_releases() -> list[str]:
    """The names of the added releases, oldest first."""
    try:
        names = os.listdir(releases_folder())  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return []
    return sorted(n for n in names if (releases_folder() / n / "manifest.json").is_file())


def open_added(name: str) -> Release:
    """Opens an added release by its name."""
    folder = releases_folder() / name
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    known = [
        Known(Part(f["role"], folder / f["file"], "", f["year"]), f["sha256"])
        for f in manifest["files"]
    ]
    return Release(name, "added", known)


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
        return [Known(Part(r[0], Path(r[1]), r[2], r[3]), r[4]) for r in rows]
    except (OSError, ValueError, LookupError, TypeError):
        pass
    known = [Known(p, hashlib.sha256(p.read()).hexdigest()) for p in recognise(paths)]
    rows = [
        [k.part.role, str(k.part.path.absolute()), k.part.member, k.part.year, k.sha256]
        for k in known
    ]
    write_whole(memory, json.dumps(rows).encode())
    return known
