"""The tabular-list validator: verifies in the Tabular List and goes to full specificity."""

from collections.abc import Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.descent import (
    Facts,
    Leaf,
    descend,
    facts_from,
    side_in,
    side_near,
)
from chartcoder.agents.gestation import trimester, weeks_of_gestation
from chartcoder.agents.rules.assertion import affirmed
from chartcoder.agents.rules.delivery import is_delivered
from chartcoder.agents.rules.depth import depth_of_ulcer
from chartcoder.agents.rules.encounter import encounter_kind
from chartcoder.agents.values import (
    Candidate,
    Chart,
    Encounter,
    Evidence,
    IndexEntry,
    NoteWeighed,
    Rejected,
)
from chartcoder.index.lexicon import write_out
from chartcoder.index.tables import column_words, read_asks
from chartcoder.index.words import EMPTY, LATERALITY, canonical, signed, split, tokens
from chartcoder.tabular.store import TabularList

_OPEN = 0.03
_RESIDUAL_COST = 0.01
_RESIDUAL_WORDS = frozenset(["specified", "other"])
_SIDES = frozenset(["right", "left", "bilateral"])
_WEIGHED = ("excludes1", "code_first", "use_additional", "code_also")


def verify(
    item: Evidence, entries: Sequence[IndexEntry], chart: Chart, book: Book
) -> tuple[list[Candidate], list[Rejected]]:
    """Verifies the index entries of one evidence item.

    Args:
        item: the evidence.
        entries: the entries worth verifying, best first.
        chart: the chart, for what it documents near the evidence.
        book: the opened book.

    Returns:
        Billable candidates, each once, the best supported first, and what was rejected with the
        reason.
    """
    facts = gather_facts(item, chart)
    candidates: dict[str, Candidate] = {}
    standing: dict[str, tuple[float, bool, int, float, float]] = {}
    rejected: list[Rejected] = []
    for entry in entries:
        pair = [(entry.code, "etiology" if entry.manifestation else "sole")]
        if entry.manifestation:
            pair.append((entry.manifestation, "manifestation"))
        leaves: list[tuple[Leaf, str]] = []
        for code, role in pair:
            leaf = descend(book.tabular, code, _with_path(facts, entry))
            if leaf is None:
                rejected.append(
                    Rejected(
                        code=code, title="", agent="validator", rule="unknown-code",
                        reason=f"the Index names {code}, which the Tabular List of "
                        f"{book.release.year} does not have", evidence=(item.id,),
                    )
                )  # fmt: skip
                continue
            leaves.append((leaf, role))
        together = [c for leaf, _ in leaves for c in (leaf.code, leaf.partner) if c]
        for leaf, role in leaves:
            side = _side_agrees(book.tabular, leaf.code, facts.side)
            confidence = round(min(1.0, entry.score) * leaf.sureness * side, 4)
            known = candidates.get(leaf.code)
            # Of two ways to one code, the one in brackets says more: it names both codes (I.A.13).
            if known is not None and (
                known.confidence > confidence
                or (known.confidence == confidence and len(together) <= len(known.together) + 1)
            ):
                continue
            # An axis that the chart leaves open is no reason to prefer another condition.
            place = entry.score * side * (1.0 - _OPEN * (1.0 - leaf.sureness))
            place -= _RESIDUAL_COST * _residual(entry, facts)
            for one in [leaf.code, leaf.partner] if leaf.partner else [leaf.code]:
                standing[one] = (
                    -round(place, 2), role == "manifestation",
                    -_named(entry), -_agreement(book.tabular, one, facts), -confidence,
                )  # fmt: skip
                candidates[one] = candidate(
                    book.tabular, one, (item.id,), entry, confidence, leaf.undocumented, role,
                    tuple(c for c in together if c != one),
                )  # fmt: skip
    order = {entry.path: place for place, entry in reversed(list(enumerate(entries)))}
    ranked = sorted(
        candidates.values(), key=lambda c: (standing[c.code], order.get(c.entry.path, 99), c.code)
    )
    fitting, unfit = _by_encounter(ranked, chart.encounter, book.tabular)
    return fitting, rejected + unfit


def _agreement(tabular: TabularList, code: str, facts: Facts) -> float:
    """How far a title and the words of the phrase say and deny the same, 0 to 1."""
    entry = tabular.get(code)
    written = entry.title if entry else ""
    title = signed(written)
    asked = facts.phrase - EMPTY - LATERALITY
    shared = len(asked.intersection(title.said)) + len(facts.denied.intersection(title.denied))
    against = len(asked.intersection(title.denied)) + len(facts.denied.intersection(title.said))
    stated = len(title.said) + shared - len(asked.intersection(title.said)) + against
    stated += written.startswith("Other ")
    wanted = len(asked) + len(facts.denied)
    return 2.0 * shared / (stated + wanted) if stated + wanted else 0.0


def _named(entry: IndexEntry) -> int:
    """How many words of the phrase stand in the titles of a path; nonessential modifiers do not."""
    return len({w for title in entry.path for w in tokens(title)}.intersection(entry.matched))


def _residual(entry: IndexEntry, facts: Facts) -> int:
    """How many titles of a path say "specified" or "other", which the phrase does not."""
    if facts.phrase & _RESIDUAL_WORDS:
        return 0
    return sum(1 for title in entry.path if _RESIDUAL_WORDS.intersection(split(title)))


def _with_path(facts: Facts, entry: IndexEntry) -> Facts:
    """The facts with the words of the Index path, which the entry says of the condition."""
    words = frozenset(canonical(w) for title in entry.path for w in split(title))
    return facts._replace(words=facts.words | (words - LATERALITY - facts.denied))


def _side_agrees(tabular: TabularList, code: str, side: str) -> float:
    """1 where the code's side is the documented one or either is silent, else a half."""
    entry = tabular.get(code)
    own = side_in(entry.title) if entry else ""
    return 0.5 if own and side and own != side and side != "bilateral" else 1.0


def candidate(
    tabular: TabularList,
    code: str,
    evidence: tuple[int, ...],
    entry: IndexEntry,
    confidence: float,
    undocumented: tuple[str, ...] = (),
    role: str = "sole",
    together: tuple[str, ...] = (),
) -> Candidate:
    """A verified billable code with its place in the Tabular List and the notes that govern it."""
    found = tabular.get(code)
    notes = tuple(
        NoteWeighed(kind=note.kind, text=note.text, origin=note.origin)
        for note in tabular.notes(code)
        if note.kind in _WEIGHED
    )
    return Candidate(
        evidence=evidence, code=code, title=found.title if found else "", entry=entry,
        tabular_path=tuple(step.code for step in tabular.path(code)), notes=notes,
        confidence=confidence, undocumented=undocumented, role=role,
        together=together,
    )  # fmt: skip


def gather_facts(item: Evidence, chart: Chart) -> Facts:
    """What the chart says of this evidence: its phrase, its modifiers, the lines under it."""
    nearby = affirmed(" \n".join(s.text for s in item.support))
    # Commas, so that what one part denies does not run on into the next.
    named = (item.phrase, *item.modifiers)
    phrase = ", ".join((*(write_out(part, chart.text) for part in named), item.span.text))
    depth = depth_of_ulcer(phrase, chart.text)
    if depth:
        phrase = f"{phrase}, {depth}"
    weeks = weeks_of_gestation(chart.text)
    if weeks:
        phrase = f"{phrase}, {trimester(weeks)} trimester pregnancy {weeks} weeks"
    for ask in read_asks(", ".join(named)):
        if ask.table == "drug":
            phrase = f"{phrase}, {ask.name} {column_words(ask.column)}"
    facts = facts_from(phrase, nearby, encounter_kind(chart.text, item, chart.encounter.setting))
    facts = facts._replace(delivered=is_delivered(chart))
    if facts.side:
        return facts
    near = side_near(phrase, nearby) or side_near(phrase, chart.text)
    return facts._replace(side=near or _side_in_sentence(item, chart.text))


def _side_in_sentence(item: Evidence, text: str) -> str:
    """The one side that the sentence of the evidence names, of whatever site it says it."""
    start, end = item.span.start, item.span.end
    begin = max(text.rfind(stop, 0, start) for stop in (". ", "\n", ";")) + 1
    ends = [p for p in (text.find(stop, end) for stop in (". ", "\n", ";")) if p >= 0]
    named = {w for w in split(text[begin : min(ends, default=len(text))]) if w in _SIDES}
    return named.pop() if len(named) == 1 else ""


def _by_encounter(
    candidates: list[Candidate], encounter: Encounter, tabular: TabularList
) -> tuple[list[Candidate], list[Rejected]]:
    """Sets aside what the encounter rules out: obstetric for men, newborn for adults."""
    fitting: list[Candidate] = []
    unfit: list[Rejected] = []
    for one in candidates:
        chapter = one.tabular_path[0] if one.tabular_path else ""
        reason = ""
        if chapter == "15" and encounter.sex == "male":
            reason = "chapter 15 is for pregnancy, childbirth and the puerperium (I.C.15.a)"
        elif chapter == "16" and encounter.age is not None and encounter.age >= 18:
            reason = (
                "chapter 16 is for conditions that begin before birth or within 28 days (I.C.16.a)"
            )
        if reason:
            unfit.append(
                Rejected(
                    code=one.code, title=one.title, agent="validator", rule="encounter",
                    reason=reason, evidence=one.evidence,
                )
            )  # fmt: skip
        else:
            fitting.append(one)
    return fitting, unfit
