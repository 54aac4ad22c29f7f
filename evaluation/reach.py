"""Which gold codes of charts are within reach: those the Index offers to some evidence.

A gold code counts as offered where it, or a code that counts for it, is among the first ten entries
of some evidence item: named by the entry, as its code or its manifestation, or below an entry that
the book leaves incomplete and that says at least a subcategory.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from chartcoder.agents import navigator
from chartcoder.agents.values import Chart, Evidence, IndexEntry
from chartcoder.evaluation.gold import GoldChart, GoldCode, read_gold
from chartcoder.graph.charts import read_charts
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import run_chart
from chartcoder.tabular.codes import undotted
from chartcoder.tabular.errors import BadInput

FIRST = 10
_EXTERNAL = frozenset("VWXY")


class Offered(NamedTuple):
    """What the Index offered for a set of gold codes.

    Attributes:
        codes: how many core gold codes there are.
        kept: share offered to evidence that the extractor kept.
        considered: share offered to a mention it kept or passed over.
        own_words: share offered to the words the gold itself quotes; -1 where it quotes none.
        unmarked_external: share that are external causes and were offered to nothing considered.
        lost: chart and code of those that were offered to no kept evidence.
    """

    codes: int
    kept: float
    considered: float
    own_words: float
    unmarked_external: float
    lost: tuple[tuple[str, str], ...]


def leads_to(entry: IndexEntry, code: str) -> bool:
    """Says whether an entry names a code, or an incomplete code above it."""
    return _names(entry.code, code) or _names(entry.manifestation, code)


def _names(written: str, code: str) -> bool:
    bare, wanted = undotted(written.rstrip("-")), undotted(code)
    if not bare or not written.endswith("-"):
        return bool(bare) and bare == wanted
    # W11- leads to W11.XXXA; a bare E11- says nothing of the kind of diabetes.
    return wanted.startswith(bare) and (len(bare) > 3 or wanted[3:6] == "XXX")


def offered_codes(charts: str | Path, gold: str | Path, release: str | None) -> Offered:
    """Codes charts, and counts the gold codes that the look-ups of their evidence lead to.

    Args:
        charts: a folder of text files, or JSON lines.
        gold: JSON lines of codes by chart.
        release: what ``open_release`` takes.

    Raises:
        BadInput: no chart has gold.
    """
    known = read_gold(gold)
    sources = read_charts(charts, {g.id: g.encounter for g in known.values()})
    read = [s.chart for s in sources if s.chart is not None and s.id in known]
    if not read:
        raise BadInput(f"No chart in {charts} has an id of the gold {gold}.")
    context = Context(release)
    totals = [0, 0, 0, 0, 0, 0]
    lost: list[tuple[str, str]] = []
    for chart in read:
        counted, missed = _of_chart(chart, known[str(chart.id)], context)
        totals = [a + b for a, b in zip(totals, counted, strict=True)]
        lost += [(str(chart.id), code) for code in missed]
    codes, kept, considered, quoted, own, external = totals
    count = codes or 1
    return Offered(
        codes, kept / count, considered / count, own / quoted if quoted else -1.0,
        external / count, tuple(lost),
    )  # fmt: skip


def _of_chart(
    chart: Chart, gold: GoldChart, context: Context
) -> tuple[tuple[int, int, int, int, int, int], list[str]]:
    book = context.book
    state = run_chart(chart, context)

    def offers(items: Iterable[Evidence]) -> list[list[IndexEntry]]:
        return [navigator.look_up(item, book, chart.text)[:FIRST] for item in items]

    kept = [entries[:FIRST] for _, _, entries in state.get("looked_up", [])]
    passed = offers(item for item, _ in state.get("passed_over", []))
    reached = considered = quoted = own = external = 0
    lost = []
    for code in gold.core:
        by_kept = _offered(kept, code)
        by_any = by_kept or _offered(passed, code)
        reached += by_kept
        considered += by_any
        external += not by_any and code.code[0] in _EXTERNAL
        if code.evidence:
            quoted += 1
            own += _offered(offers(_quotes(code)), code)
        if not by_kept:
            lost.append(code.code)
    return (len(gold.core), reached, considered, quoted, own, external), lost


def _offered(looked_up: Sequence[Sequence[IndexEntry]], gold: GoldCode) -> bool:
    return any(
        leads_to(entry, code) for entries in looked_up for entry in entries
        for code in gold.all_codes
    )  # fmt: skip


def _quotes(gold: GoldCode) -> list[Evidence]:
    """The words the gold quotes, as evidence."""
    return [
        Evidence.model_validate(
            {"id": 0, "span": {"start": 0, "end": len(q), "text": q}, "phrase": q}
        )
        for q in gold.evidence
        if q.strip()
    ]
