"""The client that all judges of a process share: forms, retries, rate, cache, memory.

It finds out once what a server can do, sends no more than the stated retries, keeps to the rate and
the number of requests under way, answers identical calls from the disk, and asks once more, with
the error shown, where an answer is of no use.
"""

import json
import os
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from chartcoder.agents.model.account import Account, Price, read_prices
from chartcoder.agents.model.answers import (
    ASK_AGAIN,
    Answer,
    FailedAnswer,
    answer_schema,
    read_answer,
)
from chartcoder.agents.model.cache import AnswerCache, Kept, call_key
from chartcoder.agents.model.prompts import Messages, Prompt, load_prompt
from chartcoder.agents.model.settings import FORMS, Form, ModelSettings
from chartcoder.agents.model.wire import Passing, Raw, Unsupported, Wire
from chartcoder.agents.values import AgentName

Kind = TypeVar("Kind", bound=Answer)

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0
_DOWN_SECONDS = 30.0
_CHARTS_REMEMBERED = 256
# A change of what an answer means makes older cached answers stale.
_ANSWER_VERSION = 1


@dataclass(frozen=True, slots=True)
class Ability:
    """What was found out about a server.

    Attributes:
        form: how it takes the demand for an answer's form.
        without: parameters it refuses.
        show: the schema must stand in the prompt, since the server passes over the demand.
    """

    form: Form = "json_schema"
    without: frozenset[str] = frozenset()
    show: bool = False


class Tally(NamedTuple):
    """What one agent cost over all charts of a process."""

    calls: int
    prompt_tokens: int
    completion_tokens: int


class ModelClient:
    """Asks a model, and bears with it.

    Args:
        settings: the model and how to reach it.
        wait: how to wait, for tests.
    """

    def __init__(self, settings: ModelSettings, wait: Callable[[float], None] = time.sleep) -> None:
        self.settings = settings
        self.cache = AnswerCache(settings.cache_file) if settings.cache else None
        self._wait = wait
        self._lock = threading.Lock()
        self._abilities: dict[str, Ability] = {}
        self._next_turn = 0.0
        self._down_until = 0.0
        self._tally: Counter[tuple[AgentName, str]] = Counter()
        self._memories: OrderedDict[str, dict[Any, Any]] = OrderedDict()
        self._process = os.getpid()
        self._wire = Wire(settings)
        self._places = threading.BoundedSemaphore(settings.concurrency)

    @cached_property
    def prices(self) -> dict[str, Price]:
        """The price table of the user; empty without one."""
        return read_prices(self.settings.prices) if self.settings.prices else {}

    def prompt(self, name: str) -> Prompt:
        """The prompt of a name, the user's before ours."""
        return load_prompt(name, self.settings.prompts)

    def memory(self, chart: str) -> dict[Any, Any]:
        """What judges of this chart may tell each other, for the last charts only."""
        with self._lock:
            found = self._memories.setdefault(chart, {})
            self._memories.move_to_end(chart)
            while len(self._memories) > _CHARTS_REMEMBERED:
                self._memories.popitem(last=False)
            return found

    def forget(self, chart: str) -> None:
        """Forgets a chart, since a new run over it begins."""
        with self._lock:
            self._memories.pop(chart, None)

    def tally(self) -> dict[AgentName, Tally]:
        """What each agent has cost in this process."""
        with self._lock:
            agents = sorted({agent for agent, _ in self._tally})
            return {
                a: Tally(
                    self._tally[a, "calls"], self._tally[a, "prompt"], self._tally[a, "completion"]
                )
                for a in agents
            }

    def ask(
        self,
        account: Account,
        agent: AgentName,
        messages: Messages,
        kind: type[Kind],
        release: str = "",
        check: Callable[[Kind], None] | None = None,
    ) -> Kind:
        """Asks one question and gives a usable answer.

        Args:
            account: where cost and failures are counted.
            agent: who asks; decides the model.
            messages: the prompt.
            kind: the form of the answer.
            release: the code set and index, part of what makes a call identical.
            check: raises ``FailedAnswer`` for an answer that does not belong to the question.

        Raises:
            FailedAnswer: there was none, after the stated retries.
        """
        self._own_process()
        model = self.settings.model_for(agent)
        key = self._key(model, messages, kind, release)
        kept = self.cache.get(key) if self.cache else None
        if kept is not None:
            try:
                answer = read_answer(kept.text, kind)
                if check is not None:
                    check(answer)
            except FailedAnswer:
                kept = None
            else:
                account.cached += 1
                return answer
        asked = messages
        for turn in (0, 1):
            raw: Raw | None = None
            try:
                raw = self._send(account, agent, model, asked, kind, turn)
                answer = read_answer(raw.text, kind)
                if check is not None:
                    check(answer)
            except FailedAnswer as failure:
                if raw is not None:
                    account.failed += 1
                if turn or failure.kind not in ASK_AGAIN:
                    raise
                asked = _with_error(messages, failure, kind)
                continue
            if turn:
                self._show_from_now_on(model)
            if self.cache:
                self.cache.put(key, Kept(raw.text, raw.prompt_tokens, raw.completion_tokens))
                if self.cache.problem:
                    account.remark(self.cache.problem)
            return answer
        raise AssertionError("unreachable")

    def _key(self, model: str, messages: Messages, kind: type[Answer], release: str) -> str:
        settings = self.settings
        return call_key(
            version=_ANSWER_VERSION, model=model, base_url=settings.base_url,
            system=messages.system, user=messages.user, schema=answer_schema(kind),
            temperature=settings.temperature, seed=settings.seed, form=settings.form,
            answer_tokens=settings.answer_tokens, extra_body=dict(settings.extra_body),
            release=release,
        )  # fmt: skip

    def _send(
        self,
        account: Account,
        agent: AgentName,
        model: str,
        messages: Messages,
        kind: type[Answer],
        turn: int,
    ) -> Raw:
        """Sends a request in the best form the server takes; retries what may pass."""
        ability = self.ability(model)
        schema = {"title": kind.__name__, **answer_schema(kind)}
        config: Any = {"run_name": f"ask {agent}", "metadata": {"chartcoder_turn": turn}}
        tries = 0
        while True:
            shown = with_schema(messages, schema) if _shows(ability) else messages
            self._take_turn()
            account.calls += 1
            begun = time.monotonic()
            try:
                with self._places:
                    raw = self._wire.send(
                        model, shown, ability.form, schema, ability.without, config
                    )
            except Unsupported as failure:
                lesser = self._lesser(ability, failure)
                if lesser is None:
                    account.failed += 1
                    raise
                ability = lesser
                continue
            except Passing as failure:
                account.failed += 1
                tries += 1
                down = failure.kind == "no connection" and time.monotonic() < self._down_until
                if down or tries > self.settings.retries:
                    if failure.kind == "no connection":
                        self._down_until = time.monotonic() + _DOWN_SECONDS
                    raise FailedAnswer(
                        failure.kind, f"{failure} ({_times(tries)})", failure.text
                    ) from None
                self._wait(_pause(tries, failure.wait))
                continue
            except FailedAnswer:
                account.failed += 1
                raise
            finally:
                account.seconds += time.monotonic() - begun
            self.learn(model, ability)
            account.add(model, raw.prompt_tokens, raw.completion_tokens)
            with self._lock:
                self._tally[agent, "calls"] += 1
                self._tally[agent, "prompt"] += raw.prompt_tokens
                self._tally[agent, "completion"] += raw.completion_tokens
            if not raw.counted:
                account.remark("The server does not count tokens; they are estimated.")
            return raw

    def ability(self, model: str) -> Ability:
        """What is known of the server: found out, remembered on disk, or the best hope."""
        known = self._abilities.get(model)
        if known is not None:
            return known
        if self.settings.form != "auto":
            return Ability(self.settings.form)
        remembered = self.cache.ability(self._server_key(model)) if self.cache else {}
        form = remembered.get("form")
        without = remembered.get("without")
        return Ability(
            form if form in FORMS else "json_schema",
            frozenset(str(w) for w in without) if isinstance(without, list) else frozenset(),
            bool(remembered.get("show")),
        )

    def learn(self, model: str, ability: Ability) -> None:
        """Remembers what a server can do, in this process and on disk."""
        if self._abilities.get(model) == ability:
            return
        self._abilities[model] = ability
        if self.cache and self.settings.form == "auto":
            self.cache.remember(
                self._server_key(model),
                {"form": ability.form, "without": sorted(ability.without), "show": ability.show},
            )

    def _server_key(self, model: str) -> str:
        return call_key(base_url=self.settings.base_url, model=model)

    def _show_from_now_on(self, model: str) -> None:
        """The first answer was of no use, the one with the schema in the prompt was."""
        known = self.ability(model)
        if known.form == "json_schema" and not known.show:
            self.learn(model, replace(known, show=True))

    def _lesser(self, ability: Ability, failure: Unsupported) -> Ability | None:
        """What to try after a refusal: without the parameter, else in the next form."""
        if failure.parameter and failure.parameter not in ability.without:
            return replace(ability, without=ability.without | {failure.parameter})
        place = FORMS.index(ability.form) + 1
        if self.settings.form != "auto" or place >= len(FORMS):
            return None
        return replace(ability, form=FORMS[place])

    def _take_turn(self) -> None:
        """Waits until the rate allows another request."""
        if self.settings.per_minute is None:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next_turn)
            self._next_turn = start + 60.0 / self.settings.per_minute
        if start > now:
            self._wait(start - now)

    def _own_process(self) -> None:
        """A fork must not share connections and locks with its parent."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock = threading.Lock()
            self._wire = Wire(self.settings)
            self._places = threading.BoundedSemaphore(self.settings.concurrency)


def _shows(ability: Ability) -> bool:
    return ability.show or ability.form in ("json_object", "plain")


def with_schema(messages: Messages, schema: dict[str, Any]) -> Messages:
    """A prompt that shows the schema of its answer, for servers that take it no other way."""
    bare = {key: value for key, value in schema.items() if key != "title"}
    packed = json.dumps(bare, separators=(",", ":"))
    said = f"Answer with one JSON object and nothing else. Its JSON schema: {packed}"
    if said in messages.system:
        return messages
    return messages._replace(system=f"{messages.system}\n\n{said}")


def _with_error(messages: Messages, failure: FailedAnswer, kind: type[Answer]) -> Messages:
    """The question once more, with what was wrong with the first answer."""
    shown = with_schema(messages, answer_schema(kind))
    start = " ".join(failure.text.split())[:200]
    said = f" It began: {start}" if start else ""
    return shown._replace(
        user=f"{shown.user}\n\nAn earlier answer to this could not be used. {failure}{said}\n"
        "Answer again, in the form that is demanded."
    )


def _pause(tries: int, asked: float | None) -> float:
    return asked if asked is not None else min(_FIRST_WAIT * 2 ** (tries - 1), _LONGEST_WAIT)


def _times(tries: int) -> str:
    return "tried once" if tries == 1 else f"tried {tries} times"
