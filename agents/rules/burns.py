"""Burns: a code for each site at its highest degree, and their extent (I.C.19.d).

A burn is often named once and its sites under it, a line each ("Scald burn: R hand 2nd and 3rd
degree, R forearm 2nd degree"), and how far it reaches stands in the examination. Where the
Tabular List files each site stands in ``resources/rules/burns.toml``.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from chartcoder.agents.descent import side_of
from chartcoder.agents.rules.history import title_of
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Reading
from chartcoder.index.words import canonical, split
from chartcoder.tabular.home import resources

_SIDE = {"right": "1", "left": "2"}
_UNSIDED = "9"
_BULLET = re.compile(r"[ \t]*(?:[-–—*•·▪o]|\d{1,2}[.)]|[a-z][.)])[ \t]+")
_JOINED = re.compile(r",|\band\b|&|\+")
_MOST_LINES = 12
_BACK_OF_HAND = ("T23", "0", "6")


class _Site(NamedTuple):
    category: str
    digit: str
    says: re.Pattern[str]
    sides: bool


class _Table(NamedTuple):
    words: dict[str, re.Pattern[str]]
    degrees: tuple[tuple[str, re.Pattern[str]], ...]
    sites: tuple[_Site, ...]


@cache
def _table() -> _Table:
    table = tomllib.loads((resources() / "rules" / "burns.toml").read_text("utf-8"))
    return _Table(
        {name: re.compile(p, re.I | re.M) for name, p in table["words"].items()},
        tuple((row["digit"], re.compile(row["says"], re.I)) for row in table["degree"]),
        tuple(
            _Site(row["category"], row["digit"], re.compile(row["says"], re.I), row["sides"])
            for row in table["site"]
        ),
    )


def name_burns(mentions: Sequence[Mention], reading: Reading) -> list[Mention]:
    """The mentions, burns worded as the Tabular List has them, each site once.

    Args:
        mentions: every mention of the chart.
        reading: the chart.

    Returns:
        For a burn that names its sites, by itself or in the lines under it, a mention for each,
        and one for their extent where the chart tells it; all else as it came.
    """
    done: list[Mention] = []
    burned: list[Mention] = []
    places: list[tuple[int, int]] = []
    for mention in mentions:
        if any(start <= mention.start < end for start, end in places):
            continue
        sited = list(_sited(mention, reading)) if _is_burn(mention) else []
        places += [(one.start, one.end) for one in sited if one.start > mention.end]
        burned += sited
        done += sited or [mention]
    extent = _extent(burned[0], reading) if burned else None
    return [*done, extent] if extent is not None else done


def _is_burn(mention: Mention) -> bool:
    words = _table().words
    said = " ".join((mention.phrase, *mention.modifiers))
    return (
        mention.role == "problem"
        and mention.assertion == "present"
        and words["burn"].search(said) is not None
        and words["not_of_skin"].search(said) is None
    )


def _sited(mention: Mention, reading: Reading) -> Iterator[Mention]:
    text = reading.text
    stop = text.find("\n", mention.end)
    stop = stop if stop >= 0 else len(text)
    line = text[text.rfind("\n", 0, mention.start) + 1 : stop]
    said = ", ".join((mention.phrase, *mention.modifiers))
    own = {_title(part, line, reading): None for part in _JOINED.split(said)}
    own.pop("", None)
    for title in own:
        yield mention._replace(phrase=title, modifiers=())
    if own:
        return
    for start, end in _lines_under(text, stop):
        title = _title(text[start:end], text[start:end], reading)
        if title:
            yield mention._replace(start=start, end=end, phrase=title, modifiers=())


def _lines_under(text: str, stop: int) -> Iterator[tuple[int, int]]:
    """The bulleted lines that follow a line, up to the first that is none."""
    start = stop + 1
    for _ in range(_MOST_LINES):
        end = text.find("\n", start)
        end = end if end >= 0 else len(text)
        bullet = _BULLET.match(text, start, end)
        if bullet is None:
            return
        yield bullet.end(), end
        start = end + 1


def _title(said: str, line: str, reading: Reading) -> str:
    """The title for the site and degree that words name; empty where they name no site."""
    table = _table()
    site = next((s for s in table.sites if s.says.search(said)), None)
    if site is None:
        return ""
    degree = next((digit for digit, says in table.degrees if says.search(line)), "0")
    side = side_of(canonical(word) for word in _spelled(said))
    digit = site.digit
    if (site.category, digit) == _BACK_OF_HAND[:2] and _on_its_back(side, reading):
        digit = _BACK_OF_HAND[2]
    code = f"{site.category}.{degree}{digit}"
    if site.sides:
        code += _SIDE.get(side, _UNSIDED)
    return title_of(reading.lookup.book, code)


def _spelled(said: str) -> list[str]:
    return ["right" if w == "r" else "left" if w == "l" else w for w in split(said)]


def _on_its_back(side: str, reading: Reading) -> bool:
    """A line of the examination that is about that hand speaks of its back."""
    short = {"right": "r", "left": "l"}.get(side, "")
    if not short:
        return False
    line = re.compile(rf"^[ \t-]*(?:{side}|{short}) hand\b.*\b(?:dors\w+|back of)\b", re.I | re.M)
    return line.search(reading.text) is not None


def _extent(burn: Mention, reading: Reading) -> Mention | None:
    """How much of the body is burned, and how much of it in the third degree (T31)."""
    words = _table().words
    for found in words["extent"].finditer(reading.text):
        start = reading.text.rfind("\n", 0, found.start()) + 1
        if words["estimate"].search(reading.text, start, found.start()):
            continue
        share = float(next(group for group in found.groups() if group))
        third = sum(float(part) for part in words["third"].findall(reading.text))
        tens = int(share // 10)
        code = "T31.0" if not tens else f"T31.{tens}{min(tens, int(third // 10))}"
        title = title_of(reading.lookup.book, code)
        if title:
            return burn._replace(
                start=found.start(), end=found.end(), phrase=title, modifiers=(), role="status",
                reason="extent of the burns (I.C.19.d.6)",
            )  # fmt: skip
    return None
