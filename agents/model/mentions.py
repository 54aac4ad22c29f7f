"""Which mentions? The question to the model, and evidence from its answer.

Every quote is located in the chart; a mention whose quote is not there is dropped and counted.
"""

from typing import NamedTuple

from chartcoder.agents.model.account import Account
from chartcoder.agents.model.answers import FailedAnswer, MentionItem, MentionsAnswer
from chartcoder.agents.model.prompts import Messages, Prompt
from chartcoder.agents.model.quotes import Located, QuoteFinder
from chartcoder.agents.model.show import encounter_line, fence_for
from chartcoder.agents.rules.document import Document, read_document
from chartcoder.agents.values import Chart, Evidence, Span

_ASSESSING = frozenset(
    [
        "assessment",
        "assessment_plan",
        "discharge_diagnosis",
        "final_diagnosis",
        "medical_decision",
        "plan",
        "hospital_course",
        "emergency_course",
        "problem_list",
    ]
)
_BEHIND = frozenset(
    ["family_history", "review_of_systems", "social_history", "past_history", "template"]
)
_MOST_SUPPORT = 3
_LONGEST_SPAN = 300


class Places:
    """Which section each place of a chart stands in.

    Args:
        text: the chart.
    """

    def __init__(self, text: str) -> None:
        self._document: Document = read_document(text)

    def section(self, place: int) -> str:
        """The kind of section a place stands in; empty before the first heading."""
        found = ""
        for line in self._document.lines:
            if line.start > place:
                break
            found = line.section
        return found

    def rank(self, place: int) -> int:
        """How telling a place is: where problems are assessed before where they are listed."""
        section = self.section(place)
        if section in _ASSESSING:
            return 0
        return 2 if section in _BEHIND else 1

    def cuts(self) -> list[int]:
        """Where a long chart may be cut: the beginnings of sections, then of lines."""
        return [s.start for s in self._document.sections if s.start]

    def lines(self) -> list[int]:
        """The beginnings of the chart's lines."""
        return [line.start for line in self._document.lines]


def question(
    prompt: Prompt, chart: Chart, text: str, year: str, setting: str | None, policy: str
) -> Messages:
    """The question about a chart, or about a part of it.

    Args:
        prompt: the extractor's prompt.
        chart: the chart; its encounter is told.
        text: the whole chart, or the part that is asked about.
        year: fiscal year of the release.
        setting: the setting; None where it is not known.
        policy: what counts in that setting.
    """
    return prompt.fill(
        {
            "year": year, "encounter": encounter_line(chart.encounter, setting),
            "policy": policy, "fence": fence_for(text), "chart": text,
        }
    )  # fmt: skip


class Read(NamedTuple):
    """Evidence read from an answer: what counts, what was passed over with the reason."""

    counting: list[Evidence]
    passed: list[tuple[Evidence, str]]


def check(answer: MentionsAnswer, text: str) -> None:
    """Sees whether an answer belongs to this chart at all.

    Raises:
        FailedAnswer: it names mentions and not one of its quotes is in the chart.
    """
    if not answer.mentions:
        return
    finder = QuoteFinder(text)
    if not any(finder.parts(m.quote) for m in answer.mentions):
        raise FailedAnswer("answer to another question", "None of the quotes stands in the chart.")


def read(answer: MentionsAnswer, chart: Chart, places: Places, account: Account) -> Read:
    """Evidence from an answer, ids counting from 0 over what counts, then what does not."""
    finder = QuoteFinder(chart.text, places.rank)
    counting: list[Evidence] = []
    passed: list[tuple[Evidence, str]] = []
    seen: set[tuple[int, int, str]] = set()
    for mention in answer.mentions:
        parts = finder.parts(mention.quote)
        if not parts or parts[0].end - parts[0].start > _LONGEST_SPAN:
            account.dropped += 1
            continue
        support = list(parts[1:])
        for quote in mention.support[:_MOST_SUPPORT]:
            found = finder.parts(quote) if quote.strip() else []
            if quote.strip() and not found:
                account.dropped += 1
            support += found
        item = _evidence(mention, chart, places, parts[0], support)
        mark = (item.span.start, item.span.end, item.phrase.lower())
        if mark in seen:
            continue
        seen.add(mark)
        if mention.counts:
            counting.append(item)
        else:
            passed.append((item, mention.reason.strip() or "does not count for this encounter"))
    numbered = [e.model_copy(update={"id": n}) for n, e in enumerate(counting)]
    passed = [
        (e.model_copy(update={"id": len(numbered) + n}), why) for n, (e, why) in enumerate(passed)
    ]
    return Read(numbered, passed)


def _evidence(
    mention: MentionItem, chart: Chart, places: Places, quote: Located, support: list[Located]
) -> Evidence:
    text = chart.text
    modifiers = tuple(dict.fromkeys(m.strip() for m in mention.modifiers if m.strip()))
    lead = mention.lead_term.strip() or text[quote.start : quote.end]
    spans = dict.fromkeys((s.start, s.end) for s in support if (s.start, s.end) != quote[:2])
    return Evidence(
        id=0,
        span=Span(
            start=quote.start, end=quote.end, text=text[quote.start : quote.end],
            section=places.section(quote.start), assertion=mention.assertion,
        ),
        # The navigator looks up the phrase alone for the default code, then with modifiers.
        phrase=lead,
        modifiers=modifiers,
        support=tuple(
            Span(start=a, end=b, text=text[a:b], section=places.section(a)) for a, b in spans
        ),
        role=mention.role,
        primary=mention.primary,
        reason=mention.reason.strip(),
    )  # fmt: skip
