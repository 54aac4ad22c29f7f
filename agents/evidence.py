"""The evidence extractor: reads the chart and marks what is documented, and how surely."""

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Judge, Mentions
from chartcoder.agents.values import Chart, Evidence, Span


def extract(chart: Chart, book: Book, judge: Judge) -> Mentions:
    """Asks the judge which mentions count, and holds every span against the chart.

    A span whose text is not in the chart at its offsets is corrected from the chart, or dropped
    with its evidence where it lies outside.
    """
    answer = judge.which_mentions(chart, book)
    kept: list[Evidence] = []
    remarks = list(answer.remarks)
    for item in answer.evidence:
        true = _true_span(chart, item.span)
        if true is None:
            remarks.append(f"evidence {item.id} lies outside the chart and was dropped")
            continue
        support = tuple(s for s in (_true_span(chart, s) for s in item.support) if s)
        kept.append(_numbered(item, len(kept), true, support))
    passed = tuple((e, why) for e, why in answer.passed_over if _true_span(chart, e.span))
    return Mentions(tuple(kept), passed, tuple(remarks))


def _true_span(chart: Chart, span: Span) -> Span | None:
    if not 0 <= span.start < span.end <= len(chart.text):
        return None
    text = chart.text[span.start : span.end]
    return span if text == span.text else span.model_copy(update={"text": text})


def _numbered(item: Evidence, number: int, span: Span, support: tuple[Span, ...]) -> Evidence:
    return item.model_copy(update={"id": number, "span": span, "support": support})
