"""What scores and losses ask of a release: where a code stands, and under which words."""

from collections.abc import Iterable
from typing import Literal

from chartcoder.agents.book import Book
from chartcoder.index.words import LATERALITY, tokens
from chartcoder.tabular.codes import undotted

Status = Literal["billable", "header", "unknown"]


class CodeBook:
    """Questions about codes over one opened book, answered once each."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._paths: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, tuple[frozenset[str], ...]] = {}

    def path(self, code: str) -> tuple[str, ...]:
        """From the chapter down to the code, both included; the code alone where it is unknown."""
        found = self._paths.get(code)
        if found is None:
            found = tuple(step.code for step in self.book.tabular.path(code)) or (code,)
            self._paths[code] = found
        return found

    def chapter(self, code: str) -> str:
        """The number of the chapter; for an unknown code that of its category, else ``?``."""
        path = self.path(code)
        if len(path) == 1:
            path = self.path(code[:3])
        return path[0] if len(path) > 1 else "?"

    def status(self, code: str) -> Status:
        """Whether the release has the code and it may be reported."""
        entry = self.book.tabular.get(code)
        if entry is None or entry.kind != "code":
            return "unknown"
        return "billable" if entry.billable else "header"

    def title(self, code: str) -> str:
        """The title; empty for an unknown code."""
        entry = self.book.tabular.get(code)
        return entry.title if entry else ""

    def names(self, code: str) -> tuple[frozenset[str], ...]:
        """The wordings under which the book knows a code, as sets of canonical words.

        They are its title and the index paths (official, supplementary, inclusion terms) that
        lead to it or to a header above it, up to the category.
        """
        found = self._names.get(code)
        if found is None:
            found = self._gather(code)
            self._names[code] = found
        return found

    def _gather(self, code: str) -> tuple[frozenset[str], ...]:
        index = self.book.index
        wordings: dict[frozenset[str], None] = {}
        for step in reversed(self.path(code)):
            if len(step) < 3 or "-" in step:
                break
            for term in index.leading_to(step):
                words = (w for part in index.path(term.id) for w in tokens(part.title))
                wordings[frozenset(words) - LATERALITY] = None
        wordings[frozenset(tokens(self.title(code))) - LATERALITY] = None
        return tuple(w for w in wordings if w)

    def share_named(self, words: frozenset[str], name: frozenset[str]) -> float:
        """How much of a wording these words supply, by the words' weight in the Index; 0 to 1."""
        weights = {w: self._weight(w) for w in name}
        whole = sum(weights.values())
        return sum(weight for w, weight in weights.items() if w in words) / whole if whole else 0.0

    def _weight(self, word: str) -> float:
        posting = self.book.index.posting(word)
        return posting[0] if posting is not None else 0.5

    def words(self, texts: Iterable[str]) -> frozenset[str]:
        """The canonical words of texts, abbreviations written out."""
        from chartcoder.index.lexicon import expand

        found: set[str] = set()
        for text in texts:
            for wording in expand(text):
                found.update(tokens(wording))
        return frozenset(found)


def within(entry: str, code: str) -> bool:
    """Says whether an index entry leads to a code: one is the beginning of the other.

    An entry may be incomplete (``E11.6-``); it then leads to everything below.
    """
    a, b = undotted(entry.rstrip("-")), undotted(code)
    return bool(a) and (b.startswith(a) or a.startswith(b))
