"""Joins what a comma parts but the Index has in one line: "bipolar I, manic, severe"."""

import re
from collections.abc import Sequence

from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Reading
from chartcoder.index.lexicon import write_out
from chartcoder.index.words import split, tokens

_COMMA = re.compile(r"\s*[,:(-]\s*|\s+")
_LINKS = frozenset(["with", "in", "due", "following"])


def join_qualifying(mentions: Sequence[Mention], reading: Reading) -> list[Mention]:
    """The mentions, those that only qualify the one before them made its modifiers.

    A condition named right behind another qualifies it where the Index has both in one line of the
    first one's category, as plain subterms. Where the line says "with", "in" or "due to" they are
    two conditions, which the reconciler combines.
    """
    joined: list[Mention] = []
    for one in mentions:
        if joined and _qualifies(joined[-1], one, reading):
            before = joined[-1]
            joined[-1] = before._replace(modifiers=(*before.modifiers, one.phrase, *one.modifiers))
        else:
            joined.append(one)
    return joined


def _qualifies(first: Mention, second: Mention, reading: Reading) -> bool:
    text = reading.text
    end = max([first.end, *(_end_of(m, first, text) for m in first.modifiers)])
    if not 0 <= second.start - end <= 3 or first.assertion != second.assertion:
        return False
    if not _COMMA.fullmatch(text, end, second.start) or first.role != second.role:
        return False
    lookup = reading.lookup
    alone = lookup.find(first.phrase, 1)
    both = lookup.find(f"{first.phrase} {second.phrase}", 1)
    if not alone or not both or both[0].code[:3] != alone[0].code[:3]:
        return False
    own = lookup.find(second.phrase, 1)
    if own and (own[0].code[0] == "Z" or own[0].code[:3] == both[0].code[:3]):
        return False
    if _LINKS.intersection(
        w for title in both[0].path for w in split(title)[:1] + split(title)[-1:]
    ):
        return False
    words = set(tokens(write_out(second.phrase, lookup.context)))
    return words.isdisjoint(both[0].unmatched) and bool(words.intersection(both[0].matched))


def _end_of(modifier: str, mention: Mention, text: str) -> int:
    """Where a modifier that stands behind a mention ends."""
    place = text.find(modifier, mention.end, mention.end + 80)
    return place + len(modifier) if place >= 0 else 0
