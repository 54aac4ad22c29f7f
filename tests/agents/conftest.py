"""A desk on which tests lay verified codes with the words of a chart they rest on."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest

from chartcoder.agents.book import Book
from chartcoder.agents.rules.document import read_document
from chartcoder.agents.validator import candidate
from chartcoder.agents.values import Candidate, Chart, Encounter, Evidence, IndexEntry, Span
from chartcoder.tabular.release import Release


class Desk(NamedTuple):
    """A chart with its book, its evidence and the candidates that rest on it."""

    chart: Chart
    book: Book
    evidence: list[Evidence]
    candidates: list[Candidate]

    def without(self, code: str) -> list[Candidate]:
        return [c for c in self.candidates if c.code != code]


Lay = Callable[..., Desk]


@pytest.fixture(scope="session")
def bundled_book(bundled: Release) -> Book:
    return Book(bundled)


@pytest.fixture
def lay(bundled_book: Book) -> Lay:
    """Lays codes on the desk: ``lay(text, {code: words of the text})``."""

    def of(
        text: str,
        codes: Mapping[str, str],
        book: Book | None = None,
        confidence: Mapping[str, float] | None = None,
        **encounter: object,
    ) -> Desk:
        opened = book or bundled_book
        lines = read_document(text).lines
        evidence: list[Evidence] = []
        candidates: list[Candidate] = []
        by_words: dict[str, int] = {}
        for code, words in codes.items():
            if words not in by_words:
                start = text.index(words)
                section = next((x.section for x in lines if x.start <= start < x.end), "")
                span = Span(start=start, end=start + len(words), text=words, section=section)
                by_words[words] = len(evidence)
                evidence.append(Evidence(id=len(evidence), span=span, phrase=words))
            number = by_words[words]
            entry = IndexEntry(evidence=number, code=code, path=(words,), score=1.0)
            sure = (confidence or {}).get(code, 1.0)
            candidates.append(candidate(opened.tabular, code, (number,), entry, sure))
        chart = Chart(text=text, encounter=Encounter.model_validate(encounter))
        return Desk(chart, opened, evidence, candidates)

    return of
