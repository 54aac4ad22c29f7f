"""The codes in reach of a question: candidates, their siblings and cousins, partners, combinations.

The validator's candidates are one leaf for each index entry. A coder who verifies in the Tabular
List sees more: the neighbours under the same header, the rest of the category as far as the chart
speaks of it, the codes that a note asks for beside it, and the code that covers two conditions at
once. All are numbered through for the chart and shown by description, so a model can choose them
and nothing else.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.model.neighbours import Neighbours, words_in, words_of
from chartcoder.agents.model.partners import drug_codes, partners
from chartcoder.agents.rules.combine import combine
from chartcoder.agents.validator import candidate
from chartcoder.agents.values import Candidate, Chart, Evidence, IndexEntry
from chartcoder.tabular.codes import with_seventh
from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.excludes import excludes1
from chartcoder.tabular.findings import Finding
from chartcoder.tabular.rulebook import rule_book
from chartcoder.tabular.store import Entry, TabularList

Kind = Literal["code", "seventh"]
Offer = tuple[Evidence, Sequence[Candidate]]

_CANDIDATES = 5
_CROWDED = 12
_PARTNERS = 3
_PARTNERS_OF_CHART = 10
_LONGEST_NOTE = 160


class Option(NamedTuple):
    """A numbered choice.

    Attributes:
        number: what the model answers with.
        kind: a code, or a 7th character for the codes of one list.
        code: the billable code, the base that still takes a 7th character, or the character.
        title: its description.
        base: it still takes a 7th character.
        usual: the 7th character to take where the model names none; empty for a complete code.
        entry: the index entry that led here.
        evidence: the evidence it is listed under.
        family: number of the list it stands in, which a 7th character belongs to.
        role: what it is to the code it stands beside.
    """

    number: int
    kind: Kind
    code: str
    title: str
    base: bool
    usual: str
    entry: IndexEntry
    evidence: int
    family: int
    role: str = "sole"


class Sheet:
    """All that is in reach for a chart, numbered.

    Args:
        book: the opened book.
        chart: the chart, whose words say which cousins and partners matter.
        items: how many evidence items will be shown; many are shown with fewer neighbours each.
    """

    def __init__(self, book: Book, chart: Chart, items: int = 1) -> None:
        self.book = book
        self.chart = chart
        self.options: dict[int, Option] = {}
        self._by_code: dict[str, int] = {}
        self._next = 1
        self._families = 0
        self._near = Neighbours(book.tabular, words_in(chart.text), crowded=items > _CROWDED)
        self._drugs = drug_codes(chart.text)
        self._asked = 0

    @property
    def tabular(self) -> TabularList:
        """The Tabular List."""
        return self.book.tabular

    def lines_for(self, item: Evidence, candidates: Sequence[Candidate]) -> list[str]:
        """Numbers what is in reach for one evidence item and gives the lines that show it.

        Codes that stand in the list of an earlier item are named by their number only.
        """
        lines: list[str] = []
        words = words_of(item)
        shown: set[str] = set()
        again: list[int] = []
        for one, code in self._seeds(candidates[:_CANDIDATES]):
            entry = self.tabular.get(code)
            if entry is None:
                continue
            base = self._near.sided(self.tabular.get(entry.base) or entry, words)
            if base.code in shown:
                continue
            if base.code in self._by_code:
                again.append(self._by_code[base.code])
                continue
            family, cousins = self._near.around(base, words, frozenset(self._by_code))
            shown.update(e.code for e in (*family, *cousins))
            lines += self._list(family, base, one, item.id, cousins)
        lines += self._partners(item, candidates[:2])
        if again:
            numbers = ", ".join(str(n) for n in dict.fromkeys(again))
            lines.append(f"  also in reach, shown above: {numbers}")
        return lines

    def _seeds(self, candidates: Sequence[Candidate]) -> list[tuple[Candidate, str]]:
        """The candidates, and what their index entries themselves name where that is another code.

        The descent from entry to candidate is a judgement by rules, and may have gone astray.
        """
        seeds = [(one, one.code) for one in candidates]
        known = {code for _, code in seeds}
        for one in candidates:
            named = self.tabular.get(one.entry.code)
            if named is not None and named.billable and named.code not in known:
                known.add(named.code)
                seeds.append((one, named.code))
        return seeds

    def exclusions(self, offered: Sequence[Offer]) -> list[str]:
        """Lines for the notes that forbid two leading candidates beside each other."""
        leading = dict.fromkeys(c.code for _, candidates in offered for c in candidates[:1])
        lines = []
        for finding in conflicts(self.book, leading):
            numbers = [self._by_code.get(c) or self._by_base(c) for c in finding.codes]
            if all(numbers) and len(set(numbers)) == 2:
                first, second = numbers
                words = finding.note[:_LONGEST_NOTE]
                lines.append(f'  {first} excludes {second} (Excludes1): "{words}"')
        return lines

    def _by_base(self, code: str) -> int | None:
        entry = self.tabular.get(code)
        return self._by_code.get(entry.base) if entry is not None else None

    def combinations(self, evidence: Sequence[Evidence], offered: Sequence[Offer]) -> list[str]:
        """Lines for codes that cover several of the conditions at once (I.B.9, I.A.15)."""
        best: dict[str, Candidate] = {}
        for _, candidates in offered:
            for one in candidates[:1]:
                best.setdefault(one.code, one)
        if len(best) < 2:
            return []
        combined = combine(self.chart, self.book, evidence, tuple(best.values()))
        lines = []
        for made in combined.made:
            known = self._by_code.get(made.code)
            number = known or self._add(
                made.code, made.title, False, "", made.entry, made.evidence[0]
            )
            parts = " + ".join(f"[{n}]" for n in made.evidence)
            title = "" if known else f" {made.title}"
            lines.append(f"  {number}{title} - covers {parts}")
        return lines

    def chosen(self, numbers: Iterable[int], evidence: int) -> list[Candidate]:
        """The candidates that numbers stand for, without numbers that nothing stands behind."""
        wanted = [self.options[n] for n in dict.fromkeys(numbers) if n in self.options]
        characters = {o.family: o.code for o in wanted if o.kind == "seventh"}
        found = []
        for option in wanted:
            if option.kind != "code":
                continue
            code = self._complete(option, characters.get(option.family, ""))
            if code is not None:
                found.append(
                    candidate(self.tabular, code, (evidence,), option.entry, 0.0, (), option.role)
                )
        return found

    def _complete(self, option: Option, character: str) -> str | None:
        if not option.base:
            return option.code
        for one in (character, option.usual):
            if one:
                code = with_seventh(option.code, one)
                if self.tabular.get(code) is not None:
                    return code
        under = self.tabular.billable_under(option.code)
        return under[0].code if under else None

    def _list(
        self,
        family: list[Entry],
        base: Entry,
        one: Candidate,
        evidence: int,
        cousins: list[Entry],
    ) -> list[str]:
        self._families += 1
        lines = []
        usual = one.code[-1] if one.code != base.code else ""
        for entry in family:
            number = self._number(entry, one.entry, evidence, usual, one.role)
            mark = self._inclusions(entry) if entry.code == base.code else ""
            lines.append(f"  {number} {entry.title}{mark}")
        if cousins:
            lines.append("  elsewhere in the category:")
            for entry in cousins:
                number = self._number(entry, one.entry, evidence, usual, one.role)
                lines.append(f"    {number} {entry.title}")
        if base.seventh >= 0:
            definition = self.tabular.seventh(base.code)
            if definition is not None:
                parts = []
                for character, meaning in definition.characters.items():
                    number = self._seventh(character, meaning, one.entry, evidence)
                    parts.append(f"{number} {meaning}")
                lines.append(f"    and one of: {'; '.join(parts)}")
        return lines

    def _inclusions(self, entry: Entry) -> str:
        terms = [n.text for n in self.tabular.own_notes(entry) if n.kind == "inclusion_term"]
        return f" (includes: {'; '.join(terms[:3])})" if terms else ""

    def _partners(self, item: Evidence, candidates: Sequence[Candidate]) -> list[str]:
        """Lines for what notes of the leading candidates ask for and the chart may document."""
        lines: list[str] = []
        for one in candidates:
            for partner in partners(self.book, self._near, self._drugs, one):
                if partner.entry.code in self._by_code:
                    continue
                if len(lines) >= _PARTNERS or self._asked >= _PARTNERS_OF_CHART:
                    return lines
                number = self._number(partner.entry, partner.led, item.id, "", "additional")
                self._asked += 1
                lines.append(f"  asked for ({partner.asked}): {number} {partner.entry.title}")
        return lines

    # Numbers

    def _number(self, entry: Entry, led: IndexEntry, evidence: int, usual: str, role: str) -> int:
        known = self._by_code.get(entry.code)
        if known is not None:
            return known
        base = not entry.billable
        return self._add(entry.code, entry.title, base, usual if base else "", led, evidence, role)

    def _add(
        self,
        code: str,
        title: str,
        base: bool,
        usual: str,
        led: IndexEntry,
        evidence: int,
        role: str = "sole",
    ) -> int:
        number = self._next
        self._next += 1
        self._by_code[code] = number
        self.options[number] = Option(
            number, "code", code, title, base, usual, led, evidence, self._families, role
        )
        return number

    def _seventh(self, character: str, meaning: str, led: IndexEntry, evidence: int) -> int:
        number = self._next
        self._next += 1
        self.options[number] = Option(
            number, "seventh", character, meaning, False, "", led, evidence, self._families
        )
        return number


def conflicts(book: Book, codes: Iterable[str]) -> list[Finding]:
    """The pairs of codes that an Excludes1 note forbids or may forbid (I.A.12.a)."""
    rules = rule_book(book.tabular)
    items = [item for code in codes if (item := rules.item(code)) is not None]
    return [f for f in excludes1(CodeSet(items)) if f.severity in ("error", "query")]
