"""Which set? The question to the model over what the rules left open, and its verdicts."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from chartcoder.agents.book import Book
from chartcoder.agents.model.account import Account
from chartcoder.agents.model.answers import FailedAnswer, SetAnswer, SetItem
from chartcoder.agents.model.lexicon import prefixes
from chartcoder.agents.model.prompts import Messages, Prompt
from chartcoder.agents.model.quotes import QuoteFinder
from chartcoder.agents.model.reach import conflicts
from chartcoder.agents.model.show import encounter_line, quoted, sentence_around
from chartcoder.agents.values import (
    Candidate,
    Chart,
    Evidence,
    Query,
    Rejected,
    Settlement,
    Wanted,
)
from chartcoder.tabular.home import resources

_MOST_SENTENCE = 200
_DIGESTS = {
    "outpatient": ("outpatient.md",),
    "inpatient": ("principal-diagnosis.md", "additional-diagnoses.md"),
}
_SIDE = re.compile(r"\b(?:right|left)\b")


class Numbered(NamedTuple):
    """A question with what its numbers stand for; ``made`` are combinations by the rules."""

    messages: Messages
    codes: Mapping[int, Candidate]
    made: frozenset[int]


@cache
def digest(setting: str | None) -> str:
    """The guideline digest of a setting, without its heading."""
    files = _DIGESTS["inpatient" if setting == "inpatient" else "outpatient"]
    texts = [(resources() / "guidelines" / name).read_text("utf-8") for name in files]
    return "\n".join(line for text in texts for line in text.splitlines() if line.strip())


def question(
    prompt: Prompt,
    chart: Chart,
    book: Book,
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
    by_rules: Settlement,
    setting: str | None,
    left_open: Sequence[str],
) -> Numbered:
    """The question about a set.

    Args:
        prompt: the reconciler's prompt.
        chart: the chart.
        book: the opened book.
        evidence: the evidence of the chart.
        candidates: the codes, each once.
        by_rules: what the rules judge makes of the same codes.
        setting: decides which digest is shown.
        left_open: as ``open_questions`` gives it.
    """
    given = {one.code for one in candidates}
    made = [one for one in by_rules.kept if one.code not in given]
    numbers = {one.code: n for n, one in enumerate((*candidates, *made), 1)}
    by_id = {item.id: item for item in evidence}
    shown = []
    for one in (*candidates, *made):
        items = [by_id[n] for n in one.evidence if n in by_id]
        words = [
            quoted(sentence_around(chart.text, i.span.start, i.span.end), _MOST_SENTENCE)
            for i in items[:2]
        ]
        facts = sorted({fact for item in items for fact in _facts(item)})
        if one.code not in given:
            facts = ["a combination that the rules of the book make of others"]
        tail = f" ({'; '.join(facts)})" if facts else ""
        shown.append(f"{numbers[one.code]} {one.title}{tail}\n    chart: {' / '.join(words)}")
    left = "\n".join(["What the rules left open:", *(f"- {line}" for line in left_open)])
    filled = prompt.fill(
        {
            "year": book.release.year, "encounter": encounter_line(chart.encounter, setting),
            "digest": digest(setting), "set": "\n".join(shown), "open": left,
        }
    )  # fmt: skip
    return Numbered(
        filled, dict(enumerate((*candidates, *made), 1)),
        frozenset(numbers[one.code] for one in made),
    )  # fmt: skip


def _facts(item: Evidence) -> list[str]:
    facts = []
    if item.span.section:
        facts.append(item.span.section.replace("_", " "))
    if item.span.assertion != "present":
        facts.append(item.span.assertion)
    if item.primary:
        facts.append("the chief reason")
    return facts


def open_questions(
    book: Book,
    evidence: Sequence[Evidence],
    candidates: Sequence[Candidate],
    by_rules: Settlement,
) -> list[str]:
    """What the rules cannot settle about a set, in sentences that name codes by number.

    Empty where nothing is open: then no question is asked.
    """
    given = {one.code for one in candidates}
    made = [one for one in by_rules.kept if one.code not in given]
    numbers = {one.code: n for n, one in enumerate((*candidates, *made), 1)}
    lines = []
    for finding in conflicts(book, [c.code for c in candidates]):
        pair = " and ".join(str(numbers[c]) for c in finding.codes if c in numbers)
        note = f' Note: "{finding.note[:160]}"' if finding.note else ""
        wording = "may not stand together" if finding.severity == "error" else "may not go together"
        lines.append(f"{pair} {wording} ({finding.section}).{note}")
    kept = {c.code for c in by_rules.kept}
    for one in (*by_rules.rejected, *by_rules.suggested):
        if one.code in numbers and one.code not in kept:
            reason = _worded(one.reason, numbers)
            lines.append(f"The rules would leave out {numbers[one.code]}: {reason}.")
    lines += [f"The rules would put {numbers[c.code]} in the place of others." for c in made]
    lines += _judged(evidence, candidates, numbers)
    return list(dict.fromkeys(lines))


def _judged(
    evidence: Sequence[Evidence], candidates: Sequence[Candidate], numbers: Mapping[str, int]
) -> list[str]:
    """Where the guidelines ask for judgement: symptoms, uncertain words, neighbours, history."""
    by_id = {item.id: item for item in evidence}
    lines = []
    categories: dict[str, list[int]] = {}
    for one in candidates:
        number = numbers[one.code]
        categories.setdefault(one.code[:3], []).append(number)
        if _is_symptom(one.code) and len(candidates) > 1:
            lines.append(f"{number} is a symptom or finding: does another code explain it (I.B.5)?")
        if one.code.startswith(prefixes("statuses")) and len(candidates) > 1:
            lines.append(f"{number} is history or status: does it bear on this encounter?")
        said = {by_id[n].span.assertion for n in one.evidence if n in by_id}
        if said and "present" not in said:
            lines.append(f"{number} rests on words that are {', '.join(sorted(said))}.")
    for several in categories.values():
        bare = {_SIDE.sub("", c.title.lower()) for c in candidates if numbers[c.code] in several}
        if len(several) > 1 and len(bare) > 1:
            listed = ", ".join(map(str, several))
            lines.append(f"{listed} are of one category: is each documented in its own right?")
    return lines


def _is_symptom(code: str) -> bool:
    return code.startswith(prefixes("symptoms")) and not code.startswith(prefixes("no_symptoms"))


def _worded(reason: str, numbers: Mapping[str, int]) -> str:
    """A reason of the rules with numbers in place of codes."""
    for code in sorted(numbers, key=len, reverse=True):
        reason = reason.replace(code, f"number {numbers[code]}")
    return reason.rstrip(".")


def check(answer: SetAnswer, asked: Numbered) -> None:
    """Sees whether an answer speaks of the set that was asked about.

    Raises:
        FailedAnswer: it names none of its numbers.
    """
    if asked.codes and not any(item.number in asked.codes for item in answer.items):
        raise FailedAnswer(
            "answer to another question", "None of the numbers of the set is answered."
        )


class Verdicts(NamedTuple):
    """What an answer makes of a set.

    Attributes:
        kept: the codes reported, the first-listed one first.
        rejected: those left out.
        suggested: those a person may want to add.
        unanswered: those the answer passes over.
        queries: questions to the provider.
        wanted: partners to look for.
        first: the code that is sequenced first; empty where the answer names none.
    """

    kept: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]
    suggested: tuple[Rejected, ...]
    unanswered: tuple[Candidate, ...]
    queries: tuple[Query, ...]
    wanted: tuple[Wanted, ...]
    first: str


def read(answer: SetAnswer, asked: Numbered, chart: Chart, account: Account) -> Verdicts:
    """The verdict on each code of the set."""
    verdicts: dict[int, SetItem] = {}
    for item in answer.items:
        if item.number in asked.codes:
            verdicts.setdefault(item.number, item)
    kept: list[Candidate] = []
    rejected: list[Rejected] = []
    suggested: list[Rejected] = []
    unanswered: list[Candidate] = []
    for number, one in asked.codes.items():
        verdict = verdicts.get(number)
        if verdict is None:
            if number not in asked.made:
                unanswered.append(one)
        elif verdict.verdict == "report":
            kept.append(one)
        else:
            section = f" ({verdict.section.strip()})" if verdict.section.strip() else ""
            turned = Rejected(
                code=one.code, title=one.title, agent="reconciler", rule="judgement",
                reason=(verdict.reason.strip() or "not part of this encounter's set") + section,
                evidence=one.evidence,
            )  # fmt: skip
            (rejected if verdict.verdict == "leave out" else suggested).append(turned)
    first = asked.codes.get(answer.first)
    if first is not None and first in kept:
        kept = [first, *(c for c in kept if c is not first)]
    return Verdicts(
        tuple(kept), tuple(rejected), tuple(suggested), tuple(unanswered),
        _queries(answer, asked), _wanted(answer, asked, chart, account),
        first.code if first is not None and first in kept else "",
    )  # fmt: skip


def _queries(answer: SetAnswer, asked: Numbered) -> tuple[Query, ...]:
    found = []
    for item in answer.questions[:3]:
        one = asked.codes.get(item.number)
        if one is not None and item.question.strip():
            axis = one.undocumented[0] if one.undocumented else ""
            found.append(Query(question=item.question.strip(), about=(one.code,), axis=axis))
    return tuple(found)


def _wanted(
    answer: SetAnswer, asked: Numbered, chart: Chart, account: Account
) -> tuple[Wanted, ...]:
    """Partners to look for, where the chart documents them."""
    finder = QuoteFinder(chart.text)
    found = []
    for item in answer.wanted[:2]:
        parts = finder.parts(item.quote) if item.quote.strip() else []
        if not parts:
            account.dropped += bool(item.quote.strip())
            continue
        words = chart.text[parts[0].start : parts[0].end]
        by = next(iter(asked.codes.values())).code
        found.append(
            Wanted(by=by, ranges=(), phrases=(words,), reason=item.reason.strip() or item.look_up)
        )
    return tuple(found)
