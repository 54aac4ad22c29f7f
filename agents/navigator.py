"""The alphabetic-index navigator: from evidence to index entries, never from memory."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Judge
from chartcoder.agents.rules.assertion import affirmed
from chartcoder.agents.rules.nouns import site_words
from chartcoder.agents.values import Chart, Evidence, IndexEntry
from chartcoder.index.lexicon import wordings, write_out
from chartcoder.index.navigate import Found
from chartcoder.index.words import LATERALITY, split, tokens

OFFERED = 10
_QUALIFIED = 0.05
_LONGEST = 3
_WORTH_LIFTING = 0.4
_LIFT = 0.01
_SURE_OF_TERM = 0.6
_DEEPER = 40
_COMMON = frozenset(["acute", "chronic"])
_LINKS = frozenset(["with", "in", "due", "following"])
# What a condition is said to be joined to: the words right behind the link.
_LINKED = re.compile(r"(?:\bwith|\bw/|\bdue to|\bfrom|\bcomplicated by)\s+((?:[\w-]+[\s]*){1,4})")
_STOPS = (". ", "\n", ";", "? ")
_LONGEST_SENTENCE = 400


def look_up(
    item: Evidence, book: Book, context: str = "", limit: int = OFFERED
) -> list[IndexEntry]:
    """The index entries for one evidence item, best first.

    Args:
        item: the evidence; its phrase is looked up under every wording, with its modifiers.
        book: the opened book.
        context: words of the chart that tell senses of abbreviations apart.
        limit: how many entries to give.
    """
    # The whole wording, then shorter ones: a word too many must not hide a line.
    lengths = [len(item.modifiers), *range(min(len(item.modifiers) - 1, _LONGEST), -1, -1)]
    phrases = [
        " ".join((item.phrase, *item.modifiers[:length])) for length in dict.fromkeys(lengths)
    ]
    ranked = [_ranked(item, phrase, book, context, limit) for phrase in phrases]
    best: dict[tuple[str, str], IndexEntry] = {}
    # A narrow wording must not push out the default code, nor a plain one the subterm: in turns.
    for turn in zip_longest(*ranked):
        for entry in turn:
            if entry is None:
                continue
            key = (entry.code, entry.manifestation)
            if key in best or len(best) < limit + len(phrases) - 1:
                known = best.get(key)
                if known is None or entry.score > known.score:
                    best[key] = entry
    in_order = sorted(best.values(), key=lambda e: (-e.score, -_said(e.path, e.matched)))
    variants = [entry for one in ranked for entry in one]
    said = _sentence(item, context)
    sure = bool(in_order) and in_order[0].score >= _SURE_OF_TERM
    if sure and _says_more(item, said, in_order[0]):
        # Only entries of the first one's category can be closer than it.
        variants += _ranked(item, item.phrase, book, context, _DEEPER, in_order[0].code[:3])
    return _closer(item, in_order, variants, said, book, context)


def _says_more(item: Evidence, sentence: str, first: IndexEntry) -> bool:
    """Whether a subterm of the first entry's term may have words of the sentence, or modifiers."""
    more = set(tokens(sentence)) - LATERALITY - _COMMON
    more.difference_update(first.matched, first.missing)
    return bool(more) or bool(item.modifiers)


def _sentence(item: Evidence, text: str) -> str:
    """The sentence around the evidence, denials and plans left out."""
    start, end = item.span.start, item.span.end
    if text[start:end] != item.span.text:
        return ""
    begin = max(text.rfind(stop, 0, start) for stop in _STOPS) + 1
    ends = [p for p in (text.find(stop, end) for stop in _STOPS) if p >= 0]
    sentence = text[begin : min(ends, default=len(text))]
    return write_out(affirmed(sentence), text) if len(sentence) <= _LONGEST_SENTENCE else ""


def _closer(
    item: Evidence,
    entries: list[IndexEntry],
    variants: Sequence[IndexEntry],
    sentence: str,
    book: Book,
    context: str,
) -> list[IndexEntry]:
    """The entries, those first that say more of what is said within the first one's category.

    A whole wording that fits without the qualifiers must not hide the line beside it that has them:
    "non-small cell lung cancer, right upper lobe"; nor the main term the subterm all of whose words
    stand in the sentence: "aneurysm of the abdominal aorta, 3.6 cm, infrarenal". The variants are
    entries as each wording with fewer or more qualifiers found them.
    """
    qualifiers = {w for m in item.modifiers for w in tokens(write_out(m, context))}
    if not entries or not (qualifiers or sentence):
        return entries
    first = entries[0]
    variants = [entry for entry in variants if entry.code[:3] == first.code[:3]]
    if not variants:
        return entries
    said = frozenset(tokens(sentence)) - LATERALITY
    linked = frozenset(w for tail in _LINKED.findall(sentence) for w in tokens(tail))
    category = book.tabular.get(first.code[:3])
    known = {*first.missing, *tokens(category.title if category else "")}
    heard = len(qualifiers.intersection(first.matched))
    by_key = {(e.code, e.manifestation): e for e in entries}
    for entry in variants:
        supplied = frozenset[str]()
        lost = set(first.matched).difference(entry.matched)
        if not lost:
            told = linked if _joins_another(entry.path) else said
            supplied = told.intersection(entry.missing).difference(
                first.missing, first.matched, _COMMON
            )
        more = len(qualifiers.intersection(entry.matched)) + len(supplied) - heard
        told_all = (known | supplied).issuperset(entry.missing)
        if more <= 0 or not told_all or not lost.isdisjoint(site_words()):
            continue
        key = (entry.code, entry.manifestation)
        lacking = len(set(entry.missing).difference(first.missing, supplied))
        score = round(first.score + _LIFT * (more - lacking / 2), 6)
        if entry.score >= _WORTH_LIFTING * first.score and (
            key not in by_key or score > by_key[key].score
        ):
            by_key[key] = entry.model_copy(update={"score": score})
    return sorted(by_key.values(), key=lambda e: (-e.score, -_said(e.path, e.matched)))


def _joins_another(path: Sequence[str]) -> bool:
    """Says whether a line joins a second condition, which is evidence of its own."""
    words = [split(title) for title in path[1:]]
    return any(w and not _LINKS.isdisjoint((w[0], w[-1])) for w in words)


def _ranked(
    item: Evidence, phrase: str, book: Book, context: str, limit: int, category: str = ""
) -> list[IndexEntry]:
    """The entries for one phrase under every wording, best first; of one category or of all."""
    best: dict[tuple[str, str], tuple[float, Found]] = {}
    qualifiers = {w for modifier in item.modifiers for w in tokens(modifier)}
    for wording, trust in wordings(phrase, context):
        for found in book.navigator.find(wording, limit, category=category):
            # Of two entries that explain the phrase, the one that explains its modifiers too wins.
            gain = 0.0 if qualifiers.isdisjoint(found.matched) else _QUALIFIED
            score = round(found.score * trust + gain, 6)
            key = (found.code, found.manifestation)
            known = best.get(key)
            if (
                known is None
                or score > known[0]
                or (
                    score == known[0]
                    and _said(found.path, found.matched) > _said(known[1].path, known[1].matched)
                )
            ):
                best[key] = (score, found)
    fitted = [(_fitted(score, found, book), found) for score, found in best.values()]
    fitted.sort(key=lambda f: (-f[0], -_said(f[1].path, f[1].matched), f[1].term))
    return [_entry(item, score, found) for score, found in fitted[:limit]]


def _said(path: Sequence[str], matched: Sequence[str]) -> int:
    """How many words of the phrase stand in the titles of a path, modifiers left out."""
    titles = [_words(title) for title in path]
    return sum(any(word in words for words in titles) for word in matched)


@lru_cache(maxsize=16384)
def _words(title: str) -> frozenset[str]:
    return frozenset(tokens(title))


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
    judge: Judge, chart: Chart, book: Book, offered: Sequence[tuple[Evidence, Sequence[IndexEntry]]]
) -> list[IndexEntry]:
    """Asks the judge which entries are worth verifying.

    Only offered ones can come back, or such as the judge looked up in the same index itself.
    """
    chosen: list[IndexEntry] = []
    answers = judge.which_entries(chart, book, offered)
    for (item, entries), answer in zip(offered, answers, strict=True):
        allowed = {(e.code, e.path) for e in entries}
        chosen += [
            e for e in answer
            if e.evidence == item.id and ((e.code, e.path) in allowed or _stands(e, book))
        ]  # fmt: skip
    return chosen


def _stands(entry: IndexEntry, book: Book) -> bool:
    """Whether the index has this very entry."""
    return any(
        tuple(step.title for step in book.index.path(term.id)) == entry.path
        for term in book.index.leading_to(entry.code)
    )


def _fitted(score: float, found: Found, book: Book) -> float:
    """The score of an entry that also counts what the entry demands and the phrase lacks."""
    fit = 1.0
    if found.missing and not found.hops:
        weights = [book.index.posting(w) for w in found.missing]
        lacking = sum(p[0] if p else 0.5 for p in weights)
        fit = 1.0 / (1.0 + lacking)
    return round(score * (0.85 + 0.15 * fit), 6)


def _entry(item: Evidence, score: float, found: Found) -> IndexEntry:
    return IndexEntry(
        evidence=item.id, code=found.code, manifestation=found.manifestation, path=found.path,
        hops=found.hops, score=score, matched=found.matched, unmatched=found.unmatched,
        missing=found.missing, book=found.book,
    )  # fmt: skip
