"""One reading of a chart that the finders of the rules judge share: stretches and conditions."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from chartcoder.agents.rules.assertion import Mark, assertion_of, is_asked, marks
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.document import Document
from chartcoder.agents.rules.drugs import DrugNamed, find_drugs
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.spots import Spot, Word, read_words, spots_among
from chartcoder.agents.rules.zones import Stretch, read_stretches

SILENT = frozenset(["copied", "nursing", "other"])


_KIND_WORDS = 2
_STORY = frozenset(["course", "system", "prose", "diagnosis"])


class Found(NamedTuple):
    """A spotted condition with its stretch and how it is said.

    Attributes:
        spot: the condition.
        stretch: where it stands.
        code: the code to which the book sends its wording, complete or not.
        assertion: as ``assertion_of`` gives it; ``hypothetical`` for what is only reported as
            somebody's earlier opinion.
        mark: the cue that gave the assertion.
        said: the text of the stretch.
    """

    spot: Spot
    stretch: Stretch
    code: str
    assertion: str
    mark: Mark | None
    said: str


class Reading:
    """A chart read once.

    Args:
        document: the chart.
        lookup: index look-ups for it.
        newborn: the patient is a newborn, whose conditions have lines of their own.
    """

    def __init__(self, document: Document, lookup: Lookup, newborn: bool = False) -> None:
        self.document = document
        self.lookup = lookup
        self.text = document.text
        self.newborn = newborn
        self._words: dict[tuple[int, int], list[Word]] = {}
        self._found: dict[tuple[int, int], list[Found]] = {}
        self._marks: dict[tuple[int, int], list[Mark]] = {}

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """Every stretch of the chart in order."""
        return tuple(read_stretches(self.text))

    def stretch_at(self, place: int) -> Stretch | None:
        """The stretch that holds an offset of the chart."""
        after = bisect_right(self._starts, place)
        for stretch in reversed(self.stretches[:after]):
            if stretch.start <= place < stretch.end:
                return stretch
            if place - stretch.start > 4000:
                break
        return None

    @cached_property
    def _starts(self) -> list[int]:
        return [s.start for s in self.stretches]

    @cached_property
    def drugs(self) -> tuple[DrugNamed, ...]:
        """Every medicine that the chart names, in order."""
        return tuple(find_drugs(self.text, 0, len(self.text)))

    def drugs_in(self, start: int, end: int) -> tuple[DrugNamed, ...]:
        """The medicines named in a stretch."""
        first = bisect_left(self._drug_starts, start)
        last = bisect_left(self._drug_starts, end)
        return tuple(d for d in self.drugs[first:last] if d.end <= end)

    @cached_property
    def _drug_starts(self) -> list[int]:
        return [d.start for d in self.drugs]

    def words(self, stretch: Stretch) -> list[Word]:
        """The words of a stretch, abbreviations written out."""
        key = (stretch.start, stretch.end)
        if key not in self._words:
            self._words[key] = read_words(self.text, stretch.start, stretch.end, self.lookup)
        return self._words[key]

    def marks(self, stretch: Stretch) -> list[Mark]:
        """The assertion cues of a stretch."""
        key = (stretch.start, stretch.end)
        if key not in self._marks:
            self._marks[key] = marks(self.text[stretch.start : stretch.end])
        return self._marks[key]

    def said_of(self, stretch: Stretch, start: int, end: int) -> tuple[str, Mark | None]:
        """How a place of a stretch is said, by offsets in the chart."""
        sentence = self.text[stretch.start : stretch.end]
        begin, stop = start - stretch.start, end - stretch.start
        assertion, mark = assertion_of(self.marks(stretch), begin, stop)
        if assertion == "present":
            after = sentence[stop : stop + 1]
            if after == "?" or is_asked(sentence, begin):
                return "possible", None
            if cue("denied_after").match(sentence, stop) or cue("denied_before").search(
                sentence, 0, begin
            ):
                return "absent", None
            if cue("operated").search(sentence, 0, begin) or cue("cured_after").match(
                sentence, stop
            ):
                return "historical", None
            if cue("allergic").search(sentence):
                return "hypothetical", None
            if stretch.zone != "diagnosis" and cue("doubt").search(sentence):
                return "hypothetical", None
            if stretch.kind == "topic" and self._doubted(stretch):
                return "hypothetical", None
        done = mark is not None and cue("told_as_done").fullmatch(mark.cue) is not None
        if done and stretch.zone in _STORY and not cue("dated").search(sentence):
            # In the story of a stay or a visit this is what was done now.
            return "present", None
        return assertion, mark

    def is_test(self, end: int, stretch: Stretch) -> bool:
        """What ends here was tested, sent, vaccinated against or found negative, not found."""
        return cue("denied_after").match(self.text, end, stretch.end) is not None

    def _doubted(self, topic: Stretch) -> bool:
        """The lines under a topic doubt it: words of doubt before any other condition is named."""
        found = cue("doubt_of_topic").search(self.text, topic.end, topic.around[1])
        if found is None:
            return False
        first = bisect_left(self._starts, topic.end)
        last = bisect_left(self._starts, found.start())
        return not any(
            topic.end <= spot.start < found.start()
            for stretch in self.stretches[first:last]
            for spot in spots_among(self.words(stretch), self.lookup)
        )

    @cached_property
    def conditions(self) -> tuple[Found, ...]:
        """Every condition the chart names where it can speak for the patient."""
        return tuple(one for stretch in self.stretches for one in self.conditions_in(stretch))

    def stated_in(self, zones: Collection[str]) -> list[Found]:
        """The conditions named in some zones."""
        return [
            one
            for stretch in self.stretches
            if stretch.zone in zones
            for one in self.conditions_in(stretch)
        ]

    def conditions_in(self, stretch: Stretch) -> list[Found]:
        """The conditions named in one stretch; none where it speaks of others or of old visits."""
        key = (stretch.start, stretch.end)
        found = self._found.get(key)
        if found is None:
            silent = stretch.zone in SILENT or stretch.zone == "family"
            found = [] if silent else list(self._conditions_in(stretch))
            self._found[key] = found
        return found

    def _conditions_in(self, stretch: Stretch) -> Iterator[Found]:
        also = ("newborn",) if self.newborn else ()
        words = self.words(stretch)
        for plain in spots_among(words, self.lookup, also):
            spot = self._with_kind(self._at_its_site(plain), words)
            code = self.code_of(spot)
            if code:
                assertion, mark = self.said_of(stretch, spot.start, spot.end)
                said = self.text[stretch.start : stretch.end]
                yield Found(spot, stretch, code, assertion, mark, said)

    def _at_its_site(self, spot: Spot) -> Spot:
        """The condition with the site behind it only where it stays the same condition there."""
        plain, joint, _ = spot.phrase.partition(" in ")
        if not joint or not plain:
            return spot
        there, alone = self.lookup.find(spot.phrase, 1), self.lookup.find(plain, 1)
        same = there and alone and there[0].code[:3] == alone[0].code[:3]
        return spot if same else spot._replace(phrase=plain)

    def _with_kind(self, spot: Spot, words: list[Word]) -> Spot:
        """The condition with the one or two words before it, where the book has a line for them."""
        place = next((i for i, w in enumerate(words) if w.start >= spot.start), 0)
        first = place
        while first > 0 and place - first < _KIND_WORDS and words[first - 1].form:
            if words[first - 1].stop:
                break
            first -= 1
        for begin in range(first, place):
            phrase = " ".join([*(w.written for w in words[begin:place]), spot.phrase])
            best = self.lookup.find(phrase, 1)
            if best and not best[0].missing and not best[0].unmatched:
                return Spot(words[begin].start, spot.end, phrase, (best[0].term,))
        return spot

    @cached_property
    def diabetes_type(self) -> str:
        """``1`` or ``2`` where the chart names one type of diabetes only; else empty."""
        types = {f.code[:3] for f in self.conditions if f.code[:3] in ("E10", "E11")}
        firm = types - ({"E11"} if self._only_presumed() else set())
        return {"E10": "1", "E11": "2"}[firm.pop()] if len(firm) == 1 else ""

    def _only_presumed(self) -> bool:
        """Type 2 is only what the Index presumes where no type is said."""
        return not any(
            f.code.startswith("E11") and re.search(r"2|II", self.text[f.spot.start : f.spot.end])
            for f in self.conditions
        )

    def code_of(self, spot: Spot) -> str:
        """The code to which the book sends a spotted wording; empty for none."""
        index = self.lookup.book.index
        for number in spot.terms:
            code = index.term(number).code
            if code:
                return code
        best = self.lookup.find(spot.phrase, 3)
        return best[0].code if best and best[0].score >= 0.7 else ""


class Places:
    """Stretches of the chart that are spoken for, told quickly from those that are free.

    Args:
        taken: pairs of start and end.
    """

    def __init__(self, taken: Iterable[tuple[int, int]]) -> None:
        merged: list[tuple[int, int]] = []
        for start, end in sorted(taken):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        self._starts = [start for start, _ in merged]
        self._ends = [end for _, end in merged]

    def hold(self, start: int, end: int) -> bool:
        """Says whether a stretch overlaps one that is taken."""
        before = bisect_left(self._starts, end) - 1
        return before >= 0 and self._ends[before] > start
