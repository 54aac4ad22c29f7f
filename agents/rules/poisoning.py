"""Poisonings: by what, and whether somebody meant it (I.C.19.e.5.b).

The Table of Drugs and Chemicals has a column for each intent; accidental is the default where none
is said. An overdose is often named in one place and why it was taken in another, so the intent is
read from the line of the poisoning first and then from the whole story of this visit.
"""

import re
from collections.abc import Iterator, Sequence

from chartcoder.agents.rules.adverse import BY_A_DRUG, JOINED, substances_in
from chartcoder.agents.rules.assertion import affirmed
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.document import sentences
from chartcoder.agents.rules.history import title_of
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Places, Reading
from chartcoder.agents.rules.scan import mention_of
from chartcoder.index.tables import (
    ACCIDENTAL,
    circumstance_of,
    column_words,
    is_poisoning,
    read_asks,
    stated_intent,
)

# The fifth or sixth character for each column of poisoning.
_NO_NAME = re.compile(
    r"(?:(?:poly|multi)?-?\s?(?:drugs?|substances?|medic\w+|pills?|tablets?|unknown|unspecified|multiple"
    r"|acute|severe|,)\s*)*",
    re.IGNORECASE,
)
_OF_DRUGS = tuple(f"T{number}" for number in range(36, 51))
_BARE = re.compile(
    r"(?:(?:acute|severe|multiple|drug|medication|pill|intentional|accidental|unintentional)\s+)*"
    r"(?:overdose|poisoning|od)",
    re.IGNORECASE,
)
_NO_DRUG_NAMED = "T50.90"
_CHARACTERS = {2: "1", 3: "2", 4: "3", 5: "4"}


def name_poisonings(mentions: Sequence[Mention], reading: Reading) -> list[Mention]:
    """The mentions, poisonings worded as the Tabular List has them with their intent.

    Args:
        mentions: every mention of the chart.
        reading: the chart.

    Returns:
        Each poisoning once for each substance that it names; all else as it came. Words of intent
        or of what the drug does that stand beside a poisoning are part of it.
    """
    if not any(_is_poisoning(m) for m in mentions):
        return list(mentions)
    done: list[Mention] = []
    lines = {_line(m, reading.text) for m in mentions if _is_poisoning(m)}
    for mention in mentions:
        if _is_poisoning(mention):
            done += _named(mention, reading)
        elif mention.role != "problem" or not _part_of_one(mention, reading, lines):
            done.append(mention)
    return done + _manifestations(done, lines, reading)


def _manifestations(
    known: Sequence[Mention], lines: set[tuple[int, int]], reading: Reading
) -> list[Mention]:
    """What stands in the line of a poisoning as its effect is coded beside it (I.C.19.e.5.b)."""
    taken = Places((m.start, m.end) for m in known)
    return [
        mention_of(found)._replace(reason=BY_A_DRUG)
        for found in reading.stated_in(["diagnosis"])
        if found.assertion == "present"
        and found.code[0] not in "TVWXYZ"
        and not taken.hold(found.spot.start, found.spot.end)
        and any(start <= found.spot.start < end for start, end in lines)
    ]


def _is_poisoning(mention: Mention) -> bool:
    return (
        mention.role == "problem"
        and mention.assertion == "present"
        and is_poisoning(" ".join((mention.phrase, *mention.modifiers)))
    )


def _part_of_one(mention: Mention, reading: Reading, lines: set[tuple[int, int]]) -> bool:
    """The mention says of a poisoning on its line why it came about, or what the drug does."""
    if _line(mention, reading.text) not in lines:
        return False
    best = reading.lookup.find(mention.phrase, 1)
    return circumstance_of(mention.phrase) != 0 or bool(best and best[0].code.startswith(_OF_DRUGS))


def _named(mention: Mention, reading: Reading) -> Iterator[Mention]:
    said = " ".join((mention.phrase, *mention.modifiers))
    column = circumstance_of(said) or _intent_around(mention, reading)
    found = _with_those_joined(list(substances_in(reading, mention.start, mention.end)), reading)
    if not found and _names_none(mention.phrase):
        found = list(substances_in(reading, *_line(mention, reading.text)))
    character = _CHARACTERS[column or ACCIDENTAL]
    stems = [stem for _, _, stem in found]
    if not stems and _BARE.fullmatch(mention.phrase.strip()):
        stems = [_NO_DRUG_NAMED]
    titles = {title_of(reading.lookup.book, stem + character): None for stem in stems}
    titles.pop("", None)
    for title in titles:
        yield mention._replace(phrase=title, modifiers=())
    if titles:
        return
    if circumstance_of(mention.phrase) or not (column or _names_none(mention.phrase)):
        yield mention
    else:
        yield mention._replace(phrase=f"{mention.phrase} {column_words(column or ACCIDENTAL)}")


def _with_those_joined(
    found: list[tuple[int, int, str]], reading: Reading
) -> list[tuple[int, int, str]]:
    """The substances and those that follow them in a list: "Tylenol and Benadryl"."""
    if found:
        text, last = reading.text, max(end for _, end, _ in found)
        stop = text.find("\n", last)
        for start, end, stem in sorted(
            substances_in(reading, last, stop if stop > 0 else len(text))
        ):
            if not JOINED.fullmatch(text, last, start):
                break
            found.append((start, end, stem))
            last = end
    return found


def _names_none(phrase: str) -> bool:
    """The phrase names no substance: "overdose", "intentional drug overdose"."""
    asked = [ask for ask in read_asks(phrase) if ask.table == "drug"]
    return not asked or _NO_NAME.fullmatch(asked[0].place) is not None


def _intent_around(mention: Mention, reading: Reading) -> int:
    """The column of the intent that the line or the story of the chart states."""
    start, end = _line(mention, reading.text)
    column = circumstance_of(affirmed(reading.text[start:end]))
    if column:
        return column
    for stretch in reading.stretches:
        if stretch.zone in ("family", "past", "copied"):
            continue
        for first, last in sentences(reading.text, stretch.start, stretch.end):
            said = reading.text[first:last]
            intent = stated_intent(said)
            if not intent or cue("not_this_injury").search(said) or cue("dated").search(said):
                continue
            if stated_intent(affirmed(said)) == intent:
                return intent
    return 0


def _line(mention: Mention, text: str) -> tuple[int, int]:
    """The sentence or the line of a list that holds the mention."""
    start = text.rfind("\n", 0, mention.start) + 1
    stop = text.find("\n", mention.end)
    stop = stop if stop >= 0 else len(text)
    for first, last in sentences(text, start, stop):
        if first <= mention.start < last:
            return first, last
    return start, stop
