"""Reads each chart once, for all agents that ask about it."""

from functools import lru_cache

from chartcoder.agents.book import Book
from chartcoder.agents.rules.document import read_document
from chartcoder.agents.rules.fitting import is_newborn
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.unfold import unfold
from chartcoder.agents.values import Chart

_CHARTS = 4


def read_chart_once(chart: Chart, book: Book) -> Reading:
    """The reading of a chart, kept while the chart is on the desk.

    Args:
        chart: the chart; its encounter says whether the patient is a newborn.
        book: the opened book.
    """
    return _read(chart.text, is_newborn(chart.encounter), book)


@lru_cache(maxsize=_CHARTS)
def _read(text: str, newborn: bool, book: Book) -> Reading:
    return Reading(read_document(unfold(text)), Lookup(book, text), newborn)
