"""What changed between two releases, and which coded charts it touches.

Source: the addenda that CMS and CDC publish with each fiscal year name the same four changes:
added, deleted, revised titles, changed notes.
"""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

from chartcoder.tabular.codes import category, fold, normalise, undotted
from chartcoder.tabular.records import NoteKind
from chartcoder.tabular.store import TabularList

ALIKE = 0.85
MOST_SUCCESSORS = 40


class Code(NamedTuple):
    """A billable code with its title."""

    code: str
    title: str


class Removed(NamedTuple):
    """A billable code that the new release does not have.

    Attributes:
        code: dotted.
        title: in the old release.
        successors: the codes below it where it became a header, or the added code with the same
            or nearly the same title; empty where none is sure.
    """

    code: str
    title: str
    successors: tuple[Code, ...]


class Revised(NamedTuple):
    """A billable code whose title says something else."""

    code: str
    old: str
    new: str


class NotesChanged(NamedTuple):
    """The notes of one kind at one place that were added and taken out.

    Attributes:
        origin: the code, section or chapter that carries them.
        kind: which instruction.
        removed: lines of the old release only.
        added: lines of the new release only.
    """

    origin: str
    kind: NoteKind
    removed: tuple[str, ...]
    added: tuple[str, ...]


class Difference(NamedTuple):
    """Everything that changed, each in the order of the book.

    Attributes:
        old: the year of the old release.
        new: the year of the new release.
        added: billable codes of the new release only.
        removed: billable codes of the old release only.
        revised: billable codes of both whose titles differ, accents and case aside.
        notes: changed notes; None where a release has none, being an order file.
    """

    old: str
    new: str
    added: tuple[Code, ...]
    removed: tuple[Removed, ...]
    revised: tuple[Revised, ...]
    notes: tuple[NotesChanged, ...] | None


class ChartChange(NamedTuple):
    """A coded chart that the new release touches.

    Attributes:
        id: of the chart.
        removed: its codes that are gone, with what may take their place.
        revised: its codes whose titles changed.
        unknown: its codes that neither release has.
    """

    id: str
    removed: tuple[Removed, ...]
    revised: tuple[Revised, ...]
    unknown: tuple[str, ...]


def compare(old: TabularList, new: TabularList) -> Difference:
    """Compares two releases code by code and note by note."""
    before = {entry.code: entry.title for entry in old.billable()}
    after = {entry.code: entry.title for entry in new.billable()}
    added = tuple(Code(c, t) for c, t in after.items() if c not in before)
    gone = [Code(c, t) for c, t in before.items() if c not in after]
    revised = tuple(
        Revised(code, title, after[code])
        for code, title in before.items()
        if title != after.get(code, title) and _plain(title) != _plain(after[code])
    )
    finder = _Successors(new, added)
    removed = tuple(Removed(c.code, c.title, finder.of(c)) for c in gone)
    return Difference(old.year, new.year, added, removed, revised, _notes(old, new))


def _plain(title: str) -> str:
    return fold(title).casefold()


class _Successors:
    """Finds what may take the place of a code that is gone."""

    def __init__(self, new: TabularList, added: Iterable[Code]) -> None:
        self._new = new
        self._by_title: dict[str, list[Code]] = {}
        self._by_category: dict[str, list[Code]] = {}
        for code in added:
            self._by_title.setdefault(_plain(code.title), []).append(code)
            self._by_category.setdefault(category(code.code), []).append(code)

    def of(self, gone: Code) -> tuple[Code, ...]:
        """The codes below it, else the one added code of the same or nearly the same title."""
        below = self._below(gone.code)
        if below:
            return below[:MOST_SUCCESSORS]
        same = self._by_title.get(_plain(gone.title), [])
        if len(same) == 1:
            return (same[0],)
        near = [
            (SequenceMatcher(None, _plain(gone.title), _plain(code.title)).ratio(), code)
            for code in self._by_category.get(category(gone.code), [])
        ]
        best = max(near, default=(0.0, gone), key=lambda pair: (pair[0], pair[1].code))
        return (best[1],) if best[0] >= ALIKE else ()

    def _below(self, code: str) -> tuple[Code, ...]:
        entry = self._new.get(code)
        if entry is not None and entry.kind == "code":
            return tuple(Code(e.code, e.title) for e in self._new.billable_under(code))
        # A code with a 7th character: its base may have been divided, the character stays.
        bare = undotted(code)
        if len(bare) != 7:
            return ()
        base = self._new.get(normalise(bare[:6].rstrip("X")))
        if base is None or base.kind != "code" or base.seventh >= 0 or base.billable:
            return ()
        return tuple(
            Code(e.code, e.title)
            for e in self._new.billable_under(base.code)
            if len(undotted(e.code)) == 7 and e.code.endswith(bare[6])
        )


def _notes(old: TabularList, new: TabularList) -> tuple[NotesChanged, ...] | None:
    before, after = _lines(old), _lines(new)
    if not before or not after:
        return None
    changed = []
    for key in dict.fromkeys([*after, *before]):
        one, two = before.get(key, {}), after.get(key, {})
        removed = tuple(t for t in one if t not in two)
        added = tuple(t for t in two if t not in one)
        if removed or added:
            changed.append(NotesChanged(key[0], key[1], removed, added))
    return tuple(changed)


def _lines(tabular: TabularList) -> dict[tuple[str, NoteKind], dict[str, None]]:
    lines: dict[tuple[str, NoteKind], dict[str, None]] = {}
    for note in tabular.all_notes():
        lines.setdefault((note.origin, note.kind), {})[note.text] = None
    return lines


def touched(
    charts: Iterable[tuple[str, list[str]]], difference: Difference, new: TabularList
) -> list[ChartChange]:
    """Says which coded charts change.

    Args:
        charts: id and codes of each.
        difference: between the release they were coded with and the new one.
        new: the new release.

    Returns:
        Only the charts that change, in the order given.
    """
    removed = {r.code: r for r in difference.removed}
    revised = {r.code: r for r in difference.revised}
    changes = []
    for name, written in charts:
        codes = list(dict.fromkeys(normalise(code) for code in written))
        gone = tuple(removed[c] for c in codes if c in removed)
        other = tuple(revised[c] for c in codes if c in revised)
        unknown = tuple(
            c for c in codes if c not in removed and not ((e := new.get(c)) and e.billable)
        )
        if gone or other or unknown:
            changes.append(ChartChange(name, gone, other, unknown))
    return changes
