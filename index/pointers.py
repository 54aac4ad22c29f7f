"""Resolves the cross-references of the index: see, see also, category, table, "condition".

A pointer is written in words ("Shock, anaphylactic"; "Neoplasm, lung, malignant"; "E08-E13 with
.620"). It is read once, when the index is built, into the terms it names, so that following it is
exact.

Source: Official Guidelines I.A.16 (see and see also); the four index files.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from chartcoder.index.landing import BY, Lander, plain
from chartcoder.index.terms import Book, Pointer, Term
from chartcoder.index.words import split
from chartcoder.tabular.codes import dotted, fold

DRUG_COLUMNS = {
    "accident": 2, "accidental": 2, "poisoning": 2, "overdose": 2, "suicide": 3, "assault": 4,
    "undetermined": 5, "adverse": 6, "underdosing": 7,
}  # fmt: skip
NEOPLASM_COLUMNS = {
    "secondary": 3, "metastatic": 3, "in situ": 4, "benign": 5, "uncertain behavior": 6,
    "unspecified behavior": 7, "primary": 2, "malignant": 2,
}  # fmt: skip

# Since 2026 the second character can be a letter (QA0).
_CATEGORY = r"[A-Z](?:\d[0-9A-Z]|[A-Z]\d)"
_CODES = re.compile(rf"\b({_CATEGORY}(?:\.[0-9A-Zx]{{1,4}})?)(?:\s*-\s*({_CATEGORY}\b))?-?")
_WITH = re.compile(
    r"with (?:(?P<place>[a-z0-9]+) character )?(?P<values>\.?[0-9A-Zx]+(?:-|\b)(?: or \.?[0-9x]+)?)"
)
_PLACES = {"fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "sixth": 6, "6th": 6}
_LEADING = re.compile(r"^(?:[-–\s]+|also,?\s+|see\s+|index to diseases and injuries,?\s*)+", re.I)
_SEVENTH = re.compile(r",?\s*(?:using appropriate |with )(?:7th|seventh) character.*")
_NEXT = re.compile(r"\s*;\s*(?:and |or )?(?:see also |see )?")


class Resolver:
    """Reads pointers over all terms of an index.

    Args:
        terms: all terms; ``terms[i].id == i``.
        known_codes: undotted codes and headers of the Tabular List.
    """

    def __init__(self, terms: Sequence[Term], known_codes: Iterable[str] = ()) -> None:
        self.terms = terms
        self.codes = sorted(known_codes)
        self._categories_there = sorted({code[:3] for code in self.codes})
        self._lander = Lander(terms)
        self._tables: dict[Book, list[int]] = {"neoplasm": [], "drug": []}
        self._rows: dict[tuple[str, ...], int] = {}
        for term in terms:
            if term.parent < 0 and term.book in self._tables:
                self._tables[term.book].append(term.id)
                if term.book == "drug":
                    self._rows.setdefault(plain(term.title), term.id)
        self._known: dict[tuple[str, Book], Pointer] = {}

    def resolve(self, source: Term, text: str, also: bool) -> list[Pointer]:
        """Reads the pointers of one text of a term: mostly one, more after a semicolon."""
        found = []
        for part in _NEXT.split(text):
            key = (part, source.book)
            known = self._known.get(key)
            settled = known is not None and known.exact and source.id not in known.terms
            if known is None or not settled or known.kind in ("none", "category"):
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
            landing = self._lander.land(source, segments[1:]) if len(segments) > 1 else None
            rest = ", ".join(segments[1:])
            if landing and not landing.rest:
                return blank._replace(kind="term", terms=(landing.number,))
            return blank._replace(kind="noun", rest=rest)
        if lowered.startswith("neoplasm") and self._tables["neoplasm"]:
            return self._neoplasm(blank, segments[1:])
        landing = self._lander.land(source, segments)
        if landing is None:
            if BY.match(lowered):
                return blank._replace(kind="noun", rest=wanted)
            return blank
        return blank._replace(
            kind="term", terms=(landing.number,), exact=not landing.rest,
            rest=", ".join((*landing.by, *landing.rest)),
        )  # fmt: skip

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
        return [c for c in self._categories_there if low <= c <= high]

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
                row = self._rows.get(plain(segment), -1)
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
            elif BY.match(segment.lower()):
                by.append(segment)
            else:
                sites.append(segment)
        root = self._tables["neoplasm"][0]
        if not sites:
            return blank._replace(kind="table", terms=(root,), column=column, rest=", ".join(by))
        landing = self._lander.down(root, tuple(sites), source=blank.source)
        return blank._replace(
            kind="table", terms=(landing.number,), column=column,
            exact=not landing.rest, rest=", ".join((*by, *landing.rest)),
        )  # fmt: skip


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
