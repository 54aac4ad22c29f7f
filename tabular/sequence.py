"""A valid order of a code set, as close as may be to the given one, with ties and cycles.

Source: Official Guidelines II.B, II.C (two diagnoses that equally meet the definition: either
first); the sections that the constraints name.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.constraints import NOTE, Constraint, after_leader, constraints
from chartcoder.tabular.edits import may_lead
from chartcoder.tabular.rulebook import rule_book
from chartcoder.tabular.store import TabularList


class Reason(NamedTuple):
    """Why some codes stand before others.

    Attributes:
        before: the codes that go first.
        after: the codes that follow.
        reason: one clause.
        note: the words of the note; empty where a guideline says it.
        origin: the code, section or chapter that carries the note.
        section: of the Official Guidelines.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    reason: str
    note: str
    origin: str
    section: str


class Sequence(NamedTuple):
    """An order of a code set.

    Attributes:
        codes: all codes, each as often as given, in an order that keeps every constraint that can
            be kept.
        ties: the same codes in groups; inside a group nothing in the classification or the
            guidelines says which goes first, the circumstances of the encounter do.
        reasons: the constraints, as they were used.
        cycles: notes that contradict each other, each with the codes and notes that make the ring.
    """

    codes: tuple[str, ...]
    ties: tuple[tuple[str, ...], ...]
    reasons: tuple[Reason, ...]
    cycles: tuple[tuple[Reason, ...], ...]


def order(codes: Iterable[str], tabular: TabularList) -> Sequence:
    """Orders a code set.

    Args:
        codes: in any order, dotted or not; what is no code of the book, and a second mention of
            the same code, goes to the end as it stands.
        tabular: the Tabular List whose notes ask for an order.
    """
    book = rule_book(tabular)
    items = []
    left: list[str] = []
    seen: set[str] = set()
    for code in codes:
        item = book.item(code)
        if item is None or item.code in seen:
            left.append(code)
        else:
            seen.add(item.code)
            items.append(item)
    return order_set(CodeSet(items), left)


class Settled(NamedTuple):
    """Constraints that can all be kept, and the rings of notes that cannot.

    Attributes:
        kept: without what contradicts a stronger one.
        rings: notes that contradict each other, taken out of ``kept``.
    """

    kept: list[Constraint]
    rings: list[list[Constraint]]


def settle(codes: CodeSet, asked: list[Constraint] | None = None) -> Settled:
    """Takes out what contradicts a stronger constraint.

    Args:
        codes: the valid codes, each once.
        asked: the constraints; those of the notes and guidelines where None.
    """
    return _without_cycles(len(codes.items), constraints(codes) if asked is None else asked)


def order_set(codes: CodeSet, left: Iterable[str] = (), settled: Settled | None = None) -> Sequence:
    """As ``order``, for a code set whose constraints may be settled already.

    Args:
        codes: the valid codes, each once.
        left: what else was given; it goes to the end.
        settled: the constraints, where the caller has them.
    """
    size = len(codes.items)
    kept, cycles = settle(codes) if settled is None else settled
    placed = _sorted(size, kept)
    if placed and not may_lead(codes.items[placed[0]]):
        kept = _led(codes, placed, kept)
        placed = _sorted(size, kept)
    names = [item.code for item in codes.items]
    rest = tuple(left)
    groups = [tuple(names[i] for i in group) for group in _ties(codes, placed, kept)]
    return Sequence(
        (*(names[i] for i in placed), *rest),
        (*groups, *((code,) for code in rest)),
        tuple(_reason(c, names) for c in kept),
        tuple(tuple(_reason(c, names) for c in ring) for ring in cycles),
    )


def _led(codes: CodeSet, placed: list[int], kept: list[Constraint]) -> list[Constraint]:
    """Where a code came first that may not: the first that may goes before it."""
    barred = {i for i in placed if not may_lead(codes.items[i])}
    mask = sum(1 << i for i in barred)
    # Only a note may put a code first that may not be: the second try is without the rest.
    firm = [c for c in kept if c.strength == NOTE or barred.isdisjoint(c.before)]
    for tried in (kept, firm):
        ancestors = _ancestors(len(placed), tried)
        for place, index in enumerate(placed):
            if index not in barred and not ancestors[index] & mask:
                behind = [other for other in placed[:place] if other in barred]
                if tried is firm:
                    behind = sorted(barred)
                return [*tried, *(after_leader(codes.items[i], i, index) for i in behind)]
    return kept


def _reason(constraint: Constraint, names: list[str]) -> Reason:
    return Reason(
        tuple(names[i] for i in constraint.before), tuple(names[i] for i in constraint.after),
        constraint.reason, constraint.note, constraint.origin, constraint.section,
    )  # fmt: skip


def _graph(size: int, kept: list[Constraint]) -> list[list[int]]:
    """Predecessors of each code; a constraint of many on many goes through a node of its own."""
    above: list[list[int]] = [[] for _ in range(size)]
    for constraint in kept:
        if len(constraint.before) > 1 and len(constraint.after) > 1:
            joint = len(above)
            above.append(list(constraint.before))
            for index in constraint.after:
                above[index].append(joint)
        else:
            for index in constraint.after:
                above[index] += constraint.before
    return above


def _without_cycles(size: int, wanted: list[Constraint]) -> Settled:
    kept = list(wanted)
    while True:
        component = _components(_graph(size, kept))
        inside = [
            c for c in kept if any(component[b] == component[a] for b in c.before for a in c.after)
        ]
        if not inside:
            return Settled(kept, [])
        weakest = max(c.strength for c in inside)
        if weakest == NOTE:
            rings = [
                [c for c in inside if component[c.after[0]] == ring]
                for ring in sorted({component[c.after[0]] for c in inside})
            ]
            return Settled([c for c in kept if c not in inside], rings)
        kept.remove(next(c for c in reversed(inside) if c.strength == weakest))


def _components(above: list[list[int]]) -> list[int]:
    """Numbers the strongly connected components (Tarjan 1972, without recursion)."""
    number: list[int] = [-1] * len(above)
    low = [0] * len(above)
    component = [-1] * len(above)
    stack: list[int] = []
    count = 0
    for root in range(len(above)):
        if number[root] >= 0:
            continue
        work = [(root, 0)]
        while work:
            node, step = work.pop()
            if step == 0:
                number[node] = low[node] = count
                count += 1
                stack.append(node)
            elif (child := above[node][step - 1]) is not None and component[child] < 0:
                low[node] = min(low[node], low[child])
            for place in range(step, len(above[node])):
                child = above[node][place]
                if number[child] < 0:
                    work += [(node, place + 1), (child, 0)]
                    break
                if component[child] < 0:
                    low[node] = min(low[node], number[child])
            else:
                if low[node] == number[node]:
                    while True:
                        member = stack.pop()
                        component[member] = node
                        if member == node:
                            break
    return component


def _sorted(size: int, kept: list[Constraint]) -> list[int]:
    """Takes the codes in the given sequence, each behind what must go before it."""
    above = _graph(size, kept)
    done = [False] * len(above)
    placed: list[int] = []
    for first in range(size):
        work = [first]
        while work:
            node = work[-1]
            missing = [i for i in sorted(set(above[node])) if not done[i]]
            if missing and not done[node]:
                work += reversed(missing)
                continue
            work.pop()
            if not done[node]:
                done[node] = True
                if node < size:
                    placed.append(node)
    return placed


def _ancestors(size: int, kept: list[Constraint]) -> list[int]:
    """For each code the codes that must go before it, as bits of a number."""
    above = _graph(size, kept)
    found: list[int | None] = [None] * len(above)
    for first in range(len(above)):
        work = [first]
        while work:
            node = work[-1]
            missing = [i for i in above[node] if found[i] is None]
            if missing:
                work += missing
                continue
            work.pop()
            mask = 0
            for one in above[node]:
                mask |= 1 << one | (found[one] or 0)
            found[node] = mask
    return [mask or 0 for mask in found]


def _ties(codes: CodeSet, placed: list[int], kept: list[Constraint]) -> list[list[int]]:
    """Cuts the order where a code must follow one of the group before it, or may not lead."""
    ancestors = _ancestors(len(placed), kept)
    groups: list[list[int]] = []
    members = 0
    led = True
    for node in placed:
        leads = may_lead(codes.items[node])
        if not groups or ancestors[node] & members or leads != led:
            groups.append([])
            members = 0
        led = leads
        groups[-1].append(node)
        members |= 1 << node
    return groups
