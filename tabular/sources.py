"""Recognises the files of a release by what is in them, never by their names.

Takes a directory, a zip as CMS and CDC publish it, or single files.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.parts import Part, Role, reason, zip_faults

MOST_BYTES = 400 * 2**20
MOST_RATIO = 200
MOST_FILES = 2000
_HEAD = 6000

_ROOT = re.compile(rb"<([A-Za-z][\w.]*)[\s>]")
_ORDER = re.compile(rb"\d{5} [A-Z]\d[0-9A-Z]{1,5} +[01] \S")
_PCS_ORDER = re.compile(rb"\d{5} [0-9][0-9A-HJ-NP-Z]{2,6} +[01] \S")
_PCS_CODE = re.compile(rb"[0-9][0-9A-HJ-NP-Z]{6} +\S")
_CODES = re.compile(rb"[A-Z]\d[0-9A-Z]{1,5} +\S")
_YEAR = re.compile(rb"<version>\s*(\d{4})")
_YEAR_IN_NAME = re.compile(r"(20\d\d)|FY(\d\d)(?!\d)")


def recognise(sources: Iterable[Path]) -> list[Part]:
    """Finds the files of a release.

    Args:
        sources: directories, zips and single files.

    Raises:
        BadInput: a source is missing, a zip is damaged, unsafe or far too large, a file is of
            ICD-10-PCS, or none of ICD-10-CM is there.
    """
    listed = list(sources)
    parts: list[Part] = []
    for source in listed:
        parts += parts_in(source)
    if not parts:
        names = ", ".join(str(s) for s in listed)
        raise BadInput(
            f"{names} holds no ICD-10-CM file; give the Tabular List or Index XML, "
            "or the zip that CMS and CDC publish."
        )
    return parts


def parts_in(source: Path) -> list[Part]:
    """The files of a release in one directory, zip or file; none is no error.

    Raises:
        BadInput: as ``recognise`` does.
    """
    if source.is_dir():
        files = list(islice((p for p in source.rglob("*") if p.is_file()), MOST_FILES + 1))
        if len(files) > MOST_FILES:
            raise BadInput(
                f"{source} holds more than {MOST_FILES:,} files; name the folder of one release."
            )
        return [part for file in sorted(files) for part in _in_file(file)]
    if not source.exists():
        raise BadInput(f"{source} does not exist; give a year, a directory, a zip or XML files.")
    return _in_file(source)


def _in_file(path: Path) -> list[Part]:
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as problem:
        raise BadInput(
            f"{path} cannot be read ({reason(problem)}); give a readable file."
        ) from problem
    if head[:4] == b"PK\x03\x04" or path.suffix.lower() == ".zip":
        if _is_web_page(head):
            raise BadInput(
                f"{path} is a web page, not a zip: the server answered with a message in place of "
                "the file; download it again."
            )
        return list(_in_zip(path))
    role = role_of(head, path.name)
    if role is None:
        return []
    if size > MOST_BYTES:
        raise BadInput(
            f"{path} is larger than {MOST_BYTES // 2**20} MiB; no file of a release is, so it is "
            "refused."
        )
    return [Part(role, path, "", year_of(head, path.name))]


def _is_web_page(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:15].lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _in_zip(path: Path) -> Iterator[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            for member in members:
                _refuse_unsafe(path, member)
            if sum(m.file_size for m in members) > MOST_BYTES or len(members) > MOST_FILES:
                raise BadInput(
                    f"{path} unpacks to more than {MOST_BYTES // 2**20} MiB or {MOST_FILES:,} "
                    "files; no release is that large, so it is refused."
                )
            for member in sorted(members, key=lambda m: m.filename):
                with archive.open(member) as stream:
                    head = stream.read(_HEAD)
                role = role_of(head, member.filename)
                if role:
                    year = year_of(head, member.filename) or year_of(b"", path.name)
                    yield Part(role, path, member.filename, year)
    except zip_faults() as problem:
        raise BadInput(
            f"{path} is not a whole zip file ({reason(problem)}); download it again."
        ) from problem


def _refuse_unsafe(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or ".." in PurePosixPath(name).parts or re.match(r"[A-Za-z]:", name):
        raise BadInput(f"{path} holds the unsafe file name {member.filename!r}; it is refused.")
    if member.file_size > 2**20 and member.file_size > MOST_RATIO * max(member.compress_size, 1):
        raise BadInput(
            f"{path} holds {member.filename!r}, which unpacks {MOST_RATIO}-fold and more; it is "
            "refused as a zip bomb."
        )
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadInput(
            f"{path} holds {member.filename!r} in an unusual compression; pack it again as a plain "
            "zip."
        )


def role_of(head: bytes, name: str) -> Role | None:
    """What a file is, from its first bytes; None for files that a release does not need.

    Raises:
        BadInput: it belongs to ICD-10-PCS, the procedure classification.
    """
    text = re.sub(rb"<!--.*?-->|<\?.*?\?>|<!DOCTYPE.*?(?:\]\s*)?>", b"", head, flags=re.DOTALL)
    root = _ROOT.search(text)
    if root and text.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        tag = root.group(1)
        if tag.startswith(b"ICD10PCS"):
            raise BadInput(
                f"{name} is an ICD-10-PCS file (procedures); give the ICD-10-CM files (diagnoses)."
            )
        if tag == b"ICD10CM.tabular":
            return "tabular"
        if tag == b"ICD10CM.index":
            return _index_role(text)
        return None
    lines = head.lstrip(b"\xef\xbb\xbf").splitlines()
    if not lines:
        return None
    if _PCS_ORDER.match(lines[0]) or (len(lines) > 2 and all(map(_PCS_CODE.match, lines[:3]))):
        raise BadInput(
            f"{name} is an ICD-10-PCS file (procedures); give the ICD-10-CM files (diagnoses)."
        )
    if _ORDER.match(lines[0]):
        return "order"
    if b"POAexempt" in lines[0].replace(b" ", b""):
        return "poa_exempt"
    if lines[0].count(b"\t") >= 5 and b"MCE" in lines[0].upper():
        return "edits"
    if len(lines) > 2 and all(_CODES.match(line) for line in lines[:3]):
        return "codes"
    return None


def _index_role(text: bytes) -> Role:
    title = re.search(rb"<title>(.*?)</title>", text, flags=re.DOTALL)
    heading = re.search(rb'<head col="1">\s*(.*?)\s*</head>', text, flags=re.DOTALL)
    if heading:
        return "neoplasm" if b"neoplasm" in heading.group(1).lower() else "drug"
    if title and b"EXTERNAL CAUSE" in title.group(1).upper():
        return "external"
    return "index"


def year_of(head: bytes, name: str) -> str:
    """The fiscal year a file names in its version element, else in its name, else nothing."""
    found = _YEAR.search(head)
    if found:
        return found.group(1).decode()
    named = _YEAR_IN_NAME.search(PurePosixPath(name).name)
    if named:
        return named[1] or f"20{named[2]}"
    return ""
