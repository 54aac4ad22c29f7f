"""Words that tell how something is meant, by name, from ``resources/lexicon/cues.toml``."""

import re
import tomllib
from functools import cache

from chartcoder.tabular.home import resources


@cache
def _table() -> dict[str, dict[str, object]]:
    return tomllib.loads((resources() / "lexicon" / "cues.toml").read_text("utf-8"))


@cache
def cue(name: str) -> re.Pattern[str]:
    """The pattern of a cue; case does not matter to it.

    Args:
        name: a section of the resource.
    """
    row = _table()[name]
    listed = "|".join(f"(?:{word})" for word in row["says"])  # type: ignore[attr-defined]
    return re.compile(rf"\b(?:{listed})\b" if row.get("whole") else listed, re.IGNORECASE)
