"""What a person may set about the model judge, with the environment variables that set it.

A model is used only where one is named, by ``--model`` or ``CHARTCODER_MODEL``. A key in the
environment alone never does. ``OPENAI_API_KEY`` is sent to OpenAI's own address and nowhere else;
any other server gets ``CHARTCODER_API_KEY``, or a dummy.
"""

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.agents.values import AgentName

OPENAI = "https://api.openai.com/v1"
Form = Literal["json_schema", "json_object", "tools", "plain"]
FORMS: tuple[Form, ...] = get_args(Form)
_AGENTS: "tuple[AgentName, ...]" = ("extractor", "navigator", "validator", "reconciler")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Everything a model judge needs to know; all but the model has a default.

    Attributes:
        model: what the server calls the model.
        base_url: the server's address up to ``/v1``.
        models: another model for some of the agents.
        temperature: None where the server must not be sent one.
        seed: for servers that take one.
        timeout: seconds for one request.
        retries: how often one request is sent again after 429, 5xx, a time-out or a lost
            connection.
        token_budget: prompt tokens of one call; a longer question is split.
        answer_tokens: most tokens of one answer.
        concurrency: requests under way at once, over all charts of this process.
        per_minute: requests a minute; None for no limit.
        form: how the answer's form is demanded; ``auto`` finds out what the server can do.
        extra_body: fields added to every request.
        prompts: a folder whose files stand in for the prompts of the same name.
        cache: whether identical calls are answered from the disk.
        cache_file: where; None for ``CHARTCODER_HOME``.
        prices: a TOML file with prices a million tokens, for the cost of a coding.
        strict: a failed call ends the chart instead of handing the item to the rules judge.
        api_key: the key; None to take it from the environment.
    """

    model: str
    base_url: str = OPENAI
    models: "Mapping[AgentName, str]" = field(default_factory=dict)
    temperature: float | None = 0.0
    seed: int | None = None
    timeout: float = 120.0
    retries: int = 2
    token_budget: int = 12_000
    answer_tokens: int = 4_096
    concurrency: int = 4
    per_minute: float | None = None
    form: Form | Literal["auto"] = "auto"
    extra_body: Mapping[str, object] = field(default_factory=dict)
    prompts: Path | None = None
    cache: bool = True
    cache_file: Path | None = None
    prices: Path | None = None
    strict: bool = False
    api_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise BadInput("The model has no name; give one with --model or CHARTCODER_MODEL.")
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise BadInput(
                f"The base URL {self.base_url!r} is no http or https address; "
                "give one such as http://localhost:8000/v1."
            )
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= least):
                raise BadInput(
                    f"The model setting {name} is {value}; it must be at least {least:g}."
                )

    def model_for(self, agent: "AgentName") -> str:
        """The model that answers this agent."""
        return self.models.get(agent, self.model)

    @property
    def is_openai(self) -> bool:
        """Whether the server is OpenAI's own or Azure's, which take no ``max_tokens``."""
        host = urlsplit(self.base_url).hostname or ""
        return host == "api.openai.com" or host.endswith(".azure.com")

    @property
    def key(self) -> str:
        """The key to send: the one given, our own variable, OpenAI's for OpenAI, or a dummy."""
        given = self.api_key or os.environ.get("CHARTCODER_API_KEY")
        if not given and urlsplit(self.base_url).hostname == "api.openai.com":
            given = os.environ.get("OPENAI_API_KEY")
        return given or "none"


_LEAST = {
    "temperature": 0.0, "timeout": 0.001, "retries": 0, "token_budget": 1_000,
    "answer_tokens": 64, "concurrency": 1, "per_minute": 0.001,
}  # fmt: skip


class Variable(NamedTuple):
    """One setting as an environment variable and an option has it."""

    setting: str
    environment: str
    option: str
    read: Callable[[str], object]
    help: str


def read_flag(text: str) -> bool:
    """``1``, ``yes``, ``true``, ``on`` and their opposites."""
    word = text.strip().lower()
    if word in ("1", "yes", "true", "on"):
        return True
    if word in ("0", "no", "false", "off", ""):
        return False
    raise ValueError(f"{text!r} is neither yes nor no")


def read_object(text: str) -> dict[str, object]:
    """A JSON object."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def read_models(text: str) -> "dict[AgentName, str]":
    """``extractor=small,reconciler=large``: another model for some agents."""
    found: dict[AgentName, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, model = part.partition("=")
        agent = next((a for a in _AGENTS if a == name.strip()), None)
        if agent is None or not model.strip():
            raise ValueError(f"{part!r} is not AGENT=MODEL with an agent of {', '.join(_AGENTS)}")
        found[agent] = model.strip()
    return found


def read_form(text: str) -> str:
    """``auto`` or one of the forms a server may understand."""
    if text not in ("auto", *FORMS):
        raise ValueError(f"{text!r} is not one of auto, {', '.join(FORMS)}")
    return text


def read_temperature(text: str) -> float | None:
    """A number, or ``none`` where the server must not be sent one."""
    return None if text.strip().lower() == "none" else float(text)


def read_path(text: str) -> Path:
    """A path; ``~`` is the home folder."""
    return Path(text).expanduser()


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "model", "CHARTCODER_MODEL", "--model", str,
        "name of the chat model; without one the rules judge codes and nothing leaves the machine",
    ),
    Variable(
        "base_url", "CHARTCODER_BASE_URL", "--base-url", str,
        "address of the server up to /v1 (default: OpenAI's)",
    ),
    Variable(
        "models", "CHARTCODER_AGENT_MODELS", "--agent-models", read_models,
        "other models for some agents: extractor=A,reconciler=B",
    ),
    Variable(
        "temperature", "CHARTCODER_TEMPERATURE", "--temperature", read_temperature,
        "sampling temperature, or none to send none (default 0)",
    ),
    Variable("seed", "CHARTCODER_SEED", "--seed", int, "seed, for servers that take one"),
    Variable(
        "timeout", "CHARTCODER_TIMEOUT", "--timeout", float,
        "seconds for one request (default 120)",
    ),
    Variable(
        "retries", "CHARTCODER_RETRIES", "--retries", int,
        "times a request is sent again after 429, 5xx, a time-out or a lost connection (default 2)",
    ),
    Variable(
        "token_budget", "CHARTCODER_TOKEN_BUDGET", "--token-budget", int,
        "prompt tokens of one call; longer questions are split (default 12000)",
    ),
    Variable(
        "answer_tokens", "CHARTCODER_ANSWER_TOKENS", "--answer-tokens", int,
        "most tokens of one answer (default 4096)",
    ),
    Variable(
        "concurrency", "CHARTCODER_CONCURRENCY", "--concurrency", int,
        "requests under way at once (default 4)",
    ),
    Variable(
        "per_minute", "CHARTCODER_PER_MINUTE", "--per-minute", float,
        "requests a minute (default: no limit)",
    ),
    Variable(
        "form", "CHARTCODER_FORM", "--form", read_form,
        "json_schema, json_object, tools or plain instead of finding out (default auto)",
    ),
    Variable(
        "extra_body", "CHARTCODER_EXTRA_BODY", "--extra-body", read_object,
        "JSON object whose fields are added to every request",
    ),
    Variable(
        "prompts", "CHARTCODER_PROMPTS", "--prompts", read_path,
        "folder whose files stand in for the prompts of the same name",
    ),
    Variable(
        "cache", "CHARTCODER_MODEL_CACHE", "--no-model-cache", read_flag,
        "ask again even where an identical call was answered before",
    ),
    Variable(
        "prices", "CHARTCODER_PRICES", "--prices", read_path,
        "TOML file with prices a million tokens, for the cost",
    ),
    Variable(
        "strict", "CHARTCODER_STRICT", "--strict", read_flag,
        "a failed call ends the chart, instead of the rules judge deciding the item",
    ),
)  # fmt: skip


def from_environment(environment: Mapping[str, str] | None = None) -> dict[str, object]:
    """The settings that environment variables give, by name of the setting.

    Raises:
        BadInput: a variable cannot be read.
    """
    source = os.environ if environment is None else environment
    found: dict[str, object] = {}
    for variable in VARIABLES:
        text = source.get(variable.environment)
        if text is None or text == "":
            continue
        try:
            found[variable.setting] = variable.read(text)
        except ValueError as error:
            raise BadInput(
                f"The variable {variable.environment} cannot be read: {error}."
            ) from None
    return found


def settings_from(
    given: Mapping[str, object], environment: Mapping[str, str] | None = None
) -> ModelSettings | None:
    """Settings from what was given, then the environment; None where no model is named.

    Args:
        given: settings by name; None values count as not given.
        environment: the variables; None for those of the process.

    Raises:
        BadInput: a setting cannot be used.
    """
    values = from_environment(environment)
    values.update({name: value for name, value in given.items() if value is not None})
    if not values.get("model"):
        return None
    return ModelSettings(**values)  # type: ignore[arg-type]
