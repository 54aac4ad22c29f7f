"""Which mentions? The rules judge's answer: problems of the chart, cut into conditions."""

import re
from typing import Literal, NamedTuple

from chartcoder.agents.rules.assertion import assertion_of, is_asked, marks
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.document import Document, sentences
from chartcoder.agents.rules.lookup import Lookup
from chartcoder.agents.rules.nouns import kind_of_phrase, purpose_words
from chartcoder.agents.rules.phrases import segment
from chartcoder.agents.rules.policies import Policies
from chartcoder.agents.rules.problems import Problem, find_problems
from chartcoder.agents.values import Assertion, Evidence, Span
from chartcoder.index.lexicon import as_diagnosis, expand
from chartcoder.index.words import split, tokens

Role = Literal["problem", "finding", "status", "history", "medication", "cause"]
_LEAST = 0.35
_LEAST_AFTER = 0.55
_LEAST_IN_PROSE = 0.75
_WITH_CUE = 0.6
_ENCOUNTER = 0.75
_AFTER = re.compile(r"(?<![\w/])(?:s/p|status post|after|following)\s*$", re.IGNORECASE)
_TRIM = " \t\n.,;:-–—*•"
_SOFT = re.compile(
    r"^(?:the |a |an |his |her |their |this |that |patient has |new |known |mild(?:ly)? "
    r"|self[- ]inflicted )+",
    re.I,
)


class Mention(NamedTuple):
    """A condition or circumstance found in the chart, before it is judged.

    Attributes:
        start: offset of its first character in the chart.
        end: offset after its last character.
        phrase: what to look up.
        assertion: as ``assertion_of`` gives it.
        cue: the words that gave the assertion; empty for none.
        guideline: the cue is an uncertain term that the guidelines name.
        section: kind of the section it stands in.
        context: stretch of the chart that belongs to it, ``(start, end)``.
        role: what it is: a problem, a finding, a status, history, a medication, a cause.
        primary: it is the first problem.
        reason: why it counts.
        modifiers: words beside it that qualify it: a side, a site, an acuity.
    """

    start: int
    end: int
    phrase: str
    assertion: str
    cue: str
    guideline: bool
    section: str
    context: tuple[int, int]
    role: Role = "problem"
    primary: bool = False
    reason: str = "named as a problem"
    modifiers: tuple[str, ...] = ()


def find_mentions(document: Document, lookup: Lookup, policies: Policies) -> list[Mention]:
    """Cuts every problem of the chart into conditions with their assertion."""
    found: list[Mention] = []
    for problem in find_problems(document):
        stretches = (
            list(sentences(document.text, problem.start, problem.end))
            if problem.prose
            else [(problem.start, problem.end)]
        )
        for start, end in stretches:
            found += _cut(document.text, start, end, problem, lookup)
    return found


def _cut(text: str, start: int, end: int, problem: Problem, lookup: Lookup) -> list[Mention]:
    sentence = text[start:end]
    cues = marks(sentence)
    memory: dict[tuple[int, int], float] = {}

    def score(first: int, last: int) -> float:
        key = (first, last)
        if key not in memory:
            phrase = _bare(sentence, first, last, cues)[2]
            best = lookup.find(phrase, 5) if phrase else []
            memory[key] = max(0.0, best[0].score - 0.25) * lookup.weight(phrase) if best else 0.0
        return memory[key]

    mentions: list[Mention] = []
    before = ""
    for first, last in segment(sentence, score):
        told = cue("did_not").search(sentence, first, last)
        if told and told.start() > first:
            last = told.start()
        begin, stop, phrase = _bare(sentence, first, last, cues)
        if not phrase or not tokens(phrase):
            continue
        phrase = as_diagnosis(phrase, lookup.context) or phrase
        kind = kind_of_phrase(expand(phrase, lookup.context)[0])
        whole = sentence[first:last].strip(_TRIM)
        if first <= 3 and _stands_by_itself(lookup, whole):
            place = start + sentence.index(whole, first)
            mentions.append(
                Mention(
                    place, place + len(whole), whole, "present", "", False, problem.section,
                    problem.context, "status", problem.order == 0, "a reason for the encounter",
                )
            )  # fmt: skip
            continue
        if kind == "procedure":
            continue
        if kind in ("site", "modifier", ""):
            # A side, a site or an acuity by itself belongs to the condition it stands beside.
            if mentions:
                mentions[-1] = mentions[-1]._replace(modifiers=(*mentions[-1].modifiers, phrase))
            else:
                before = f"{before} {phrase}".strip()
            continue
        if before:
            joined = f"{before} {phrase}"
            both, alone = lookup.find(joined, 1), lookup.find(phrase, 1)
            if both and (not alone or both[0].score >= 0.9 * alone[0].score):
                phrase = joined
        best = lookup.find(phrase, 5)
        least = _LEAST_IN_PROSE if problem.prose else _LEAST if first < 4 else _LEAST_AFTER
        one_word = first >= 4 and len(tokens(phrase)) == 1
        if not best or best[0].score < least or (one_word and best[0].missing):
            # Words that lead nowhere by themselves may still say a side or a site.
            if mentions and not problem.prose and not _AFTER.search(sentence, 0, first):
                mentions[-1] = mentions[-1]._replace(modifiers=(*mentions[-1].modifiers, phrase))
            continue
        assertion, mark = assertion_of(cues, begin, stop)
        if assertion == "present" and is_asked(sentence, begin):
            assertion = "possible"
        mention = Mention(
            start + begin, start + stop, phrase, assertion, mark.cue if mark else "",
            bool(mark and mark.guideline), problem.section, problem.context,
            primary=problem.order == 0, modifiers=(before,) if before else (),
        )  # fmt: skip
        before = ""
        if mark is not None:
            mention = _with_its_cue(mention, sentence, start, lookup, mark.cue)
        mentions.append(mention)
    return mentions


def _stands_by_itself(lookup: Lookup, phrase: str) -> bool:
    """Says whether words of procedures are a reason for an encounter: "screening mammogram"."""
    written = expand(phrase, lookup.context)[0]
    if purpose_words().isdisjoint(split(written)):
        return False
    best = lookup.find(phrase, 1)
    return bool(best) and best[0].score >= _ENCOUNTER and best[0].code.startswith("Z")


def _with_its_cue(
    mention: Mention, sentence: str, start: int, lookup: Lookup, said_with: str
) -> Mention:
    """A mention together with its cue, where the Index has the two as one entry.

    "Family history of breast cancer", "old myocardial infarction" and "need for influenza
    vaccination" are entries of their own: there the cue is part of what is documented.
    """
    place = sentence.lower().rfind(said_with, 0, mention.start - start + len(said_with) + 1)
    if place < 0 or mention.start - start - place > len(said_with) + 4:
        return mention
    whole = sentence[place : mention.end - start].strip(_TRIM)
    found = lookup.find(whole, 1)
    said = set(tokens(expand(said_with, lookup.context)[0]))
    if not found:
        return mention
    best = found[0]
    together = best.score >= _WITH_CUE and said & set(best.matched)
    if together or (best.score >= _ENCOUNTER and best.code.startswith("Z")):
        return mention._replace(
            start=start + place, phrase=whole, assertion="present", role="history"
        )
    return mention


def _bare(sentence: str, first: int, last: int, cues: list) -> tuple[int, int, str]:  # type: ignore[type-arg]
    """The stretch without the cues and soft words at its edges."""
    changed = True
    while changed and first < last:
        changed = False
        for mark in cues:
            begin, stop = mark.at
            if first <= begin and begin - first <= 2 and stop <= last:
                first, changed = stop, True
            elif stop <= last and last - stop <= 2 and begin >= first:
                last, changed = begin, True
        while first < last and sentence[first] in _TRIM:
            first, changed = first + 1, True
        while last > first and sentence[last - 1] in _TRIM:
            last, changed = last - 1, True
        soft = _SOFT.match(sentence[first:last])
        if soft:
            first, changed = first + soft.end(), True
    return first, last, sentence[first:last]


def as_evidence(mention: Mention, number: int, text: str) -> Evidence:
    """A mention as a value that passes between the agents."""
    assertion: Assertion = (
        mention.assertion if mention.assertion in _ASSERTIONS else "present"  # type: ignore[assignment]
    )
    start, stop = mention.context
    section = mention.section
    return Evidence(
        id=number,
        span=Span(
            start=mention.start, end=mention.end, text=text[mention.start : mention.end],
            section=section, assertion=assertion,
        ),
        phrase=mention.phrase,
        support=(Span(start=start, end=stop, text=text[start:stop], section=section),),
        modifiers=mention.modifiers,
        role=mention.role,
        primary=mention.primary,
        reason=mention.reason,
    )  # fmt: skip


_ASSERTIONS = frozenset(
    ["present", "absent", "possible", "historical", "family", "hypothetical", "planned"]
)
