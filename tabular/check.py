"""Holds a code set against the Tabular List and the Official Guidelines.

Every rule that codes alone can decide is decided here, without a chart; each finding quotes its
note, says which header carries it, and names its guideline section.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chartcoder.tabular.codes import normalise, undotted
from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.constraints import Constraint
from chartcoder.tabular.edits import first_listed, person, present_on_admission
from chartcoder.tabular.excludes import excludes1
from chartcoder.tabular.findings import RANK, Circumstances, Finding, Suggestion, Verdict
from chartcoder.tabular.laterality import laterality
from chartcoder.tabular.lists import OfficialLists
from chartcoder.tabular.partners import missing_partners
from chartcoder.tabular.rulebook import Item, RuleBook, rule_book
from chartcoder.tabular.sequence import order_set, settle
from chartcoder.tabular.store import TabularList
from chartcoder.tabular.validity import OtherReleases, Reading, read_code

DUPLICATE = "I.B.12"


class Facts(NamedTuple):
    """An encounter as plain values; see ``Circumstances``."""

    setting: str | None = None
    date: str | None = None
    age: float | None = None
    sex: str | None = None


_NOTHING_KNOWN = Facts()


def check(
    codes: Iterable[str],
    tabular: TabularList,
    encounter: Circumstances | None = None,
    documented_unrelated: Iterable[tuple[str, str]] = (),
    lists: OfficialLists | None = None,
    others: OtherReleases | None = None,
) -> Verdict:
    """Checks a code set.

    Args:
        codes: as people write them, in their sequence: the first is the first-listed or principal
            diagnosis.
        tabular: the Tabular List they are held against.
        encounter: setting, age, sex and date, as far as they are known.
        documented_unrelated: pairs of codes that the chart says have nothing to do with each
            other; a header stands for all below it.
        lists: Medicare code edits and the present-on-admission exempt list, where added.
        others: opens other releases, to say which year an unknown code is of.

    Returns:
        The verdict; ``valid`` exactly when no finding is an error.
    """
    known = encounter if encounter is not None else _NOTHING_KNOWN
    readings = [read_code(code, tabular, others) for code in codes]
    findings = [r.finding for r in readings if r.finding is not None]
    findings += _duplicates(readings)
    book = rule_book(tabular)
    names = dict.fromkeys(r.entry.code for r in readings if r.entry is not None)
    valid = CodeSet(item for name in names if (item := book.item(name)) is not None)

    settled = settle(valid)
    ordered = order_set(valid, settled=settled)
    # Where the first code is no code at all, nothing can be said of the first place.
    first = readings[0].entry is not None if readings else False
    of_place = first_listed(valid.items, known.setting, lists) if first else []
    of_order = _violations(valid, settled.kept)
    better = () if ordered.codes == tuple(names) else ordered.codes
    if better and (of_place or of_order):
        of_place, of_order = (_with_order(f, better, book) for f in (of_place, of_order))
    else:
        better = ()
    findings += [*of_place, *of_order, *_rings(valid, settled.rings)]
    pairs = [
        (undotted(normalise(one)), undotted(normalise(two))) for one, two in documented_unrelated
    ]
    findings += excludes1(valid, pairs)
    findings += missing_partners(valid, lists)
    findings += laterality(valid, tabular)
    findings += person(valid.items, known, lists)
    findings += present_on_admission(valid.items, lists)
    findings.sort(key=lambda f: RANK[f.severity])
    return Verdict(
        tabular.year, tuple(r.code for r in readings), tuple(findings), better, ordered.ties
    )


def _duplicates(readings: list[Reading]) -> list[Finding]:
    counts: dict[str, int] = {}
    for reading in readings:
        counts[reading.code] = counts.get(reading.code, 0) + 1
    return [
        Finding(
            "duplicate", "error", (code,),
            f"{code} is given {count} times; a code is reported once an encounter, also for two "
            "conditions or both sides.",
            section=DUPLICATE,
        )
        for code, count in counts.items()
        if count > 1
    ]  # fmt: skip


def _with_order(findings: list[Finding], order: tuple[str, ...], book: RuleBook) -> list[Finding]:
    """Suggests the better order with what is wrong for certain."""
    items = [item for code in order if (item := book.item(code)) is not None]
    suggestion = tuple(Suggestion(item.code, item.entry.title) for item in items)
    return [f._replace(suggestion=suggestion) if f.severity == "error" else f for f in findings]


def _rings(codes: CodeSet, rings: list[list[Constraint]]) -> list[Finding]:
    """Notes that contradict each other, so that no order satisfies them."""
    findings = []
    for ring in rings:
        places = sorted({i for c in ring for i in (*c.before, *c.after)})
        names = tuple(codes.items[i].code for i in places)
        findings.append(
            Finding(
                "code-first", "query", names,
                f"The notes of {', '.join(names)} ask for an order that goes round in a ring; the "
                "circumstances of the encounter decide.",
                " | ".join(c.note for c in ring), ring[0].origin, "I.B.7",
            )
        )  # fmt: skip
    return findings


def _violations(codes: CodeSet, kept: list[Constraint]) -> list[Finding]:
    """What stands in the wrong order; one finding for each code and note, of the gravest kind."""
    findings: list[Finding] = []
    told: set[tuple[str, str]] = set()
    violated = (c for c in kept if c.violated())
    for constraint in sorted(violated, key=lambda c: (RANK[c.severity], c.strength)):
        late = [i for i in constraint.before if i > min(constraint.after)]
        early = [i for i in constraint.after if i < max(late)]
        pairs = {(codes.items[b].code, codes.items[a].code) for b in late for a in early if b > a}
        if pairs <= told:
            continue
        told |= pairs
        findings.append(
            _wrong_order(
                [codes.items[i] for i in early], [codes.items[i] for i in late], constraint
            )
        )
    return findings


def _wrong_order(early: list[Item], late: list[Item], constraint: Constraint) -> Finding:
    first = ", ".join(item.code for item in late)
    then = ", ".join(item.code for item in early)
    return Finding(
        constraint.rule, constraint.severity,
        (*(i.code for i in early), *(i.code for i in late)),
        f"{then} stands before {first}: {constraint.reason}.",
        constraint.note, constraint.origin, constraint.section,
    )  # fmt: skip
