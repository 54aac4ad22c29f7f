"""Searching codes for phrases, beside rapidfuzz's scan of all titles and bm25s.

Run it with ``python -m chartcoder.evaluation.benchmarks.searching``. Every part answers the same
phrases, short forms of titles cut as an order file cuts them, over all titles of the bundled
release, in a process of its own; ours and rapidfuzz take turns in one process as well, so that a
busy machine slows both alike. 1.0 is rapidfuzz's scan. Aims: a query at most 0.4 of it, a chart's
15 evidence items walked in 40 ms of CPU, the index open in under 20 ms.
"""

import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

from chartcoder.evaluation.benchmarks.measure import (
    Numbers,
    peak_memory,
    run_benchmark,
    run_part,
    sample_texts,
    table,
)

_MODULE = "chartcoder.evaluation.benchmarks.searching"
QUERIES = 200
ITEMS = 15
WARMING = 3
FOUND = 20
AIMS = {"query": 0.4, "items": 40.0, "open": 20.0}


def titles() -> list[str]:
    """The titles of all billable codes."""
    from chartcoder.tabular.release import open_release

    return [entry.title for entry in open_release("bundled").tabular.billable()]


def phrases(count: int = QUERIES) -> list[str]:
    """Titles from all chapters with their longer words cut to five letters."""
    known = titles()
    return [
        " ".join(word[:5] if len(word) > 7 else word for word in known[place].split())
        for place in range(0, len(known), len(known) // count)
    ][:count]


def ours(arguments: Sequence[str]) -> Numbers:
    """Our search, and rapidfuzz's scan in turns with it."""
    from chartcoder.index.search import open_searcher
    from chartcoder.tabular.release import open_release

    asked, listed = phrases(), titles()
    searcher = open_searcher(open_release("bundled"))
    for phrase in asked[:20]:
        searcher.search(phrase, FOUND)
    took: list[float] = []
    scans: list[float] = []
    for phrase in asked[20:]:
        took.append(_cpu(searcher.search, phrase, FOUND))
        scans.append(_cpu(_scan, phrase, listed))
    return {"query": sum(took) / len(took), "scan": sum(scans) / len(scans),
            "median": median(took), "most": max(took)}  # fmt: skip


def memory(arguments: Sequence[str]) -> Numbers:
    """Our search alone: what it costs to open and to hold."""
    asked = phrases()
    before = peak_memory()
    began = time.process_time()
    from chartcoder.index.search import open_searcher
    from chartcoder.tabular.release import open_release

    searcher = open_searcher(open_release("bundled"))
    searcher.search(asked[0], FOUND)
    built = time.process_time() - began
    took = [_cpu(searcher.search, phrase, FOUND) for phrase in asked]
    return {"built": built, "query": sum(took) / len(took), "memory": peak_memory() - before}


def rapidfuzz(arguments: Sequence[str]) -> Numbers:
    """The scan of all titles by the ratio of edits."""
    asked, listed = phrases(), titles()
    before = peak_memory()
    began = time.process_time()
    _scan(asked[0], listed[:1])
    built = time.process_time() - began
    took = [_cpu(_scan, phrase, listed) for phrase in asked]
    return {"built": built, "query": sum(took) / len(took), "memory": peak_memory() - before}


def bm25s(arguments: Sequence[str]) -> Numbers:
    """The lexical ranking of bm25s, its index made in memory."""
    asked, listed = phrases(), titles()
    before = peak_memory()
    began = time.process_time()
    import bm25s as peer

    index = peer.BM25()
    index.index(peer.tokenize(listed, stopwords="en", show_progress=False), show_progress=False)
    built = time.process_time() - began

    def ask(phrase: str) -> object:
        words = peer.tokenize(phrase, stopwords="en", show_progress=False)
        return index.retrieve(words, k=FOUND, show_progress=False)

    took = [_cpu(ask, phrase) for phrase in asked]
    return {"built": built, "query": sum(took) / len(took), "memory": peak_memory() - before}


def walking(arguments: Sequence[str]) -> Numbers:
    """The evidence of the sample charts looked up as the navigator does it, chart by chart.

    The first charts warm the process and do not count; no chart is looked up twice.
    """
    from chartcoder.agents import navigator
    from chartcoder.agents.book import Book
    from chartcoder.agents.evidence import extract
    from chartcoder.agents.rules.judge import RulesJudge
    from chartcoder.agents.values import Chart
    from chartcoder.tabular.release import open_release

    release = open_release("bundled")
    charts = [Chart(text=text) for text in sample_texts()]
    marked = [extract(chart, Book(release), RulesJudge()).evidence for chart in charts]
    book = Book(release)
    took = items = 0.0
    for place, (chart, evidence) in enumerate(zip(charts, marked, strict=True)):
        began = time.process_time()
        for item in evidence:
            navigator.look_up(item, book, chart.text)
        if place >= WARMING:
            took += time.process_time() - began
            items += len(evidence)
    return {"items": took / items * ITEMS, "looked_up": items}


def opening(arguments: Sequence[str]) -> Numbers:
    """The index and the lines opened from disk, to the first word and the first line."""
    from chartcoder.index.lines import Lines, open_lines
    from chartcoder.index.store import IndexStore, open_index
    from chartcoder.tabular.release import open_release

    release = open_release("bundled")
    file, folder = open_index(release).file, open_lines(release).folder
    took = []
    for _ in range(5):
        began = time.perf_counter()
        IndexStore(file, "derived").posting("pneumonia")
        Lines(folder).nearest("pneumonia", FOUND)
        took.append(time.perf_counter() - began)
    return {"open": median(took)}


def _scan(phrase: str, listed: Sequence[str]) -> object:
    from rapidfuzz import fuzz, process

    return process.extract(phrase, listed, scorer=fuzz.ratio, limit=FOUND)


def _cpu(work: Callable[..., object], *values: object) -> float:
    began = time.process_time()
    work(*values)
    return time.process_time() - began


def main() -> None:
    """Prints the tables."""
    run_part(_MODULE, "memory")  # makes the caches where there are none
    together = run_part(_MODULE, "ours")
    ratio = together["query"] / together["scan"]
    print(f"{QUERIES - 20} cut titles over all titles, in turns in one process; CPU time a query")
    print(table(
        ("", "ms", "ratio", "aim"),
        [("rapidfuzz, scan of all titles", together["scan"] * 1000, 1.0, ""),
         ("ours", together["query"] * 1000, ratio, f"{AIMS['query']} {_said(ratio, 'query')}")],
    ))  # fmt: skip
    parts = {"ours": run_part(_MODULE, "memory"), "rapidfuzz": run_part(_MODULE, "rapidfuzz")}
    if importlib.util.find_spec("bm25s"):
        parts["bm25s"] = run_part(_MODULE, "bm25s")
    base = parts["rapidfuzz"]
    print("\neach in a process of its own; ready: modules, index and, for ours, a first query")
    print(table(
        ("", "ready ms", "query ms", "ratio", "MiB more"),
        [(name, n["built"] * 1000, n["query"] * 1000, n["query"] / base["query"], n["memory"])
         for name, n in parts.items()],
    ))  # fmt: skip
    if "bm25s" not in parts:
        print("bm25s is not installed: pip install chartcoder[bench]")
    walked, opened = run_part(_MODULE, "walking"), run_part(_MODULE, "opening")
    rows = [
        (f"{ITEMS} evidence items walked, CPU ms", walked["items"] * 1000, "items"),
        ("index and lines opened, ms", opened["open"] * 1000, "open"),
    ]
    print()
    print(table(("", "measured", "aim"), [
        (name, value, f"{AIMS[aim]:g} {_said(value, aim)}") for name, value, aim in rows
    ]))  # fmt: skip


def _said(value: float, aim: str) -> str:
    return "reached" if value <= AIMS[aim] else "MISSED"


PARTS = {
    "ours": ours, "memory": memory, "rapidfuzz": rapidfuzz, "bm25s": bm25s, "walking": walking,
    "opening": opening,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(run_benchmark(_MODULE, PARTS, main, "Searching codes for phrases."))
