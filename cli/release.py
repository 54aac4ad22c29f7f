"""``chartcoder release``: list, add, fetch, export and compare releases."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chartcoder.cli.common import (
    LazyParser,
    add_release_option,
    counted,
    open_named_release,
    print_json,
    say,
)

if TYPE_CHECKING:
    from chartcoder.tabular.adding import Added
    from chartcoder.tabular.fetch import Fetched, Progress
    from chartcoder.tabular.release import Release

ADDRESS_VARIABLE = "CHARTCODER_RELEASE_URL"
_INSTEAD = {
    "tabular": " (codes and titles come from the order file)",
    "index": " (one is derived from the Tabular List)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the actions and their arguments."""
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", required=True, prog=parser.prog, parser_class=LazyParser
    )
    listing = actions.add_parser("list", help="show the releases there are")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=run_list)

    adding = actions.add_parser("add", help="add official files, or more files to a release")
    adding.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a zip, a folder or single files"
    )
    _add_name_options(adding)
    adding.set_defaults(run=run_add)

    fetching = actions.add_parser("fetch", help="fetch a year from the CDC and add it")
    fetching.add_argument("year", metavar="YEAR", help="fiscal year, such as 2026")
    fetching.add_argument(
        "--base-url",
        metavar="URL",
        help=f"address of the folder that holds a folder a year (or {ADDRESS_VARIABLE})",
    )
    fetching.add_argument("--to", type=Path, metavar="DIR", help="keep the fetched files here")
    _add_name_options(fetching)
    fetching.set_defaults(run=run_fetch)

    exporting = actions.add_parser("export", help="print every code of a release")
    exporting.add_argument(
        "--format",
        choices=("codes", "order"),
        default="codes",
        help="codes: billable codes and titles, tab-separated (default); "
        "order: every row in the columns of the official order file",
    )
    add_release_option(exporting)
    exporting.set_defaults(run=run_export)

    actions.add_parser("diff", help="compare two releases", module="chartcoder.cli.release_diff")


def _add_name_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as", dest="name", metavar="NAME", help="what to call the release (default: its year)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Runs the action that was chosen."""
    code: int = options.run(options)
    return code


def run_list(options: argparse.Namespace) -> int:
    """Prints the releases, the one that is taken by default first."""
    from chartcoder.tabular.errors import ChartcoderError
    from chartcoder.tabular.release import added_releases, open_release

    releases: list[Release] = []
    for name in [*reversed(added_releases()), "bundled"]:
        try:
            release = open_release(name)
            release.tabular  # noqa: B018 - a damaged one is said here
            releases.append(release)
        except ChartcoderError as problem:
            say(str(problem))
    if options.json:
        print_json([_as_json(r, default=r is releases[0]) for r in releases])
        return 0
    for release in releases:
        mark = "*" if release is releases[0] else " "
        roles = ", ".join(release.files)
        print(f"{mark} {release.name:<10} {release.year:<6} {release.index_kind} index  {roles}")
        for notice in release.notices:
            print(f"    {notice}")
    return 0


def _as_json(release: "Release", default: bool) -> dict[str, Any]:
    return {
        "name": release.name,
        "year": release.year,
        "default": default,
        "index": release.index_kind,
        "files": [
            {"role": role, "name": known.part.name, "year": known.part.year}
            for role, known in release.files.items()
        ],
        "notices": release.notices,
    }


def run_add(options: argparse.Namespace) -> int:
    """Adds files.

    Raises:
        BadInput: they are no release of ICD-10-CM, or damaged.
    """
    from chartcoder.tabular.adding import add_release

    _report(add_release(options.files, options.name), [], options.json)
    return 0


def run_fetch(options: argparse.Namespace) -> int:
    """Fetches a year and adds it.

    Raises:
        BadInput: it is not there, or what came is no release.
        MissingPrerequisite: the server cannot be reached.
    """
    import shutil

    from chartcoder.tabular.adding import add_release
    from chartcoder.tabular.fetch import fetch_release
    from chartcoder.tabular.home import home

    folder = options.to or home() / "downloads" / options.year
    base = options.base_url or os.environ.get(ADDRESS_VARIABLE)
    with _progress() as progress:
        fetched = fetch_release(options.year, folder, base, progress)
    for file in fetched:
        say(f"{file.path.name}: {counted(file.size, 'byte')}, SHA-256 {file.sha256}")
    added = add_release([file.path for file in fetched], options.name)
    if options.to is None:
        shutil.rmtree(folder, ignore_errors=True)
    _report(added, fetched, options.json)
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Prints every code of a release."""
    from chartcoder.tabular.export import export_lines

    release = open_named_release(options)
    write = sys.stdout.write
    for line in export_lines(release, options.format):
        write(line + "\n")
    return 0


def _report(added: "Added", fetched: list["Fetched"], as_json: bool) -> None:
    from chartcoder.tabular.adding import DESCRIPTIONS

    for sentence in added.sentences:
        say(sentence)
    if as_json:
        print_json(
            {
                "name": added.name,
                "year": added.year,
                "new": [{"role": p.role, "name": p.name, "year": p.year} for p in added.new],
                "kept": added.kept,
                "missing": added.missing,
                "sentences": added.sentences,
                "fetched": [
                    {"name": f.path.name, "url": f.url, "sha256": f.sha256, "size": f.size}
                    for f in fetched
                ],
            }
        )
        return
    print(f"Release {added.name} (fiscal year {added.year})")
    for part in added.new:
        print(f"  added    {DESCRIPTIONS[part.role]}: {part.name}")
    for role in added.kept:
        print(f"  kept     {DESCRIPTIONS[role]}")
    for role in added.missing:
        print(f"  not there: {DESCRIPTIONS[role]}{_INSTEAD.get(role, '')}")


@contextmanager
def _progress() -> Iterator["Progress | None"]:
    """A bar on standard error where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    tasks: dict[str, TaskID] = {}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:

        def show(name: str, there: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=there, total=total)

        yield show
