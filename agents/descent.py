"""Goes down from an index entry to full specificity, with what the chart documents.

The Index gets a coder to a code or a header; the Tabular List settles the rest (I.B.2): side,
type, acuity, site, and the 7th character. Unspecified is the last resort, "other" the one before.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from chartcoder.index.words import LATERALITY, canonical, signed, split, tokens
from chartcoder.tabular.store import Entry, TabularList

_SIDES = ("right", "left", "bilateral")


class Facts(NamedTuple):
    """What the chart says that may settle an axis.

    Attributes:
        words: canonical words of the phrase and what belongs to it.
        context: canonical words of the lines around it.
        side: ``right``, ``left``, ``bilateral``, or an empty text.
        encounter: ``initial``, ``subsequent`` or ``sequela``.
        phrase: canonical words of the phrase alone.
        denied: canonical words of what the phrase says is absent: "without hematuria".
        delivered: the mother was delivered during this stay.
    """

    words: frozenset[str]
    context: frozenset[str]
    side: str
    encounter: str
    phrase: frozenset[str]
    denied: frozenset[str] = frozenset()
    delivered: bool = False


class Leaf(NamedTuple):
    """A billable code reached by descent.

    Attributes:
        code: the billable code.
        sureness: 0 to 1: how well the chart settles the choice among its siblings.
        undocumented: axes that nothing in the chart settles.
        partner: the code of the other side, where both sides are documented and no bilateral
            code exists (I.B.13); empty for none.
    """

    code: str
    sureness: float
    undocumented: tuple[str, ...]
    partner: str = ""


def side_of(words: Iterable[str]) -> str:
    """The side that words name."""
    found = set(words)
    if found & {"bilateral", "bilaterally", "both"} or {"right", "left"} <= found:
        return "bilateral"
    for side in ("right", "left"):
        if side in found:
            return side
    return ""


def descend(tabular: TabularList, code: str, facts: Facts) -> Leaf | None:
    """The billable code under an index entry that the chart supports best.

    Args:
        tabular: the Tabular List.
        code: what the Index has, complete or not.
        facts: what the chart documents.

    Returns:
        None where the code is not in this release.
    """
    if facts.side != "bilateral":
        return _descend(tabular, code, facts)
    leaf = _descend(tabular, code, facts)
    if leaf is None or side_in(_title(tabular, leaf.code)) == "bilateral":
        return leaf
    right = _descend(tabular, code, facts._replace(side="right"))
    left = _descend(tabular, code, facts._replace(side="left"))
    if (
        right is not None
        and left is not None
        and side_in(_title(tabular, right.code)) == "right"
        and side_in(_title(tabular, left.code)) == "left"
    ):
        return right._replace(partner=left.code)
    return leaf


def _title(tabular: TabularList, code: str) -> str:
    entry = tabular.get(code)
    return entry.title if entry else ""


def _descend(tabular: TabularList, code: str, facts: Facts) -> Leaf | None:
    bare = code.rstrip("-")
    entry = tabular.get(bare)
    if entry is None:
        under = tabular.billable_under(bare)
        if not under:
            return None
        options = _distinct_parents(tabular, under)
        return _best_leaf(tabular, [tabular.get(c) or under[0] for c in options], None, facts)
    if entry.billable or entry.seventh >= 0:
        return _sideways(tabular, entry, facts)
    return _down(tabular, _sided(tabular, entry, facts), facts, 1.0, ())


def _sided(tabular: TabularList, entry: Entry, facts: Facts) -> Entry:
    """The header for the documented side, where the entry heads an unspecified one."""
    if not facts.side or not _unspecified(entry) or entry.parent < 0:
        return entry
    parent = tabular.at(entry.parent)
    stem = _difference(entry, parent) - _SIDED
    for sibling in tabular.children(parent.code):
        if side_in(sibling.title) == facts.side and _difference(sibling, parent) - _SIDED == stem:
            return sibling
    return entry


def _distinct_parents(tabular: TabularList, under: list[Entry]) -> list[str]:
    return list(dict.fromkeys(e.base for e in under))


def _best_leaf(
    tabular: TabularList, options: list[Entry], header: Entry | None, facts: Facts
) -> Leaf | None:
    if not options:
        return None
    chosen, sure, axes = _choose(options, header, facts)
    if chosen.billable:
        return Leaf(chosen.code, sure, axes)
    return _down(tabular, chosen, facts, sure, axes)


def _down(
    tabular: TabularList, entry: Entry, facts: Facts, sure: float, axes: tuple[str, ...]
) -> Leaf | None:
    if entry.seventh >= 0:
        return _seventh(tabular, entry, facts, sure, axes)
    children = tabular.children(entry.code)
    if not children:
        return None
    chosen, share, found = _choose(children, entry, facts)
    if chosen.billable:
        return Leaf(chosen.code, sure * share, axes + found)
    return _down(tabular, chosen, facts, sure * share, axes + found)


def _seventh(
    tabular: TabularList, entry: Entry, facts: Facts, sure: float, axes: tuple[str, ...]
) -> Leaf | None:
    options = tabular.children(entry.code)
    if not options:
        return None
    by_character = {option.code[-1]: option for option in options}
    if "A" in by_character and "S" in by_character:
        want = {"initial": "A", "subsequent": "D", "sequela": "S"}[facts.encounter]
        chosen = by_character.get(want) or by_character["A"]
        if want == "A" and "B" in by_character and "open" in facts.words:
            chosen = by_character["B"]
        return Leaf(chosen.code, sure, axes)
    chosen, share, found = _choose(options, entry, facts)
    return Leaf(chosen.code, sure * share, axes + found)


def _sideways(tabular: TabularList, entry: Entry, facts: Facts) -> Leaf | None:
    """A code from the Index may be the unspecified one of several: look beside it."""
    if entry.code != entry.base or entry.parent < 0:
        return Leaf(entry.code, 1.0, ())
    parent = tabular.at(entry.parent)
    if parent.kind != "code":
        return _complete(tabular, entry, facts, 1.0, ())
    siblings = [s for s in tabular.children(parent.code) if s.code != entry.code]
    for choice in (_on_side(tabular, entry, parent, siblings, facts),
                   _more_specific(entry, parent, siblings, facts)):  # fmt: skip
        found = _complete(tabular, choice, facts, 0.97, ()) if choice is not None else None
        if found is not None:
            return found
    open_axes = (_axis([entry, *siblings], parent),) if _unspecified(entry) and siblings else ()
    return _complete(tabular, entry, facts, 1.0, open_axes)


def _complete(
    tabular: TabularList, entry: Entry, facts: Facts, sure: float, axes: tuple[str, ...]
) -> Leaf | None:
    """The code itself where it is billable, else what lies below it."""
    return (
        Leaf(entry.code, sure, axes) if entry.billable else _down(tabular, entry, facts, sure, axes)
    )


def _on_side(
    tabular: TabularList, entry: Entry, parent: Entry, siblings: list[Entry], facts: Facts
) -> Entry | None:
    """The code for the documented side, where the entry is for another or an unspecified one."""
    side = side_in(entry.title)
    if not facts.side or side == facts.side or not (side or _unspecified(entry)):
        return None
    stem = _difference(entry, parent) - _SIDED
    fitting = [
        sibling
        for sibling in siblings
        if side_in(sibling.title) == facts.side
        and ((other := _difference(sibling, parent) - _SIDED) == stem or not (other - facts.words))
    ]
    if fitting:
        # "Subluxation and dislocation" above, one of the two in each title: what the phrase says,
        # else what the entry does.
        own = _difference(entry, None) - _SIDED
        titles = [_difference(sibling, None) - _SIDED for sibling in fitting]
        ranks = [(len(title & facts.phrase), len(title & own)) for title in titles]
        return fitting[ranks.index(max(ranks))]
    if side:
        return None
    # An unspecified form: the primary, unilateral one of that side is what is meant by default.
    for sibling in siblings:
        if sibling.billable or _other(sibling) or _difference(sibling, parent) - _SIDED - _USUAL:
            continue
        for below in tabular.children(sibling.code):
            if side_in(below.title) == facts.side:
                return below
    if facts.side == "bilateral":
        for sibling in siblings:
            if side_in(sibling.title) == "bilateral" and not (
                _difference(sibling, parent) - _SIDED - _USUAL
            ):
                return sibling
    return None


def _more_specific(
    entry: Entry, parent: Entry, siblings: list[Entry], facts: Facts
) -> Entry | None:
    """The sibling all of whose further words the chart documents of this problem."""
    if not (_unspecified(entry) or _without(entry)):
        return None
    # What an entry says is absent is just what a sibling may add.
    own = set() if _without(entry) else _difference(entry, parent)
    best: tuple[int, Entry] | None = None
    for sibling in siblings:
        extra = _difference(sibling, parent) - own - _SIDED - _WEAK - _OPTIONAL
        if not extra or _other(sibling) or side_in(sibling.title) or _without(sibling):
            continue
        if "other" in sibling.title.split() and not extra <= facts.phrase:
            continue
        whole = _difference(sibling, parent) - own - _SIDED - _OPTIONAL
        documented = extra <= facts.words or whole <= facts.context - _TOO_COMMON
        if documented and (best is None or len(extra) > best[0]):
            best = (len(extra), sibling)
    return best[1] if best else None


_SIDED = LATERALITY | {"unspecified"}
_USUAL = frozenset(["primary", "unilateral", "idiopathic"])
_OPTIONAL = frozenset(["acute", "chronic"])
_TOO_COMMON = frozenset(["pain", "other", "status", "normal", "type", "left", "right", "history"])


def _choose(
    options: list[Entry], header: Entry | None, facts: Facts
) -> tuple[Entry, float, tuple[str, ...]]:
    """Among siblings, the one the chart supports; with how sure, and the axes left open."""
    if len(options) == 1:
        return options[0], 1.0, ()
    scored = []
    for place, option in enumerate(options):
        extra = _difference(option, header)
        denied = _denied(option, header)
        content = extra - LATERALITY - _WEAK - denied - _left_open(option)
        side = side_in(option.title)
        matched = content & facts.words
        near = (content & facts.context) - matched
        value = 1.0 * len(matched) + 0.35 * len(near) - 0.7 * len(content - matched - near)
        # "Subluxation and dislocation" above: the one that the phrase names.
        value += _NAMED * len((_difference(option, None) - _WEAK - denied) & facts.phrase)
        if side:
            value += 1.5 if side == facts.side else -1.5
        if _unspecified(option):
            value += 0.3 if not facts.side or "side" not in option.title else 0.0
        elif _other(option):
            value -= 0.25
        elif _without(option):
            value += 0.35
        # Documented hematuria rules "without hematuria" out; said to be absent, it asks for it.
        # With a delivery in the stay the code in childbirth is meant, where there is one.
        value += _CHILDBIRTH * (facts.delivered and _in_childbirth(option))
        value += 1.2 * (len(denied & facts.denied) - len(denied & facts.words))
        scored.append((value, -place, option))
    scored.sort(key=lambda s: (-s[0], -s[1]))
    top = scored[0]
    gap = top[0] - scored[1][0]
    documented = bool((_difference(top[2], header) - _WEAK) & facts.words) or (
        facts.side and side_in(top[2].title) == facts.side
    )
    if documented:
        return top[2], min(1.0, 0.8 + 0.2 * gap), ()
    if _unspecified(top[2]) or _without(top[2]):
        return top[2], 0.9, (_axis(options, header),)
    return top[2], 0.6, (_axis(options, header),)


_CHILDBIRTH = 4.0
_NAMED = 0.1
_WEAK = frozenset(
    "unspecified other specified type elsewhere classified disease disorder without mention "
    "complication initial encounter not".split()
)


def _denied(option: Entry, header: Entry | None) -> set[str]:
    """The words that an option, and not already its header, says are absent."""
    tail = "".join(part + " " for part in _ABSENT.findall(option.title.lower()))
    said = {canonical(w) for w in split(tail)} - _EMPTY - _WEAK
    if header is None:
        return said
    above = "".join(part + " " for part in _ABSENT.findall(header.title.lower()))
    return said - {canonical(w) for w in split(above)}


def _left_open(option: Entry) -> set[str]:
    """The words of what an option leaves open: "unspecified whether with hypoxia"."""
    _, _, tail = option.title.partition("unspecified whether ")
    return {canonical(w) for w in split(tail)} | {"whether"} if tail else set()


_ABSENT = re.compile(r"\bwithout (?:mention of )?(.+?)(?= with |, |$)")


def _difference(option: Entry, header: Entry | None) -> set[str]:
    """The words an option adds to its header."""
    own = {canonical(w) for w in split(option.title)} - _EMPTY
    if header is None:
        return own
    return own - {canonical(w) for w in split(header.title)}


_EMPTY = frozenset(
    "a an and are as at by for from in into is it of on or the to with due nos nec".split()
)


def side_in(title: str) -> str:
    """The side a title is for: ``right``, ``left``, ``bilateral``, or an empty text."""
    words = set(split(title))
    if "bilateral" in words:
        return "bilateral"
    if "right" in words and "left" not in words:
        return "right"
    if "left" in words and "right" not in words:
        return "left"
    return ""


def _unspecified(entry: Entry) -> bool:
    return "unspecified" in entry.title.lower() or " NOS" in entry.title


def _other(entry: Entry) -> bool:
    return entry.title.startswith("Other ") or " other " in entry.title


def _in_childbirth(entry: Entry) -> bool:
    return "childbirth" in entry.title and "pregnancy" not in entry.title


def _without(entry: Entry) -> bool:
    return " without " in entry.title or entry.title.lower().startswith("not ")


def _axis(options: list[Entry], header: Entry | None) -> str:
    """What the options differ by, in a coder's word."""
    titles = " ".join(o.title.lower() for o in options)
    if "right" in titles and "left" in titles:
        return "laterality"
    if "trimester" in titles:
        return "trimester"
    if "stage" in titles:
        return "stage"
    if "acute" in titles or "chronic" in titles:
        return "acuity"
    if "intractable" in titles:
        return "intractability"
    return "type"


def facts_from(phrase: str, nearby: str, encounter: str) -> Facts:
    """Gathers facts from the words of a phrase and of the lines around it."""
    denied = frozenset(signed(phrase).denied)
    phrase_words = frozenset(canonical(w) for w in split(phrase)) | frozenset(tokens(phrase))
    near_words = frozenset(canonical(w) for w in split(nearby)) - denied
    words = phrase_words - denied
    return Facts(words, near_words, side_of(split(phrase)), encounter, words, denied)


_SITE_WINDOW = 3


def side_near(phrase: str, text: str) -> str:
    """The side that a text gives to a word of the phrase, if it gives it only one.

    Only sides within three words of a word of the phrase count, so that the left knee says
    nothing of the ovary.
    """
    wanted = (
        {canonical(w) for w in split(phrase) if len(w) > 3 and w not in _NOT_SITES}
        - _WEAK
        - LATERALITY
    )
    if not wanted:
        return ""
    words = split(text)
    found: set[str] = set()
    for place, word in enumerate(words):
        if word not in _SIDE_WORDS:
            continue
        near = words[place + 1 : place + 1 + _SITE_WINDOW]
        if any(canonical(w) in wanted for w in near):
            found.add(_SIDE_WORDS[word])
    if "bilateral" in found:
        return "bilateral"
    return found.pop() if len(found) == 1 else ""


_SIDE_WORDS = {
    "right": "right", "left": "left", "bilateral": "bilateral", "bilaterally": "bilateral",
    "both": "bilateral",
}  # fmt: skip
_NOT_SITES = frozenset("pain disease acute chronic injury with from primary cancer".split())
