"""The rules judge: answers the four questions by rules, offline, the same way every time."""

from collections.abc import Sequence

from chartcoder.agents.book import Book
from chartcoder.agents.judge import Choice, Mentions, Settlement
from chartcoder.agents.rules.adverse import find_adverse, find_effects
from chartcoder.agents.rules.background import find_background
from chartcoder.agents.rules.burns import name_burns
from chartcoder.agents.rules.causes import find_causes
from chartcoder.agents.rules.deficits import find_deficits
from chartcoder.agents.rules.delivery import find_outcome
from chartcoder.agents.rules.elsewhere import find_said_closer
from chartcoder.agents.rules.fitting import find_underdosing_reasons, fitted
from chartcoder.agents.rules.injuries import find_healing, fit_injuries
from chartcoder.agents.rules.joined import join_qualifying
from chartcoder.agents.rules.language import foreign_language
from chartcoder.agents.rules.mentions import as_evidence, find_mentions
from chartcoder.agents.rules.newborn import find_birth
from chartcoder.agents.rules.poisoning import name_poisonings
from chartcoder.agents.rules.policies import policies_for
from chartcoder.agents.rules.purpose import find_purposes
from chartcoder.agents.rules.qualified import qualify
from chartcoder.agents.rules.read_once import read_chart_once
from chartcoder.agents.rules.reading import Places
from chartcoder.agents.rules.scan import find_conditions, find_denials, sound_only
from chartcoder.agents.rules.settle import settle
from chartcoder.agents.values import (
    Candidate,
    Chart,
    Evidence,
    IndexEntry,
    Losses,
    Rejected,
    Usage,
)

_NEVER = {
    "absent": "documented as absent",
    "family": "concerns a relative",
    "hypothetical": "not a present condition",
    "planned": "planned, not present",
    "screening": "looked for, not found",
    "resolved": "resolved",
    "historical": "history",
}


_NOT_ENGLISH = (
    "the chart is written in {}, the rules judge reads English only and assigned no codes; "
    "translate the chart or choose a model"
)
CONSISTENT = frozenset(
    [
        "consistent with",
        "most consistent with",
        "compatible with",
        "appears to be",
        "c/w",
        "appears consistent with",
        "findings consistent with",
        "symptoms consistent with",
    ]
)


class RulesJudge:
    """Decides by rules and by the knowledge in ``resources``.

    Args:
        changed: policies a user changed, as pairs of name and value.
    """

    def __init__(self, changed: tuple[tuple[str, str], ...] = ()) -> None:
        self.changed = changed

    @property
    def name(self) -> str:
        """What the result calls this judge."""
        return "rules"

    def which_mentions(self, chart: Chart, book: Book) -> Mentions:
        """Marks problems, cuts them into conditions, passes over what is not present."""
        language = foreign_language(chart.text)
        if language:
            return Mentions((), (), (_NOT_ENGLISH.format(language),))
        policies = policies_for(chart.encounter.setting, self.changed)
        reading = read_chart_once(chart, book)
        document, lookup = reading.document, reading.lookup
        kept: list[Evidence] = []
        passed: list[tuple[Evidence, str]] = []
        seen: set[str] = set()
        mentions = join_qualifying(find_mentions(document, lookup, policies), reading)
        mentions = sound_only(mentions, reading, chart.encounter)
        mentions += find_conditions(reading, policies, chart.encounter, mentions)
        mentions += find_purposes(document, chart.encounter)
        mentions += find_birth(reading)
        mentions += find_outcome(reading, chart)
        mentions = qualify(mentions, reading)
        mentions += find_deficits(reading, mentions)
        mentions += find_said_closer(reading, mentions)
        background = find_background(reading, policies, chart.encounter, mentions)
        over = Places((m.start, m.end) for m in background if m.role == "history")
        mentions = [m for m in mentions if not over.hold(m.start, m.end)] + background
        mentions += find_healing(reading, mentions)
        mentions = name_burns(name_poisonings(mentions, reading), reading)
        mentions = fit_injuries(mentions, reading)
        causes = find_adverse(reading, mentions)
        mentions += find_effects(reading, mentions)
        fitting = (fitted(m, reading, chart.encounter, causes) for m in mentions)
        mentions = [m for m in fitting if m is not None]
        mentions += [*causes, *find_underdosing_reasons(reading, causes)]
        mentions += find_causes(reading, policies, mentions)
        mentions += find_denials(reading, mentions)
        for number, mention in enumerate(mentions):
            item = as_evidence(mention, number, chart.text)
            why = _NEVER.get(mention.assertion)
            firm = policies.consistent_with == "definitive" and mention.cue in CONSISTENT
            if mention.assertion == "possible" and policies.uncertain != "code" and not firm:
                why = f"uncertain ({mention.cue}), IV.H"
            if why:
                passed.append((item, why))
            elif mention.phrase.lower() not in seen:
                seen.add(mention.phrase.lower())
                kept.append(item)
        return Mentions(tuple(kept), tuple(passed))

    def which_entries(
        self,
        chart: Chart,
        book: Book,
        offered: Sequence[tuple[Evidence, Sequence[IndexEntry]]],
    ) -> Sequence[tuple[IndexEntry, ...]]:
        """The entries that explain a phrase nearly as well as the best one does."""
        return [
            tuple(e for e in entries[:4] if e.score >= 0.75 * entries[0].score) if entries else ()
            for _, entries in offered
        ]

    def which_codes(
        self,
        chart: Chart,
        book: Book,
        offered: Sequence[tuple[Evidence, Sequence[Candidate]]],
    ) -> Choice:
        """The best-supported candidate of each evidence item."""
        kept: list[Candidate] = []
        rejected: list[Rejected] = []
        for _, candidates in offered:
            ranked = list(candidates)
            kept += [c for c in ranked if c is ranked[0] or c.code in ranked[0].together]
            rejected += [
                Rejected(
                    code=c.code, title=c.title, agent="validator", rule="less-supported",
                    reason=f"{ranked[0].code} explains the words better", evidence=c.evidence,
                )
                for c in ranked[1:]
                if c.code not in ranked[0].together
            ]  # fmt: skip
        return Choice(tuple(kept), tuple(rejected))

    def which_set(
        self,
        chart: Chart,
        book: Book,
        evidence: Sequence[Evidence],
        candidates: Sequence[Candidate],
    ) -> Settlement:
        """Settles conflicts, integral symptoms and combinations."""
        policies = policies_for(chart.encounter.setting, self.changed)
        return settle(chart, book, evidence, candidates, policies)

    def account(self) -> tuple[Losses, Usage | None, frozenset[int]]:
        """Nothing is lost and nothing is spent."""
        return Losses(), None, frozenset()
