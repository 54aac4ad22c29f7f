"""Resolves the cross-references of the index: see, see also, category, table, "condition".

A pointer is written in words ("Shock, anaphylactic"; "Neoplasm, lung, malignant"; "E08-E13 with
.620"). It is read once, when the index is built, into the terms it names, so that following it is
exact.

Source: Official Guidelines I.A.16 (see and see also); the four index files.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from chartcoder.index.terms import Book, Pointer, Term
from chartcoder.index.words import canonical, split
from chartcoder.tabular.codes import dotted, fold

DRUG_COLUMNS = {
    "accident": 2, "accidental": 2, "poisoning": 2, "overdose": 2, "suicide": 3, "assault": 4,
    "undetermined": 5, "adverse": 6, "underdosing": 7,
}  # fmt: skip
NEOPLASM_COLUMNS = {
    "secondary": 3, "metastatic": 3, "in situ": 4, "benign": 5, "uncertain behavior": 6,
    "unspecified behavior": 7, "primary": 2, "malignant": 2,
}  # fmt: skip

_CODES = re.compile(r"\b([A-Z]\d[0-9A-Z](?:\.[0-9A-Zx]{1,4})?)(?:\s*-\s*([A-Z]\d[0-9A-Z]\b))?-?")
_WITH = re.compile(
    r"with (?:(?P<place>[a-z0-9]+) character )?(?P<values>\.?[0-9A-Zx]+(?:-|\b)(?: or \.?[0-9x]+)?)"
)
_PLACES = {"fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "4th": 4, "5th": 5, "6th": 6, "7th": 7}
_LEADING = re.compile(r"^(?:[-–\s]+|also,?\s+|see\s+|index to diseases and injuries,?\s*)+", re.I)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BY = re.compile(
    r"^(?:by |if known|if applicable|any |using |specific|nature of|first listed|underlying|"
    r"associated |type of|condition|according)"
)
_IDLE = frozenset("a an and of or the by for to in from nec nos".split())
_SEVENTH = re.compile(r",?\s*(?:using appropriate |with )(?:7th|seventh) character.*")
_NEXT = re.compile(r"\s*;\s*(?:and |or )?(?:see also |see )?")
_BREADTH = 6
_CLEAR = 0.45


class _Title(NamedTuple):
    """A title in the forms a pointer may write it in."""

    forms: frozenset[tuple[str, ...]]
    words: frozenset[str]
    allowed: frozenset[str]


class _Landing(NamedTuple):
    cost: float
    number: int
    rest: tuple[str, ...]
    by: tuple[str, ...]


@lru_cache(maxsize=131072)
def _plain(text: str) -> tuple[str, ...]:
    return tuple(canonical(w) for w in split(_BRACKETS.sub(" ", text)))


def _content(words: Iterable[str]) -> frozenset[str]:
    return frozenset(w for w in words if w not in _IDLE)


@lru_cache(maxsize=131072)
def _title(title: str, nonessential: tuple[str, ...]) -> _Title:
    bare = re.sub(r"\(\w{1,4}\)", "", title)
    parts = [p.strip() for p in bare.split(",")]
    forms = {_plain(bare), _plain(title)}
    stem = parts[0][:4].lower()
    # "Diabetes, diabetic" is found as either word; "Wound, open" only as a whole.
    forms |= {_plain(p) for p in parts if len(parts) > 1 and p.lower().startswith(stem)} - {
        _plain(parts[0]) if len(parts) > 1 and not parts[1].lower().startswith(stem) else ()
    }
    words = _content(_plain(bare))
    allowed = words | {w for n in nonessential for w in _plain(n)}
    return _Title(frozenset(f for f in forms if f), words, frozenset(allowed))


class Resolver:
    """Reads pointers over all terms of an index.

    Args:
        terms: all terms; ``terms[i].id == i``.
        known_codes: undotted codes and headers of the Tabular List.
    """

    def __init__(self, terms: Sequence[Term], known_codes: Iterable[str] = ()) -> None:
        self.terms = terms
        self.codes = sorted(known_codes)
        self._mains: dict[str, list[int]] = defaultdict(list)
        self._exact: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._tables: dict[Book, list[int]] = defaultdict(list)
        for term in terms:
            if term.parent >= 0 or term.book in ("title", "inclusion"):
                continue
            if term.book in ("neoplasm", "drug"):
                self._tables[term.book].append(term.id)
            if term.book == "drug":
                continue
            read = _title(term.title, term.nonessential)
            for word in read.words:
                self._mains[word].append(term.id)
            for form in read.forms:
                self._exact[form].append(term.id)
        self._drugs: dict[str, list[int]] = defaultdict(list)
        for number in self._tables["drug"]:
            for word in sorted(_title(terms[number].title, ()).words):
                self._drugs[word].append(number)
        self._by_word: dict[int, dict[str, list[int]]] = {}
        self._rows: dict[tuple[str, ...], int] = {}
        for number in self._tables["drug"]:
            self._rows.setdefault(_plain(terms[number].title), number)
        self._known: dict[tuple[str, Book], Pointer] = {}

    def resolve(self, source: Term, text: str, also: bool) -> list[Pointer]:
        """Reads the pointers of one text of a term: mostly one, more after a semicolon."""
        found = []
        for part in _NEXT.split(text):
            key = (part, source.book)
            known = self._known.get(key)
            if known is None or known.kind in ("none", "category") or not known.exact:
                known = self._read(source, part)
                self._known[key] = known
            found.append(known._replace(source=source.id, also=also, text=part))
        return found

    def _read(self, source: Term, text: str) -> Pointer:
        blank = Pointer(source.id, False, text, "none")
        wanted = _LEADING.sub("", fold(text)).strip(" ,.")
        lowered = wanted.lower()
        if lowered.startswith("table of "):
            return self._table(blank, wanted)
        if codes := self._categories(source, wanted):
            return blank._replace(kind="category", codes=codes)
        seventh = _SEVENTH.search(wanted)
        if seventh:
            wanted = wanted[: seventh.start()]
        segments = [s.strip() for s in wanted.split(",") if s.strip()]
        if not segments:
            # A bare "see also" stands beside the code it means.
            codes = (source.code.rstrip("-"),) if source.code else ()
            return blank._replace(kind="category", codes=codes) if codes else blank
        lowered = wanted.lower()
        if lowered.startswith(("condition", "underlying condition", "associated condition")):
            landing = self._land(source, segments[1:]) if len(segments) > 1 else None
            rest = ", ".join(segments[1:])
            if landing and not landing.rest:
                return blank._replace(kind="term", terms=(landing.number,))
            return blank._replace(kind="noun", rest=rest)
        if lowered.startswith("neoplasm") and self._tables["neoplasm"]:
            return self._neoplasm(blank, segments[1:])
        landing = self._land(source, segments)
        if landing is None or landing.rest:
            respelt = [self._respelt(s) for s in segments]
            if respelt != segments:
                landing = self._land(source, respelt) or landing
        if landing is None:
            if _BY.match(lowered):
                return blank._replace(kind="noun", rest=wanted)
            return blank
        return blank._replace(
            kind="term", terms=(landing.number,), exact=not landing.rest,
            rest=", ".join((*landing.by, *landing.rest)),
        )  # fmt: skip

    def _respelt(self, segment: str) -> str:
        """A segment with each word that no title has replaced by the nearest one that some has."""
        words = [self._nearest(w) for w in _plain(segment)]
        return " ".join(words) if tuple(words) != _plain(segment) else segment

    @lru_cache(maxsize=1024)  # noqa: B019
    def _nearest(self, word: str) -> str:
        from rapidfuzz.process import extractOne

        if len(word) < 5 or word in self._vocabulary:
            return word
        like = [w for w in self._vocabulary if w[0] == word[0]]
        found = extractOne(word, like, score_cutoff=85)
        return found[0] if found else word

    @cached_property
    def _vocabulary(self) -> dict[str, None]:
        words: dict[str, None] = {}
        for term in self.terms:
            if term.book not in ("title", "inclusion"):
                words.update(dict.fromkeys(_plain(term.title)))
        return words

    # Categories

    def _categories(self, source: Term, text: str) -> tuple[str, ...]:
        """The codes and prefixes a pointer names: "E08-E13 with .620", "category M01"."""
        named = [(found[1], found[2]) for found in _CODES.finditer(text)]
        words = re.match(r"(?:sub)?categor", text.lower())
        if words and source.code and (not named or text.rstrip().endswith(" and")):
            # The file writes the category beside the pointer: see category, I01.
            named.append((source.code.rstrip("-"), ""))
        if not named or not (words or _CODES.match(text) or " in " in text):
            return ()
        codes: list[str] = []
        for low, high in named:
            if high:
                codes += self._between(low, high)
            else:
                codes.append(low)
        narrowed = _WITH.search(text)
        if narrowed:
            codes = self._narrowed(codes, narrowed["place"] or "", narrowed["values"])
        return tuple(dict.fromkeys(c for c in codes if self._exists(c)))

    def _between(self, low: str, high: str) -> list[str]:
        return sorted({c[:3] for c in self.codes if low <= c[:3] <= high})

    def _narrowed(self, codes: list[str], place: str, values: str) -> list[str]:
        if place in ("7th", "seventh"):
            # The character is added when the code is completed; the categories stay as named.
            return codes
        found = []
        for value in values.split(" or "):
            pattern = value.strip(" .-").replace("x", ".")
            for code in codes:
                bare = code.replace(".", "")
                if place == "final":
                    wanted = re.compile(f"{bare}.*{pattern}")
                elif place in _PLACES:
                    gap = "." * (_PLACES[place] - 1 - len(bare))
                    wanted = re.compile(f"{bare}{gap}{pattern}")
                else:
                    wanted = re.compile(f"{bare}{pattern}")
                matches = [c for c in self._under(bare) if wanted.fullmatch(c)]
                found += [dotted(c) for c in matches]
        return found

    def _under(self, bare: str) -> list[str]:
        from bisect import bisect_left

        return self.codes[bisect_left(self.codes, bare) : bisect_left(self.codes, bare + "~")]

    def _exists(self, code: str) -> bool:
        return not self.codes or bool(self._under(code.replace(".", "").rstrip("-")))

    # Tables

    def _table(self, blank: Pointer, text: str) -> Pointer:
        segments = [s.strip() for s in text.split(",")]
        if "neoplasm" in segments[0].lower():
            return self._neoplasm(blank, segments[1:])
        column = 0
        row = -1
        for segment in segments[1:]:
            for word in split(segment):
                column = column or DRUG_COLUMNS.get(word, 0)
            if re.search(r"(?:6th|final) character 5", segment):
                column = 6
            elif re.search(r"(?:6th|final) character 6", segment):
                column = 7
            if row < 0:
                row = self._rows.get(_plain(segment), -1)
        if not self._tables["drug"]:
            return blank
        return blank._replace(kind="table", terms=(row,) if row >= 0 else (), column=column)

    def _neoplasm(self, blank: Pointer, segments: Sequence[str]) -> Pointer:
        if not self._tables["neoplasm"]:
            return blank
        column = 0
        sites: list[str] = []
        by: list[str] = []
        for segment in segments:
            named = NEOPLASM_COLUMNS.get(segment.lower(), 0)
            if named:
                column = column or named
            elif _BY.match(segment.lower()):
                by.append(segment)
            else:
                sites.append(segment)
        root = self._tables["neoplasm"][0]
        if not sites:
            return blank._replace(
                kind="table", terms=(root,), column=column, rest=", ".join(by)
            )
        landing = self._down(root, tuple(sites), 0.0)
        return blank._replace(
            kind="table", terms=(landing.number,), column=column,
            exact=not landing.rest, rest=", ".join((*by, *landing.rest)),
        )  # fmt: skip

    # Terms

    def _land(self, source: Term, segments: Sequence[str]) -> _Landing | None:
        given = tuple(segments)
        exact = [
            (0.0 if self.terms[n].book == source.book else _DISTANCE.get(self.terms[n].book, 1.0), n)
            for n in self._exact.get(_plain(given[0]), ())
        ] if source.book != "drug" else []
        best: _Landing | None = None
        for starts in (((c, n, given[1:]) for c, n in exact), self._starts(source, given)):
            for cost, number, rest in starts:
                landing = self._down(number, rest, cost)
                if best is None or _order(landing) < _order(best):
                    best = landing
            if best is not None and not best.rest and best.cost < _CLEAR:
                break
        return best

    def _starts(
        self, source: Term, segments: tuple[str, ...]
    ) -> Iterable[tuple[float, int, tuple[str, ...]]]:
        """Main terms, or terms beside the source, that the first words of a pointer may name."""
        mains = self._drugs if source.book == "drug" else self._mains
        heads = _heads(segments)
        found = []
        for number in _sharing(mains, heads):
            book = self.terms[number].book
            distance = 0.0 if book == source.book else _DISTANCE.get(book, 1.0)
            found += [
                (cost + distance, number, rest)
                for cost, rest in _match(self._read_title(number), heads)
                if cost < 1.2
            ]
        if not found or min(cost for cost, *_ in found) >= 1.0:
            found += self._beside(source, heads)
        found.sort()
        yield from found[:12]

    def _beside(
        self, source: Term, heads: Sequence["_Head"]
    ) -> list[tuple[float, int, tuple[str, ...]]]:
        """Terms below any term above the source: "see Newborn, jaundice" said inside a branch."""
        found = []
        above = source.parent
        while above >= 0:
            for number in _sharing(self._below(above), heads):
                if number != source.id:
                    found += [
                        (cost + 0.5, number, rest)
                        for cost, rest in _match(self._read_title(number), heads)
                        if cost < 1.0
                    ]
            above = self.terms[above].parent
        return found

    def _read_title(self, number: int) -> _Title:
        term = self.terms[number]
        return _title(term.title, term.nonessential)

    def _children(self, number: int) -> Iterable[int]:
        child, end = number + 1, self.terms[number].end
        while child < end:
            yield child
            child = self.terms[child].end

    def _below(self, number: int) -> dict[str, list[int]]:
        """The children of a term by the words of their titles."""
        known = self._by_word.get(number)
        if known is None:
            known = defaultdict(list)
            for child in self._children(number):
                for word in self._read_title(child).allowed:
                    known[word].append(child)
            self._by_word[number] = known
        return known

    def _down(self, number: int, segments: tuple[str, ...], cost: float) -> _Landing:
        """Goes down as far as the words lead; the cheapest of a few ways."""
        if not segments:
            return _Landing(cost, number, (), ())
        if _BY.match(segments[0].lower()):
            # "by site": what follows chooses below the site, which only the chart can name.
            return _Landing(cost, number, (), segments)
        heads = _heads(segments)
        ways = [
            (cost + c, child, rest)
            for child in _sharing(self._below(number), heads)
            for c, rest in _match(self._read_title(child), heads)
        ]
        if not ways or min(ways)[0] > cost + 0.3:
            for child in self._children(number):
                ways += [
                    (cost + c + 0.4, grandchild, rest)
                    for grandchild in _sharing(self._below(child), heads)
                    for c, rest in _match(self._read_title(grandchild), heads)
                    if c < 0.5
                ]
        own = self._read_title(number)
        if heads and heads[0].said <= own.allowed:
            # The segment repeats what the title itself, or a nonessential modifier, says.
            ways.append((cost + 0.35, number, segments[1:]))
        if len(segments) > 1:
            # "Bite, superficial, hand" stands in the book as Bite, hand, superficial.
            later = _heads(segments[1:])
            ways += [
                (cost + c + 0.6, child, (segments[0], *rest))
                for child in _sharing(self._below(number), later)
                for c, rest in _match(self._read_title(child), later)
                if c < 0.3
            ]
        best = _Landing(cost + 2.0 * len(segments), number, segments, ())
        ways.sort()
        for way_cost, child, rest in ways[:_BREADTH]:
            landing = self._down(child, rest, way_cost)
            if _order(landing) < _order(best):
                best = landing
            if not best.rest and best.cost < way_cost + _CLEAR:
                break
        return best


_DISTANCE: dict[Book, float] = {"index": 0.1, "external": 0.3, "neoplasm": 0.3, "supplement": 0.6}


class _Head(NamedTuple):
    """The first segments of a pointer, read as one title."""

    joined: tuple[str, ...]
    said: frozenset[str]
    rest: tuple[str, ...]
    count: int


def _heads(segments: tuple[str, ...]) -> list[_Head]:
    heads = []
    for count in range(1, min(3, len(segments)) + 1):
        joined = _plain(" ".join(segments[:count]))
        said = _content(joined)
        if said:
            heads.append(_Head(joined, said, segments[count:], count))
    return heads


def _sharing(numbers_by_word: dict[str, list[int]], heads: Sequence[_Head]) -> list[int]:
    """The terms that share a word with the first segments."""
    words = heads[0].said if heads else ()
    return sorted({n for word in words for n in numbers_by_word.get(word, ())})


def _order(landing: _Landing) -> tuple[int, float, int]:
    return (len(landing.rest), landing.cost, landing.number)


def _match(title: _Title, heads: Sequence[_Head]) -> list[tuple[float, tuple[str, ...]]]:
    """How a title answers the first segments: pairs of cost and the segments left over."""
    found: list[tuple[float, tuple[str, ...]]] = []
    for joined, said, rest, count in heads:
        if joined in title.forms:
            found.append((0.02 * (count - 1), rest))
        elif not title.words:
            continue
        elif said == title.words:
            found.append((0.1, rest))
        elif title.words <= said <= title.allowed:
            found.append((0.15, rest))
        elif said <= title.allowed and said & title.words:
            found.append((0.3 + 0.2 * len(title.words - said), rest))
        elif title.words < said and count == 1:
            left = " ".join(w for w in joined if w not in title.words)
            found.append((0.5 + 0.1 * len(said - title.words), (left, *rest)))
        elif len(said & title.words) >= 0.6 * len(said | title.words):
            found.append((0.8, rest))
    return found


def resolve_all(terms: Sequence[Term], known_codes: Iterable[str]) -> list[Pointer]:
    """Reads every pointer of an index, in the order of the terms."""
    resolver = Resolver(terms, known_codes)
    found = []
    for term in terms:
        if term.see:
            found += resolver.resolve(term, term.see, also=False)
        if term.see_also:
            found += resolver.resolve(term, term.see_also, also=True)
    return found
