"""Combination codes: what several conditions of a chart are called together.

Three sources, in this order: the manifestation that the Index names in brackets beside an
etiology; the Index's own "with" and "in" subterms (I.A.15), read from the open index; and the
facts of ``resources/rules/links.toml``, which say what the Tabular List and the chapter guidelines
make of pairs. The combined code keeps the evidence of all its parts; what it replaces goes to the
ledger with the section that says so (I.B.9).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.descent import descend
from chartcoder.agents.rules.desk import Desk
from chartcoder.agents.rules.integral import drop_less_specific
from chartcoder.agents.rules.links import (
    TYPE_1,
    TYPE_2,
    Branch,
    Fact,
    read_facts,
    with_branches,
    without_side,
)
from chartcoder.agents.rules.relations import asks_for, parted, same_site, side, tie
from chartcoder.agents.values import (
    Candidate,
    Chart,
    Evidence,
    IndexEntry,
    Rejected,
)
from chartcoder.index.lexicon import write_out
from chartcoder.index.terms import Term
from chartcoder.index.words import LATERALITY, tokens

_ROUNDS = 24
_WITH = frozenset(["with", "in"])
# The "with" convention does not hold for sepsis, which must be linked in words (I.A.15).
_LINKED_IN_WORDS = ("A40", "A41", "R65", "P36", "O85")
_SUBSTANCES = tuple(f"F1{n}" for n in range(10))
_ORGANISMS = ("B95", "B96", "B97")
_LINK = re.compile(r" (?:in|due to|with|following) ")
_COVERED = 0.6
# A combination speaks of all its parts, so a part that is itself doubtful makes none.
_SURE = 0.6


class Combined(NamedTuple):
    """What combining made of the candidates of a chart.

    Attributes:
        kept: the candidates that stay, in their order, the combined ones in the place of the first
            code that they replace.
        made: the combined candidates among them that were not there before.
        replaced: what a combined code says already.
        wanted: prefixes that a fact asks to be added when the chart supports them, with the code
            that asks and the reason.
    """

    kept: tuple[Candidate, ...]
    made: tuple[Candidate, ...]
    replaced: tuple[Rejected, ...]
    wanted: tuple[tuple[str, str, str], ...]


def combine(
    chart: Chart, book: Book, evidence: Sequence[Evidence], candidates: Sequence[Candidate]
) -> Combined:
    """Combines the candidates of a chart; the same result when asked again with what it made.

    Args:
        chart: the chart.
        book: the opened book.
        evidence: the evidence of the chart.
        candidates: verified candidates, each code once.
    """
    table = _Table(chart, book, evidence, candidates)
    table.name_diabetes()
    table.add_manifestations()
    table.read_with_convention()
    table.apply_facts()
    table.join_sides()
    table.name_trimester()
    made = tuple(c for c in table.alive if c.code not in table.before)
    return Combined(tuple(table.alive), made, tuple(table.replaced), tuple(table.wanted))


def combinations(
    chart: Chart, book: Book, evidence: Sequence[Evidence], candidates: Sequence[Candidate]
) -> tuple[Candidate, ...]:
    """The combination codes that candidates of a chart make, without what a vague name would.

    Each combined candidate stands beside its parts, so that a judge may choose.
    """
    once = {c.code: c for c in reversed(candidates)}
    named, _ = drop_less_specific(book.tabular, list(once.values())[::-1])
    return combine(chart, book, evidence, named).made


class _Table(Desk):
    """The candidates on the desk while they are combined."""

    # The type of diabetes

    def name_diabetes(self) -> None:
        """A chart that names one type of diabetes means it wherever it names none (I.C.4.a.2)."""
        plain = [c for c in self.alive if c.code.startswith("E11")]
        if not plain:
            return
        first = bool(TYPE_1.search(self.chart.text))
        if not first or TYPE_2.search(self.chart.text):
            return
        for one in plain:
            code = f"E10{one.code[3:]}"
            found = self.book.tabular.get(code)
            if found is not None and found.billable:
                self._put(
                    code, [one], self._entry(code, [one]), one.undocumented, [one.code],
                    "the chart names diabetes of type 1 and no other", "I.C.4.a",
                )  # fmt: skip

    # The manifestation in brackets

    def add_manifestations(self) -> None:
        """Adds the code in brackets beside the etiology that the Index names first (I.A.13)."""
        for one in list(self.alive):
            entry = one.entry
            if not entry.manifestation or not one.code.startswith(entry.code.rstrip("-")):
                continue
            leaf = descend(self.book.tabular, entry.manifestation, self._facts_of([one]))
            if leaf is None or self.holds(leaf.code):
                continue
            self._add(
                leaf.code, [one], entry, one.confidence, leaf.undocumented, "manifestation",
                "the Index names it in brackets, to be coded after the etiology", "I.A.13",
            )  # fmt: skip

    # The "with" convention, from the Index itself

    def read_with_convention(self) -> None:
        """Finds pairs that the Index joins under "with" or "in"."""
        for one in list(self.alive):
            if one.code[0] in "RZVWXY" or one.code.startswith(_LINKED_IN_WORDS):
                continue
            if one.confidence < _SURE:
                continue
            branches = with_branches(self.book.index, one.code)
            if not branches:
                continue
            for other in list(self.alive):
                if other.code == one.code or other.confidence < _SURE:
                    continue
                if other.code[0] in "ZVWXY" or other.code.startswith(_ORGANISMS):
                    continue
                if self.has(one.code) and self.has(other.code):
                    self._join(one, other, branches)

    def _said_of(self, other: Candidate) -> list[frozenset[str]]:
        """The words of each mention of a candidate, abbreviations written out."""
        if other.code not in self._said:
            self._said[other.code] = [
                frozenset(tokens(write_out(item.phrase, self.chart.text))) - LATERALITY
                for item in self.items([other])
            ]
        return self._said[other.code]

    def _named_by(self, other: Candidate) -> frozenset[str]:
        """The words of a code's title and of its way through the Index.

        The words of a mention may also name what the code does not: "acute kidney injury on chronic
        kidney disease" is not the chronic disease that the Index joins.
        """
        head = _LINK.split(other.title, maxsplit=1)[0]
        path = () if any(_LINK.search(f" {t} ") for t in other.entry.path) else other.entry.path
        return frozenset(w for title in (head, *path) for w in tokens(title))

    def _join(self, one: Candidate, other: Candidate, branches: tuple[Branch, ...]) -> None:
        best: tuple[int, str, Term] | None = None
        for default, sub, words in branches:
            if other.code.startswith(sub.code.rstrip("-")):
                continue
            for said in self._said_of(other):
                covered = words <= said and len(words) >= _COVERED * len(said)
                covered = covered and words <= self._named_by(other)
                if covered and (best is None or len(words) > best[0]):
                    best = (len(words), default, sub)
        if best is None:
            return
        _, default, sub = best
        said_of_both = self._says(one, other)
        # A disorder is laid to a substance only where the provider does so (I.C.5.b.3).
        by_substance = one.code.startswith(_SUBSTANCES) and other.code[0] == "F"
        if said_of_both == "unrelated" or (by_substance and said_of_both != "tied"):
            return
        facts = self._facts_of([one, other])
        leaf = descend(self.book.tabular, sub.code, facts)
        if leaf is None:
            return
        why = "the Index joins them under 'with', so the tie is presumed"
        dropped = [one.code] if one.code == default or one.code == default.rstrip("-") else []
        if not asks_for(self.book.tabular, leaf.code, other.code) and set(tokens(sub.title)) <= set(
            tokens(self._title(leaf.code))
        ):
            dropped.append(other.code)
        path = tuple(step.title for step in self.book.index.path(sub.id))
        entry = IndexEntry(
            evidence=other.evidence[0], code=sub.code, path=path, score=1.0, book=sub.book,
            hops=(f"{one.code} with {other.code}: presumed linked (I.A.15)",),
        )  # fmt: skip
        self._put(leaf.code, [one, other], entry, leaf.undocumented, dropped, why, "I.A.15")

    def _title(self, code: str) -> str:
        entry = self.book.tabular.get(code)
        return entry.title if entry else ""

    def _says(self, one: Candidate, other: Candidate) -> str:
        first, second = self.items([one]), self.items([other])
        said = tie(self.chart.text, first, second)
        if said == "" and parted(self.chart.text, second):
            return "unrelated"
        return said

    # The facts of the resource file

    def apply_facts(self) -> None:
        """Applies the facts, those that join most first, until none applies."""
        done: set[Fact] = set()
        for _ in range(_ROUNDS):
            fact, parts = self._next_fact(done)
            if fact is None:
                return
            done.add(fact)
            self._apply(fact, parts)

    def _next_fact(self, done: set[Fact]) -> tuple[Fact | None, list[Candidate]]:
        facts, by_category = read_facts()
        sure = [c.code for c in self.alive if c.confidence >= _SURE]
        places = {
            n for code in sure for key in (code[:3], code[0]) for n in by_category.get(key, ())
        }
        for place in sorted(places):
            fact = facts[place]
            if fact not in done and all(any(c.startswith(g) for c in sure) for g in fact.when):
                parts = self._parts(fact)
                if parts:
                    return fact, parts
        return None, []

    def _parts(self, fact: Fact) -> list[Candidate]:
        """The candidates that a fact joins, one or more a group; empty where it does not apply."""
        groups = []
        for prefixes in fact.when:
            group = [c for c in self.alive if c.code.startswith(prefixes) and c.confidence >= _SURE]
            if not group:
                return []
            # One of a group is enough: the one that gives way, or else the first documented.
            replaced = [c for c in group if fact.replaces and c.code.startswith(fact.replaces)]
            groups.append(group if fact.same_site else (replaced or group))
        if len(groups) > 1 and groups[0] == groups[1] and len(groups[0]) < 2:
            return []
        if fact.same_site:
            groups[-1] = [c for c in groups[-1] if any(same_site(f, c) for f in groups[0])]
            groups[0] = [c for c in groups[0] if any(same_site(c, f) for f in groups[-1])]
            if not groups[0] or not groups[-1]:
                return []
        if len(groups) > 1:
            said = tie(self.chart.text, self.items(groups[0]), self.items(groups[-1]))
            if fact.needs_link and said != "tied":
                return []
            presumes = bool(fact.result) and not fact.needs_link
            if presumes and (
                said == "unrelated" or parted(self.chart.text, self.items(groups[-1]))
            ):
                return []
        first = [group if fact.same_site else group[:1] for group in groups]
        return list({c.code: c for group in first for c in group}.values())

    def _apply(self, fact: Fact, parts: list[Candidate]) -> None:
        dropped = [
            c.code
            for c in self.alive
            if c.code.startswith(fact.replaces)
            and not (fact.keeps and c.code.startswith(fact.keeps))
            and not (fact.result and c.code.startswith(fact.result))
            and (not fact.same_site or any(same_site(c, p) for p in parts if p is not c))
        ] if fact.replaces else []  # fmt: skip
        self.wanted += [(prefix, parts[0].code, fact.why) for prefix in fact.adds]
        if not fact.result or self.holds(fact.result):
            by = fact.result or parts[0].code
            holder = next((c.code for c in self.alive if c.code.startswith(by)), by)
            self._drop(dropped, holder, parts, fact.why, fact.section)
            return
        code, undocumented = self._leaf(fact.result, parts)
        if not code:
            return
        entry = self._entry(code, parts)
        self._put(code, parts, entry, undocumented, dropped, fact.why, fact.section)

    def _leaf(self, result: str, parts: list[Candidate]) -> tuple[str, tuple[str, ...]]:
        found = self.book.tabular.get(result)
        if found is not None and found.billable:
            return result, ()
        leaf = descend(self.book.tabular, result, self._facts_of(parts))
        return (leaf.code, leaf.undocumented) if leaf else ("", ())

    # Both sides, and the trimester

    def join_sides(self) -> None:
        """Right and left of one condition become its bilateral code, where it has one (I.B.13)."""
        for one in list(self.alive):
            if not self.has(one.code) or side(one.title) != "right":
                continue
            for other in list(self.alive):
                if side(other.title) != "left" or other.code[:3] != one.code[:3]:
                    continue
                both = self._bilateral(one, other)
                if both:
                    entry = self._entry(both, [one, other])
                    self._put(
                        both, [one, other], entry, (), [one.code, other.code],
                        "both sides are affected and the classification has a bilateral code",
                        "I.B.13",
                    )  # fmt: skip
                    break

    def _bilateral(self, one: Candidate, other: Candidate) -> str:
        stem = without_side(one.title)
        if stem != without_side(other.title):
            return ""
        tabular = self.book.tabular
        for steps in (1, 2):
            parent = tabular.get(one.code[:-steps].rstrip("."))
            if parent is None or parent.kind != "code" or not parent.code.startswith(one.code[:3]):
                continue
            for child in tabular.children(parent.code):
                is_both = child.billable and side(child.title) == "bilateral"
                if is_both and without_side(child.title) == stem:
                    return child.code
        return ""

    def name_trimester(self) -> None:
        """The weeks of gestation settle a trimester that nothing else does (I.C.15.a.3)."""
        weeks = next((c.code[4:6] for c in self.alive if c.code.startswith("Z3A.")), "")
        # Z3A.00 says "not specified", Z3A.01 "less than 8 weeks".
        if not weeks.isdigit() or 1 < int(weeks) < 8 or weeks == "00":
            return
        week = int(weeks)
        name = "first" if week < 14 else "second" if week < 28 else "third"
        for one in list(self.alive):
            if one.code[0] != "O" or "unspecified trimester" not in one.title:
                continue
            wanted = one.title.replace("unspecified trimester", f"{name} trimester")
            parent = self.book.tabular.path(one.code)[-2]
            for sibling in self.book.tabular.children(parent.code):
                if sibling.title == wanted and sibling.billable:
                    self._put(
                        sibling.code, [one], one.entry, (), [one.code],
                        f"{week} weeks of gestation are in the {name} trimester", "I.C.15.a.3",
                    )  # fmt: skip
