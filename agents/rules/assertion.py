"""Says how surely a condition is documented: cues, their direction and their reach.

After ConText (Harkema et al., 2009): a cue before or after a mention changes its assertion unless
a terminator or the end of the clause stands between them; phrases that only look like cues use
their words up. The cues stand in ``resources/lexicon/assertion.toml``. Which uncertain terms the
guidelines name (II.H, III.C, IV.H) is marked there.
"""

import re
import tomllib
from collections import defaultdict
from functools import cache
from typing import NamedTuple

from chartcoder.agents.rules.document import sentences
from chartcoder.tabular.home import resources

_WORD = re.compile(r"[a-z0-9]+(?:['/.-][a-z0-9]+)*|[?;:]|[.,()\[\]](?!\d)")
_NUMBER = re.compile(r"\d+|one|two|three|four|five|six|seven|eight|nine|ten|several|many|few")
_YEAR = re.compile(r"(?:19|20)\d\d")


class Cue(NamedTuple):
    """A phrase that changes the assertion of mentions near it."""

    words: tuple[str, ...]
    assertion: str
    forward: bool
    backward: bool
    scope: int
    ends: frozenset[str]
    guideline: bool
    chronic_stays: bool
    at_clause_end: bool


class Mark(NamedTuple):
    """A cue found in a sentence, and the stretch of the sentence it governs.

    Attributes:
        assertion: what it says of the mentions it governs.
        cue: its words.
        start: first character governed, relative to the sentence.
        end: after the last character governed.
        guideline: for ``possible``: the guidelines name the term.
        chronic_stays: a chronic condition under this cue is still current.
        at: where the cue itself stands, start and end.
    """

    assertion: str
    cue: str
    start: int
    end: int
    guideline: bool
    chronic_stays: bool
    at: tuple[int, int]


@cache
def _cues() -> tuple[
    dict[str, list[Cue]], dict[str, list[tuple[str, ...]]], dict[str, list[tuple[str, ...]]]
]:
    path = resources() / "lexicon" / "assertion.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    cues: dict[str, list[Cue]] = defaultdict(list)
    for row in table["cue"]:
        words = tuple(_split(row["phrase"]))
        direction = row["direction"]
        cues[words[0]].append(
            Cue(
                words, row["assertion"], direction in ("forward", "both"),
                direction in ("backward", "both"), int(row.get("scope", 40)),
                frozenset(row.get("ends", ())), row.get("strength") == "guideline",
                bool(row.get("chronic_stays_current")), bool(row.get("at_clause_end")),
            )
        )  # fmt: skip
    pseudo: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in table["pseudo"]:
        words = tuple(_split(row["phrase"]))
        pseudo[words[0]].append(words)
    terminators: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in table["terminator"]:
        words = tuple(_split(row["phrase"]))
        if words:
            terminators[words[0]].append(words)
    for group in (cues, pseudo, terminators):
        for rows in group.values():
            rows.sort(key=lambda r: -len(r.words if isinstance(r, Cue) else r))
    return dict(cues), dict(pseudo), dict(terminators)


def _split(phrase: str) -> list[str]:
    return re.findall(r"<\w+>|[a-z0-9]+(?:['/.-][a-z0-9]+)*|[?;:.,()\[\]]", phrase.lower())


def marks(sentence: str) -> list[Mark]:
    """Finds the cues of a sentence and what each governs."""
    found = list(_WORD.finditer(sentence.lower()))
    words = [f.group() for f in found]
    cues, pseudo, terminators = _cues()
    used = [False] * len(words)
    stops = [False] * len(words)
    hits: list[tuple[Cue, int, int]] = []
    place = 0
    while place < len(words):
        word = words[place]
        length = _longest(pseudo.get(word, ()), words, place)
        cue = _longest_cue(_candidates(cues, word), words, place)
        if length and (cue is None or length >= len(cue.words)):
            for i in range(place, place + length):
                used[i] = True
            place += length
            continue
        if cue is not None:
            hits.append((cue, place, place + len(cue.words)))
            place += len(cue.words)
            continue
        length = _longest(terminators.get(word, ()), words, place)
        if length:
            stops[place] = True
            place += length
            continue
        place += 1
    result = []
    for cue, first, last in hits:
        if cue.at_clause_end and last < len(words) and words[last] not in ".,;:)?":
            continue
        begin, end = _reach(cue, first, last, words, stops)
        start = found[begin].start() if begin < len(found) else len(sentence)
        stop = found[end - 1].end() if end > begin else start
        if stop > start:
            at = (found[first].start(), found[last - 1].end())
            result.append(
                Mark(cue.assertion, " ".join(cue.words), start, stop, cue.guideline,
                     cue.chronic_stays, at)
            )  # fmt: skip
    return result


def _candidates(cues: dict[str, list[Cue]], word: str) -> list[Cue]:
    found = cues.get(word, [])
    if _YEAR.fullmatch(word):
        found = found + cues.get("<year>", [])
    if _NUMBER.fullmatch(word):
        found = found + cues.get("<n>", [])
    return found


def _matches(pattern: tuple[str, ...], words: list[str], place: int) -> bool:
    if place + len(pattern) > len(words):
        return False
    for offset, wanted in enumerate(pattern):
        word = words[place + offset]
        if wanted == word:
            continue
        if wanted == "<n>" and _NUMBER.fullmatch(word):
            continue
        if wanted == "<year>" and _YEAR.fullmatch(word):
            continue
        return False
    return True


def _longest(patterns, words: list[str], place: int) -> int:  # type: ignore[no-untyped-def]
    return max((len(p) for p in patterns if _matches(p, words, place)), default=0)


def _longest_cue(cues: list[Cue], words: list[str], place: int) -> Cue | None:
    fitting = [c for c in cues if _matches(c.words, words, place)]
    return max(fitting, key=lambda c: len(c.words), default=None)


def _reach(cue: Cue, first: int, last: int, words: list[str], stops: list[bool]) -> tuple[int, int]:
    begin, end = last, last
    if cue.forward:
        while end < len(words) and end - last < cue.scope:
            if stops[end] or words[end] in (".", ";") or words[end] in cue.ends:
                break
            if words[end] == "," and cue.assertion == "planned" and cue.words[-1] != "for":
                # What is planned is one thing; what it is for may be a list.
                break
            if words[end] == "," and cue.words == ("without",) and not _lists(words, end):
                break
            if any(_starts(e, words, end) for e in cue.ends if " " in e):
                break
            end += 1
    if cue.backward:
        back = first
        while back > 0 and first - back < cue.scope:
            if stops[back - 1] or words[back - 1] in (".", ";"):
                break
            # Over a comma only within a list: "pneumonia, abscess and empyema were ruled out".
            if words[back - 1] == "," and not {"and", "or", "nor"} & set(words[back:first]):
                break
            back -= 1
        if cue.forward and end > last:
            return back, end
        return back, first
    return begin, end


def _lists(words: list[str], comma: int) -> bool:
    """A list goes on behind a comma: ``without fever, chills or cough``."""
    for word in words[comma + 1 :]:
        if word in (".", ";"):
            return False
        if word in ("or", "nor", "and"):
            return True
    return False


def _starts(phrase: str, words: list[str], place: int) -> bool:
    return tuple(words[place : place + phrase.count(" ") + 1]) == tuple(phrase.split())


_ORDER = (
    "family",
    "absent",
    "hypothetical",
    "planned",
    "screening",
    "resolved",
    "historical",
    "possible",
)


def assertion_of(sentence_marks: list[Mark], start: int, end: int) -> tuple[str, Mark | None]:
    """The assertion of a mention, and the cue that gave it.

    Args:
        sentence_marks: as ``marks`` gives them.
        start: first character of the mention, relative to the sentence.
        end: after its last character.
    """
    over = [m for m in sentence_marks if m.start < end and start < m.end]
    over = [m for m in over if not (m.at[0] >= start and m.at[1] <= end)]
    for assertion in _ORDER:
        for mark in over:
            if mark.assertion == assertion:
                return assertion, mark
    return "present", None


_ASKED = re.compile(r"(?:^|[\s(,;])\?\s?$|\?$")


def is_asked(sentence: str, start: int) -> bool:
    """A question mark stands before a mention: ``? OSA``.

    Args:
        sentence: the sentence of the mention.
        start: first character of the mention, relative to the sentence.
    """
    return _ASKED.search(sentence, 0, start) is not None


_NOT_SO = frozenset(["absent", "hypothetical", "planned", "family", "possible", "screening"])


def affirmed(text: str) -> str:
    """The text without what it denies, supposes, plans or says of relatives.

    Args:
        text: any stretch of a chart.

    Returns:
        Its sentences joined by spaces, the governed stretches left out.
    """
    kept = []
    for start, end in sentences(text):
        sentence = text[start:end]
        for mark in reversed([m for m in marks(sentence) if m.assertion in _NOT_SO]):
            sentence = f"{sentence[: mark.start]} {sentence[mark.end :]}"
        kept.append(sentence)
    return " ".join(kept)
