"""Official lists that a user adds: Medicare Code Edits, exempt from present-on-admission reporting.

Formats: tab-separated lines. The edits have a heading with ``MCE_Version``, ``MCE_Edit_Type``,
``ICD_Code_Type`` and ``ICD_Code``; the exempt list has a heading with ``POAexemptCode``.
"""

from functools import lru_cache
from typing import NamedTuple

from chartcoder.tabular.codes import undotted
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.release import Release


class OfficialLists(NamedTuple):
    """The lists of a release.

    Attributes:
        version: of the Medicare Code Editor, such as ``37``; empty without its lists.
        edits: type of edit, such as ``Adult_Only``, to the undotted codes on its list.
        poa_exempt: undotted codes exempt from present-on-admission reporting.
    """

    version: str
    edits: dict[str, frozenset[str]]
    poa_exempt: frozenset[str]

    @property
    def source(self) -> str:
        """What to cite."""
        return f"Medicare Code Edits v{self.version}"

    def holds(self, edit: str, bare: str) -> bool:
        """Says whether an undotted code is on a list."""
        return bare in self.edits.get(edit, ())


@lru_cache(maxsize=4)
def official_lists(release: Release) -> OfficialLists | None:
    """Reads the lists that were added to a release; None where there are none.

    Raises:
        BadInput: a list lacks the columns it must have.
    """
    if not {"edits", "poa_exempt"} & release.files.keys():
        return None
    version = ""
    edits: dict[str, frozenset[str]] = {}
    if "edits" in release.files:
        version, edits = _edits(release)
    exempt = _exempt(release) if "poa_exempt" in release.files else frozenset()
    return OfficialLists(version, edits, exempt)


def _lines(release: Release, role: str) -> tuple[str, list[list[str]]]:
    part = release.files[role].part  # type: ignore[index]
    text = part.read().decode("utf-8-sig", "replace")
    return part.name, [line.split("\t") for line in text.splitlines() if line.strip()]


def _column(name: str, heading: list[str], wanted: str) -> int:
    plain = [h.replace(" ", "").lower() for h in heading]
    if wanted.lower() not in plain:
        raise BadInput(f"{name} line 1 has no column {wanted}; give the list as it is published.")
    return plain.index(wanted.lower())


def _edits(release: Release) -> tuple[str, dict[str, frozenset[str]]]:
    name, lines = _lines(release, "edits")
    heading = lines[0]
    version, kind, system, code = (
        _column(name, heading, c)
        for c in ("MCE_Version", "MCE_Edit_Type", "ICD_Code_Type", "ICD_Code")
    )
    found: dict[str, set[str]] = {}
    for line in lines[1:]:
        if len(line) > max(kind, system, code) and line[system].strip() == "D":
            found.setdefault(line[kind].strip(), set()).add(undotted(line[code].strip().upper()))
    number = lines[1][version].strip() if len(lines) > 1 else ""
    return number, {edit: frozenset(codes) for edit, codes in found.items()}


def _exempt(release: Release) -> frozenset[str]:
    name, lines = _lines(release, "poa_exempt")
    code = _column(name, lines[0], "POAexemptCode")
    return frozenset(undotted(line[code].strip().upper()) for line in lines[1:] if len(line) > code)
