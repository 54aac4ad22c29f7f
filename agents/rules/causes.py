"""External causes: how an injury came about, as far as the chart says (I.C.20).

Only beside a current injury, one cause a chart, and never the place or the activity: those are for
the person who completes the record. What a chart may say stands in
``resources/rules/external_causes.toml``.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from chartcoder.agents.rules.assertion import affirmed
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.history import title_of
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.policies import Policies
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.rules.zones import Stretch
from chartcoder.index.tables import SELF_HARM, stated_intent
from chartcoder.tabular.home import resources

_ZONES = frozenset(
    ["history", "nursing", "prose", "diagnosis", "course", "other", "system", "plan"]
)
_DIAGNOSES = frozenset(["diagnosis", "plan"])
_SILENT = frozenset(["family", "past", "copied", "social"])
_AFTER = 30
_STORY = 12
_YEAR = re.compile(r"(?<![\d.])(?:19[3-9]|20[0-9])\d(?![\d.,]\d)")
_INJURY = re.compile(r"S\d|T(?:0[7-9]|1\d|2\d|3[0-4])")


class Cause(NamedTuple):
    """One row of the table: a code without its 7th character, and what a chart says for it."""

    code: str
    says: re.Pattern[str]
    story: bool = False
    objects: tuple[tuple[str, re.Pattern[str]], ...] = ()


class _Table(NamedTuple):
    causes: tuple[Cause, ...]
    self_harm: tuple[Cause, ...]
    vehicle: dict[str, re.Pattern[str]]


@cache
def _table() -> _Table:
    table = tomllib.loads((resources() / "rules" / "external_causes.toml").read_text("utf-8"))
    return _Table(
        tuple(_cause(row) for row in table["cause"]),
        tuple(_cause(row) for row in table["self_harm"]),
        {name: re.compile(p, re.I) for name, p in table["vehicle"].items()},
    )


def _cause(row: dict) -> Cause:  # type: ignore[type-arg]
    return Cause(
        row["code"], re.compile("|".join(f"(?:{p})" for p in row["says"]), re.I),
        bool(row.get("story")),
        tuple((code, re.compile(p, re.I)) for code, p in row.get("objects", {}).items()),
    )  # fmt: skip


def find_causes(reading: Reading, policies: Policies, known: Sequence[Mention]) -> list[Mention]:
    """The external cause of the chart's injuries, at most one.

    Args:
        reading: the chart.
        policies: ``external_causes`` says whether they are coded.
        known: the mentions found already; without an injury among them there is no cause.
    """
    if policies.external_causes != "code" or not _injured(reading, known):
        return []
    stretches = [s for s in reading.stretches if s.zone in _ZONES and _of_this_time(reading, s)]
    road = _road_accident(reading, stretches)
    if road is not None:
        return [road]
    table = _table()
    done = _told(reading, stretches, table.self_harm) if _self_harm(reading) else []
    return done or _told(reading, stretches, table.causes)


def _told(reading: Reading, stretches: Sequence[Stretch], causes: Sequence[Cause]) -> list[Mention]:
    """The narrowest cause that any stretch tells."""
    best: tuple[int, Mention] | None = None
    for stretch in stretches:
        said = reading.text[stretch.start : stretch.end]
        for rank, cause in enumerate(causes):
            if best is not None and rank >= best[0]:
                break
            found = cause.says.search(said)
            if found is None or (cause.story and _only_named(stretch, said, found)):
                continue
            code = next((code for code, what in cause.objects if what.search(said)), cause.code)
            title = title_of(reading.lookup.book, code)
            if title:
                mention = _mention(
                    stretch, stretch.start + found.start(), stretch.start + found.end(), title
                )
                best = (rank, mention)
                break
    return [best[1]] if best is not None else []


def _only_named(stretch: Stretch, said: str, found: re.Match[str]) -> bool:
    """The words name a diagnosis or a complaint, and do not tell how it came about."""
    named = found.group().lower().endswith(("bite", "bites"))
    return stretch.zone in _DIAGNOSES or (named and len(said) - len(found.group()) < _STORY)


def _of_this_time(reading: Reading, stretch: Stretch) -> bool:
    """The stretch does not tell of another time: by its words, or by a year before the last."""
    said = reading.text[stretch.start : stretch.end]
    if cue("not_this_injury").search(said):
        return False
    named = [int(year) for year in _YEAR.findall(said)]
    return not named or max(named) >= _last_year(reading.text)


@lru_cache(maxsize=8)
def _last_year(text: str) -> int:
    return max((int(year) for year in _YEAR.findall(text)), default=0)


def _self_harm(reading: Reading) -> bool:
    """The chart states that the patient did it to himself, or that he did and wanted to die."""
    own_body = thoughts = False
    for stretch in reading.stretches:
        said = reading.text[stretch.start : stretch.end]
        if stretch.zone in _SILENT or not _of_this_time(reading, stretch):
            continue
        if stated_intent(said) == SELF_HARM and stated_intent(affirmed(said)) == SELF_HARM:
            return True
        own_body = own_body or cue("own_body").search(said) is not None
        if not thoughts and cue("suicidal").search(said):
            thoughts = cue("suicidal").search(affirmed(said)) is not None
    return own_body and thoughts


def _mention(stretch: Stretch, start: int, end: int, title: str) -> Mention:
    return Mention(
        start, end, title, "present", "", False, stretch.zone, (stretch.start, stretch.end),
        role="cause", reason="how the injury came about (I.C.20)",
    )  # fmt: skip


def _injured(reading: Reading, known: Sequence[Mention]) -> bool:
    for mention in known:
        if mention.assertion == "present" and mention.role == "problem":
            best = reading.lookup.find(mention.phrase, 1)
            if best and _INJURY.match(best[0].code):
                return True
    return False


def _road_accident(reading: Reading, stretches: Sequence[Stretch]) -> Mention | None:
    parts = _table().vehicle
    for place, stretch in enumerate(stretches):
        said = reading.text[stretch.start : stretch.end]
        found = parts["accident"].search(said)
        if not found:
            continue
        near = " ".join(reading.text[s.start : s.end] for s in stretches[place : place + _AFTER])
        code = _road_code(parts, near)
        title = title_of(reading.lookup.book, code)
        if title:
            return _mention(
                stretch, stretch.start + found.start(), stretch.start + found.end(), title
            )
    return None


def _road_code(parts: dict[str, re.Pattern[str]], near: str) -> str:
    """The code for who was hurt, in what, and by what; each as far as it is said."""

    def says(part: str) -> bool:
        return parts[part].search(near) is not None

    if says("pedestrian") and not says("driver") and not says("passenger"):
        return "V03.10"
    if says("bicycle"):
        return "V13.4"
    if says("motorcycle"):
        return (
            "V28.4" if not re.search(r"\b(?:car|truck|suv|van|pickup)\b", near, re.I) else "V23.4"
        )
    passenger = says("passenger")
    if not passenger and not says("driver"):
        return "V89.2"
    own = _own_vehicle(parts, near)
    seat = "6" if passenger else "5"
    if says("heavy"):
        return f"V{own}4.{seat}"
    if says("rollover"):
        return f"V{own}8.{seat}"
    other = _other_party(near)
    if own == "5":
        return f"V53.{seat}" if other else f"V5{'9.4' if seat == '5' else '9.5'}"
    if other:
        return f"V43.{seat}{other}"
    if says("fixed"):
        return f"V47.{seat}"
    return "V49.40" if seat == "5" else "V49.50"


def _own_vehicle(parts: dict[str, re.Pattern[str]], near: str) -> str:
    """4 for a car, 5 for a pick-up truck, van or sport utility vehicle (External Cause Index)."""
    own = re.search(
        r"\b(?:of|in|driving|drove|driver of) (?:a|an|his|her|their|the) (?:\w+ ){0,2}(suv"
        r"|pick-?up|van|minivan|jeep)\b",
        near,
        re.I,
    )
    return "5" if own else "4"


def _other_party(near: str) -> str:
    """1 sport utility vehicle, 2 other car, 3 pick-up truck, 4 van; empty where none is named."""
    for words, digit in (
        (r"pick-?up", "3"),
        (r"van|minivan", "4"),
        (r"suv|sport utility", "1"),
        (r"car|sedan|vehicle", "2"),
    ):
        if re.search(
            rf"\b(?:by|with|another|a|an|the"
            rf"|other) (?:\w+ ){{0,2}}(?:{words})\b(?!.{{0,12}}\b(?:her|his) (?:husband|wife))",
            near,
            re.I,
        ):
            return digit
    return "2" if re.search(r"t-?bone|rear-?ended|head-?on", near, re.I) else ""
