"""Says whether a chart is written in English, which is what the rules judge reads."""

import re
import tomllib
from functools import cache

from chartcoder.tabular.home import resources

_WORD = re.compile(r"[^\W\d_]+")
_OTHER_SCRIPT = re.compile(r"[^\W\d_a-zA-ZÀ-ɏ]")
_FEWEST = 4
_TIMES = 2


@cache
def _languages() -> dict[str, frozenset[str]]:
    table = tomllib.loads((resources() / "lexicon" / "languages.toml").read_text("utf-8"))
    return {name: frozenset(words) for name, words in table.items()}


def foreign_language(text: str) -> str:
    """The language of a chart that is not English.

    Args:
        text: the chart.

    Returns:
        Its name, ``another script`` where most letters are not Latin; empty for English and for
        text too short or too terse to tell.
    """
    words = _WORD.findall(text.lower())
    letters = sum(map(len, words))
    if letters and sum(1 for _ in _OTHER_SCRIPT.finditer(text)) > letters / 2:
        return "another script"
    counts = {name: sum(word in known for word in words) for name, known in _languages().items()}
    english = counts.pop("english")
    name = max(sorted(counts), key=lambda n: counts[n])
    if counts[name] >= _FEWEST and counts[name] > _TIMES * english:
        return name.capitalize()
    return ""
