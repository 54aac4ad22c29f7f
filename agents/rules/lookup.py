"""Looks phrases up under every wording, once."""

from chartcoder.agents.book import Book
from chartcoder.index.lexicon import expand, wordings
from chartcoder.index.navigate import Found
from chartcoder.index.words import LATERALITY, tokens


class Lookup:
    """Index look-ups for one chart: abbreviations written out with the chart as context.

    Args:
        book: the opened book.
        context: the chart's words, which tell the senses of abbreviations apart.
    """

    def __init__(self, book: Book, context: str = "") -> None:
        self.book = book
        self.context = context
        self._memory: dict[tuple[str, int], list[Found]] = {}

    def find(self, phrase: str, limit: int = 10) -> list[Found]:
        """Index entries for a phrase under its best wordings, best first."""
        key = (phrase, limit)
        found = self._memory.get(key)
        if found is None:
            found = self._find(phrase, limit)
            self._memory[key] = found
        return found

    def _find(self, phrase: str, limit: int) -> list[Found]:
        best: dict[tuple[str, str], Found] = {}
        for wording, trust in wordings(phrase, self.context):
            for entry in self.book.navigator.find(wording, limit):
                if trust < 1:
                    entry = entry._replace(score=round(entry.score * trust, 6))
                key = (entry.code, entry.manifestation)
                if key not in best or entry.score > best[key].score:
                    best[key] = entry
        return sorted(best.values(), key=lambda f: (-f.score, f.term))[:limit]

    def weight(self, phrase: str) -> float:
        """How much meaning the words of a phrase carry: the sum of their weights."""
        total = 0.0
        for word in tokens(expand(phrase, self.context)[0]):
            if word not in LATERALITY:
                posting = self.book.index.posting(word)
                total += posting[0] if posting else 0.5
        return total

    def fit(self, entry: Found) -> float:
        """The weighted share of an entry's own words that the phrase supplied, 0 to 1."""
        path = entry.path
        demanded = {w for title in path for w in tokens(title)} - LATERALITY
        missing = sum(self._weight_of(w) for w in entry.missing)
        total = sum(self._weight_of(w) for w in demanded)
        return 1.0 - missing / total if total else 0.0

    def _weight_of(self, word: str) -> float:
        posting = self.book.index.posting(word)
        return posting[0] if posting else 0.5
