"""Holds every code that an index names against the Tabular List of the same release.

The two can be of different years, and a code can leave the classification between them, or become
the header of finer ones. Such an entry leads to what stands under the same code, subcategory or
category now; where even the category is gone, it leads nowhere. An entry never leads to a code that
does not exist.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chartcoder.index.terms import Term
from chartcoder.tabular.codes import dotted, undotted
from chartcoder.tabular.store import TabularList


class LostCode(NamedTuple):
    """A code that an entry names as complete and the Tabular List does not have as such.

    It is absent, or a header whose finer codes differ in more than the 7th character.

    Attributes:
        term: id of the entry.
        written: the code as the index has it.
        successor: the header under which it is looked for now, with a trailing dash; empty where
            its category is gone too.
    """

    term: int
    written: str
    successor: str


class CodeBook:
    """Which codes there are and which of them are complete.

    Args:
        tabular: the opened Tabular List.
    """

    def __init__(self, tabular: TabularList) -> None:
        self._tabular = tabular
        self.complete: dict[str, bool] = {
            undotted(entry.code): entry.billable
            for entry in tabular.nodes()
            if entry.kind == "code"
        }
        self._headers = {
            undotted(entry.code)
            for entry in tabular.nodes()
            if entry.kind == "code" and not entry.billable and entry.seventh < 0
        }
        self._prefixes = {code[:n] for code in self.complete for n in range(3, len(code))}
        self._settled: dict[str, tuple[str, bool]] = {}

    def settle(self, written: str) -> tuple[str, bool]:
        """The code as it can be followed, with a dash where it is incomplete.

        Returns:
            The code and whether it is in the Tabular List as written, with a dash where it is a
            header; for one that is not, the nearest header that is, or empty where there is none.
        """
        known = self._settled.get(written)
        if known is None:
            code = self._settle(written)
            bare = undotted(written.strip()).rstrip("-")
            there = bool(bare) and undotted(code).rstrip("-") in (bare, bare.rstrip("X"))
            there = there and (written.endswith("-") or bare not in self._headers)
            known = self._settled[written] = (code, there)
        return known

    def _settle(self, written: str) -> str:
        bare = undotted(written.strip()).rstrip("-")
        if bare in self.complete:
            return dotted(bare) + ("" if self.complete[bare] else "-")
        if bare in self._prefixes:
            return dotted(bare) + "-"
        if (padded := bare.rstrip("X")) in self.complete and not self.complete[padded]:
            # S02.5X- is written with the placeholder that its 7th character needs.
            return dotted(padded) + "-"
        if len(bare) == 7 and (entry := self._tabular.get(dotted(bare))) is not None:
            return entry.code
        while len(bare) > 3:
            bare = bare[:-1]
            if bare in self.complete or bare in self._prefixes:
                return dotted(bare) + ("" if self.complete.get(bare) else "-")
        return ""


def settle_codes(terms: Sequence[Term], book: CodeBook) -> tuple[list[Term], list[LostCode]]:
    """Brings the codes of all terms into the form in which they can be followed.

    Args:
        terms: all terms of the index.
        book: the codes of the Tabular List.

    Returns:
        The terms with settled codes, and the codes that were lost, in the order of the terms.
    """
    settled: list[Term] = []
    lost: list[LostCode] = []

    def settle(number: int, written: str) -> str:
        code, there = book.settle(written)
        if not there:
            lost.append(LostCode(number, written, code))
        return code

    for term in terms:
        code = settle(term.id, term.code) if term.code else ""
        manifestation = settle(term.id, term.manifestation) if term.manifestation else ""
        cells = term.cells
        if cells:
            found = [(column, settle(term.id, written)) for column, written in cells]
            cells = tuple([cell for cell in found if cell[1]])
        if code != term.code or manifestation != term.manifestation or cells:
            term = term._replace(code=code, manifestation=manifestation, cells=cells)
        settled.append(term)
    return settled, lost
