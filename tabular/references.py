"""Code references in the words of a note: which codes does a note speak of?

Notes name codes in parentheses, ``(S01.-)``, ``(A00-B99)``, ``(K50.014, K50.114)``, or in the
sentence, "from categories E08, E09 and E13", "S06.1- to S06.6-"; they may narrow them by
characters, "(T36-T50 with fifth or sixth character 5)", "(I69. with final characters -91)",
"(E08-E13 with .51-.52)", or by words, "E08-E10, E11, E13 with ketoacidosis".

Source: the wording of the notes of the Tabular Lists of 2021 and 2026; Official Guidelines
I.A.12, I.A.13, I.B.7 for what the notes mean.
"""

import re
import tomllib
from functools import cache
from typing import NamedTuple

from chartcoder.tabular.codes import dotted, undotted
from chartcoder.tabular.home import resources

FINAL = -1

_END = r"(?:\.[0-9A-Z]{1,4})?)(?![A-Za-z0-9])"
# A letter in second place is rare (QA0.-) and reads like GH1 or CR3 where no dot or dash is near.
_CODE = re.compile(
    r"(?<![A-Za-z0-9.])([A-Z](?:\d[0-9A-Z]|[A-Z]\d(?=[.-])|(?<=-[A-Z])[A-Z]\d)" + _END
)
# Outside parentheses B12 is a vitamin.
_BARE_CODE = re.compile(r"(?<![A-Za-z0-9.])(?<![Vv]itamin )([A-Z]\d[0-9A-Z]" + _END)
_GROUP = re.compile(r"\(([^()]*)(?:\)|$)")
_RANGE = re.compile(r"\.?-?\s*(?:[-–]+|to)\s*(?:categories |category |codes? )?")
_SCOPE = re.compile(r"\bfor codes (?P<codes>[^:]*?),? to (?:identify|indicate)\b")
_PLACE = (
    r"(?P<place>fourth|fifth|sixth|six|seventh|[4-7]th)"
    r"(?:(?P<join> or | to )(?:fifth|sixth|six|seventh|[5-7]th))?[- ]characters?\b(?P<values>.*)"
)
_BY_PLACE = re.compile(r"\bwith,? " + _PLACE)
_BY_END = re.compile(r"\bwith final characters? (?P<values>.*)")
_BY_DOT = re.compile(r"\bwith (?P<values>\.\d.*)")
_BY_WORDS = re.compile(r"\bwith\b.*")
_BEHIND = re.compile(r",? with (?:final|fourth|fifth|six|seventh|[4-7]th|\.\d)[^()]*")
_VALUE = re.compile(
    r"(?<![A-Za-z0-9])([0-9]+|[A-Z])(?:\s*[-–]\s*\.?([0-9]+|[A-Z]))?(?![A-Za-z0-9])"
)
_PLACES = {"fourth": 4, "fifth": 5, "sixth": 6, "six": 6, "seventh": 7}


class Reference(NamedTuple):
    """One code or range of codes that a note names.

    Attributes:
        low: first code or prefix, without dot.
        high: last code or prefix, without dot; equal to ``low`` for a single code.
        position: where the values stand: a character from 1; ``FINAL`` for the last of the first
            six characters, the placeholder X left out; 0 where nothing is asked of characters.
        values: what stands there, any of them.
        qualifier: words that the title of a code must show to be meant ("with ketoacidosis").
    """

    low: str
    high: str
    position: int = 0
    values: tuple[str, ...] = ()
    qualifier: str = ""

    def matches(self, code: str) -> bool:
        """Says whether a code, dotted or not, is among those named.

        Headers count too where all their codes are named; a reference that asks for characters
        matches only codes that show them. The qualifier is not looked at.
        """
        bare = undotted(code)
        return self.covers(place(bare), bare)

    def covers(self, where: str, bare: str) -> bool:
        """As ``matches``, for an undotted code whose ``place`` is known."""
        if not place(self.low) <= where <= self.end:
            return False
        return not self.position or self.shows(bare)

    def shows(self, bare: str) -> bool:
        """Says whether an undotted code shows the characters asked for, wherever it stands."""
        if self.position == FINAL:
            return bare[:6].rstrip("X").endswith(self.values)
        return bare[self.position - 1 :].startswith(self.values)

    @property
    def end(self) -> str:
        """The last ``place`` that is still inside."""
        low, high = self.low, self.high
        if high[-1] == "9" and low[:-1] == high[:-1] and high[:-1] in _letters_before_nine():
            high = high[:-1]
        return place(high) + "}"

    @property
    def words(self) -> str:
        """The reference written out, such as ``T36-T50 with final character 5``."""
        span = (
            dotted(self.low) if self.low == self.high else f"{dotted(self.low)}-{dotted(self.high)}"
        )
        if self.position:
            where = "final character" if self.position == FINAL else f"character {self.position}"
            span += f" with {where} {' or '.join(self.values)}"
        return f"{span} {self.qualifier}" if self.qualifier else span


@cache
def _order_of_book() -> tuple[dict[str, str], frozenset[str]]:
    with (resources() / "rules" / "categories.toml").open("rb") as stream:
        told = tomllib.load(stream)
    # "~" sorts behind every character of a code, and "}" between the two.
    after = {category: f"{before}~{category[-1]}" for category, before in told["after"].items()}
    return after, frozenset(undotted(code) for code in told["book"]["letters_before_nine"])


def _letters_before_nine() -> frozenset[str]:
    return _order_of_book()[1]


def place(bare: str) -> str:
    """A text that sorts undotted codes as the book has their categories.

    ``place("C4A0")`` is ``C43~A0``, behind all of C43 and before C44. A code is
    named by a reference exactly when ``place(low) <= place(code) <= reference.end``.
    """
    if bare[1:3].isdigit():
        return bare
    category = bare[:3]
    return _order_of_book()[0].get(category, category) + bare[3:]


def references(text: str) -> tuple[Reference, ...]:
    """Reads the codes that a note names.

    Args:
        text: one line of a note, such as "sepsis during labor (O75.3)".

    Returns:
        The references in the order of the words; empty where the note names no code. Codes that
        only say where the note applies ("for codes G31.0-G31.83, to identify:") are left out.
    """
    plain = _SCOPE.sub("", text)
    groups = [found for found in _GROUP.finditer(plain) if _CODE.search(found[1])]
    if not groups:
        return tuple(_in_part(plain, _BARE_CODE))
    named: list[Reference] = []
    for group in groups:
        # "(T36-T50) with fifth or sixth character 6": the condition stands behind the bracket.
        behind = _BEHIND.match(plain, group.end())
        named += _in_part(group[1] + (behind[0] if behind else ""), _CODE)
    return tuple(named)


def scope(text: str) -> tuple[Reference, ...]:
    """The codes at which a note applies, where it says so itself; else empty."""
    found = _SCOPE.search(text)
    return tuple(_in_part(found["codes"], _CODE)) if found else ()


def _in_part(part: str, pattern: re.Pattern[str]) -> list[Reference]:
    codes = list(pattern.finditer(part))
    if not codes:
        return []
    position, values, qualifier = _narrowing(part[codes[-1].end() :])
    named: list[Reference] = []
    index = 0
    while index < len(codes):
        low = high = undotted(codes[index][1])
        if index + 1 < len(codes):
            between = part[codes[index].end() : codes[index + 1].start()]
            if _RANGE.fullmatch(between):
                index += 1
                high = undotted(codes[index][1])
        named.append(Reference(low, high, position, values, qualifier))
        index += 1
    return named


def _narrowing(tail: str) -> tuple[int, tuple[str, ...], str]:
    """What the words behind the last code ask for: position, values, words left unproven."""
    if found := _BY_END.search(tail):
        written = found["values"]
        return (4 if written.lstrip().startswith(".") else FINAL), _values(written), ""
    if found := _BY_PLACE.search(tail):
        values = _values(found["values"])
        if not values:
            return 0, (), ""
        if found["join"] == " or ":
            return FINAL, values, ""
        return _PLACES.get(found["place"]) or int(found["place"][0]), values, ""
    if found := _BY_DOT.search(tail):
        return 4, _values(found["values"]), ""
    if found := _BY_WORDS.search(tail):
        return 0, (), found[0].strip(" ).")
    return 0, (), ""


def _values(written: str) -> tuple[str, ...]:
    values: list[str] = []
    for low, high in _VALUE.findall(written):
        values.append(low)
        if high:
            stem, first, last = low[:-1], low[-1], high[-1]
            values += [
                stem + c for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" if first < c <= last
            ]
    return tuple(values)
