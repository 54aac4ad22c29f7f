"""The rules that govern each code, compiled from the notes when first asked for and then kept.

Notes are read once per place that carries them, and shared by all codes below it, so that the
ten-thousandth set costs only the comparison of its codes.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from chartcoder.tabular.codes import undotted
from chartcoder.tabular.findings import named
from chartcoder.tabular.notes import Block, Line, Reference, blocks
from chartcoder.tabular.references import place
from chartcoder.tabular.store import Entry, TabularList

_ELSEWHERE = re.compile(r"\bclassified (?:elsewhere|to other chapters)\b")
_NOT_ELSEWHERE = re.compile(r"\b(?:not elsewhere classified|as the cause of)\b", re.IGNORECASE)


class Target(NamedTuple):
    """One reference of a note, ready to be compared.

    Attributes:
        low: first ``place`` inside.
        end: last ``place`` inside.
        reference: as it was read.
        line: the line that names it.
        block: the note.
        owner: order of the row that carries the note.
    """

    low: str
    end: str
    reference: Reference
    line: Line
    block: Block
    owner: int


class Rules(NamedTuple):
    """What governs a code, its own notes first, then those of each header up to the chapter.

    Attributes:
        excludes1: the codes it must not stand beside.
        code_first: notes that ask for another code before it.
        use_additional: notes that ask for another code after it.
    """

    excludes1: tuple[Target, ...]
    code_first: tuple[tuple[Block, tuple[Target, ...]], ...]
    use_additional: tuple[tuple[Block, tuple[Target, ...]], ...]


_NONE = Rules((), (), ())


class Item(NamedTuple):
    """One valid code with what the rules need to know of it.

    Attributes:
        code: dotted.
        bare: without dot.
        where: its ``place`` in the book.
        entry: as the Tabular List has it.
        rules: what governs it.
        ancestors: orders of its base and of every header above.
        manifestation: its title says "in diseases classified elsewhere", or that of a header does
            and a note asks for the etiology.
        chapter: number of its chapter, such as ``15``.
    """

    code: str
    bare: str
    where: str
    entry: Entry
    rules: Rules
    ancestors: frozenset[int]
    manifestation: bool
    chapter: str

    @property
    def name(self) -> str:
        """The code with its title, for a message."""
        return named(self.code, self.entry.title)


class _Branch(NamedTuple):
    """What all codes below a row share."""

    rules: Rules
    ancestors: frozenset[int]
    manifestation: bool
    chapter: str


class RuleBook:
    """The rules of one Tabular List; ``rule_book`` keeps one a list."""

    def __init__(self, tabular: TabularList) -> None:
        self.tabular = tabular
        self._items: dict[str, Item | None] = {}
        self._branches: dict[int, _Branch] = {}

    def item(self, code: str) -> Item | None:
        """A code with its rules; None where it is no code of the book, billable or not."""
        if code not in self._items:
            entry = self.tabular.get(code)
            self._items[code] = self._item(entry) if entry and entry.kind == "code" else None
        return self._items[code]

    def _item(self, entry: Entry) -> Item:
        bare = undotted(entry.code)
        branch = self._branch(entry.order)
        # A header's title makes its codes manifestations only where a note asks for the etiology:
        # Charcot's joint (M14.6) stands below such a header and may be first.
        is_manifestation = branch.manifestation and (
            bool(branch.rules.code_first) or states_manifestation(entry.title)
        )
        return Item(
            entry.code, bare, place(bare), entry, _scoped(branch.rules, bare),
            branch.ancestors, is_manifestation, branch.chapter,
        )  # fmt: skip

    def _branch(self, order: int) -> _Branch:
        found = self._branches.get(order)
        if found is None:
            row = self.tabular.at(order)
            above = (
                self._branch(row.parent)
                if row.parent >= 0
                else _Branch(_NONE, frozenset(), False, row.code)
            )
            own = blocks(self.tabular.own_notes(row))
            # A subcategory of a manifestation category is a manifestation whatever its title says.
            is_manifestation = row.kind == "code" and states_manifestation(row.title)
            found = _Branch(
                _joined(own, order, above.rules),
                above.ancestors | {order},
                is_manifestation or (above.manifestation and row.kind == "code"),
                above.chapter,
            )
            self._branches[order] = found
        return found


def states_manifestation(title: str) -> bool:
    """Says whether a title puts a code under the etiology/manifestation convention (I.A.13)."""
    return bool(_ELSEWHERE.search(title)) and not _NOT_ELSEWHERE.search(title)


@lru_cache(maxsize=4)
def rule_book(tabular: TabularList) -> RuleBook:
    """The rule book of a Tabular List, made once and kept while the list is in use."""
    return RuleBook(tabular)


def _targets(block: Block, owner: int) -> tuple[Target, ...]:
    return tuple(
        Target(place(reference.low), reference.end, reference, line, block, owner)
        for line in block.lines
        for reference in line.references
    )


def _joined(own: list[Block], owner: int, above: Rules) -> Rules:
    if not own:
        return above
    excludes1: list[Target] = []
    first: list[tuple[Block, tuple[Target, ...]]] = []
    additional: list[tuple[Block, tuple[Target, ...]]] = []
    for block in own:
        if block.kind == "excludes1":
            excludes1 += _targets(block, owner)
        elif block.kind == "code_first":
            first.append((block, _targets(block, owner)))
        elif block.kind == "use_additional":
            additional.append((block, _targets(block, owner)))
    return Rules(
        (*excludes1, *above.excludes1),
        (*first, *above.code_first),
        (*additional, *above.use_additional),
    )


def _scoped(rules: Rules, bare: str) -> Rules:
    """Leaves out the notes that say themselves that they are for other codes."""
    where = place(bare)

    def applies(block: Block) -> bool:
        return not block.scope or any(r.covers(where, bare) for r in block.scope)

    if all(applies(block) for block, _ in (*rules.code_first, *rules.use_additional)):
        return rules
    return rules._replace(
        code_first=tuple(pair for pair in rules.code_first if applies(pair[0])),
        use_additional=tuple(pair for pair in rules.use_additional if applies(pair[0])),
    )
