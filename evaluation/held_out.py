"""Query sets with known answers, and indexes from which the answers' own entries were held out.

A set never meets the very line it was taken from: inclusion terms are searched in titles alone,
index entries in an index without them, entries of our supplement in an index without it.
"""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from chartcoder.index.audit import CodeBook, settle_codes
from chartcoder.index.build import Gathered, build_index, gather_terms
from chartcoder.index.lines import Lines, open_lines
from chartcoder.index.navigate import Navigator
from chartcoder.index.pointers import resolve_all
from chartcoder.index.store import IndexStore, open_index
from chartcoder.index.terms import Book, Pointer, Term
from chartcoder.tabular.codes import undotted
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.order import order_rows
from chartcoder.tabular.release import Release
from chartcoder.tabular.sources import parts_in

# How a phrase asks for a column of the tables: its words before, and after, the row.
NEOPLASM_WORDS = {
    2: "malignant neoplasm of", 3: "secondary malignant neoplasm of", 4: "carcinoma in situ of",
    5: "benign neoplasm of", 6: "neoplasm of uncertain behavior of",
    7: "neoplasm of unspecified behavior of",
}  # fmt: skip
DRUG_WORDS = {
    2: ("accidental poisoning by", ""), 3: ("poisoning by", ", intentional self-harm"),
    4: ("poisoning by", ", assault"), 5: ("poisoning by", ", undetermined"),
    6: ("adverse effect of", ""), 7: ("underdosing of", ""),
}  # fmt: skip


class Query(NamedTuple):
    """A phrase with its answer.

    Attributes:
        phrase: what is looked up.
        code: the right code or header, undotted, without dash.
        verbatim: the phrase is word for word what is searched.
    """

    phrase: str
    code: str
    verbatim: bool = False


class Recall(NamedTuple):
    """How often the right code was among the first of an answer.

    Attributes:
        queries: how many were asked.
        first, five, twenty: share found among the first 1, 5 and 20.
        first_not_verbatim: share found first among those that are not verbatim; -1 for none.
        seconds: CPU time a query.
    """

    queries: int
    first: float
    five: float
    twenty: float
    first_not_verbatim: float
    seconds: float

    def share(self, measure: str) -> float:
        """The figure of a name such as ``R@20``."""
        return {
            "R@1": self.first, "R@1 not verbatim": self.first_not_verbatim, "R@5": self.five,
            "R@20": self.twenty,
        }[measure]  # fmt: skip


Matches = Callable[[str, str], bool]


def same(found: str, wanted: str) -> bool:
    """The codes are the same."""
    return found == wanted


def same_or_below(found: str, wanted: str) -> bool:
    """The code found is the wanted one or stands below it."""
    return found.startswith(wanted)


def on_one_line(found: str, wanted: str) -> bool:
    """One of the codes stands at or below the other, and says at least a subcategory."""
    return found.startswith(wanted) or (len(found) >= 4 and wanted.startswith(found))


def recall(
    ask: Callable[[str], Sequence[str]], queries: Sequence[Query], matches: Matches
) -> Recall:
    """Asks every query and counts where the right code stands in the answer.

    Args:
        ask: gives ranked codes for a phrase, with or without dots and dashes.
        queries: what to ask.
        matches: whether a code found answers the code wanted.
    """
    import time

    firsts = fives = twenties = plain = plain_firsts = 0
    started = time.process_time()
    answers = [ask(query.phrase) for query in queries]
    seconds = time.process_time() - started
    for query, codes in zip(queries, answers, strict=True):
        rank = next(
            (i for i, c in enumerate(codes) if matches(undotted(c).rstrip("-"), query.code)), 99
        )
        firsts += rank < 1
        fives += rank < 5
        twenties += rank < 20
        plain += not query.verbatim
        plain_firsts += rank < 1 and not query.verbatim
    count = len(queries) or 1
    return Recall(
        len(queries), firsts / count, fives / count, twenties / count,
        plain_firsts / plain if plain < len(queries) and plain else -1.0, seconds / count,
    )  # fmt: skip


class Workshop:
    """Makes query sets, and indexes without their entries, for one release.

    Args:
        release: the release.
        folder: where the indexes are kept while they are used.
    """

    def __init__(self, release: Release, folder: Path) -> None:
        self.release = release
        self.folder = folder

    @cached_property
    def _settled(self) -> tuple[Gathered, list[Pointer]]:
        gathered = gather_terms(self.release)
        codes = CodeBook(self.release.tabular)
        terms, _ = settle_codes(gathered.terms, codes)
        return gathered._replace(terms=terms), resolve_all(terms, codes.complete)

    @property
    def terms(self) -> list[Term]:
        """All terms of the release's index."""
        return self._settled[0].terms

    def index(
        self, name: str, hidden: Collection[int] = (), without: Collection[Book] = ()
    ) -> IndexStore:
        """An index in which some terms lead nowhere and are not found.

        Args:
            name: of its file.
            hidden: ids of the terms held out.
            without: books held out as a whole.
        """
        if not hidden and not without:
            return open_index(self.release)
        if not hidden and list(without) == ["inclusion"]:
            return open_index(self.release, inclusions=False)
        file = self.folder / f"{name}.db"
        if not file.is_file():
            gathered, pointers = self._settled
            gone = {t.id for t in gathered.terms if t.id in hidden or t.book in without}
            kept = [
                t._replace(code="", manifestation="", see="", see_also="", cells=())
                if t.id in gone
                else t
                for t in gathered.terms
            ]
            build_index(
                gathered._replace(terms=kept), file, [p for p in pointers if p.source not in gone]
            )
        return IndexStore(file, self.release.index_kind)

    def lines(self, inclusions: bool) -> Lines:
        """The searched lines, with or without the inclusion terms."""
        return open_lines(self.release, inclusions)

    def short_titles(self, order_file: Path, count: int, seed: int) -> list[Query]:
        """Official short titles with their codes, those that are still in the release.

        Args:
            order_file: the order file, or the zip that holds it.
            count: how many rows to draw.
            seed: of the draw.

        Raises:
            BadInput: there is no order file.
        """
        part = next((p for p in parts_in(order_file) if p.role == "order"), None)
        if part is None:
            raise BadInput(f"{order_file} holds no order file; give one of CMS, or its zip.")
        rows = [r for r in order_rows(part.read(), part.name, []) if r.billable]
        drawn = random.Random(seed).sample(rows, min(count, len(rows)))
        tabular = self.release.tabular
        return [
            Query(r.short, r.code, r.short.lower() == r.long.lower())
            for r in drawn
            if r.code in tabular
        ]

    def inclusion_terms(self, count: int, seed: int) -> list[Query]:
        """Inclusion terms of codes without codes below them in the XML."""
        tabular = self.release.tabular
        leaves = {
            e.code for e in tabular.nodes() if e.kind == "code" and (e.billable or e.seventh >= 0)
        }
        found = [
            Query(n.text, undotted(n.origin))
            for n in tabular.all_notes()
            if n.kind == "inclusion_term" and n.origin in leaves
        ]
        return random.Random(seed).sample(found, min(count, len(found)))

    def held_out(self, book: Book, share: float, seed: int) -> set[int]:
        """Ids of a share of a book's entries that lead to a code."""
        ids = [t.id for t in self.terms if t.book == book and t.code]
        return set(random.Random(seed).sample(ids, int(len(ids) * share)))

    def entries(self, ids: Iterable[int], count: int, seed: int) -> list[Query]:
        """Index entries as queries: the path is the phrase."""
        ordered = sorted(ids)
        drawn = random.Random(seed).sample(ordered, min(count, len(ordered)))
        return [
            Query(self._path_words(self.terms[i]), undotted(self.terms[i].code).rstrip("-"))
            for i in drawn
        ]

    def neoplasm_rows(self, count: int, seed: int) -> list[Query]:
        """Rows of the Table of Neoplasms with a behaviour."""
        draw = random.Random(seed)
        rows = [t for t in self.terms if t.book == "neoplasm" and t.cells and t.parent >= 0]
        queries = []
        for term in draw.sample(rows, min(count, len(rows))):
            column, code = draw.choice(term.cells)
            words = self._path_words(term, skip=1)
            queries.append(Query(f"{NEOPLASM_WORDS[column]} {words}", undotted(code).rstrip("-")))
        return queries

    def drug_rows(self, count: int, seed: int) -> list[Query]:
        """Rows of the Table of Drugs and Chemicals with an intent."""
        draw = random.Random(seed)
        rows = [t for t in self.terms if t.book == "drug" and t.cells]
        queries = []
        for term in draw.sample(rows, min(count, len(rows))):
            column, code = draw.choice(term.cells)
            before, after = DRUG_WORDS[column]
            phrase = f"{before} {self._path_words(term)}{after}"
            queries.append(Query(phrase, undotted(code).rstrip("-")))
        return queries

    def _path_words(self, term: Term, skip: int = 0) -> str:
        path = [term]
        while path[-1].parent >= 0:
            path.append(self.terms[path[-1].parent])
        return " ".join([step.title for step in path[::-1]][skip:])


def walker(store: IndexStore, limit: int = 20) -> Callable[[str], list[str]]:
    """Asks an index by walking alone."""
    navigator = Navigator(store)
    return lambda phrase: [found.code for found in navigator.find(phrase, limit)]
