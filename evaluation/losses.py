"""Stage losses: at which agent each missed gold code was lost, and who let each false one in.

A code passes four stages: its evidence is marked, the Index offers an entry that leads to it, the
validator verifies and supports it, the reconciler keeps it. A missed code is charged to the first
stage it did not pass, looking back from the furthest stage it reached, so the losses add up to
exactly the missed codes, whatever the run looks like. False codes are charged in the same manner.

Whether evidence was marked is read off the words: an evidence item counts for a code where the
Index offers it some code of the category (from S to Z: of the four-character subcategory), where
it supplies most of a wording under which the book knows the code, or where it covers at least
half of the words the gold quotes.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from chartcoder.evaluation.codebook import CodeBook, within
from chartcoder.evaluation.gold import GoldChart, GoldCode
from chartcoder.evaluation.record import ChartRecord, EvidenceRecord
from chartcoder.evaluation.scores import Match
from chartcoder.index.words import tokens

Stage = Literal["evidence", "index", "validator", "reconciler"]
STAGES: tuple[Stage, ...] = ("evidence", "index", "validator", "reconciler")
Nearness = Literal["specificity", "sibling", "category", "chapter", "none"]
MOST_OF_A_NAME = 0.6


class Missed(NamedTuple):
    """A core gold code that was not assigned.

    Attributes:
        chart: the chart's id.
        code: the gold code.
        stage: the agent that lost it.
        how: in a few words, what happened there.
        evidence: the words marked for it, empty where none were.
    """

    chart: str
    code: str
    stage: Stage
    how: str
    evidence: tuple[str, ...] = ()


class FalseCode(NamedTuple):
    """An assigned code that the gold does not have.

    Attributes:
        chart: the chart's id.
        code: the assigned code.
        stage: the agent that let it in.
        nearness: how near it stands to a missed gold code: ``specificity`` (one is above the
            other, or the same but for the 7th character), ``sibling`` (same parent),
            ``category`` (same three characters), ``chapter``, ``none``.
        instead: the missed gold code it stands nearest to; empty for none.
        in_reach: the furthest stage that code reached: ``none``, ``evidence`` (marked), ``index``
            (offered), ``candidates`` (verified), ``chosen`` (supported).
        evidence: the words it rests on.
        warned: the item of the gold's ``not_coded`` list that speaks of it; empty for none.
    """

    chart: str
    code: str
    stage: Stage
    nearness: Nearness
    instead: str
    in_reach: str
    evidence: tuple[str, ...]
    warned: str = ""


class Reach(NamedTuple):
    """How far a gold code came in one run."""

    evidence: tuple[EvidenceRecord, ...]
    offered: bool
    picked: bool
    candidate: bool
    chosen: bool

    @property
    def furthest(self) -> str:
        """The furthest stage reached."""
        if self.chosen:
            return "chosen"
        if self.candidate:
            return "candidates"
        if self.offered:
            return "index"
        return "evidence" if self.evidence else "none"


class Trail:
    """One chart's run, with the questions that losses ask of it."""

    def __init__(self, record: ChartRecord, book: CodeBook) -> None:
        self.record = record
        self.book = book
        self.assigned = frozenset(a["code"] for a in record["assigned"])
        self.candidates = _by_code(record["candidates"])
        self.chosen = _by_code(record["chosen"])
        self._words: dict[int, frozenset[str]] = {}

    def reach(self, gold: GoldCode) -> Reach:
        """How far a gold code, or what counts for it, came."""
        codes = gold.all_codes
        leading = [
            entry
            for entry in self.record["entries"]
            if any(_leads(entry["code"], entry["manifestation"], code) for code in codes)
        ]
        chosen = any(c in self.chosen or c in self.assigned for c in codes)
        candidate = chosen or any(c in self.candidates for c in codes)
        picked = candidate or any(e["picked"] for e in leading)
        return Reach(self.marked(gold), picked or bool(leading), picked, candidate, chosen)

    def marked(self, gold: GoldCode) -> tuple[EvidenceRecord, ...]:
        """The evidence items that speak of a gold code."""
        families = {_family(code) for code in gold.all_codes}
        looked_up = {
            e["evidence"]
            for e in self.record["entries"]
            if _family(e["code"]) in families or _family(e["manifestation"]) in families
        }
        return tuple(
            item
            for item in self.record["evidence"]
            if item["id"] in looked_up or self.speaks_of(item, gold)
        )

    def speaks_of(self, item: EvidenceRecord, gold: GoldCode) -> bool:
        """Says whether the words of an item name the code, or are those the gold quotes."""
        words = self.words(item)
        for code in gold.all_codes:
            if any(
                self.book.share_named(words, n) >= MOST_OF_A_NAME for n in self.book.names(code)
            ):
                return True
        quoted = {w for span in item["spans"][:1] for w in tokens(span["text"])}
        for quote in gold.evidence:
            wanted = tokens(quote)
            if wanted and sum(w in quoted for w in wanted) * 2 >= len(wanted):
                return True
        return False

    def words(self, item: EvidenceRecord) -> frozenset[str]:
        """The canonical words of an evidence item."""
        key = id(item)
        if key not in self._words:
            self._words[key] = self.book.words(
                [item["phrase"], *item["modifiers"], *(s["text"] for s in item["spans"][:1])]
            )
        return self._words[key]

    def evidence_of(self, code: str) -> frozenset[int]:
        """The ids of the evidence an assigned code rests on."""
        numbers = self.chosen.get(code) or self.candidates.get(code)
        if numbers:
            return frozenset(numbers)
        spans = {
            (s["start"], s["end"])
            for a in self.record["assigned"]
            if a["code"] == code
            for s in a["spans"]
        }
        return frozenset(
            item["id"]
            for item in self.record["evidence"]
            if any((s["start"], s["end"]) in spans for s in item["spans"][:1])
        )


def missed_codes(gold: GoldChart, found: Match, trail: Trail) -> list[Missed]:
    """Charges every missed core code of a chart to one stage, in the gold's order."""
    by_code = {one.code: one for one in gold.core}
    return [_missed(gold.id, by_code[code], trail) for code in found.missed]


def _missed(chart: str, gold: GoldCode, trail: Trail) -> Missed:
    reach = trail.reach(gold)
    words = tuple(dict.fromkeys(item["spans"][0]["text"] for item in reach.evidence))
    turned_down = _turned_down(gold, trail)
    if reach.chosen:
        return Missed(chart, gold.code, "reconciler", turned_down or "not kept in the set", words)
    if reach.candidate:
        how = turned_down or "verified, not supported"
        return Missed(chart, gold.code, "validator", how, words)
    if reach.picked:
        how = turned_down or "an entry leads to it, another code was verified"
        return Missed(chart, gold.code, "validator", how, words)
    if reach.offered:
        return Missed(chart, gold.code, "index", "an entry was found and not picked", words)
    if reach.evidence:
        return Missed(chart, gold.code, "index", "no entry found for its evidence", words)
    over = [item for item in trail.record["passed_over"] if trail.speaks_of(item, gold)]
    if over:
        quoted, why = over[0]["spans"][0]["text"], over[0]["reason"]
        how = f"passed over: {quoted!r} ({why})" if why else f"passed over: {quoted!r}"
        return Missed(chart, gold.code, "evidence", how)
    return Missed(chart, gold.code, "evidence", "no mention marked")


def _turned_down(gold: GoldCode, trail: Trail) -> str:
    for kind in ("suggested", "rejected"):
        for one in trail.record[kind]:
            if one["code"] in gold.all_codes:
                verb = "only suggested" if kind == "suggested" else "turned down"
                return f"{verb} by the {one['agent']} ({one['rule']}): {one['reason']}"
    return ""


def false_codes(gold: GoldChart, found: Match, trail: Trail) -> list[FalseCode]:
    """Charges every falsely assigned code of a chart to one stage, in sequence.

    - ``reconciler``: it put the code in itself, or kept it although the gold code of the same
      evidence was there to keep;
    - ``validator``: the index entries of the same evidence led to a gold code;
    - ``index``: the evidence speaks of a gold code, to which no entry led;
    - ``evidence``: the evidence speaks of no gold code, so it should not have counted.
    """
    missed = [one for one in gold.core if one.code in found.missed]
    return [_false(gold, code, missed, trail) for code in found.false]


def _false(gold: GoldChart, code: str, missed: Sequence[GoldCode], trail: Trail) -> FalseCode:
    numbers = trail.evidence_of(code)
    items = [item for item in trail.record["evidence"] if item["id"] in numbers]
    nearness, instead = nearest(code, missed, trail.book)
    reach = trail.reach(instead).furthest if instead else "none"
    words = tuple(
        dict.fromkeys(
            span["text"]
            for assigned in trail.record["assigned"]
            if assigned["code"] == code
            for span in assigned["spans"]
        )
    )
    return FalseCode(
        gold.id, code, _let_in(gold, code, missed, items, trail), nearness,
        instead.code if instead else "", reach, words, warned(gold, code, words),
    )  # fmt: skip


def _let_in(
    gold: GoldChart,
    code: str,
    missed: Sequence[GoldCode],
    items: Sequence[EvidenceRecord],
    trail: Trail,
) -> Stage:
    if code not in trail.chosen and code not in trail.candidates:
        return "reconciler"
    numbers = {item["id"] for item in items}
    for one in missed:
        if any(numbers.intersection(trail.chosen.get(c, ())) for c in one.all_codes):
            return "reconciler"
    right = gold.codes
    for entry in trail.record["entries"]:
        if entry["evidence"] in numbers and any(
            _leads(entry["code"], entry["manifestation"], c) for one in right for c in one.all_codes
        ):
            return "validator"
    if any(trail.speaks_of(item, one) for item in items for one in right):
        return "index"
    return "evidence"


def nearest(
    code: str, missed: Sequence[GoldCode], book: CodeBook
) -> tuple[Nearness, GoldCode | None]:
    """The missed gold code that stands nearest to an assigned one, and how near."""
    order: tuple[Nearness, ...] = ("specificity", "sibling", "category", "chapter", "none")
    best: tuple[Nearness, GoldCode | None] = ("none", None)
    for one in missed:
        for other in one.all_codes:
            how = _nearness(book.path(code), book.path(other))
            if order.index(how) < order.index(best[0]):
                best = (how, one)
    return best


def _nearness(first: tuple[str, ...], second: tuple[str, ...]) -> Nearness:
    a, b = first[-1], second[-1]
    if a in second or b in first or (len(a) == 8 and a[:-1] == b[:-1]):
        return "specificity"
    if len(first) > 1 and first[:-1] == second[:-1]:
        return "sibling"
    if a[:3] == b[:3]:
        return "category"
    return "chapter" if first[0] == second[0] and len(first) > 1 else "none"


def warned(gold: GoldChart, code: str, evidence: Iterable[str]) -> str:
    """The item of the gold's ``not_coded`` list that speaks of a false code; empty for none.

    It speaks of it where it names the code or a header above it, or where its words are those the
    code rests on.
    """
    quoted = [frozenset(tokens(text)) for text in evidence]
    for item in gold.not_coded:
        if any(within(named, code) for named in item.codes):
            return item.what
        for part in item.what.replace("/", ",").replace(";", ",").split(","):
            words = frozenset(tokens(part.partition("(")[0]))
            if words and any(q and (words <= q or q <= words) for q in quoted):
                return item.what
    return ""


def _family(code: str) -> str:
    # Z79 is any drug and S93 any joint of the foot: from S on, a category gathers unlike things.
    return code[:5] if code[:1] >= "S" else code[:3]


def _leads(entry: str, manifestation: str, code: str) -> bool:
    return within(entry, code) or bool(manifestation and within(manifestation, code))


def _by_code(candidates: Iterable[object]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for one in candidates:
        found.setdefault(one["code"], set()).update(one["evidence"])  # type: ignore[index]
    return found
