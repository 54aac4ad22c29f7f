"""What the tests of the model judge share: a small chart, settings for a loopback server, a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chartcoder.agents.model.client import ModelClient
from chartcoder.agents.model.factory import ModelJudges
from chartcoder.agents.model.settings import ModelSettings
from chartcoder.agents.values import Chart, Coding, Encounter
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import code_chart
from tests.agents.model.server import ModelServer

VISIT = """CHIEF COMPLAINT
Joint pain and blood pressure.

ASSESSMENT
1. Arthritis of the right knee. Start ibuprofen.
2. Hypertension. Continue lisinopril 20 mg daily.
3. Type 2 diabetes. Continue metformin.
"""

Coder = Callable[..., Coding]


@pytest.fixture
def visit() -> Chart:
    return Chart(id="visit", text=VISIT, encounter=Encounter(setting="outpatient"))


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., ModelSettings]:
    """Settings for a server, with a cache of the test's own and short waits."""

    def make(server: ModelServer, **changed: Any) -> ModelSettings:
        values: dict[str, Any] = {
            "model": "tiny", "base_url": server.base_url, "timeout": 10.0, "retries": 2,
            "cache": False, "cache_file": tmp_path / "answers.db",
        }  # fmt: skip
        return ModelSettings(**{**values, **changed})

    return make


@pytest.fixture
def judges_for(
    settings_for: Callable[..., ModelSettings], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ModelJudges]:
    """Judges over a server whose client does not wait between retries."""

    def make(server: ModelServer, **changed: Any) -> ModelJudges:
        judges = ModelJudges(settings_for(server, **changed))
        judges._client = ModelClient(judges.settings, wait=lambda seconds: None)
        return judges

    return make


@pytest.fixture
def coded(judges_for: Callable[..., ModelJudges], own_home: Path) -> Coder:
    """Codes a chart with the bundled release and a server."""

    def run(server: ModelServer, chart: Chart, *, way_back: bool = True, **changed: Any) -> Coding:
        judges = judges_for(server, **changed)
        return code_chart(chart, context=Context("bundled", judges, way_back=way_back))

    return run
