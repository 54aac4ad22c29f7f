"""The options that choose a model as the judge, shared by all commands that code charts.

Each option has an environment variable of our own; the option wins. Without a model named in
either, the rules judge codes, whatever keys the environment holds. Light: the client is imported
only when a model is named.
"""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from chartcoder.agents.model.settings import VARIABLES, ModelSettings, Variable, settings_from
from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.agents.judge import Judge

_SWITCHES = {"cache": False, "strict": True}


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds ``--model``, ``--base-url`` and what else may be set about the model judge."""
    group = parser.add_argument_group(
        "model judge", "Each option can be set by the variable in brackets; the option wins."
    )
    for variable in VARIABLES:
        said = f"{variable.help} [{variable.environment}]"
        if variable.setting in _SWITCHES:
            group.add_argument(
                variable.option, dest=_dest(variable), action="store_const",
                const=_SWITCHES[variable.setting], help=said,
            )  # fmt: skip
        else:
            metavar = variable.option.lstrip("-").rpartition("-")[2].upper()
            group.add_argument(variable.option, dest=_dest(variable), metavar=metavar, help=said)


def _dest(variable: Variable) -> str:
    return f"model_{variable.setting}"


def model_settings(options: argparse.Namespace) -> ModelSettings | None:
    """The settings of the options and the environment; None where no model is named.

    Raises:
        BadInput: an option or variable cannot be used, or options are given without a model.
    """
    given: dict[str, object] = {}
    for variable in VARIABLES:
        value = getattr(options, _dest(variable), None)
        if isinstance(value, str):
            try:
                value = variable.read(value)
            except ValueError as error:
                raise BadInput(f"The option {variable.option} cannot be read: {error}.") from None
        if value is not None:
            given[variable.setting] = value
    settings = settings_from(given)
    if settings is None and given:
        named = ", ".join(v.option for v in VARIABLES if v.setting in given)
        raise BadInput(f"{named} says how to reach a model, but none is named; add --model NAME.")
    return settings


def judge_factory(options: argparse.Namespace) -> "Callable[[], Judge] | None":
    """What makes the judge of a run; None for the rules judge.

    Raises:
        BadInput: as ``model_settings``; a prompt folder or price table that cannot be used.
    """
    settings = model_settings(options)
    if settings is None:
        return None
    from chartcoder.agents.model.factory import ModelJudges

    judges = ModelJudges(settings)
    judges.check_files()
    return judges
