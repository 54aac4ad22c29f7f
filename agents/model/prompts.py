"""Named prompts in files: a head in TOML, then the part for the system and the part for the user.

A prompt file looks like this::

    +++
    name = "extractor"
    variables = ["chart", "setting"]
    +++
    Words for the system message.
    === user ===
    Words for the user message with {{chart}} and {{setting}} in them.

A folder given by the user may hold files of the same names, which then stand in for ours. A
variable that the text uses and the head does not name, or that is named and not given, is an error:
a prompt is never sent with a hole in it.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.home import resources

_DIVIDER = "=== user ==="
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


class Messages(NamedTuple):
    """A prompt with its variables filled in."""

    system: str
    user: str


class Prompt(NamedTuple):
    """A prompt file.

    Attributes:
        name: ``extractor``, ``navigator``, ``validator``, ``reconciler``, ``plain`` ...
        variables: the names it must be given.
        system: template of the system message.
        user: template of the user message.
        file: where it stands.
    """

    name: str
    variables: frozenset[str]
    system: str
    user: str
    file: Path

    def fill(self, values: Mapping[str, str]) -> Messages:
        """Puts the values in.

        Values are put in once and never read as templates, so braces in a chart stay as they are.

        Raises:
            BadInput: a variable is missing.
        """
        missing = sorted(self.variables.difference(values))
        if missing:
            raise BadInput(
                f"The prompt {self.file} wants {', '.join(missing)}, which it was not given; "
                "take the variable out of the file."
            )

        def put(text: str) -> str:
            return _VARIABLE.sub(lambda found: values[found.group(1)], text)

        return Messages(put(self.system), put(self.user))


def read_prompt(file: Path) -> Prompt:
    """Reads a prompt file.

    Raises:
        BadInput: it has no head, no divider, or uses a variable its head does not name.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The prompt {file} cannot be read: {error}.") from None
    parts = text.split("+++\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise BadInput(f"The prompt {file} has no head between two lines of +++.")
    try:
        head = tomllib.loads(parts[1])
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"The head of the prompt {file} is not TOML: {error}.") from None
    system, divider, user = parts[2].partition(_DIVIDER + "\n")
    if not divider:
        raise BadInput(f"The prompt {file} has no line {_DIVIDER!r} before its question.")
    named = frozenset(str(v) for v in head.get("variables", ()))
    used = frozenset(_VARIABLE.findall(parts[2]))
    unknown = sorted(used - named)
    if unknown:
        raise BadInput(
            f"The prompt {file} uses {', '.join(unknown)}, which its head does not name "
            "under variables."
        )
    name = str(head.get("name", file.stem))
    return Prompt(name, named, system.strip(), user.strip(), file)


@lru_cache(maxsize=64)
def _read_cached(file: Path, stamp: int) -> Prompt:
    return read_prompt(file)


def load_prompt(name: str, folder: Path | None = None) -> Prompt:
    """The prompt of a name, from the user's folder where that has it, else ours.

    Raises:
        BadInput: the folder is not there, or the file is not a prompt.
    """
    ours = resources() / "prompts" / f"{name}.md"
    file = ours
    if folder is not None:
        if not folder.is_dir():
            raise BadInput(f"The folder of prompts {folder} is not there.")
        theirs = folder / f"{name}.md"
        file = theirs if theirs.is_file() else ours
    prompt = _read_cached(file, file.stat().st_mtime_ns)
    if file is not ours:
        extra = prompt.variables - _read_cached(ours, ours.stat().st_mtime_ns).variables
        if extra:
            raise BadInput(
                f"The prompt {file} wants {', '.join(sorted(extra))}, which no agent gives; "
                f"there are {', '.join(sorted(load_prompt(name).variables))}."
            )
    return prompt
