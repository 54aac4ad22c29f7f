"""The model judge: four questions to a chat model, and the rules judge where it fails.

A judge is made for one question and holds that question's account; the client, with connections,
cache and what is known of the server, is shared by all judges of a factory.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from chartcoder.agents import navigator
from chartcoder.agents.book import Book
from chartcoder.agents.judge import Choice, Mentions
from chartcoder.agents.model import codes, entries, mentions, sets
from chartcoder.agents.model.account import Account
from chartcoder.agents.model.answers import (
    Answer,
    CodesAnswer,
    EntriesAnswer,
    FailedAnswer,
    MentionsAnswer,
    SetAnswer,
)
from chartcoder.agents.model.batches import (
    Given,
    Item,
    Part,
    batches,
    chart_parts,
    halved,
    halving,
    split_list,
)
from chartcoder.agents.model.client import ModelClient
from chartcoder.agents.model.prompts import Messages
from chartcoder.agents.model.reach import Offer
from chartcoder.agents.model.verdicts import chief_code, each_once, settled
from chartcoder.agents.rules.judge import RulesJudge
from chartcoder.agents.rules.policies import policies_for
from chartcoder.agents.values import (
    AgentName,
    Candidate,
    Chart,
    Evidence,
    IndexEntry,
    Losses,
    Rejected,
    Settlement,
    Usage,
)

Kind = TypeVar("Kind", bound=Answer)

PROMPTS = (
    "extractor", "navigator", "validator", "reconciler", "policy-outpatient", "policy-inpatient",
)  # fmt: skip
_FURTHER = 4
_FURTHER_BESIDE = 2
_ALSO_SHARE = 0.7


class ModelJudge:
    """Answers the questions of judgement by asking a model.

    Args:
        client: shared with other judges.
    """

    def __init__(self, client: ModelClient) -> None:
        self.client = client
        self._account = Account(client.prices)
        self._rules = RulesJudge()

    @property
    def name(self) -> str:
        """What the result calls this judge."""
        return f"model:{self.client.settings.model}"

    def account(self) -> tuple[Losses, Usage | None, frozenset[int]]:
        """What was lost, what it cost, and the ids of evidence that the rules judge decided."""
        return self._account.losses(), self._account.usage(), frozenset(self._account.degraded)

    # Which mentions?

    def which_mentions(self, chart: Chart, book: Book) -> Mentions:
        """Asks for the mentions of the whole chart, in parts where it is longer than the budget."""
        self.client.forget(_key(chart))
        places = mentions.Places(chart.text)
        setting = chart.encounter.setting
        prompt = self.client.prompt("extractor")
        policy = self._policy(setting)
        counting: list[Evidence] = []
        passed: list[tuple[Evidence, str]] = []
        by_rules: list[Evidence] = []
        heard: str | None = None

        def ask(text: str) -> MentionsAnswer:
            messages = mentions.question(prompt, chart, text, book.release.year, setting, policy)
            return self._ask(
                "extractor", messages, MentionsAnswer, book, lambda a: mentions.check(a, text)
            )

        def ask_part(part: Part) -> MentionsAnswer:
            return ask(chart.text[part[0] : part[1]])

        frame = mentions.question(prompt, chart, "", book.release.year, setting, policy)
        budget = self.client.settings.token_budget
        for whole in chart_parts(chart.text, places, frame, budget):
            for part, answer in self._halving(whole, ask_part, halved(places)):
                if isinstance(answer, FailedAnswer):
                    by_rules += self._mentions_by_rules(chart, book, part, answer)
                    continue
                heard = heard or (answer.setting if answer.setting != "unclear" else None)
                found = mentions.read(answer, chart, places, self._account)
                counting += found.counting
                passed += found.passed
        if setting is None:
            taken = heard or "outpatient"
            self.client.memory(_key(chart))["setting"] = taken
            self._account.remark(f"The setting was not given; the chart was read as {taken}.")
        together = _renumbered([*counting, *by_rules])
        self._account.degraded.update(
            e.id for e in together if e.span in {r.span for r in by_rules}
        )
        shifted = [
            (e.model_copy(update={"id": len(together) + n}), why)
            for n, (e, why) in enumerate(passed)
        ]
        return Mentions(tuple(together), tuple(shifted))

    def _mentions_by_rules(
        self, chart: Chart, book: Book, part: tuple[int, int], failure: FailedAnswer
    ) -> list[Evidence]:
        start, end = part
        whole = (start, end) == (0, len(chart.text))
        what = "the whole chart" if whole else f"characters {start} to {end}"
        self._account.degrade("extractor", what, str(failure))
        found = self._rules.which_mentions(chart, book).evidence
        return [e for e in found if start <= e.span.start < end]

    # Which entries?

    def which_entries(
        self,
        chart: Chart,
        book: Book,
        offered: Sequence[tuple[Evidence, Sequence[IndexEntry]]],
    ) -> Sequence[tuple[IndexEntry, ...]]:
        """Asks which entries are worth verifying, and looks up other words the model names."""
        prompt = self.client.prompt("navigator")
        year = book.release.year
        chosen: dict[int, tuple[IndexEntry, ...]] = {}

        @_once_for_each_batch
        def question(batch: Sequence[entries.Offer]) -> entries.Numbered:
            return entries.question(prompt, chart, batch, year)

        def ask(batch: Sequence[entries.Offer]) -> tuple[EntriesAnswer, entries.Numbered]:
            asked = question(batch)
            answer = self._ask(
                "navigator", asked.messages, EntriesAnswer, book, lambda a: entries.check(a, asked)
            )
            return answer, asked

        def show(batch: Sequence[entries.Offer]) -> Messages:
            return question(batch).messages

        for batch in batches(offered, show, self.client.settings.token_budget):
            for part, outcome in self._halving(batch, ask, split_list):
                if isinstance(outcome, FailedAnswer):
                    chosen.update(self._entries_by_rules(chart, book, part, str(outcome)))
                    continue
                found, strays = entries.read(*outcome)
                self._stray(strays)
                unanswered = [pair for pair in part if pair[0].id not in found and pair[1]]
                chosen.update(
                    self._entries_by_rules(chart, book, unanswered, "the model passed it over")
                )
                for item, _ in part:
                    if item.id in found:
                        read = found[item.id]
                        chosen[item.id] = self._with_others(item, read, chart, book)
        return [chosen.get(item.id, ()) for item, _ in offered]

    def _entries_by_rules(
        self, chart: Chart, book: Book, offered: Sequence[entries.Offer], why: str
    ) -> dict[int, tuple[IndexEntry, ...]]:
        answers = self._rules.which_entries(chart, book, offered)
        for item, _ in offered:
            self._account.degrade("navigator", f"evidence {item.id}", why, item.id)
        return {item.id: tuple(a) for (item, _), a in zip(offered, answers, strict=True)}

    def _with_others(
        self, item: Evidence, read: entries.Read, chart: Chart, book: Book
    ) -> tuple[IndexEntry, ...]:
        """The entries chosen, and the best lines for the other words, which no list had shown.

        The validator sees both beside everything in reach.
        """
        if not read.also:
            return read.entries
        again = item.model_copy(update={"phrase": read.also, "modifiers": ()})
        most = _FURTHER_BESIDE if read.entries else _FURTHER
        known = {(e.code, e.path) for e in read.entries}
        found = navigator.look_up(again, book, chart.text, most)
        least = _ALSO_SHARE * max((e.score for e in found), default=0.0)
        return (
            *read.entries,
            *(e for e in found if (e.code, e.path) not in known and e.score >= least),
        )

    # Which codes?

    def which_codes(
        self,
        chart: Chart,
        book: Book,
        offered: Sequence[tuple[Evidence, Sequence[Candidate]]],
    ) -> Choice:
        """Asks once for all that was not decided before in this run."""
        memory = self.client.memory(_key(chart))
        decided: dict[object, codes.Read] = memory.setdefault("codes", {})
        fresh = [pair for pair in offered if _offer_key(pair) not in decided]
        if fresh:
            decided.update(self._decide_codes(chart, book, fresh))
        kept: dict[str, Candidate] = {}
        rejected: list[Rejected] = []
        for pair in offered:
            read = decided[_offer_key(pair)]
            rejected += read.rejected
            for one in read.kept:
                known = kept.get(one.code)
                if known is not None:
                    numbers = tuple(dict.fromkeys(known.evidence + one.evidence))
                    one = known.model_copy(update={"evidence": numbers})
                kept[one.code] = one
        return Choice(tuple(kept.values()), tuple(r for r in rejected if r.code not in kept))

    def _decide_codes(
        self, chart: Chart, book: Book, offered: Sequence[Offer]
    ) -> dict[object, codes.Read]:
        prompt = self.client.prompt("validator")
        setting = self._setting(chart)
        policy = self._policy(setting)
        decided: dict[object, codes.Read] = {}

        @_once_for_each_batch
        def question(batch: Sequence[Offer]) -> codes.Numbered:
            return codes.question(prompt, chart, book, batch, setting, policy)

        def ask(batch: Sequence[Offer]) -> tuple[CodesAnswer, codes.Numbered]:
            asked = question(batch)
            answer = self._ask(
                "validator", asked.messages, CodesAnswer, book, lambda a: codes.check(a, asked)
            )
            return answer, asked

        def show(batch: Sequence[Offer]) -> Messages:
            return question(batch).messages

        for batch in batches(offered, show, self.client.settings.token_budget):
            for part, outcome in self._halving(batch, ask, split_list):
                if isinstance(outcome, FailedAnswer):
                    decided.update(self._codes_by_rules(chart, book, part, str(outcome)))
                    continue
                answer, asked = outcome
                found, strays = codes.read(answer, asked, part, chart, self._account)
                self._stray(strays)
                left = [pair for pair in part if pair[0].id not in found]
                decided.update(self._codes_by_rules(chart, book, left, "the model passed it over"))
                decided.update(
                    {_offer_key(pair): found[pair[0].id] for pair in part if pair[0].id in found}
                )
        return decided

    def _codes_by_rules(
        self, chart: Chart, book: Book, offered: Sequence[Offer], why: str
    ) -> dict[object, codes.Read]:
        decided: dict[object, codes.Read] = {}
        for pair in offered:
            choice = self._rules.which_codes(chart, book, [pair])
            kept = tuple(c.model_copy(update={"degraded": True}) for c in choice.kept)
            decided[_offer_key(pair)] = codes.Read(kept, choice.rejected)
            self._account.degrade("validator", f"evidence {pair[0].id}", why, pair[0].id)
        return decided

    # Which set?

    def which_set(
        self,
        chart: Chart,
        book: Book,
        evidence: Sequence[Evidence],
        candidates: Sequence[Candidate],
    ) -> Settlement:
        """Asks for a verdict on the set; on the way back only what is new joins it, unasked."""
        by_rules = self._rules.which_set(chart, book, evidence, candidates)
        merged = each_once(candidates)
        memory = self.client.memory(_key(chart))
        before: sets.Verdicts | None = memory.get("set")
        if before is None:
            left_open = sets.open_questions(book, evidence, merged, by_rules)
            if not left_open:
                return by_rules.model_copy(
                    update={"kept": tuple(merged), "first": chief_code(merged, evidence)}
                )
            setting = self._setting(chart)
            prompt = self.client.prompt("reconciler")
            asked = sets.question(
                prompt, chart, book, evidence, merged, by_rules, setting, left_open
            )
            try:
                answer = self._ask(
                    "reconciler", asked.messages, SetAnswer, book, lambda a: sets.check(a, asked)
                )
            except FailedAnswer as failure:
                self._account.degrade("reconciler", "the set", str(failure))
                self._account.degraded.update(n for c in merged for n in c.evidence)
                return by_rules
            before = sets.read(answer, asked, chart, self._account)
            memory["set"] = before
        return settled(book, by_rules, merged, before, self._account)

    # Asking

    def _ask(
        self,
        agent: AgentName,
        messages: Messages,
        kind: type[Kind],
        book: Book,
        check: Callable[[Kind], None],
    ) -> Kind:
        release = book.release
        named = f"{release.year} {release.index_kind} {release.name}"
        return self.client.ask(self._account, agent, messages, kind, named, check)

    def _halving(
        self,
        whole: Item,
        ask: Callable[[Item], Given],
        halve: Callable[[Item], Sequence[Item]],
    ) -> Iterator[tuple[Item, Given | FailedAnswer]]:
        return halving(whole, ask, halve, strict=self.client.settings.strict)

    def _stray(self, count: int) -> None:
        if count:
            self._account.remark(
                f"{count} numbers in an answer stood for nothing and were dropped."
            )

    def _setting(self, chart: Chart) -> str | None:
        heard = self.client.memory(_key(chart)).get("setting")
        return chart.encounter.setting or heard or "outpatient"

    def _policy(self, setting: str | None) -> str:
        """What counts in a setting; both, where it is not known."""
        if setting is not None:
            consistent = policies_for(setting).consistent_with
            prompt = self.client.prompt(f"policy-{setting}")
            return prompt.fill({"consistent": _CONSISTENT[consistent]}).user
        both = [self._policy(s) for s in ("outpatient", "inpatient")]
        first = "First see whether this is an outpatient visit or a hospital stay."
        return "\n".join([first, *both])


# The rules judge's policy of the same name, in words for a prompt.
_CONSISTENT = {
    "definitive": 'A provider\'s conclusion worded "consistent with" is taken as the diagnosis.',
    "uncertain": '"Consistent with" and "compatible with" are uncertain too.',
}


Made = TypeVar("Made")
Pair = tuple[Evidence, Sequence[object]]


def _once_for_each_batch(
    make: Callable[[Sequence[Any]], Made],
) -> Callable[[Sequence[Any]], Made]:
    """A question is made to see how long it is, and again when it is asked: once is enough."""
    made: dict[tuple[int, ...], Made] = {}

    def remembered(batch: Sequence[Pair]) -> Made:
        key = tuple(item.id for item, _ in batch)
        if key not in made:
            made[key] = make(batch)
        return made[key]

    return remembered


def _key(chart: Chart) -> str:
    return f"{chart.id} {chart.sha256}"


def _offer_key(pair: Offer) -> tuple[object, ...]:
    item, candidates = pair
    return (item.id, item.span.start, item.span.end, *(c.code for c in candidates))


def _renumbered(found: list[Evidence]) -> list[Evidence]:
    """Evidence of several parts as one list, each span and wording once."""
    seen: set[tuple[int, int, str]] = set()
    kept: list[Evidence] = []
    for item in found:
        mark = (item.span.start, item.span.end, item.phrase.lower())
        if mark not in seen:
            seen.add(mark)
            kept.append(item.model_copy(update={"id": len(kept)}))
    return kept
