"""What stands beside a code in the Tabular List, as far as a chart may want it instead."""

from functools import lru_cache

from chartcoder.agents.model.lexicon import words as listed
from chartcoder.agents.values import Evidence
from chartcoder.index.words import canonical, split, tokens
from chartcoder.tabular.store import Entry, TabularList

_SIDES = frozenset(["right", "left"])
_FEW = 5
_SIBLINGS = 9
_COUSINS = 6
_LARGE = 60
_UNSAID = -0.5
_SAID = 0.5
_LONGEST_SUPPORT = 200


def words_of(item: Evidence) -> frozenset[str]:
    """The canonical words of an evidence item and what belongs to it."""
    texts = [item.phrase, item.span.text, *item.modifiers]
    texts += [s.text for s in item.support if s.end - s.start <= _LONGEST_SUPPORT]
    return words_in(" ".join(texts))


def words_in(text: str) -> frozenset[str]:
    """The canonical words of a text, small words too."""
    return frozenset((*tokens(text), *map(canonical, split(text))))


@lru_cache(maxsize=16384)
def title_words(title: str) -> frozenset[str]:
    """The words of a title that may tell it from its neighbours."""
    return frozenset(canonical(w) for w in split(title)) - listed("title_words")


class Neighbours:
    """Finds neighbours of codes for one chart.

    Args:
        tabular: the Tabular List.
        chart_words: the canonical words of the chart.
        crowded: the chart has many evidence items, so that each gets fewer neighbours.
    """

    def __init__(
        self, tabular: TabularList, chart_words: frozenset[str], *, crowded: bool = False
    ) -> None:
        self.tabular = tabular
        self.chart_words = chart_words
        self._siblings = _FEW if crowded else _SIBLINGS
        self._cousins = _COUSINS // 2 if crowded else _COUSINS

    def around(
        self, base: Entry, words: frozenset[str], known: frozenset[str]
    ) -> tuple[list[Entry], list[Entry]]:
        """Siblings under the same header, and what the chart speaks of elsewhere in the category.

        Args:
            base: the code in the middle, without 7th character; it is among the siblings.
            words: canonical words of the evidence.
            known: codes that stand elsewhere already.
        """
        header = self._header(base)
        if header is None:
            return [base], []
        siblings = self.leaves(header)
        if len(siblings) > _LARGE:
            siblings = [e for e in siblings if e.parent in (header.order, base.parent)]
        near = self._nearest(siblings, base, header, words, known)
        category = self.category(header)
        if category.order == header.order:
            return near, []
        own = {e.code for e in siblings} | known
        others = [e for e in self.leaves(category) if e.code not in own]
        ranked = self._ranked(others, category, words)
        far = [e for score, e in ranked[: self._cousins] if score > _SAID]
        return near, sorted(far, key=lambda e: e.order)

    def _header(self, base: Entry) -> Entry | None:
        if base.parent < 0:
            return None
        above = self.tabular.at(base.parent)
        return above if above.kind == "code" else None

    def category(self, entry: Entry) -> Entry:
        """The category an entry belongs to; itself where it is one."""
        while entry.parent >= 0 and self.tabular.at(entry.parent).kind == "code":
            entry = self.tabular.at(entry.parent)
        return entry

    def leaves(self, header: Entry) -> list[Entry]:
        """What can be chosen below a header: billable codes, and bases of a 7th character."""
        found = []
        for child in self.tabular.children(header.code):
            if child.billable or child.seventh >= 0:
                found.append(child)
            else:
                found += self.leaves(child)
        return found

    def sided(self, base: Entry, words: frozenset[str]) -> Entry:
        """The same line for the side that the evidence names, where an entry led to another."""
        sides = words & _SIDES
        if len(sides) != 1:
            return base
        (side,) = sides
        title = base.title.lower()
        other = next((s for s in (*sorted(_SIDES - sides), "unspecified") if s in title), "")
        if side in title or not other:
            return base
        wanted = title.replace(other, side)
        beside = self.leaves(self.category(base))
        return next((e for e in beside if e.title.lower() == wanted), base)

    def rank(self, entry: Entry, header: Entry, words: frozenset[str]) -> float:
        """How much evidence and chart speak of what an entry adds to its header."""
        own = title_words(entry.title) - title_words(header.title)
        said = own & words
        near = (own & self.chart_words) - said
        score = 2.0 * len(said) + 0.7 * len(near) - 0.6 * len(own - said - near)
        return score + (0.3 if "unspecified" in entry.title.lower() else 0.0)

    def _ranked(
        self, entries: list[Entry], header: Entry, words: frozenset[str]
    ) -> list[tuple[float, Entry]]:
        ranked = [(self.rank(e, header, words), e) for e in entries]
        return sorted(ranked, key=lambda pair: (-pair[0], pair[1].order))

    def _nearest(
        self,
        entries: list[Entry],
        base: Entry,
        header: Entry,
        words: frozenset[str],
        known: frozenset[str],
    ) -> list[Entry]:
        """The siblings that the chart may speak of, a few in any case, and the code itself."""
        fresh = [e for e in entries if e.code not in known and e.code != base.code]
        if len(fresh) >= _FEW:
            ranked = self._ranked(fresh, header, words)
            said = [e for score, e in ranked if score >= _UNSAID]
            most = self._siblings if len(said) >= _FEW - 1 else _FEW
            fresh = [e for _, e in ranked[: min(most - 1, max(len(said), _FEW - 1))]]
        return sorted([*fresh, base], key=lambda e: e.order)
