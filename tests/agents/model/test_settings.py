import subprocess
import sys
from typing import Any

import pytest

from chartcoder.agents.model.settings import OPENAI, VARIABLES, ModelSettings, settings_from
from chartcoder.tabular.errors import BadInput


def test_settings_a_key_alone_names_no_model() -> None:
    environment = {"OPENAI_API_KEY": "sk-x", "CHARTCODER_API_KEY": "y", "OPENAI_BASE_URL": "z"}
    assert settings_from({}, environment) is None


def test_settings_from_the_environment_and_the_option_wins() -> None:
    environment = {
        "CHARTCODER_MODEL": "a", "CHARTCODER_BASE_URL": "http://localhost:1/v1",
        "CHARTCODER_TEMPERATURE": "none", "CHARTCODER_SEED": "7", "CHARTCODER_STRICT": "yes",
        "CHARTCODER_AGENT_MODELS": "extractor=small, reconciler=large",
        "CHARTCODER_EXTRA_BODY": '{"top_k": 1}', "CHARTCODER_MODEL_CACHE": "off",
    }  # fmt: skip
    made = settings_from({"model": "b", "seed": None}, environment)
    assert made is not None
    assert (made.model, made.base_url, made.temperature, made.seed) == (
        "b", "http://localhost:1/v1", None, 7
    )  # fmt: skip
    assert (made.strict, made.cache, made.extra_body) == (True, False, {"top_k": 1})
    assert [made.model_for(a) for a in ("extractor", "validator", "reconciler")] == [  # type: ignore[arg-type]
        "small", "b", "large"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        {"model": " "},
        {"model": "m", "base_url": "localhost:8000"},
        {"model": "m", "retries": -1},
        {"model": "m", "timeout": 0},
        {"model": "m", "timeout": float("nan")},
        {"model": "m", "token_budget": 10},
        {"model": "m", "concurrency": 0},
    ],
)
def test_settings_that_cannot_be_used_are_told(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        ModelSettings(**values)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CHARTCODER_RETRIES", "many"),
        ("CHARTCODER_EXTRA_BODY", "[1]"),
        ("CHARTCODER_AGENT_MODELS", "doctor=x"),
        ("CHARTCODER_FORM", "xml"),
        ("CHARTCODER_STRICT", "perhaps"),
    ],
)
def test_settings_variables_that_cannot_be_read_are_named(name: str, text: str) -> None:
    with pytest.raises(BadInput, match=name):
        settings_from({}, {"CHARTCODER_MODEL": "m", name: text})


def test_settings_openais_key_goes_to_openai_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.delenv("CHARTCODER_API_KEY", raising=False)
    assert ModelSettings("m").key == "sk-openai"
    assert ModelSettings("m", base_url="http://localhost:1/v1").key == "none"
    monkeypatch.setenv("CHARTCODER_API_KEY", "own")
    assert ModelSettings("m", base_url="http://localhost:1/v1").key == "own"
    assert "own" not in repr(ModelSettings("m", api_key="own"))


@pytest.mark.parametrize(
    ("url", "openai"),
    [
        (OPENAI, True),
        ("https://mine.openai.azure.com/openai/v1/", True),
        ("http://localhost:11434/v1", False),
        ("https://api.openai.com.example.org/v1", False),
    ],
)
def test_settings_know_openai_and_azure(url: str, openai: bool) -> None:
    assert ModelSettings("m", base_url=url).is_openai is openai


def test_settings_every_variable_is_our_own() -> None:
    assert all(v.environment.startswith("CHARTCODER_") for v in VARIABLES)
    assert len({v.setting for v in VARIABLES}) == len(VARIABLES)


def test_settings_and_options_load_neither_pydantic_nor_langchain() -> None:
    script = (
        "import sys, chartcoder.cli.model_options\n"
        "heavy = {'pydantic', 'langchain_openai', 'langchain_core', 'langgraph', 'openai'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
