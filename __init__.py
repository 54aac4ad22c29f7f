"""chartcoder assigns ICD-10-CM codes to clinical charts, with the proof of every code.

The public names are loaded when first asked for, so that ``import chartcoder`` stays quick::

    from chartcoder import code_chart
    coding = code_chart("Assessment: Hypothyroidism.")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "BadInput": "chartcoder.tabular.errors",
    "ChartcoderError": "chartcoder.tabular.errors",
    "Chart": "chartcoder.agents.values",
    "Coding": "chartcoder.agents.values",
    "Encounter": "chartcoder.agents.values",
    "MissingPrerequisite": "chartcoder.tabular.errors",
    "Release": "chartcoder.tabular.release",
    "build_graph": "chartcoder.graph.pipeline",
    "code_chart": "chartcoder.graph.pipeline",
    "open_release": "chartcoder.tabular.release",
}

if TYPE_CHECKING:
    from chartcoder.agents.values import Chart, Coding, Encounter
    from chartcoder.graph.pipeline import build_graph, code_chart
    from chartcoder.tabular.errors import BadInput, ChartcoderError, MissingPrerequisite
    from chartcoder.tabular.release import Release, open_release

__all__ = [
    "BadInput",
    "Chart",
    "ChartcoderError",
    "Coding",
    "Encounter",
    "MissingPrerequisite",
    "Release",
    "build_graph",
    "code_chart",
    "open_release",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'chartcoder' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
