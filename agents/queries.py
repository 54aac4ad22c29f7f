"""Questions to the provider, in neutral words, with the code that each answer would give.

A query names what the record says, leads to no answer, and always offers "other" and "unable to
determine". It is asked only where an unspecified code was assigned although the classification
tells more, or where the record contradicts itself.

Source: Official Guidelines I.A.19, I.B.13, I.B.18; the joint practice brief of AHIMA and ACDIS,
Guidelines for Achieving a Compliant Query Practice (2022).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from chartcoder.agents.book import Book
from chartcoder.agents.descent import Facts, descend
from chartcoder.agents.values import Candidate, Evidence, Query, QueryAnswer
from chartcoder.index.words import LATERALITY, canonical, read_table, split, tokens
from chartcoder.tabular.home import resources
from chartcoder.tabular.store import Entry, TabularList

_MOST_ANSWERS = 10
_SECTIONS = {
    "laterality": "I.B.13", "trimester": "I.C.15.a.3", "stage": "I.B.2", "acuity": "I.B.8",
    "severity": "I.B.2", "control": "I.B.2", "type": "I.B.18",
}  # fmt: skip
_ASKS = {
    "laterality": "the side of the body that is affected",
    "trimester": "the weeks of gestation or the trimester",
    "stage": "the stage",
    "acuity": "whether the condition is acute, chronic, or both",
    "severity": "the severity",
    "control": "whether the condition is intractable or refractory to treatment",
    "type": "the type of the condition, in as much detail as is clinically known",
}
_OPEN = (
    QueryAnswer(answer="Other (please specify)", code="", title=""),
    QueryAnswer(answer="Unable to determine", code="", title=""),
)
_ACUITY = frozenset(["acute", "subacute", "chronic"])
_SEVERITY = frozenset(["mild", "moderate", "severe", "profound"])
_VAGUE = frozenset(["unspecified", "nos"])


def queries_for(book: Book, candidates: Sequence[Candidate]) -> list[Query]:
    """The queries about axes of assigned codes that the record leaves open.

    Args:
        book: the opened book.
        candidates: the codes assigned.
    """
    asked = (_about(book.tabular, one) for one in candidates)
    return [query for query in asked if query is not None]


def _about(tabular: TabularList, one: Candidate) -> Query | None:
    entry = tabular.get(one.code)
    if entry is None or one.code[0] in "RVWXYZ" or not _is_vague(entry.title):
        return None
    step = tabular.get(entry.base)
    while step is not None and step.parent >= 0:
        header = tabular.at(step.parent)
        if header.kind != "code":
            return None
        siblings = [s for s in tabular.children(header.code) if s.code != step.code]
        axis, fitting = _axis(step, siblings)
        worth = axis and (axis != "type" or one.code.startswith(_types_worth_asking()))
        if worth and 0 < len(fitting) <= _MOST_ANSWERS:
            answers = [
                answer
                for sibling in fitting
                if (answer := _answer(tabular, header, sibling, one.code)) is not None
            ]
            if answers:
                return _query(one, axis, answers)
        step = _above(tabular, step)
    return None


_OR_UNSPECIFIED = re.compile(r"\b(?:or|and) unspecified\b", re.IGNORECASE)


def _is_vague(title: str) -> bool:
    """Says whether a title leaves something open; "stage 1 to 4 or unspecified" names a group."""
    return bool(_VAGUE & set(split(_OR_UNSPECIFIED.sub("", title))))


@cache
def _types_worth_asking() -> tuple[str, ...]:
    return tuple(row["codes"] for row in read_table(resources() / "rules" / "queries.tsv"))


def _above(tabular: TabularList, entry: Entry | None) -> Entry | None:
    """The header of a code, where that is itself the vague one of its row (M25.51, M25.519)."""
    if entry is None or entry.parent < 0:
        return None
    above = tabular.at(entry.parent)
    vague = _is_vague(above.title) or above.title.startswith("Other and unspecified")
    return above if above.kind == "code" and vague else None


# What a sibling says, given the words of the unspecified code.
_AXES: tuple[tuple[str, Callable[[set[str], set[str]], bool]], ...] = (
    ("trimester", lambda words, own: "trimester" in words),
    ("stage", lambda words, own: bool({"stage", "unstageable"} & words) and words != own),
    ("severity", lambda words, own: bool(_SEVERITY & words - own)),
    ("acuity", lambda words, own: bool(_ACUITY & words) and _same(words - _ACUITY, own)),
    ("control", lambda words, own: "intractable" in words - own),
)


def _axis(step: Entry, siblings: Sequence[Entry]) -> tuple[str, list[Entry]]:
    """What the siblings of an unspecified code differ by, and those that answer to it."""
    stem = _plain(step.title)
    sided = [s for s in siblings if set(split(s.title)) & LATERALITY and _plain(s.title) <= stem]
    if sided and not set(split(step.title)) & LATERALITY:
        return "laterality", sided
    named = [s for s in siblings if not _is_vague(s.title)]
    own = set(split(step.title))
    for axis, says in _AXES:
        fitting = [s for s in named if says(set(split(s.title)), own)]
        if fitting:
            return axis, fitting
    specific = [s for s in named if not s.title.startswith("Other ")]
    return ("type", specific) if specific else ("", [])


def _same(words: set[str], own: set[str]) -> bool:
    """Says whether two titles differ in nothing else."""
    return _plain(" ".join(sorted(words))) == _plain(" ".join(sorted(own)))


def _plain(title: str) -> set[str]:
    return set(tokens(title)) - LATERALITY - {canonical("unspecified")}


def _answer(tabular: TabularList, header: Entry, sibling: Entry, code: str) -> QueryAnswer | None:
    """The sibling as an answer, at the full length that a code needs, the 7th character kept."""
    facts = Facts(frozenset(), frozenset(), "", "initial", frozenset())
    found = sibling if sibling.billable else None
    if found is None:
        same = [e for e in tabular.children(sibling.code) if e.billable and e.code[-1] == code[-1]]
        seventh = sibling.seventh >= 0 and len(code.replace(".", "")) == 7
        if seventh and same:
            found = same[0]
        else:
            leaf = descend(tabular, sibling.code, facts)
            found = tabular.get(leaf.code) if leaf is not None else None
    if found is None:
        return None
    return QueryAnswer(answer=sibling.title, code=found.code, title=found.title)


def _query(one: Candidate, axis: str, answers: Sequence[QueryAnswer]) -> Query:
    return Query(
        question=(
            f'The record documents "{one.title}". Based on your clinical judgement and the '
            f"findings in this record, can {_ASKS[axis]} be further specified?"
        ),
        about=(one.code,),
        axis=axis,
        answers=(*answers, *_OPEN),
        section=_SECTIONS[axis],
    )


def contradictions(
    candidates: Sequence[Candidate],
    evidence: Sequence[Evidence],
    passed_over: Iterable[tuple[Evidence, str]],
) -> list[Query]:
    """Queries about conditions that the record both states and denies.

    Args:
        candidates: the codes assigned.
        evidence: the evidence that counts.
        passed_over: the evidence that does not count, with the reason.
    """
    by_id = {e.id: e for e in evidence}
    denied: dict[frozenset[str], Evidence] = {}
    for passed, _ in passed_over:
        if passed.span.assertion == "absent":
            denied.setdefault(frozenset(tokens(passed.phrase)), passed)
    found: list[Query] = []
    for one in candidates:
        if one.code[0] in "RVWXYZ":
            continue
        for number in one.evidence:
            item = by_id.get(number)
            other = denied.get(frozenset(tokens(item.phrase))) if item is not None else None
            if item is not None and other is not None:
                found.append(_contradiction(one, item, other))
                break
    return found


def _contradiction(one: Candidate, stated: Evidence, denied: Evidence) -> Query:
    return Query(
        question=(
            f"The record states \"{stated.span.text}\" in one place and denies it in another "
            f"(\"{denied.span.text}\"). Based on your clinical judgement, please clarify whether "
            "the condition was present at this encounter."
        ),
        about=(one.code,),
        axis="conflicting statements",
        answers=(
            QueryAnswer(answer="The condition was present", code=one.code, title=one.title),
            QueryAnswer(answer="The condition was not present", code="", title=""),
            *_OPEN,
        ),
        section="I.A.19",
    )  # fmt: skip
