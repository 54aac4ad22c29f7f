"""The word and code lists of the model judge, from ``resources/lexicon/model_judge.toml``."""

import tomllib
from functools import cache

from chartcoder.tabular.home import resources


@cache
def _table() -> dict[str, str]:
    file = resources() / "lexicon" / "model_judge.toml"
    return tomllib.loads(file.read_text("utf-8"))


@cache
def words(name: str) -> frozenset[str]:
    """A list of words."""
    return frozenset(_table()[name].split())


@cache
def prefixes(name: str) -> tuple[str, ...]:
    """A list of code prefixes, in the order of the file."""
    return tuple(_table()[name].split())
