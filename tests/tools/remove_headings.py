"""Removes the headings of a chart: what is left is how a note reads that was written without any.

Removed are lines that are a heading and nothing else (a known heading, or capitals only, or up to
six words that end with a colon), and labels before text (``Medical Reasoning:``, ``HPI:``). What
the headings headed stays as it is, problems named on lines of their own included.

Usage: ``python -m tests.tools.remove_headings NOTE...`` prints the notes without their headings.
"""

import re
import sys
from pathlib import Path

from chartcoder.agents.rules.document import headings

_LABEL = re.compile(r"^(?P<bullet>\s*(?:[-•*]|\d+[.)])?\s*)[A-Z][A-Za-z /&'()-]{1,45}:[ \t]+(?=\S)")
_MOST_WORDS = 6


def remove_headings(text: str) -> str:
    """The text without heading lines and labels; blank lines stay."""
    return "\n".join(
        _LABEL.sub(lambda found: found["bullet"], line)
        for line in text.split("\n")
        if not _is_heading(line)
    )


def _is_heading(line: str) -> bool:
    bare = line.strip(" \t*_=#-:")
    if not bare:
        return False
    words = bare.split()
    if len(words) > _MOST_WORDS:
        return False
    if line.rstrip().endswith(":"):
        return True
    return " ".join(words).lower() in headings() or (bare.isupper() and len(bare) > 2)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write(remove_headings(Path(name).read_text("utf-8")) + "\n")
