"""The model judge: four questions to a chat model, and the rules judge where it fails.

A judge is made for one question and holds that question's account; the client, with connections,
cache and what is known of the server, is shared by all judges of a factory.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

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
from chartcoder.agents.model.client import ModelClient
from chartcoder.agents.model.prompts import Messages
from chartcoder.agents.model.settings import ModelSettings
from chartcoder.agents.model.wire import estimated_tokens
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
Item = TypeVar("Item")

PROMPTS = (
    "extractor", "navigator", "validator", "reconciler", "policy-outpatient", "policy-inpatient",
)  # fmt: skip
_FURTHER = 4
_FURTHER_BESIDE = 2
_ALSO_SHARE = 0.7
_MOST_PARTS = 8


class ModelJudges:
    """Makes judges over one shared client; may be sent to another process.

    Args:
        settings: the model and how to reach it.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._client: ModelClient | None = None

    @property
    def client(self) -> ModelClient:
        """The shared client, made when it is first asked for."""
        if self._client is None:
            self._client = ModelClient(self.settings)
        return self._client

    def check_files(self) -> None:
        """Reads the prompts and the price table, so that a mistake in them is told at once.

        Raises:
            BadInput: one of them cannot be used.
        """
        for name in PROMPTS:
            self.client.prompt(name)
        _ = self.client.prices

    def __call__(self) -> "ModelJudge":
        """A judge for one question."""
        return ModelJudge(self.client)

    def __getstate__(self) -> ModelSettings:
        return self.settings

    def __setstate__(self, state: ModelSettings) -> None:
        self.__init__(state)  # type: ignore[misc]


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

        frame = mentions.question(prompt, chart, "", book.release.year, setting, policy)
        for start, end in _parts(chart.text, places, self._room(frame)):
            for part, answer in self._halving(
                (start, end), ask_part(ask, chart.text), _halved(chart.text, places)
            ):
                if isinstance(answer, FailedAnswer):
                    by_rules += self._mentions_by_rules(chart, book, part, answer)
                    continue
                heard = heard or (answer.setting if answer.setting != "unclear" else None)
                found = mentions.read(answer, chart, places, self._account)
                counting += found.counting
                passed += found.passed
        remarks = []
        if setting is None:
            taken = heard or "outpatient"
            self.client.memory(_key(chart))["setting"] = taken
            remarks.append(f"The setting was not given; the chart was read as {taken}.")
        together = _renumbered([*counting, *by_rules], chart.text)
        self._account.degraded.update(
            e.id for e in together if e.span in {r.span for r in by_rules}
        )
        shifted = [
            (e.model_copy(update={"id": len(together) + n}), why)
            for n, (e, why) in enumerate(passed)
        ]
        return Mentions(tuple(together), tuple(shifted), tuple(remarks))

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
        """Asks which index entries are worth verifying, and looks up other words the model names."""
        prompt = self.client.prompt("navigator")
        year = book.release.year
        chosen: dict[int, tuple[IndexEntry, ...]] = {}

        def ask(batch: Sequence[entries.Offer]) -> tuple[EntriesAnswer, entries.Numbered]:
            asked = entries.question(prompt, chart, batch, year)
            answer = self._ask(
                "navigator", asked.messages, EntriesAnswer, book, lambda a: entries.check(a, asked)
            )
            return answer, asked

        frame = entries.question(prompt, chart, (), year).messages
        for batch in self._batches(
            offered, frame, lambda b: entries.question(prompt, chart, b, year).messages
        ):
            for part, outcome in self._halving(list(batch), ask, _split_list):
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
        self, chart: Chart, book: Book, offered: Sequence[codes.Offer]
    ) -> dict[object, codes.Read]:
        prompt = self.client.prompt("validator")
        setting = self._setting(chart)
        policy = self._policy(setting)
        decided: dict[object, codes.Read] = {}

        def ask(batch: Sequence[codes.Offer]) -> tuple[CodesAnswer, codes.Numbered]:
            asked = codes.question(prompt, chart, book, batch, setting, policy)
            answer = self._ask(
                "validator", asked.messages, CodesAnswer, book, lambda a: codes.check(a, asked)
            )
            return answer, asked

        frame = codes.question(prompt, chart, book, (), setting, policy).messages
        for batch in self._batches(
            offered, frame,
            lambda b: codes.question(prompt, chart, book, b, setting, policy).messages,
        ):  # fmt: skip
            for part, outcome in self._halving(list(batch), ask, _split_list):
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
        self, chart: Chart, book: Book, offered: Sequence[codes.Offer], why: str
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
        merged = _merged(candidates)
        memory = self.client.memory(_key(chart))
        before: sets.Verdicts | None = memory.get("set")
        if before is None:
            left_open = sets.open_questions(book, evidence, merged, by_rules)
            if not left_open:
                return by_rules.model_copy(
                    update={"kept": tuple(merged), "first": _chief(merged, evidence)}
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
        return self._settled(book, by_rules, merged, before)

    def _settled(
        self,
        book: Book,
        by_rules: Settlement,
        merged: Sequence[Candidate],
        verdicts: sets.Verdicts,
    ) -> Settlement:
        """The model's verdicts, what it passed over as the rules have it, and no forbidden pair."""
        known = {c.code for c in (*verdicts.kept, *verdicts.unanswered)}
        known |= {r.code for r in (*verdicts.rejected, *verdicts.suggested)}
        reported = {c.code for c in by_rules.kept}
        new = [c for c in merged if c.code not in known]
        passed_over = [c for c in verdicts.unanswered if c.code in reported]
        for one in verdicts.unanswered:
            for number in one.evidence:
                self._account.degrade(
                    "reconciler", f"evidence {number}", "the model passed its code over", number
                )
        kept = [*verdicts.kept, *passed_over, *new]
        rejected = list(verdicts.rejected)
        left_out = {c.code for c in verdicts.unanswered} - reported
        rejected += [r for r in by_rules.rejected if r.code in left_out]
        for finding in sets.conflicts(book, [c.code for c in kept]):
            pair = [c for c in kept if c.code in finding.codes]
            if finding.severity == "error" and len(pair) == 2:
                loser = pair[1]
                kept.remove(loser)
                rejected.append(
                    Rejected(
                        code=loser.code, title=loser.title, agent="reconciler", rule="excludes1",
                        reason=f"may not stand beside {pair[0].code}: {finding.note}",
                        evidence=loser.evidence,
                    )
                )  # fmt: skip
        suggested = [*verdicts.suggested]
        suggested += [s for s in by_rules.suggested if s.code in left_out]
        return Settlement(
            first=kept[0].code if kept and kept[0].code == verdicts.first else "",
            kept=tuple(kept), rejected=tuple(rejected), suggested=tuple(suggested),
            queries=verdicts.queries or by_rules.queries, wanted=verdicts.wanted,
        )  # fmt: skip

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
        ask: Callable[[Item], object],
        halve: Callable[[Item], Sequence[Item]],
    ) -> Iterator[tuple[Item, object]]:
        """Asks; where the answer is cut short or the question too long, asks for each half once.

        Yields:
            What was asked about, with the answer or the failure.

        Raises:
            FailedAnswer: under ``strict``.
        """
        try:
            yield whole, ask(whole)
            return
        except FailedAnswer as failure:
            halves = halve(whole) if failure.kind in ("truncated", "question too long") else ()
            if len(halves) < 2:
                if self.client.settings.strict:
                    raise
                yield whole, failure
                return
        for half in halves:
            try:
                answer = ask(half)
            except FailedAnswer as failure:
                if self.client.settings.strict:
                    raise
                yield half, failure
            else:
                yield half, answer

    def _batches(
        self,
        offered: Sequence[tuple[Evidence, Sequence[Item]]],
        frame: Messages,
        show: Callable[[Sequence[tuple[Evidence, Sequence[Item]]]], Messages],
    ) -> Iterator[Sequence[tuple[Evidence, Sequence[Item]]]]:
        """The items in one batch, or in as many as the token budget asks for."""
        if not offered:
            return
        budget = self.client.settings.token_budget
        if _tokens(show(offered)) <= budget:
            yield offered
            return
        base = _tokens(frame)
        batch: list[tuple[Evidence, Sequence[Item]]] = []
        used = base
        for pair in offered:
            cost = _tokens(show([pair])) - base
            if batch and used + cost > budget:
                yield batch
                batch, used = [], base
            batch.append(pair)
            used += cost
        yield batch

    def _room(self, frame: Messages) -> int:
        """Characters of a chart that fit into one question beside its words."""
        return max(2_000, (self.client.settings.token_budget - _tokens(frame)) * 4)

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
    "definitive": 'A provider\'s own conclusion worded "consistent with" is taken as the diagnosis.',
    "uncertain": '"Consistent with" and "compatible with" are uncertain too.',
}


def ask_part(
    ask: Callable[[str], MentionsAnswer], text: str
) -> Callable[[tuple[int, int]], MentionsAnswer]:
    """Asks about a stretch of the chart."""
    return lambda part: ask(text[part[0] : part[1]])


def _tokens(messages: Messages) -> int:
    return estimated_tokens(messages.system + messages.user)


def _key(chart: Chart) -> str:
    return f"{chart.id} {chart.sha256}"


def _offer_key(pair: codes.Offer) -> tuple[object, ...]:
    item, candidates = pair
    return (item.id, item.span.start, item.span.end, *(c.code for c in candidates))


def _split_list(whole: list[Item]) -> list[list[Item]]:
    middle = len(whole) // 2
    return [whole[:middle], whole[middle:]] if middle else [whole]


def _parts(text: str, places: mentions.Places, room: int) -> list[tuple[int, int]]:
    """The chart in as few parts as fit, cut where sections or lines begin."""
    if len(text) <= room:
        return [(0, len(text))]
    parts: list[tuple[int, int]] = []
    start = 0
    sections, lines = places.cuts(), places.lines()
    while len(text) - start > room and len(parts) < _MOST_PARTS - 1:
        least = start + room // 2
        for cuts in (sections, lines):
            fitting = [c for c in cuts if least < c <= start + room]
            if fitting:
                end = fitting[-1]
                break
        else:
            end = start + room
        parts.append((start, end))
        start = end
    parts.append((start, len(text)))
    return parts


def _halved(
    text: str, places: mentions.Places
) -> Callable[[tuple[int, int]], Sequence[tuple[int, int]]]:
    """Cuts a stretch of the chart in two near its middle, where a line begins."""

    def halve(part: tuple[int, int]) -> Sequence[tuple[int, int]]:
        start, end = part
        middle = (start + end) // 2
        cuts = [c for c in places.lines() if start < c < end]
        if not cuts:
            return (part,)
        cut = min(cuts, key=lambda c: (abs(c - middle), c))
        return ((start, cut), (cut, end))

    return halve


def _renumbered(found: list[Evidence], text: str) -> list[Evidence]:
    """Evidence of several parts as one list, each span and wording once."""
    seen: set[tuple[int, int, str]] = set()
    kept = []
    for item in found:
        mark = (item.span.start, item.span.end, item.phrase.lower())
        if mark not in seen:
            seen.add(mark)
            kept.append(item.model_copy(update={"id": len(kept)}))
    return kept


def _chief(candidates: Sequence[Candidate], evidence: Sequence[Evidence]) -> str:
    """The code that rests on the chief reason for the encounter; empty where none does."""
    chief = {e.id for e in evidence if e.primary}
    return next((c.code for c in candidates if chief.intersection(c.evidence)), "")


def _merged(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each code once, with the evidence of all its candidates (I.B.12)."""
    merged: dict[str, Candidate] = {}
    for one in candidates:
        first = merged.get(one.code)
        if first is not None:
            numbers = tuple(dict.fromkeys(first.evidence + one.evidence))
            one = first.model_copy(update={"evidence": numbers})
        merged[one.code] = one
    return list(merged.values())
