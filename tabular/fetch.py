"""Fetches a year's release files over HTTP: found in the folder's listing, resumed when cut off.

An interrupted file stays beside its name as ``.part`` and goes on where it stopped, if the server
says by ``If-Range`` that it is still the same file (RFC 9110, 13.1.5 and 14).
"""

import hashlib
import http
import http.client
import re
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from chartcoder import __version__
from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.home import home, resources
from chartcoder.tabular.sources import parts_in

Progress = Callable[[str, int, int | None], None]
Pause = Callable[[float], None]
Answer = TypeVar("Answer")

TRIES = 5
FIRST_PAUSE = 0.5
TIME_OUT = 30.0
MOST_BYTES = 400 * 2**20
_CHUNK = 2**16
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_YEAR = re.compile(r"20\d\d[A-Za-z0-9._-]*")
_FAULTS = (urllib.error.URLError, http.client.HTTPException, OSError)


class Wanted(NamedTuple):
    """A file to look for in a listing.

    Attributes:
        what: what to call it in a message.
        name: pattern of its name.
        prefer: pattern of the names to take first; None for no preference.
        required: without it there is no release.
    """

    what: str
    name: re.Pattern[str]
    prefer: re.Pattern[str] | None
    required: bool


class Places(NamedTuple):
    """Where releases are published.

    Attributes:
        base: address of the folder that holds a folder a year.
        wanted: which files to look for.
        files: names that hold for a year, in place of its listing.
    """

    base: str
    wanted: list[Wanted]
    files: dict[str, list[str]]


class Fetched(NamedTuple):
    """One file that was fetched.

    Attributes:
        path: where it is now.
        url: where it came from.
        sha256: of its content.
        size: in bytes.
    """

    path: Path
    url: str
    sha256: str
    size: int


def read_places() -> Places:
    """The table of ``resources/releases.toml``, with the user's own on top.

    Raises:
        BadInput: the user's table is not of the form.
    """
    table = tomllib.loads((resources() / "releases.toml").read_text("utf-8"))
    own = home() / "releases.toml"
    try:
        if own.is_file():
            table |= tomllib.loads(own.read_text("utf-8"))
        wanted = [
            Wanted(
                str(row["what"]),
                re.compile(row["name"], re.IGNORECASE),
                re.compile(row["prefer"], re.IGNORECASE) if "prefer" in row else None,
                bool(row.get("required", False)),
            )
            for row in table["wanted"]
        ]
        files = {str(year): [str(n) for n in names] for year, names in table["files"].items()}
        return Places(str(table["base"]), wanted, files)
    except (ValueError, LookupError, TypeError, AttributeError, re.error, OSError) as problem:
        raise BadInput(
            f"{own} is not of the form of resources/releases.toml ({problem}); mend or remove it."
        ) from problem


def fetch_release(
    year: str,
    folder: Path,
    base: str | None = None,
    progress: Progress | None = None,
    pause: Pause = time.sleep,
) -> list[Fetched]:
    """Fetches the files of one year.

    Args:
        year: the name of the year's folder, such as ``2026``.
        folder: where the files go; what is there of them already is not fetched again.
        base: address of the folder that holds a folder a year; the table's where None.
        progress: told the name, the bytes there are, and the bytes there will be, if known.
        pause: waits a number of seconds before another try.

    Raises:
        BadInput: the year or address is none, the year's folder or a file is not there, or what
            came is no release of ICD-10-CM.
        MissingPrerequisite: the server cannot be reached, or breaks off again and again.
    """
    if not _YEAR.fullmatch(year):
        raise BadInput(f"{year!r} is no fiscal year; write it as 2026.")
    places = read_places()
    address = _folder_address(base or places.base, year)
    names = places.files.get(year) or _chosen(_listed(address, pause), places.wanted, address)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise MissingPrerequisite(
            f"{folder} cannot be made ({problem.strerror}); name another folder with --to."
        ) from problem
    fetched = []
    for name in names:
        target = folder / unquote(name)
        _download(address + name, target, progress or _silent, pause)
        try:
            for found in parts_in(target):
                found.read()
        except BadInput:
            # It came whole and is no release: kept, it would be taken for one the next time.
            target.unlink(missing_ok=True)
            _mark(target).unlink(missing_ok=True)
            raise
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        fetched.append(Fetched(target, address + name, digest, target.stat().st_size))
    return fetched


def _folder_address(base: str, year: str) -> str:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInput(f"{base!r} is no web address; write one that begins with https://.")
    if parts.query or parts.fragment:
        raise BadInput(f"{base!r} is no folder; write an address without ? and #.")
    return f"{base.rstrip('/')}/{year}/"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.targets += [value for name, value in attrs if name == "href" and value]


def _listed(address: str, pause: Pause) -> list[str]:
    """The file names that a folder's listing links to, as they stand in an address."""
    page = _retried(address, lambda: _read_page(address), pause)
    links = _Links()
    links.feed(page)
    names = (urlsplit(target).path.rpartition("/")[2] for target in links.targets)
    # A name is one step below the folder, whatever host or folder the listing points to.
    safe = (n for n in names if n and not re.search(r'[/\\:*?"<>|\x00-\x1f]', unquote(n)))
    return list(dict.fromkeys(safe))


def _read_page(address: str) -> str:
    with urllib.request.urlopen(_request(address), timeout=TIME_OUT) as answer:
        content: bytes = answer.read(2**22)
    return content.decode("utf-8", "replace")


def _chosen(names: list[str], wanted: list[Wanted], address: str) -> list[str]:
    chosen: list[str] = []
    for want in wanted:
        matching = [n for n in names if want.name.search(unquote(n))]
        preferred = [n for n in matching if want.prefer and want.prefer.search(unquote(n))]
        best = sorted(preferred or matching)
        if best:
            chosen.append(best[0])
        elif want.required:
            seen = ", ".join(unquote(n) for n in names[:8]) or "none"
            raise BadInput(
                f"The listing of {address} names no file with the {want.what} (seen: {seen}); name "
                f"the files in {home() / 'releases.toml'}."
            )
    return list(dict.fromkeys(chosen))


class _CutOff(OSError):
    """The connection ended before the file did."""


def _download(url: str, target: Path, progress: Progress, pause: Pause) -> None:
    part = target.with_name(target.name + ".part")
    if target.exists() and not part.exists():
        target.replace(part)
    _retried(url, lambda: _continue(url, part, _mark(target), progress), pause)
    part.replace(target)


def _mark(target: Path) -> Path:
    """Where the server's mark of the file's version is kept."""
    return target.with_name(f".{target.name}.mark")


def _continue(url: str, part: Path, mark_file: Path, progress: Progress) -> None:
    """Fetches what is missing of a file.

    Raises:
        OSError: the connection broke; what came is kept.
    """
    there = part.stat().st_size if part.exists() else 0
    mark = mark_file.read_text("utf-8") if there and mark_file.exists() else ""
    headers = {"Range": f"bytes={there}-", "If-Range": mark} if mark else {}
    try:
        answer = urllib.request.urlopen(_request(url, headers), timeout=TIME_OUT)
    except urllib.error.HTTPError as problem:
        if problem.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            problem.close()
            if problem.headers.get("Content-Range") == f"bytes */{there}":
                return
            mark_file.unlink(missing_ok=True)
            raise _CutOff("the server has another file now") from problem
        raise
    with answer:
        resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT and (
            answer.headers.get("Content-Range", "").startswith(f"bytes {there}-")
        )
        if not resumed:
            there = 0
        mark_file.write_text(_version_mark(answer.headers), "utf-8")
        length = answer.headers.get("Content-Length")
        total = there + int(length) if length and length.isdecimal() else None
        if (total or 0) > MOST_BYTES:
            raise BadInput(
                f"{url} has more than {MOST_BYTES // 2**20} MiB; no release is that large."
            )
        with part.open("ab" if resumed else "wb") as stream:
            while chunk := answer.read(_CHUNK):
                stream.write(chunk)
                there += len(chunk)
                progress(part.name.removesuffix(".part"), there, total)
                if there > MOST_BYTES:
                    raise BadInput(
                        f"{url} has more than {MOST_BYTES // 2**20} MiB; no release is that large."
                    )
        if total is not None and there < total:
            raise _CutOff(f"{there:,} of {total:,} bytes came")


def _version_mark(headers: Any) -> str:
    tag: str = headers.get("ETag") or ""
    # A weak tag must not be used with If-Range.
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified") or ""


def _retried(url: str, attempt: Callable[[], Answer], pause: Pause) -> Answer:
    """Tries again after breaks and overload, waiting twice as long each time."""
    wait = FIRST_PAUSE
    for trial in range(1, TRIES + 1):
        try:
            return attempt()
        except urllib.error.HTTPError as problem:
            problem.close()
            if problem.code not in _AGAIN:
                raise BadInput(
                    f"{url} answers {problem.code} ({problem.reason}); see whether that year is "
                    "published there, or give another address with --base-url."
                ) from problem
            last: Exception = problem
        except _FAULTS as problem:
            last = problem
        if trial < TRIES:
            pause(wait)
            wait *= 2
    what = getattr(last, "reason", None) or str(last) or type(last).__name__
    raise MissingPrerequisite(
        f"{url} could not be fetched after {TRIES} tries ({what}); run the command again to go on "
        "where it stopped, or give another address with --base-url."
    ) from last


def _request(url: str, headers: dict[str, str] | None = None) -> urllib.request.Request:
    return urllib.request.Request(
        url, headers={"User-Agent": f"chartcoder/{__version__}", **(headers or {})}
    )


def _silent(name: str, there: int, total: int | None) -> None:
    pass
