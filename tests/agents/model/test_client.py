import json
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chartcoder.agents.model.account import Account, read_prices
from chartcoder.agents.model.answers import EntriesAnswer, FailedAnswer
from chartcoder.agents.model.client import ModelClient
from chartcoder.agents.model.factory import ModelJudges
from chartcoder.agents.model.prompts import Messages
from chartcoder.agents.model.settings import ModelSettings
from chartcoder.tabular.errors import BadInput
from tests.agents.model.server import ModelServer, schema_of, serving

QUESTION = Messages("You choose lines.", "[0] Gout\n  1 Gout\n  2 Gout - chronic\n\nWhich lines?")
Maker = Callable[..., ModelSettings]


def ask(server: ModelServer, make: Maker, **changed: object) -> tuple[EntriesAnswer, Account]:
    client = ModelClient(make(server, **changed), wait=lambda seconds: None)
    account = Account(client.prices)
    return client.ask(account, "navigator", QUESTION, EntriesAnswer, "2026"), account


def test_client_sends_one_strict_request(settings_for: Maker) -> None:
    with serving() as server:
        answer, account = ask(server, settings_for, seed=3, extra_body={"top_k": 1})
        assert answer.items[0].entries == [1]
        assert (account.calls, account.failed, len(server.requests)) == (1, 0, 1)
        body = server.requests[0]
    demanded = body["response_format"]["json_schema"]
    assert (demanded["strict"], demanded["name"]) == (True, "EntriesAnswer")
    assert (body["temperature"], body["seed"], body["top_k"]) == (0.0, 3, 1)
    assert body["max_tokens"] == body["max_completion_tokens"] == 4096
    assert body.get("stream") is not True


@pytest.mark.parametrize("fault", ["prose", "fence", "thinking"])
def test_client_bears_with_small_models(settings_for: Maker, fault: str) -> None:
    with serving(faults=[fault]) as server:
        answer, account = ask(server, settings_for)
        assert answer.items[0].entries == [1]
        assert (len(server.requests), account.failed) == (1, 0)


@pytest.mark.parametrize(
    "fault", ["empty", "invalid JSON", "wrong schema", "another question", "thinking without end"]
)
def test_client_asks_once_more_with_the_error(settings_for: Maker, fault: str) -> None:
    with serving(faults=[fault]) as server:
        answer, account = ask(server, settings_for)
        assert answer.items
        assert (len(server.requests), account.failed, account.calls) == (2, 1, 2)
        again = server.requests[1]["messages"]
    assert "could not be used" in again[-1]["content"]
    assert "Its JSON schema:" in again[0]["content"]


@pytest.mark.parametrize(
    ("fault", "kind", "requests"),
    [
        ("empty", "empty answer", 2),
        ("invalid JSON", "invalid JSON", 2),
        ("wrong schema", "wrong schema", 2),
        ("another question", "answer to another question", 2),
        ("refusal", "refusal", 1),
        ("content filter", "refusal", 1),
        ("content filter 400", "refusal", 1),
        ("truncated", "truncated", 1),
        ("too long", "question too long", 1),
        ("401", "request refused by the server", 1),
        ("429", "too many requests", 3),
        ("500", "server error", 3),
        ("503 without JSON", "server error", 3),
        ("not the wire format", "server error", 3),
        ("connection lost", "no connection", 3),
    ],
)
def test_client_failures_are_bounded(
    settings_for: Maker, fault: str, kind: str, requests: int
) -> None:
    with serving(always=fault) as server:
        with pytest.raises(FailedAnswer) as caught:
            ask(server, settings_for)
        assert caught.value.kind == kind
        assert len(server.requests) == requests


def test_client_times_out(settings_for: Maker) -> None:
    with serving(always="slow") as server:
        with pytest.raises(FailedAnswer, match=r"within 0\.3 seconds") as caught:
            ask(server, settings_for, timeout=0.3, retries=1)
        assert caught.value.kind == "time-out"
        assert len(server.requests) == 2


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_client_sends_no_more_than_the_stated_retries(settings_for: Maker, retries: int) -> None:
    with serving(always="500") as server:
        with pytest.raises(FailedAnswer):
            ask(server, settings_for, retries=retries)
        assert len(server.requests) == retries + 1


def test_client_waits_as_long_as_the_server_asks(settings_for: Maker) -> None:
    waits: list[float] = []
    with serving(faults=["429 for 0.2 s", "429"]) as server:
        client = ModelClient(settings_for(server), wait=waits.append)
        client.ask(Account(), "navigator", QUESTION, EntriesAnswer)
        assert len(server.requests) == 3
    assert waits == [0.2, 1.0]


def test_client_connection_refused_is_not_tried_over_and_over(settings_for: Maker) -> None:
    with serving() as server:
        settings = settings_for(server)
    waits: list[float] = []
    client = ModelClient(settings, wait=waits.append)
    for _ in range(3):
        with pytest.raises(FailedAnswer, match="cannot be reached"):
            client.ask(Account(), "navigator", QUESTION, EntriesAnswer)
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("limits", "form", "requests"),
    [
        ((), "json_schema", 1),
        (("no json_schema",), "json_object", 2),
        (("no json_schema", "no json_object"), "tools", 3),
        (("no json_schema", "no json_object", "no tools"), "plain", 4),
        (("no temperature", "no max_tokens"), "json_schema", 3),
    ],
)
def test_client_finds_out_once_what_a_server_can_do(
    settings_for: Maker, limits: tuple[str, ...], form: str, requests: int
) -> None:
    with serving(limits=limits) as server:
        settings = settings_for(server, cache=True)
        client = ModelClient(settings)
        for number in range(3):
            question = QUESTION._replace(user=f"{QUESTION.user} {number}")
            client.ask(Account(), "navigator", question, EntriesAnswer)
        assert client.ability("tiny").form == form
        assert len(server.requests) == requests + 2
        # Another process reads what this one found out.
        later = ModelClient(settings)
        later.ask(Account(), "navigator", QUESTION._replace(user="later"), EntriesAnswer)
        assert len(server.requests) == requests + 3


def test_client_shows_the_schema_where_the_demand_is_passed_over(settings_for: Maker) -> None:
    with serving(limits=["ignores the form"]) as server:
        client = ModelClient(settings_for(server))
        for number in range(3):
            question = QUESTION._replace(user=f"{QUESTION.user} {number}")
            client.ask(Account(), "navigator", question, EntriesAnswer)
        assert len(server.requests) == 4


def test_client_named_form_is_kept(settings_for: Maker) -> None:
    with serving(limits=["no tools"]) as server, pytest.raises(FailedAnswer):
        ask(server, settings_for, form="tools")
    with serving() as server:
        ask(server, settings_for, form="tools")
        assert schema_of(server.requests[0]) and "response_format" not in server.requests[0]


def test_client_answers_identical_calls_from_the_disk(settings_for: Maker) -> None:
    with serving() as server:
        for _ in range(2):
            _, account = ask(server, settings_for, cache=True)
        assert (len(server.requests), account.calls, account.cached) == (1, 0, 1)
        ask(server, settings_for, cache=True, temperature=0.5)
        ask(server, settings_for, cache=True, model="other")
        ask(server, settings_for, cache=False)
        assert len(server.requests) == 4


def test_client_does_not_keep_what_was_of_no_use(settings_for: Maker) -> None:
    with serving(faults=["invalid JSON", "invalid JSON"]) as server:
        with pytest.raises(FailedAnswer):
            ask(server, settings_for, cache=True)
        ask(server, settings_for, cache=True)
        assert len(server.requests) == 3


def test_client_keeps_to_the_requests_under_way(settings_for: Maker) -> None:
    with serving(delay=0.05) as server:
        client = ModelClient(settings_for(server, concurrency=2))

        def one(number: int) -> None:
            question = QUESTION._replace(user=f"{QUESTION.user} {number}")
            client.ask(Account(), "navigator", question, EntriesAnswer)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(10)))
        assert (len(server.requests), server.most_under_way) == (10, 2)


def test_client_keeps_to_the_rate(settings_for: Maker) -> None:
    with serving() as server:
        client = ModelClient(settings_for(server, per_minute=600))
        begun = time.monotonic()
        for number in range(4):
            question = QUESTION._replace(user=f"{QUESTION.user} {number}")
            client.ask(Account(), "navigator", question, EntriesAnswer)
        assert time.monotonic() - begun >= 0.3


def test_client_counts_tokens_where_the_server_does_not(settings_for: Maker) -> None:
    with serving(limits=["counts no tokens"]) as server:
        _, account = ask(server, settings_for)
    assert account.prompt_tokens > 10
    assert account.losses().remarks == ("The server does not count tokens; they are estimated.",)


def test_client_counts_the_cost(settings_for: Maker, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[tiny]\nprompt = 2.0\ncompletion = 8.0\n")
    with serving() as server:
        _, account = ask(server, settings_for, prices=prices)
    expected = (account.prompt_tokens * 2.0 + account.completion_tokens * 8.0) / 1e6
    assert account.usage().cost == pytest.approx(expected)
    prices.write_text("[tiny]\nprompt = 'free'\n")
    with pytest.raises(BadInput):
        read_prices(prices)


def test_client_sends_the_key_it_was_given(
    settings_for: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-this-server")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("CHARTCODER_API_KEY", "own")
    with serving() as server:
        ask(server, settings_for)
        assert server.headers[0]["authorization"] == "Bearer own"


def test_client_asks_other_models_for_other_agents(settings_for: Maker) -> None:
    with serving() as server:
        client = ModelClient(settings_for(server, models={"navigator": "small"}))
        client.ask(Account(), "navigator", QUESTION, EntriesAnswer)
        client.ask(Account(), "validator", QUESTION, EntriesAnswer)
        assert [b["model"] for b in server.requests] == ["small", "tiny"]
        assert client.tally()["navigator"].calls == 1


def test_client_factory_may_be_sent_to_another_process(settings_for: Maker) -> None:
    with serving() as server:
        judges = ModelJudges(settings_for(server))
        assert judges().name == "model:tiny"
        copy = pickle.loads(pickle.dumps(judges))
        assert copy.settings == judges.settings
        assert copy().name == "model:tiny"


def test_client_many_threads_agree_on_a_server(settings_for: Maker) -> None:
    with serving(limits=["no json_schema"]) as server:
        client = ModelClient(settings_for(server))
        barrier = threading.Barrier(4)

        def one(number: int) -> None:
            barrier.wait()
            question = QUESTION._replace(user=f"{QUESTION.user} {number}")
            client.ask(Account(), "navigator", question, EntriesAnswer)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(one, range(4)))
        assert client.ability("tiny").form == "json_object"
        assert json.dumps(client.tally())
