"""Writes files whole or not at all, also when two processes write the same one at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chartcoder.tabular.errors import MissingPrerequisite


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Gives a temporary name beside the target, which takes its place when all went well.

    The folders above it are made. What is left behind by an error is removed.

    Raises:
        MissingPrerequisite: the folder cannot be written, or the disk is full.
    """
    temporary = target.with_name(f"{target.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as problem:
        raise MissingPrerequisite(
            f"{target} cannot be written ({problem.strerror or problem}); make room or give the "
            "right to write there, or set CHARTCODER_HOME to another folder."
        ) from problem


def write_whole(target: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    with whole_file(target) as temporary:
        temporary.write_bytes(content)
