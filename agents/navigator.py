"""The alphabetic-index navigator: from evidence to index entries, never from memory."""

from collections.abc import Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Judge
from chartcoder.agents.values import Evidence, IndexEntry
from chartcoder.index.lexicon import expand
from chartcoder.index.navigate import Found

OFFERED = 10


def look_up(item: Evidence, book: Book, context: str = "", limit: int = OFFERED) -> list[IndexEntry]:
    """The index entries for one evidence item, best first.

    Args:
        item: the evidence; its phrase is looked up under every wording, with its modifiers.
        book: the opened book.
        context: words of the chart that tell senses of abbreviations apart.
        limit: how many entries to give.
    """
    best: dict[tuple[str, str], Found] = {}
    phrases = [item.phrase]
    if item.modifiers:
        phrases.append(f"{item.phrase} {' '.join(item.modifiers)}")
    for phrase in phrases:
        for wording in expand(phrase, context):
            for found in book.navigator.find(wording, limit):
                key = (found.code, found.manifestation)
                if key not in best or found.score > best[key].score:
                    best[key] = found
    in_order = sorted(best.values(), key=lambda f: f.term)
    entries = [_entry(item, found, book) for found in in_order]
    return sorted(entries, key=lambda e: -e.score)[:limit]


def look_further(
    item: Evidence, reasons: Sequence[str], book: Book, context: str = ""
) -> list[IndexEntry]:
    """The second look, after the validator was left with nothing: broader and other lead terms.

    Args:
        item: the evidence.
        reasons: why each entry of the first look failed.
        book: the opened book.
        context: words of the chart.
    """
    entries: dict[str, IndexEntry] = {}
    words = item.phrase.split()
    tries = [" ".join(words[i:]) for i in range(1, len(words))]
    tries += [" ".join(words[:i]) for i in range(len(words) - 1, 0, -1)]
    for wording in tries[:8]:
        smaller = item.model_copy(update={"phrase": wording, "modifiers": ()})
        for entry in look_up(smaller, book, context, 5):
            share = len(wording.split()) / len(words)
            weaker = entry.model_copy(update={"score": round(entry.score * share * 0.8, 6)})
            known = entries.get(entry.code)
            if known is None or weaker.score > known.score:
                entries[entry.code] = weaker
    return sorted(entries.values(), key=lambda e: (-e.score, e.code))[:OFFERED]


def choose(
    judge: Judge, chart, book: Book, offered: Sequence[tuple[Evidence, Sequence[IndexEntry]]]  # type: ignore[no-untyped-def]
) -> list[IndexEntry]:
    """Asks the judge which entries are worth verifying; only offered ones can come back."""
    chosen: list[IndexEntry] = []
    answers = judge.which_entries(chart, book, offered)
    for (item, entries), answer in zip(offered, answers, strict=True):
        allowed = {(e.code, e.path) for e in entries}
        chosen += [e for e in answer if (e.code, e.path) in allowed and e.evidence == item.id]
    return chosen


def _entry(item: Evidence, found: Found, book: Book) -> IndexEntry:
    """An entry whose score also counts what the entry demands and the phrase lacks."""
    fit = 1.0
    if found.missing and not found.hops:
        weights = [book.index.posting(w) for w in found.missing]
        lacking = sum(p[0] if p else 0.5 for p in weights)
        fit = 1.0 / (1.0 + lacking)
    return IndexEntry(
        evidence=item.id, code=found.code, manifestation=found.manifestation, path=found.path,
        hops=found.hops, score=round(found.score * (0.85 + 0.15 * fit), 6),
        matched=found.matched, unmatched=found.unmatched, missing=found.missing, book=found.book,
    )  # fmt: skip
