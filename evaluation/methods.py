"""How a run was made, for its file and for a report that others can check and repeat.

Source of what a report must hold: the systematic review of the field by Gershon et al. 2025, which
asks for the prompts and the post-processing rules.
"""

import hashlib
import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import chartcoder
from chartcoder.agents.model.prompts import load_prompt
from chartcoder.agents.model.settings import ModelSettings
from chartcoder.agents.rules.policies import policies_for
from chartcoder.evaluation.gold import GoldChart, gold_line
from chartcoder.evaluation.record import ChartRecord
from chartcoder.evaluation.run import code_state
from chartcoder.graph.context import Context

_MODEL_FIELDS = (
    "model", "models", "temperature", "seed", "token_budget", "answer_tokens", "form", "extra_body",
    "strict",
)  # fmt: skip


def header(context: Context, gold: Mapping[str, GoldChart]) -> dict[str, Any]:
    """The settings that a run's records depend on, with the command that made it.

    Args:
        context: what the charts are run with.
        gold: what they are held against.
    """
    release = context.book.release
    return {
        "version": chartcoder.__version__,
        "code_state": code_state(),
        "release": {"year": release.year, "source": release.source, "index": release.index_kind},
        "judge": context.make_judge().name,
        "model": _model(context),
        "way_back": context.way_back,
        "policies": dict(context.policies),
        "gold": _digest([gold_line(one) for one in gold.values()]),
        "command": command(),
    }


def command(arguments: list[str] | None = None) -> str:
    """The command line of this process, as a shell takes it."""
    return shlex.join(["chartcoder", *(sys.argv[1:] if arguments is None else arguments)])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _settings(context: Context) -> ModelSettings | None:
    settings = getattr(context.judge, "settings", None)
    return settings if isinstance(settings, ModelSettings) else None


def _model(context: Context) -> dict[str, Any] | None:
    settings = _settings(context)
    if settings is None:
        return None
    told = {name: getattr(settings, name) for name in _MODEL_FIELDS}
    told["models"], told["extra_body"] = dict(told["models"]), dict(told["extra_body"])
    told["prompts"] = _digest(list(prompts(settings.prompts).items()))
    return told


def prompts(folder: Path | None) -> dict[str, str]:
    """The text of every prompt in force, as it stands in its file."""
    # Imported here, because the rules judge needs no client.
    from chartcoder.agents.model.judge import PROMPTS

    return {name: load_prompt(name, folder).file.read_text("utf-8") for name in PROMPTS}


def methods(context: Context, records: Iterable[ChartRecord]) -> dict[str, Any]:
    """What a published report tells of how codes were assigned and post-processed.

    Args:
        context: what the charts were run with.
        records: the run, for the rules that turned codes down.
    """
    settings = _settings(context)
    fired = Counter(
        (one["agent"], one["rule"]) for record in records for one in record["rejected"]
    )  # fmt: skip
    return {
        "prompts": prompts(settings.prompts) if settings is not None else {},
        "policies": {
            setting: policies_for(setting, context.policies)._asdict()
            for setting in ("outpatient", "inpatient")
        },
        "policies_changed": dict(context.policies),
        "rules_that_turned_codes_down": [
            {"agent": agent, "rule": rule, "codes": count}
            for (agent, rule), count in sorted(fired.items(), key=lambda kv: (-kv[1], kv[0]))
        ],
        "release_files": {
            role: {"sha256": known.sha256, "year": known.part.year}
            for role, known in sorted(context.book.release.files.items())
        },
    }
