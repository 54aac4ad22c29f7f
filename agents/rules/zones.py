"""Reads a chart as stretches: sentences, list items and topics, each with the zone it stands in.

Finer than sections: labels inside a line ("FH: mother ESRD"), topics of a course by problem
("Renal: ..."), sentences that open with a test, blocks copied from another visit. The words stand
in ``resources/lexicon/zones.toml``.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from chartcoder.agents.rules.document import headings
from chartcoder.tabular.home import resources

ZONES = (
    "diagnosis", "plan", "course", "history", "past", "surgical", "medications", "allergies",
    "family", "social", "exam", "results", "review", "procedures", "copied", "nursing",
    "obstetric", "other", "prose", "system",
)  # fmt: skip
_STAYS = frozenset(["diagnosis", "plan", "course", "history", "copied", "nursing", "procedures"])
_BEFORE_SYSTEMS = frozenset(["prose", "past", "history", "other", "obstetric", "surgical"])
_LONGEST_HEADING = 7
_LONGEST_TOPIC = 8
_STOP = re.compile(
    r"(?<!\bDr)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bSt)(?<!\bJr)(?<!\bvs)(?<!\bNo)(?<!\b[A-Z])"
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bapprox)(?<!\bincl)(?<=\S)[.!?][\"”')\]]?\s+|\s*;\s+|\n+"
)
_BULLET = re.compile(
    r"[ \t>]*(?:\(?\d{1,2}[.):](?!\d)[ \t]*|\d{1,2}[ \t]{1,3}(?=[A-Z])|#\d{0,2}[.):]?[ \t]*"
    r"|[-–—•*·▪◦‣+](?=\s)[ \t]*|[•·▪◦‣][ \t]*|-{1,2}>?(?=[A-Z]))"
)
_VALUE = re.compile(r"(?<![/\d])\d+(?:\.\d+)?(?![/\d])")
_LABEL_WORD = re.compile(r"[a-z0-9/&'+-]+")
_FILLER = re.compile(
    r"[\d/.-]+|(?:and|of|the|by|for|at|on|in|with|per|also|&|list|note|notes|today|now|current|active|other|final|"
    r"discharge|d/c|dc|admission|admit|adm|initial|home|outpatient|inpatient|hospital|ed|er|icu|md|rn|physician|provider|"
    r"patient|general|brief|pertinent|relevant|significant|known|main|new|day|date|time|text|number|no|primary|secondary|"
    r"clinic|medical|surgical|use|status|details?|section|part|w|x)"
)
_CONCLUDES = re.compile(r"(?:assessment|impression|diagnos[ei]s) (?:at|on|and) \w+")
_DECORATION = " \t*_=#~>-–—:."
_LABEL = re.compile(
    r"(?:^|(?<=[.;!?)\]\"]\s)|(?<=\s\s)|(?<=[.;]\s\s))"
    r"(?P<label>[A-Za-z](?:[A-Za-z0-9/&+'’,\- ]|\([^()\n]{0,40}\)){0,52}?)[ ]?:(?=\s|$|[A-Za-z\"“])"
)
_TOPIC = re.compile(
    r"(?P<topic>[A-Za-z?][^:.;\n]{0,60}?)(?:(?<=\w)\?(?=\s*(?:--|[–—]))|)(?P<end>\s?:(?=\s|$)|\s+(?:--+>?|[–—]|-|=)\s+)"
)
_ASIDE = re.compile(r"\s*\([^)]*\)|\s*\[[^\]]*\]")
_TRAIL = re.compile(r"\s+(?:\d[\d/.-]*|today|now)$")
_COPIED_OPEN = re.compile(
    r"\[\s*(?:copied|copy|pasted|imported|prior|previous|from)\b|[-=>*]{2,}[^\n]*\b(?:begin|start)[^\n]*\b(?:copied|copy|pasted|prior|previous|old)\b|"
    r"\b(?:daily )?(?:progress )?note text\b[^\n]*:\s*\"",
    re.I,
)  # fmt: skip
_COPIED_END = re.compile(r"[-=>*]{2,}[^\n]*\bend\b[^\n]*", re.I)


_SIGNED = re.compile(
    r"[ \t—–-]*(?:Dr\.? )?[A-Z][\w.'’-]*\.?(?:(?: [A-Z][\w.'’-]*){0,3},? (?:MD|PA-?C|NP|FNP|RN"
    r"|PharmD|DPM|CNM|DDS|PhD|LCSW|APRN|CRNP|MBBS)\b"
    # Letters that mean other things too count behind a name of two words or a comma.
    r"|(?:(?: [A-Z][a-z][\w.'’-]*){1,3},?|(?: [A-Z][\w.'’-]*){0,3},) (?:DO|OD|PA)\b)"
)


class Stretch(NamedTuple):
    """A sentence, a list item or a topic of a chart.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        zone: the part of the chart it belongs to, one of ``ZONES``.
        kind: ``topic`` for the head of a paragraph or list item, ``item`` for a short line or a
            bulleted line, ``sentence`` for running text.
        around: the line or paragraph it belongs to, ``(start, end)``.
        label: the label in force, lower case; empty for none.
        alone: nothing stands beneath it on its line but itself.
    """

    start: int
    end: int
    zone: str
    kind: str
    around: tuple[int, int]
    label: str
    alone: bool


class _Table(NamedTuple):
    bare: re.Pattern[str]
    systems: frozenset[str]
    kinds: dict[str, str]
    words: tuple[tuple[str, re.Pattern[str]], ...]
    opening: tuple[tuple[str, re.Pattern[str]], ...]


@cache
def _table() -> _Table:
    table = tomllib.loads((resources() / "lexicon" / "zones.toml").read_text("utf-8"))
    bare = "|".join(sorted(map(re.escape, table["bare"]), key=lambda p: (-len(p), p)))
    return _Table(
        re.compile(rf"(?P<label>{bare})(?=[ \t]+(?!(?:at|on|and|of|for|by)\b)[^\s:&/])"),
        frozenset(table["systems"]),
        {kind: zone for zone, kinds in table["zones"].items() for kind in kinds},
        tuple((zone, re.compile("|".join(words))) for zone, words in table["words"].items()),
        tuple(
            (zone, re.compile(rf"(?:{'|'.join(map(re.escape, words))})(?![\w-])", re.I))
            for zone, words in table["opening"].items()
        ),
    )


def zone_of_label(label: str) -> str:
    """The zone a label opens; empty for a topic that opens none, ``system`` for a body system."""
    table = _table()
    name = " ".join(label.lower().replace("’", "'").strip(_DECORATION + "/").split())
    plain = _ASIDE.sub("", name).strip()
    while (shorter := _TRAIL.sub("", plain)) != plain:
        plain = shorter
    if plain in table.systems:
        return "system"
    known = headings()
    for wording in (name, plain):
        if wording in known:
            return table.kinds.get(known[wording], "other")
    results = next(pattern for opened, pattern in table.opening if opened == "results")
    if results.match(plain):
        return "results"
    words = [w for w in _LABEL_WORD.findall(plain) if not _FILLER.fullmatch(w)]
    named = [next((z for z, word in table.words if word.fullmatch(w)), "") for w in words]
    if not words or not all(named):
        return ""
    return next(zone for zone, _ in table.words if zone in named)


def read_stretches(text: str) -> list[Stretch]:
    """All stretches of a chart in order."""
    return list(_Reader(text).read())


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.base = "prose"
        self.zone = "prose"
        self.label = ""
        self.copied_until = -1

    def read(self) -> Iterator[Stretch]:
        start = 0
        text = self.text
        while start <= len(text):
            end = text.find("\n", start)
            if end < 0:
                end = len(text)
            if text[start:end].strip():
                yield from self._line(start, end)
            elif self.zone not in _STAYS:
                self.zone, self.label = self.base, ""
            start = end + 1

    def _line(self, start: int, end: int) -> Iterator[Stretch]:
        text = self.text
        raw = text[start:end]
        opened = _COPIED_OPEN.search(raw)
        if opened and self.copied_until < start:
            begin = start + opened.start()
            if begin > start and text[start:begin].strip(_DECORATION):
                yield from self._line(start, begin)
            self.copied_until = self._end_of_copy(begin)
            start = begin
        if start < self.copied_until:
            stop = min(end, self.copied_until)
            yield from self._plain(start, stop, "copied", (start, stop), False)
            if stop < end and text[stop:end].strip(_DECORATION + ']"'):
                yield from self._line(stop, end)
            return
        if self._heading(raw):
            return
        bullet = _BULLET.match(raw)
        if bullet and bullet.end() < len(raw):
            start += bullet.end()
        yield from self._labelled(start, end, bool(bullet and bullet.group().strip()))

    def _end_of_copy(self, start: int) -> int:
        text = self.text
        if text[start] == "[":
            close = text.find("]", start)
            return close + 1 if close > 0 else len(text)
        line_end = text.find("\n", start)
        line_end = len(text) if line_end < 0 else line_end
        if '"' in text[start:line_end]:
            open_quote = text.find('"', start)
            close = text.find('"', open_quote + 1)
            return close + 1 if close > 0 else line_end
        closing = _COPIED_END.search(text, line_end)
        blank = text.find("\n\n", line_end)
        if closing:
            return closing.end()
        return blank if blank > 0 else len(text)

    def _heading(self, raw: str) -> bool:
        """Takes a line that is a heading and nothing else."""
        name = raw.strip(_DECORATION)
        if not name or len(_ASIDE.sub("", name).split()) > _LONGEST_HEADING:
            return False
        if re.search(r"[.;!?]\s|,\s.*,|\d{2,}.*\d{2,}.*\d{2,}", name):
            return False
        if _VALUE.search(_ASIDE.sub("", name)):
            return False
        decorated = raw.rstrip().endswith(":") or raw.lstrip().startswith(("*", "=", "_"))
        plain = _ASIDE.sub("", name)
        capitals = plain.upper() == plain and bool(re.search(r"[A-Z]{2}", plain))
        zone = zone_of_label(name)
        key = " ".join(plain.lower().split())
        opens = key in headings() or _CONCLUDES.fullmatch(key) is not None
        if zone == "system" and (decorated or capitals) and self.base in _BEFORE_SYSTEMS:
            # A course by system: what stands under its headings is no longer past or prose.
            self.base = self.zone = "system"
            self.label = key
            return True
        if zone and zone != "system" and (decorated or capitals or opens):
            self.base = self.zone = zone
            self.label = key
            return True
        return decorated and raw.rstrip().endswith(":") and len(plain.split()) <= 4 and not zone

    def _labelled(self, start: int, end: int, listed: bool) -> Iterator[Stretch]:
        """Cuts a line at its labels."""
        text = self.text
        raw = text[start:end]
        cuts: list[tuple[int, int, str, str]] = []
        # "1. Hx bladder ca" in a list is a problem, not the label of a part.
        bare = None if listed else _table().bare.match(raw.lstrip())
        if bare:
            offset = len(raw) - len(raw.lstrip())
            zone = zone_of_label(bare["label"])
            if zone and zone != "system":
                cuts.append((offset, offset + bare.end(), zone, bare["label"].lower()))
        for found in _LABEL.finditer(raw):
            zone = zone_of_label(found["label"])
            at_start = not raw[: found.start()].strip(_DECORATION)
            if cuts and found.start() < cuts[-1][1]:
                continue
            if zone in ("", "system") or not (at_start or self._inside(found["label"], zone)):
                continue
            cuts.append((found.start(), found.end(), zone, found["label"].lower()))
        around = (start, end)
        first = cuts[0][0] if cuts else len(raw)
        if raw[:first].strip(_DECORATION):
            yield from self._topics(start, start + first, around, listed)
        for place, (_, after, zone, label) in enumerate(cuts):
            stop = cuts[place + 1][0] if place + 1 < len(cuts) else len(raw)
            at_start = place == 0 and not raw[:first].strip(_DECORATION)
            before = self.zone, self.label
            self.zone, self.label = zone, label
            if not at_start and zone in ("results", "exam"):
                # Inside a line such a label speaks for its sentence only.
                end_of_first = _STOP.search(raw, after, stop)
                first_stop = end_of_first.end() if end_of_first else stop
                yield from self._plain(start + after, start + first_stop, zone, around, False)
                self.zone, self.label = before
                if raw[first_stop:stop].strip(_DECORATION):
                    yield from self._topics(start + first_stop, start + stop, around, listed)
            elif raw[after:stop].strip(_DECORATION):
                yield from self._topics(start + after, start + stop, around, listed)
            elif at_start and len(cuts) == 1:
                self.base = zone
            if not at_start:
                self.zone, self.label = before

    def _inside(self, label: str, zone: str) -> bool:
        """Says whether a label in the middle of a line opens a zone of its own there."""
        if zone in ("other", "nursing", "course", "review") or len(label.split()) > 3:
            return False
        if self.zone in ("exam", "results", "review", "diagnosis", "plan"):
            return zone in ("family", "social", "past", "surgical", "medications", "allergies")
        return zone not in ("exam", "plan")

    def _topics(
        self, start: int, end: int, around: tuple[int, int], listed: bool
    ) -> Iterator[Stretch]:
        """Yields the topic that heads a line, then what follows it."""
        text = self.text
        raw = text[start:end]
        lead = len(raw) - len(raw.lstrip())
        topic = _TOPIC.match(raw, lead)
        if topic and len(topic["topic"].split()) <= _LONGEST_TOPIC:
            head_end = start + topic.end("topic")
            if text[head_end : head_end + 1] == "?":
                head_end += 1
            system = zone_of_label(topic["topic"]) == "system"
            if system and self.zone in _BEFORE_SYSTEMS:
                self.zone = "system"
            zone = self.zone
            if not system and self._opening(start + lead, head_end) is None:
                yield Stretch(start + lead, head_end, zone, "topic", around, self.label, False)
            yield from self._plain(start + topic.end(), end, zone, around, False)
            return
        yield from self._plain(start, end, self.zone, around, listed)

    def _plain(
        self, start: int, end: int, zone: str, around: tuple[int, int], listed: bool
    ) -> Iterator[Stretch]:
        pieces = [(start, end)]
        if zone in ("diagnosis", "plan"):
            pieces = list(_numbered(self.text, start, end))
        parts = [part for piece in pieces for part in _sentences(self.text, *piece)]
        for place, (first, last) in enumerate(parts):
            opening = self._opening(first, last)
            words = self.text[first:last].split()
            short = len(words) <= 9
            kind = "item" if place == 0 and (listed or (short and len(parts) == 1)) else "sentence"
            if zone == "diagnosis" and short:
                kind = "item"
            here = zone
            if _SIGNED.match(self.text, first, last):
                opening = "other"
            if opening and zone not in ("copied", "nursing", "family", "social", "medications"):
                here = opening
            yield Stretch(first, last, here, kind, around, self.label, len(parts) == 1)

    def _opening(self, start: int, end: int) -> str | None:
        for zone, pattern in _table().opening:
            if pattern.match(self.text, start, end):
                return zone
        return None


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Sentences as charts write them: also those that begin in lower case, none at titles."""
    position = start
    for found in _STOP.finditer(text, start, end):
        stop = found.start() + (0 if found.group().strip().startswith(";") else 1)
        yield from _trimmed(text, position, min(stop, end))
        position = found.end()
    yield from _trimmed(text, position, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


_INLINE_NUMBER = re.compile(r"(?:(?<=\s)|^)\(?\d{1,2}[.)]\s+(?=[A-Za-z])")


def _numbered(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cuts a list that is written in one line: ``1. Asthma 2. Otitis``."""
    position = start
    for found in _INLINE_NUMBER.finditer(text, start, end):
        yield from _trimmed(text, position, found.start())
        position = found.end()
    yield from _trimmed(text, position, end)
