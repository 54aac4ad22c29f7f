"""Finds where the chart says more of a problem than its list does.

A list names "MDD", the consultant's line "severe recurrent MDD without psychotic features": both
are one condition, documented by clinicians, and it is coded as closely as it is documented (I.B.2,
I.B.18).
"""

from collections.abc import Sequence

from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Found, Places, Reading
from chartcoder.agents.rules.scan import mention_of
from chartcoder.index.lexicon import write_out
from chartcoder.index.words import LATERALITY, tokens

_HAS_A_LINE = 0.8
_MAIN_TERM = 0.9
_SAYS_NOTHING_NEW = frozenset(
    ["family", "allergies", "medications", "nursing", "copied", "review", "social", "surgical"]
)


def find_said_closer(reading: Reading, known: Sequence[Mention]) -> list[Mention]:
    """Places that name a known problem with more words.

    Args:
        reading: the chart.
        known: the mentions found so far.

    Returns:
        Mentions of the same problems, where all words of the problem and further ones stand
        together elsewhere in the chart, and the book has them in the same category.
    """
    taken = Places((m.start, m.end) for m in known)
    problems = [
        (words, code, mention)
        for mention in known
        if mention.assertion == "present" and mention.role in ("problem", "finding")
        for words in [_words(mention.phrase, reading)]
        if words
        for code in [_category(mention, reading)]
        if code
    ]
    found: dict[str, Mention] = {}
    for one in reading.conditions:
        if one.assertion != "present" or one.stretch.zone in _SAYS_NOTHING_NEW:
            continue
        if taken.hold(one.spot.start, one.spot.end):
            continue
        said = _words(one.spot.phrase, reading)
        for words, code, mention in problems:
            if (
                words < said
                and one.code.startswith(code)
                and _qualifies(said - words, one, reading)
            ):
                found.setdefault(" ".join(sorted(said)), _as_closer(one, mention))
                break
    return list(found.values())


def _qualifies(further: frozenset[str], one: Found, reading: Reading) -> bool:
    """The further words qualify the problem, and the book has a line for them all.

    A word that is a main term by itself names another condition: "diabetic neuropathy" says
    nothing closer of a diabetes that is seen to.
    """
    best = reading.lookup.find(one.spot.phrase, 1)
    if not best or best[0].score < _HAS_A_LINE or best[0].code[:2] != one.code[:2]:
        return False
    return not any(_is_main_term(word, reading) for word in sorted(further))


def _is_main_term(word: str, reading: Reading) -> bool:
    best = reading.lookup.find(word, 1)
    return bool(best) and best[0].score >= _MAIN_TERM and len(best[0].path) == 1


def _as_closer(one: Found, mention: Mention) -> Mention:
    return mention_of(one)._replace(reason=f"says more of {mention.phrase!r} than its list does")


def _words(phrase: str, reading: Reading) -> frozenset[str]:
    # "Both eyes" is a side, as "bilateral" is.
    return frozenset(tokens(write_out(phrase, reading.lookup.context))) - LATERALITY - {"eye"}


def _category(mention: Mention, reading: Reading) -> str:
    best = reading.lookup.find(mention.phrase, 1)
    return best[0].code[:2] if best else ""
