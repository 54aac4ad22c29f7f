import json
from collections.abc import Callable

import pytest

from chartcoder.agents.model.client import ModelClient
from chartcoder.agents.model.servers import check_server, leaves_the_machine
from chartcoder.agents.model.settings import ModelSettings
from chartcoder.tabular.errors import MissingPrerequisite
from tests.agents.model.server import Body, serving

Maker = Callable[..., ModelSettings]


def probe(body: Body) -> str:
    return json.dumps({"word": "heart", "number": 7})


@pytest.mark.parametrize(
    ("limits", "form", "without"),
    [
        ((), "json_schema", ()),
        (("no json_schema", "no temperature"), "json_object", ("temperature",)),
        (("no json_schema", "no json_object"), "tools", ()),
        (("ignores the form", "counts no tokens"), "json_object", ()),
    ],
)
def test_servers_are_found_out_and_remembered(
    settings_for: Maker, limits: tuple[str, ...], form: str, without: tuple[str, ...]
) -> None:
    with serving(probe, limits=limits) as server:
        settings = settings_for(server, cache=True)
        report = check_server(settings)
        assert (report.form, report.without) == (form, without)
        verdicts = {row.ability: row.verdict for row in report.rows}
        assert verdicts["lists its models"] == "yes"
        assert verdicts["counts tokens"] == ("no" if "counts no tokens" in limits else "yes")
        if "ignores the form" in limits:
            assert verdicts["answers by a JSON schema"] == "passed over"
        assert ModelClient(settings).ability("tiny").form == form


def test_servers_without_any_form(settings_for: Maker) -> None:
    with serving(lambda body: "I like prose.") as server:
        assert check_server(settings_for(server)).form is None


@pytest.mark.parametrize("fault", ["401", "404"])
def test_servers_that_refuse_the_key_or_the_model(settings_for: Maker, fault: str) -> None:
    with (
        serving(probe, always=fault) as server,
        pytest.raises(MissingPrerequisite, match="does not answer for the model"),
    ):
        check_server(settings_for(server))


def test_servers_that_are_not_there(settings_for: Maker) -> None:
    with serving(probe) as server:
        settings = settings_for(server)
    with pytest.raises(MissingPrerequisite, match="Nobody answers"):
        check_server(settings)


@pytest.mark.parametrize(
    ("url", "leaves"),
    [
        ("https://api.openai.com/v1", True),
        ("http://10.0.0.7:8000/v1", True),
        ("http://localhost:8000/v1", False),
        ("http://127.0.0.1:8000/v1", False),
        ("http://[::1]:8000/v1", False),
    ],
)
def test_servers_on_another_machine_are_told(url: str, leaves: bool) -> None:
    assert leaves_the_machine(ModelSettings("m", base_url=url)) is leaves
