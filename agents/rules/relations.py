"""Relations between two documented conditions: tied by the provider, unrelated, at the same site.

The "with" convention presumes a tie that the Index states (I.A.15) unless the chart says that the
two have nothing to do with each other, or names another cause.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Literal

from chartcoder.agents.values import Candidate, Evidence
from chartcoder.index.words import canonical, read_table, split, tokens
from chartcoder.tabular.home import resources
from chartcoder.tabular.notes import instructions
from chartcoder.tabular.references import Reference
from chartcoder.tabular.store import TabularList

Tie = Literal["tied", "unrelated", ""]

_CAUSES = (
    r"due to|d/t|secondary to|2/2|2°|because of|caused by|causing|from|related to|r/t|"
    r"attributed to|resulting (?:in|from)|leading to|triggered by|precipitated by|induced by"
)
_JOINS = r"with|w/|complicated by|c/b|in (?:the )?setting of|i/s/o|associated with|assoc w/"
_TIES = re.compile(rf"(?<![\w/])(?:{_CAUSES}|{_JOINS})(?![\w])", re.IGNORECASE)
_OTHER_CAUSE = re.compile(
    rf"^[\s,(]*(?:is |was |likely |felt |thought (?:to be )?)*(?:{_CAUSES})(?!\w)\s*"
    r"(?P<cause>[^.;\n]{2,60})",
    re.IGNORECASE,
)
_UNRELATED = re.compile(
    r"\b(?:unrelated|not (?:felt |thought |believed )?(?:to be )?"
    r"(?:related|due|secondary|attributed|caused|associated)|independent of|nondiabetic|"
    r"non-diabetic|not diabetic|nonhypertensive|non-hypertensive)\b",
    re.IGNORECASE,
)
_END = re.compile(r"[.;!?]\s|\n\s*\n|\n\s*(?:[-*•#]|\d{1,2}[.)])")
_REACH = 110
# Causes that are themselves presumed by the classification do not take a presumption away.
_ALSO_PRESUMED = frozenset(
    ["hypertension", "hypertensive", "diabetes", "htn", "dm", "t2dm", "t1dm"]
)


def tie(text: str, first: Iterable[Evidence], second: Iterable[Evidence]) -> Tie:
    """What the chart says of two conditions, the second being what the first may bring about.

    Args:
        text: the chart.
        first: evidence of the one condition.
        second: evidence of the other.

    Returns:
        ``tied`` where the provider joins them, ``unrelated`` where the provider parts them or
        gives the second another cause, and an empty text where nothing is said.
    """
    found: Tie = ""
    others = list(second)
    for one in first:
        for other in others:
            said = _between(text, one, other)
            if said == "tied":
                return "tied"
            found = found or said
    return found


def _between(text: str, one: Evidence, other: Evidence) -> Tie:
    if one.id == other.id:
        return "tied"
    early, late = sorted((one.span, other.span), key=lambda s: (s.start, s.end))
    if late.start < early.end:
        return "tied"
    words = frozenset(tokens(one.phrase)) | frozenset(tokens(one.span.text))
    after = _OTHER_CAUSE.match(text[other.span.end : other.span.end + 90])
    if after is not None:
        cause = {canonical(w) for w in split(after["cause"])}
        if cause & words:
            return "tied"
        if not cause & _ALSO_PRESUMED:
            return "unrelated"
    gap = text[early.end : late.start]
    if len(gap) > _REACH or _END.search(gap):
        return ""
    if _UNRELATED.search(gap) or _UNRELATED.search(other.span.text):
        return "unrelated"
    return "tied" if _TIES.search(gap) else ""


def parted(text: str, items: Sequence[Evidence]) -> bool:
    """Says whether the sentence of a condition says that it is unrelated to another."""
    for item in items:
        start = max(text.rfind("\n", 0, item.span.start), text.rfind(". ", 0, item.span.start)) + 1
        end = _END.search(text, item.span.end)
        if _UNRELATED.search(text[start : end.start() if end else len(text)]):
            return True
    return False


def is_due_to(text: str, symptom: Evidence, cause: Evidence) -> bool:
    """Says whether the provider lays a symptom to a condition: "pain due to", "cough from"."""
    gap_start, gap_end = symptom.span.end, cause.span.start
    if gap_end >= gap_start:
        gap = text[gap_start:gap_end]
        return len(gap) <= _REACH and not _END.search(gap) and bool(
            re.search(rf"(?<![\w/])(?:{_CAUSES}|explained by)(?!\w)", gap, re.IGNORECASE)
        )  # fmt: skip
    gap = text[cause.span.end : symptom.span.start]
    return len(gap) <= 40 and not _END.search(gap) and bool(
        re.search(r"(?<!\w)(?:causing|leading to|resulting in|explains|with)(?!\w)", gap, re.I)
    )  # fmt: skip


def asks_for(tabular: TabularList, code: str, other: str) -> bool:
    """Says whether a note of one code asks for the other beside it, or the other's for it first."""
    return any(
        kind in kinds and reference.matches(named)
        for carrier, named, kinds in (
            (code, other, ("use_additional", "code_also")),
            (other, code, ("code_first", "code_also")),
        )
        for kind, reference in _asked(tabular, carrier)
    )


@lru_cache(maxsize=4096)
def _asked(tabular: TabularList, code: str) -> tuple[tuple[str, Reference], ...]:
    """Every code that the notes of a code ask for, with the kind of note."""
    return tuple(
        (block.kind, reference)
        for block in instructions(tabular, code)
        if block.kind in ("use_additional", "code_also", "code_first")
        for line in block.lines
        for reference in line.references
    )


def side(title: str) -> str:
    """The side a title states: ``right``, ``left``, ``bilateral``, or an empty text."""
    words = set(split(title))
    if "bilateral" in words:
        return "bilateral"
    found = words & {"right", "left"}
    return found.pop() if len(found) == 1 else ""


def same_site(
    one: Candidate, other: Candidate, by_id: Mapping[int, Evidence] | None = None
) -> bool:
    """Says whether two codes can concern the same part of the body: no site or side forbids it.

    Args:
        one: a code.
        other: another.
        by_id: the evidence, whose words name the site where the title does not, or more closely.
    """
    sides = {side(one.title), side(other.title)} - {"", "bilateral"}
    if len(sides) > 1:
        return False
    first, second = _sites_of(one, by_id or {}), _sites_of(other, by_id or {})
    if not first or not second:
        return True
    return any(a == b or b in _above(a) or a in _above(b) for a in first for b in second)


def _sites_of(candidate: Candidate, by_id: Mapping[int, Evidence]) -> frozenset[str]:
    stated = sites(candidate.title)
    items = [by_id[n] for n in candidate.evidence if n in by_id]
    spoken = frozenset(s for item in items for s in sites(item.phrase))
    closer = frozenset(s for s in spoken if not stated or _above(s) & stated)
    return closer or stated


def unrelated_pairs(
    text: str, evidence: Iterable[Evidence], candidates: Sequence[Candidate]
) -> list[tuple[str, str]]:
    """Pairs of codes that the chart shows to be for different things (I.A.12.a).

    The provider says so, or they are injuries of different sites, or effects of different drugs.
    """
    by_id = {e.id: e for e in evidence}
    found = []
    for place, one in enumerate(candidates):
        for other in candidates[place + 1 :]:
            apart = not set(one.evidence) & set(other.evidence)
            if one.code[0] in "ST" and other.code[0] in "ST" and apart:
                drugs = all("T36" <= c.code[:3] <= "T50" for c in (one, other))
                if drugs or not same_site(one, other, by_id):
                    found.append((one.code, other.code))
                    continue
            first = [by_id[n] for n in one.evidence if n in by_id]
            second = [by_id[n] for n in other.evidence if n in by_id]
            if apart and tie(text, first, second) == "unrelated":
                found.append((one.code, other.code))
    return found


@cache
def _anatomy() -> tuple[dict[frozenset[str], str], dict[str, frozenset[str]]]:
    names: dict[frozenset[str], str] = {}
    parents: dict[str, set[str]] = {}
    for row in read_table(resources() / "lexicon" / "sites.tsv"):
        if row["kind"] == "paired":
            continue
        site, above = row["site"].lower(), row["part_of"].lower()
        parents.setdefault(site, set()).add(above)
        for name in (site, above):
            names.setdefault(frozenset(tokens(name)), name)
    closed: dict[str, frozenset[str]] = {}

    def close(name: str, trail: frozenset[str]) -> frozenset[str]:
        if name not in closed:
            found: set[str] = set()
            for parent in sorted(parents.get(name, ())):
                if parent not in trail:
                    found |= {parent} | close(parent, trail | {parent})
            closed[name] = frozenset(found)
        return closed[name]

    for name in sorted({*parents, *(p for group in parents.values() for p in group)}):
        close(name, frozenset([name]))
    return names, closed


def _above(site: str) -> frozenset[str]:
    return _anatomy()[1].get(site, frozenset())


@lru_cache(maxsize=4096)
def sites(title: str) -> frozenset[str]:
    """The sites of the body that a title names, the most specific ones."""
    words = frozenset(tokens(title))
    found = {name for tokens_of, name in _by_word(words) if tokens_of <= words}
    return frozenset(s for s in found if not any(s in _above(o) and s != o for o in found))


def _by_word(words: frozenset[str]) -> list[tuple[frozenset[str], str]]:
    index = _word_index()
    return [pair for word in sorted(words) for pair in index.get(word, ())]


@cache
def _word_index() -> dict[str, tuple[tuple[frozenset[str], str], ...]]:
    index: dict[str, list[tuple[frozenset[str], str]]] = {}
    for key, name in _anatomy()[0].items():
        if key:
            index.setdefault(min(key), []).append((key, name))
    return {word: tuple(pairs) for word, pairs in index.items()}
