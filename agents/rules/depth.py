"""How deep a non-pressure ulcer is, from what is recorded anywhere in the chart (I.B.14)."""

import re
import tomllib
from functools import cache, lru_cache

from chartcoder.agents.rules.assertion import affirmed
from chartcoder.index.words import tokens
from chartcoder.tabular.home import resources


@cache
def _depths() -> tuple[tuple[str, re.Pattern[str]], ...]:
    with (resources() / "rules" / "ulcer_depth.toml").open("rb") as stream:
        rows = tomllib.load(stream)["depth"]
    return tuple((row["words"], re.compile("|".join(row["says"]), re.IGNORECASE)) for row in rows)


def depth_of_ulcer(phrase: str, text: str) -> str:
    """The depth of an ulcer in the words of the Tabular List.

    Args:
        phrase: what the evidence names; only an ulcer has a depth.
        text: the chart.

    Returns:
        An empty text where the phrase is of no ulcer, or the chart gives no depth or several.
    """
    return _depth_in(text) if "ulcer" in tokens(phrase) else ""


@lru_cache(maxsize=32)
def _depth_in(text: str) -> str:
    said = affirmed(text)
    found = [words for words, pattern in _depths() if pattern.search(said)]
    return found[0] if len(found) == 1 else ""
