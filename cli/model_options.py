"""The options that choose a model as the judge, for the commands that code charts."""

from chartcoder.agents.model.options import add_model_arguments, judge_factory, model_settings

__all__ = ["add_model_arguments", "judge_factory", "model_settings"]
