"""Partners that the book asks for: which are missing, and where the chart may have them.

A code may ask for another: the etiology before a manifestation, the stage of a kidney disease, the
organism of an infection, the body mass index beside obesity. What is missing is looked for in the
chart by the words under which the Index and the Tabular List have the wanted codes, each hit looked
up as any other phrase is.

Source: Official Guidelines I.A.13, I.B.7, I.B.14, I.C.1.b.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from chartcoder.agents.book import Book
from chartcoder.agents.rules.assertion import assertion_of, marks
from chartcoder.agents.rules.document import Document, sentences
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.phrases import pieces
from chartcoder.agents.rules.read_once import read_chart_once
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.values import Candidate, Chart, Evidence, Span, Wanted
from chartcoder.index.words import LATERALITY, tokens
from chartcoder.tabular.codes import dotted
from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.notes import Block
from chartcoder.tabular.references import Reference, references
from chartcoder.tabular.rulebook import Target, rule_book

_MOST_CODES = 260
_MOST_PIECES = 80
_LEAST_SCORE = 0.75
_MOST_FOUND = 4
_EDGES = " \t-*•.,;:"
# Zones and sections that speak of others, of other times, or of nothing.
_SKIPPED = frozenset(
    ["family", "social", "allergies", "copied", "review", "family_history", "instructions",
     "template", "prior_note", "signature", "review_of_systems", "social_history",
     "immunizations"]
)  # fmt: skip
_BODY_MASS = re.compile(
    r"\b(?:BMI|body mass index)\b\D{0,18}?(\d{2}(?:\.\d{1,2})?)(?!\d|\s*%|\s*lb|\s*kg\b(?!/))",
    re.IGNORECASE,
)
_BLOOD_CULTURE = re.compile(r"\b(?:blood (?:cx|cultures?|c/s)|bcx|bld cx|bottles)\b", re.IGNORECASE)
_NO_GROWTH = re.compile(r"\b(?:neg(?:ative)?|ng(?:td)?|no growth|pending|sterile)\b|\.\s", re.I)
_ORGANISM_WORD = re.compile(r"[A-Z][a-z-]+(?=\b)|[a-z-]{4,}|\b[A-Z]\.?(?=\s[a-z]{3})|\bM[RS]SA\b")
# An organism counts where it grew or was found, not in the name of a vaccine.
_GREW = re.compile(
    r"\b(?:cultur\w*|u?cx|bcx|grew|growing|grows|isolat\w*|pcr|swab|positive|due to|bottles)\b",
    re.IGNORECASE,
)
_LAB = 40
_SHORTEST_ORGANISM = 4
_CULTURE_REACH = 90
_CULTURE_WORDS = 8
_RANGE = re.compile(r"(\d+(?:\.\d)?)\s*-\s*(\d+(?:\.\d)?), adult")
_GENERIC = frozenset(
    "disease disorder condition acute chronic stage mild moderate severe type cause due other "
    "unspecified agent infection history failure".split()
)


def missing_partners(book: Book, candidates: Sequence[Candidate]) -> list[Wanted]:
    """The partners that codes of a set ask for and that are not in it, or only unspecified.

    Notes that ask only "if applicable" are left alone, and so are those that name no codes.

    Args:
        book: the opened book.
        candidates: the set.
    """
    rules = rule_book(book.tabular)
    items = [item for item in (rules.item(c.code) for c in candidates) if item is not None]
    codes = CodeSet(items)
    found: list[Wanted] = []
    seen: set[tuple[str, int, str]] = set()
    for index, item in enumerate(codes.items):
        asked = [*item.rules.code_first, *item.rules.use_additional]
        for block, targets in asked:
            key = (block.origin, block.number, block.kind)
            if key in seen or not _is_required(block, targets, item.manifestation):
                continue
            seen.add(key)
            partners = {codes.items[other].entry.title for other, _ in codes.named(targets, index)}
            if any("unspecified" not in title.lower() for title in partners):
                continue
            found.append(
                Wanted(
                    by=item.code,
                    ranges=tuple(dict.fromkeys(_written(t.reference) for t in targets)),
                    reason=f"{item.code} asks for it: {block.words}",
                )
            )
    if any(c.code == "A41.9" for c in candidates):
        # Sepsis is coded by its organism (I.C.1.d.1.a), which stands in the blood culture.
        found.append(
            Wanted(by="A41.9", ranges=("A40", "A41"), reason="A41.9 asks for it: the organism")
        )
    return found


def _is_required(block: Block, targets: tuple[Target, ...], manifestation: bool) -> bool:
    """Says whether a note asks without condition for codes that a chart's words can give."""
    if any(t.reference.low.startswith("Z68") for t in targets):
        return True
    if not targets or all(t.reference.low[0] in "VWXY" for t in targets):
        return False
    if block.kind == "code_first":
        return manifestation or not block.conditional
    statuses = any(t.reference.low[0] in "TUZ" for t in targets)
    return not block.conditional and not statuses


def _written(reference: Reference) -> str:
    low, high = dotted(reference.low), dotted(reference.high)
    return low if low == high else f"{low}-{high}"


def look_for(
    chart: Chart, book: Book, evidence: Sequence[Evidence], wanted: Sequence[Wanted]
) -> list[Evidence]:
    """Looks in the chart for missing partners.

    Args:
        chart: the chart.
        book: the opened book.
        evidence: what is marked already; its words are not marked again.
        wanted: what is missing.

    Returns:
        New evidence, numbered on, each with the reason it was looked for; at most a handful.
    """
    found: list[Evidence] = []
    taken = [(e.span.start, e.span.end) for e in evidence]
    reading = read_chart_once(chart, book)
    searched = {e.sought for e in evidence if e.sought}
    for want in wanted:
        if want.ranges in searched:
            continue
        if want.by == "A41.9":
            found += _in_blood(chart, reading.lookup, want, len(evidence) + len(found))
        elif any(r.startswith("Z68") for r in want.ranges):
            found += _body_mass(chart, book, want, len(evidence) + len(found))
        else:
            found += _stated(reading, want, taken, len(evidence) + len(found))
        taken += [(e.span.start, e.span.end) for e in found]
        if len(found) >= _MOST_FOUND:
            break
    return found[:_MOST_FOUND]


def _stated(
    reading: Reading,
    want: Wanted,
    taken: Sequence[tuple[int, int]],
    number: int,
) -> list[Evidence]:
    """The best place where the chart states what is wanted, as present."""
    lookup, text = reading.lookup, reading.text
    ranges = tuple(r for written in want.ranges for r in references(f"({written})"))
    organisms = all(r.low.startswith("B9") for r in ranges)
    places = [
        (one.spot.start, one.spot.end, one.spot.phrase, one.stretch.zone)
        for one in reading.conditions
        if one.assertion == "present"
        and any(r.matches(one.code.rstrip("-")) for r in ranges)
        and (not organisms or _GREW.search(one.said))
    ]
    places += [
        (start, end, text[start:end], section)
        for start, end, section in _stretches(
            reading.document, _vocabulary(lookup.book, want.ranges), want.phrases
        )
    ]
    best: tuple[float, Evidence] | None = None
    for start, end, phrase, section in places:
        if organisms and not _GREW.search(text, max(0, start - _LAB), end + _LAB):
            continue
        if section in _SKIPPED or any(start < stop and begin < end for begin, stop in taken):
            continue
        entries = lookup.find(phrase, 3)
        if not entries or entries[0].score < _LEAST_SCORE:
            continue
        if not any(r.matches(entries[0].code.rstrip("-")) for r in ranges):
            continue
        if best is None or entries[0].score > best[0]:
            span = Span(start=start, end=end, text=text[start:end], section=section)
            item = Evidence(
                id=number,
                span=span,
                phrase=phrase,
                reason=want.reason,
                role="finding",
                sought=want.ranges,
            )
            best = (entries[0].score, item)
    return [best[1]] if best is not None else []


def _stretches(
    document: Document, words: frozenset[str], phrases: Sequence[str]
) -> Iterator[tuple[int, int, str]]:
    """Pieces of the chart that hold a word of the wanted range and are documented as present."""
    text, given = document.text, 0
    named = [p.lower() for p in phrases]
    for line in document.lines:
        for begin, stop in sentences(text, line.start, line.end):
            sentence = text[begin:stop]
            spoken = words.intersection(tokens(sentence))
            if not spoken and not any(p in sentence.lower() for p in named):
                continue
            cues = marks(sentence)
            for piece in pieces(sentence):
                phrase = sentence[piece.start : piece.end]
                if not words.intersection(tokens(phrase)):
                    continue
                if assertion_of(cues, piece.start, piece.end)[0] != "present":
                    continue
                shorn = phrase.strip(_EDGES)
                if shorn:
                    first = begin + piece.start + phrase.index(shorn)
                    yield first, first + len(shorn), line.section
                    given += 1
                if given >= _MOST_PIECES:
                    return


@lru_cache(maxsize=256)
def _vocabulary(book: Book, ranges: tuple[str, ...]) -> frozenset[str]:
    """The specific words under which the book has a range of codes."""
    words: set[str] = set()
    count = 0
    for written in ranges:
        low, _, high = written.partition("-")
        for entry in _entries(book, low, high or low):
            count += 1
            if count > _MOST_CODES:
                return frozenset()
            words.update(tokens(entry))
            for term in book.index.leading_to(dotted(entry.partition(" ")[0])):
                words.update(tokens(term.title))
    return frozenset(w for w in words - LATERALITY - _GENERIC if not w.isdigit())


def _entries(book: Book, low: str, high: str) -> Iterator[str]:
    tabular = book.tabular
    if low == high:
        for entry in tabular.billable_under(low):
            yield f"{entry.code} {entry.title}"
        return
    for category in _categories(low[:3], high[:3]):
        for entry in tabular.billable_under(category):
            yield f"{entry.code} {entry.title}"


def _categories(low: str, high: str) -> Iterator[str]:
    """The categories of a range inside one letter; one such as I1A stands at its end."""
    if low[0] != high[0] or not low[1:].isdigit():
        return
    last = int(high[1:]) if high[1:].isdigit() else int(f"{high[1]}9")
    for number in range(int(low[1:]), last + 1):
        yield f"{low[0]}{number:02d}"
    if not high[1:].isdigit():
        yield high


def _in_blood(chart: Chart, lookup: Lookup, want: Wanted, number: int) -> list[Evidence]:
    """The organism that grew in the blood of a patient with sepsis."""
    for hit in _BLOOD_CULTURE.finditer(chart.text):
        words = list(_ORGANISM_WORD.finditer(chart.text, hit.end(), hit.end() + _CULTURE_REACH))
        stop = _NO_GROWTH.search(chart.text, hit.end(), hit.end() + _CULTURE_REACH)
        for first, word in enumerate(words[:_CULTURE_WORDS]):
            if stop is not None and stop.start() <= word.start():
                break
            for last in (first + 1, first):
                if last >= len(words):
                    continue
                start, end = word.start(), words[last].end()
                if _organism_code(lookup, chart.text[start:end]) is None:
                    continue
                span = Span(start=start, end=end, text=chart.text[start:end], section="results")
                phrase = f"sepsis due to {span.text}"
                return [
                    Evidence(id=number, span=span, phrase=phrase, reason=want.reason,
                             role="finding", sought=want.ranges)
                ]  # fmt: skip
    return []


def _organism_code(lookup: Lookup, words: str) -> str | None:
    """The code of a sepsis due to what the words name, all of which name the organism."""
    if len(words) < _SHORTEST_ORGANISM:
        return None
    for entry in lookup.find(f"sepsis due to {words}", 3):
        of_adult = entry.code.startswith(("A40", "A41")) and entry.code != "A41.9"
        if of_adult and entry.score >= _LEAST_SCORE and not entry.unmatched:
            return entry.code
    return None


def answers(evidence: Sequence[Evidence], candidate: Candidate) -> bool:
    """Says whether a candidate rests on more than a directed search, or is what it sought."""
    by_id = {e.id: e for e in evidence}
    items = [by_id[n] for n in candidate.evidence if n in by_id]
    if not items or not all(item.sought for item in items):
        return True
    written = {code for item in items for code in item.sought}
    return any(
        reference.matches(candidate.code)
        for code in sorted(written)
        for reference in references(f"({code})")
    )


def _body_mass(chart: Chart, book: Book, want: Wanted, number: int) -> list[Evidence]:
    """A body mass index as a number: the one value that the book codes (I.B.14)."""
    if chart.encounter.age is not None and chart.encounter.age < 20:
        return []
    stated = _BODY_MASS.search(chart.text)
    if stated is None:
        return []
    title = _body_mass_title(book, float(stated[1]))
    if not title:
        return []
    span = Span(start=stated.start(), end=stated.end(), text=stated.group(), section="vitals")
    return [
        Evidence(
            id=number,
            span=span,
            phrase=title,
            reason=want.reason,
            role="finding",
            sought=want.ranges,
        )
    ]


def _body_mass_title(book: Book, value: float) -> str:
    for entry in book.tabular.billable_under("Z68"):
        bounds = _RANGE.search(entry.title)
        if bounds and float(bounds[1]) <= value < float(bounds[2]) + 0.1:
            return entry.title
        if "or less" in entry.title and value < 20:
            return entry.title
        if "or greater, adult" in entry.title and value >= 70:
            return entry.title
    return ""
