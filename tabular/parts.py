"""One file of a release: what it is, where it is, how to read it."""

from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from chartcoder.tabular.errors import BadInput

Role = Literal[
    "tabular", "index", "external", "neoplasm", "drug", "codes", "order", "poa_exempt", "edits"
]


class Part(NamedTuple):
    """One recognised file of a release.

    Attributes:
        role: what it is.
        path: the file, or the zip that holds it.
        member: its name inside the zip; empty for a plain file.
        year: the fiscal year it names, or an empty text.
    """

    role: Role
    path: Path
    member: str
    year: str

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return PurePosixPath(self.member).name if self.member else self.path.name

    def read(self) -> bytes:
        """The content.

        Raises:
            BadInput: the file is gone or damaged.
        """
        try:
            if not self.member:
                return self.path.read_bytes()
            from zipfile import ZipFile

            with ZipFile(self.path) as archive:
                return archive.read(self.member)
        except zip_faults() as problem:
            raise BadInput(
                f"{self.path} cannot be read ({reason(problem)}); fetch or add it again."
            ) from problem


def zip_faults() -> tuple[type[Exception], ...]:
    """What ``zipfile`` raises on files that are damaged, encrypted, or no zip at all."""
    # Imported here, because a look-up reads no zip.
    from zipfile import BadZipFile
    from zlib import error

    return (
        BadZipFile, error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
        KeyError,
    )  # fmt: skip


def reason(problem: BaseException) -> str:
    """An exception in a few words."""
    return str(getattr(problem, "strerror", None) or problem or type(problem).__name__)
