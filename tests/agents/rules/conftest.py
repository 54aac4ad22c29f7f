"""Reads a chart for the finders of the rules judge, with the bundled book."""

from collections.abc import Callable

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.rules.document import read_document
from chartcoder.agents.rules.judge import RulesJudge
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.values import Chart, Encounter
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import code_chart

Read = Callable[[str], Reading]
Codes = Callable[..., set[str]]


@pytest.fixture
def read(bundled_book: Book) -> Read:
    """A chart's reading: ``read(text)``."""
    return lambda text: Reading(read_document(text), Lookup(bundled_book, text))


@pytest.fixture(scope="session")
def context(bundled_book: Book) -> Context:
    """Rules judge over the bundled book."""
    return Context(release="bundled", judge=RulesJudge)


@pytest.fixture
def codes(context: Context) -> Codes:
    """The codes of a chart as the whole path gives them: ``codes(text, setting=...)``."""

    def of(text: str, **encounter: object) -> set[str]:
        chart = Chart(text=text, encounter=Encounter.model_validate(encounter))
        return {a.code for a in code_chart(chart, context=context).assigned}

    return of
