"""Where gold quotes stand in a chart, and whether the evidence of a coding overlaps them."""

import re
from typing import NamedTuple

from chartcoder.evaluation.gold import GoldChart
from chartcoder.evaluation.record import ChartRecord
from chartcoder.evaluation.scores import Match


class Overlap(NamedTuple):
    """How the evidence of hit codes agrees with the gold's quotes.

    Attributes:
        quoted: hit codes for which the gold quotes words that stand in the chart.
        overlapping: those whose evidence shares at least one character with a quote.
        not_found: quotes of the gold that do not stand in the chart.
    """

    quoted: int = 0
    overlapping: int = 0
    not_found: int = 0


def quote_places(quote: str, text: str) -> list[tuple[int, int]]:
    """Every place where a quote stands in a text; white space may differ.

    Args:
        quote: the words.
        text: the chart.

    Returns:
        Pairs of start and end in characters; empty where it does not stand there.
    """
    words = quote.split()
    if not words:
        return []
    pattern = r"\s+".join(re.escape(word) for word in words)
    return [m.span() for m in re.finditer(pattern, text, re.IGNORECASE)]


def overlap(gold: GoldChart, record: ChartRecord, found: Match, text: str | None) -> Overlap:
    """Compares the evidence of the codes that were hit with the gold's quotes.

    Args:
        gold: the chart's gold.
        record: the chart's run.
        found: their exact match.
        text: the chart; None gives zeros.
    """
    if text is None:
        return Overlap()
    hit_by = dict(found.hits)
    spans = {a["code"]: [(s["start"], s["end"]) for s in a["spans"]] for a in record["assigned"]}
    quoted = overlapping = not_found = 0
    for code in gold.codes:
        places = [quote_places(q, text) for q in code.evidence]
        not_found += sum(not p for p in places)
        wanted = [span for p in places for span in p]
        if code.core and code.code in hit_by and wanted:
            quoted += 1
            mine = spans[hit_by[code.code]]
            overlapping += any(a < d and c < b for a, b in mine for c, d in wanted)
    return Overlap(quoted, overlapping, not_found)
