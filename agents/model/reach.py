"""The codes in reach of a question: candidates, their siblings and cousins, partners, combinations.

The validator's candidates are one leaf for each index entry. A coder who verifies in the Tabular
List sees more: the neighbours under the same header, the rest of the category as far as the chart
speaks of it, the codes that a note asks for beside it, and the code that covers two conditions at
once. All are numbered through for the chart and shown by description, so a model can choose them
and nothing else.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Literal, NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.rules.combine import combine
from chartcoder.agents.validator import candidate
from chartcoder.agents.values import Candidate, Chart, Evidence, IndexEntry
from chartcoder.index.words import canonical, read_table, split, tokens
from chartcoder.tabular.codes import dotted, with_seventh
from chartcoder.tabular.home import resources
from chartcoder.tabular.notes import instructions
from chartcoder.tabular.store import Entry, TabularList

Kind = Literal["code", "seventh"]

_CANDIDATES = 5
_SIBLINGS = 9
_FEW = 5
_COUSINS = 6
_CROWDED = 12
_UNSAID = -0.5
_LARGE = 60
_PARTNERS = 3
_MOSTLY = 0.6
_PARTNERS_OF_CHART = 10
_PARTNER_KINDS = ("code_first", "use_additional", "code_also")
_ASKED = {
    "code_first": "a note asks for its cause first",
    "use_additional": "a note asks for it besides",
    "code_also": "a note says code also",
}
# Words that stand in most notes and say nothing about a chart.
_EMPTY = frozenset(
    [
        "additional",
        "any",
        "applicable",
        "associated",
        "associate",
        "causal",
        "cause",
        "code",
        "condition",
        "continued",
        "disease",
        "disorder",
        "documented",
        "drug",
        "due",
        "effect",
        "etiology",
        "exposure",
        "factor",
        "first",
        "following",
        "form",
        "further",
        "history",
        "identify",
        "if",
        "infection",
        "infectious",
        "known",
        "manifestation",
        "organism",
        "other",
        "present",
        "related",
        "select",
        "status",
        "such",
        "syndrome",
        "use",
        "agent",
        "underlying",
        "type",
        "term",
        "long",
        "acute",
        "chronic",
        "specify",
        "influence",
        "health",
        "personal",
    ]
)

_SIDES = frozenset(["right", "left"])
_PREGNANT = frozenset(["pregnant", "pregnancy", "postpartum", "gestation", "trimester", "prenatal"])
_NEWBORN = frozenset(["newborn", "neonate", "neonatal", "nicu"])


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
        crowded = items > _CROWDED
        self._siblings = _FEW if crowded else _SIBLINGS
        self._cousins = _COUSINS // 2 if crowded else _COUSINS
        self._families = 0
        self._chart_words = frozenset(canonical(w) for w in split(chart.text)) | frozenset(
            tokens(chart.text)
        )
        self._drugs = _drug_codes(chart.text)
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
        words = _words_of(item)
        shown: set[str] = set()
        again: list[int] = []
        for one, code in self._seeds(candidates[:_CANDIDATES]):
            entry = self.tabular.get(code)
            if entry is None:
                continue
            base = self._sided(self.tabular.get(entry.base) or entry, words)
            if base.code in shown:
                continue
            if base.code in self._by_code:
                again.append(self._by_code[base.code])
                continue
            header = self._header(base)
            family, cousins = self._family(base, header, words)
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

    def combinations(
        self, evidence: Sequence[Evidence], offered: Sequence[tuple[Evidence, Sequence[Candidate]]]
    ) -> list[str]:
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
        """The candidates that numbers stand for; numbers that nothing stands behind are left out."""
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

    # Families

    def _header(self, base: Entry) -> Entry | None:
        if base.parent < 0:
            return None
        above = self.tabular.at(base.parent)
        return above if above.kind == "code" else None

    def _family(
        self, base: Entry, header: Entry | None, words: frozenset[str]
    ) -> tuple[list[Entry], list[Entry]]:
        """Siblings under the header, and what the chart speaks of elsewhere in the category."""
        if header is None:
            return [base], []
        siblings = self._leaves(header)
        if len(siblings) > _LARGE:
            siblings = [e for e in siblings if e.parent in (header.order, base.parent)]
        near = self._best(siblings, base, header, words, self._siblings)
        category = self._category(header)
        if category.order == header.order:
            return near, []
        own = {e.code for e in siblings}
        others = [e for e in self._leaves(category) if e.code not in own]
        ranked = [(self._rank(e, category, words), e) for e in others]
        ranked = [(score, e) for score, e in ranked if score > 0.5 and e.code not in self._by_code]
        ranked.sort(key=lambda pair: (-pair[0], pair[1].order))
        far = sorted((e for _, e in ranked[: self._cousins]), key=lambda e: e.order)
        return near, far

    def _sided(self, base: Entry, words: frozenset[str]) -> Entry:
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
        top = self._category(base)
        return next((e for e in self._leaves(top) if e.title.lower() == wanted), base)

    def _category(self, entry: Entry) -> Entry:
        """The category an entry belongs to; itself where it is one."""
        while entry.parent >= 0 and self.tabular.at(entry.parent).kind == "code":
            entry = self.tabular.at(entry.parent)
        return entry

    def _leaves(self, header: Entry) -> list[Entry]:
        """What can be chosen below a header: billable codes, and bases of a 7th character."""
        found = []
        for child in self.tabular.children(header.code):
            if child.billable or child.seventh >= 0:
                found.append(child)
            else:
                found += self._leaves(child)
        return found

    def _best(
        self, entries: list[Entry], base: Entry, header: Entry, words: frozenset[str], most: int
    ) -> list[Entry]:
        fresh = [e for e in entries if e.code not in self._by_code and e.code != base.code]
        if len(fresh) >= _FEW:
            ranked = [(self._rank(e, header, words), e) for e in fresh]
            ranked.sort(key=lambda pair: (-pair[0], pair[1].order))
            said = [e for score, e in ranked if score >= _UNSAID]
            fresh = (said if len(said) >= _FEW - 1 else [e for _, e in ranked[: _FEW - 1]])[
                : most - 1
            ]
        return sorted([*fresh, base], key=lambda e: e.order)

    def _rank(self, entry: Entry, header: Entry, words: frozenset[str]) -> float:
        """How much the chart speaks of what an entry adds to its header."""
        own = _title_words(entry.title) - _title_words(header.title)
        said = own & words
        near = (own & self._chart_words) - said
        score = 2.0 * len(said) + 0.7 * len(near) - 0.6 * len(own - said - near)
        return score + (0.3 if "unspecified" in entry.title.lower() else 0.0)

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

    # What notes ask for

    def _partners(self, item: Evidence, candidates: Sequence[Candidate]) -> list[str]:
        """Codes that notes of the leading candidates ask for and the chart may document."""
        lines: list[str] = []
        for one in candidates:
            for block in instructions(self.tabular, one.code):
                if block.kind not in _PARTNER_KINDS:
                    continue
                for line in block.lines:
                    for entry in self._documented(line.references, line.text, one):
                        if len(lines) >= _PARTNERS or self._asked >= _PARTNERS_OF_CHART:
                            return lines
                        number = self._number(
                            entry, _by_note(self.book, entry, one.entry, block.origin, line.words),
                            item.id, "", "additional",
                        )  # fmt: skip
                        self._asked += 1
                        lines.append(f"  asked for ({_ASKED[block.kind]}): {number} {entry.title}")
        return lines

    def _documented(
        self,
        named: Sequence,
        text: str,
        one: Candidate,  # type: ignore[type-arg]
    ) -> list[Entry]:
        found: list[Entry] = []
        for reference in named:
            if reference.low != reference.high or reference.position:
                continue
            code = dotted(reference.low)
            if code[:3] == one.code[:3]:
                continue
            by_drug = any(d.startswith(code) for d in self._drugs)
            wanted = self._content(text) - _title_words(one.title)
            said = len(wanted & self._chart_words)
            if not by_drug and (not said or said < _MOSTLY * len(wanted)):
                continue
            entry = self.tabular.get(code)
            if entry is None or not self._may_be(code):
                continue
            leaves = [entry] if entry.billable or entry.seventh >= 0 else self._leaves(entry)
            ranked = [
                (2.0 if e.code in self._drugs else self._rank(e, entry, frozenset()), e)
                for e in leaves
            ]
            ranked.sort(key=lambda pair: (-pair[0], pair[1].order))
            found += [
                e for score, e in ranked[:1]
                if e.code not in self._by_code and (len(leaves) == 1 or score > 0)
            ]  # fmt: skip
        return found

    def _may_be(self, code: str) -> bool:
        """Pregnancy and newborn codes are partners only in charts that speak of either."""
        words = {"O": _PREGNANT, "P": _NEWBORN}.get(code[0])
        return words is None or bool(words & self._chart_words)

    def _content(self, text: str) -> frozenset[str]:
        plain = text.partition("(")[0]
        return frozenset(w for w in tokens(plain) if w not in _EMPTY and len(w) > 2)

    # Numbers

    def _number(self, entry: Entry, led: IndexEntry, evidence: int, usual: str, role: str) -> int:
        known = self._by_code.get(entry.code)
        if known is not None:
            return known
        base = not entry.billable
        return self._add(
            entry.code, entry.title, base, usual if base else "", led, evidence, role
        )

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


def _words_of(item: Evidence) -> frozenset[str]:
    """The canonical words of an evidence item and what belongs to it."""
    texts = [item.phrase, item.span.text, *item.modifiers]
    texts += [s.text for s in item.support if s.end - s.start <= 200]
    return frozenset(w for t in texts for w in (*tokens(t), *map(canonical, split(t))))


def _title_words(title: str) -> frozenset[str]:
    return frozenset(canonical(w) for w in split(title)) - _SMALL


_SMALL = frozenset(
    "a an and are as at by for from in into is it of on or the to with due other specified part "
    "site elsewhere classified not".split()
)


def _by_note(book: Book, entry: Entry, led: IndexEntry, origin: str, words: str) -> IndexEntry:
    """The index entry of a code that a note led to: its own in the Index, else the note."""
    for term in book.index.leading_to(entry.code):
        if term.book in ("index", "supplement"):
            path = tuple(step.title for step in book.index.path(term.id))
            return IndexEntry(
                evidence=led.evidence, code=term.code, path=path, score=led.score, book=term.book,
                hops=(f"note at {origin}: {words}",),
            )  # fmt: skip
    return IndexEntry(
        evidence=led.evidence, code=entry.code, path=led.path, score=led.score, book="note",
        hops=(*led.hops, f"note at {origin}: {words}"),
    )  # fmt: skip


@cache
def _drugs() -> dict[str, tuple[str, ...]]:
    rows = read_table(resources() / "lexicon" / "drugs.tsv")
    return {
        row["name"].lower(): tuple(c.strip() for c in row["long_term_code"].split(",") if c.strip())
        for row in rows
        if row["long_term_code"]
    }


def _drug_codes(text: str) -> frozenset[str]:
    """The codes of long-term therapy with the drugs that a chart names."""
    table = _drugs()
    words = [w.lower() for w in split(text)]
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    return frozenset(c for name in (*words, *pairs) for c in table.get(name, ()))
