import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.agents.model.factory import PROMPTS
from chartcoder.agents.model.prompts import load_prompt, read_prompt
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.home import resources

HEAD = '+++\nname = "mine"\nvariables = ["chart"]\n+++\n'


def written(folder: Path, text: str, name: str = "mine") -> Path:
    file = folder / f"{name}.md"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", [*PROMPTS, "plain"])
def test_prompts_ours_are_whole(name: str) -> None:
    prompt = load_prompt(name)
    assert prompt.name == name
    filled = prompt.fill(dict.fromkeys(prompt.variables, "value"))
    assert "{{" not in filled.system + filled.user


def test_prompts_together_leave_room_for_the_chart() -> None:
    """A visit must stay below 12,000 prompt tokens; our own words may take a third of that."""
    characters = sum(
        len(load_prompt(n).system) + len(load_prompt(n).user)
        for n in PROMPTS if n != "policy-inpatient"
    )  # fmt: skip
    assert characters / 4 < 4_000


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Words.\n=== user ===\nMore.", "no head"),
        ("+++\nname = \n+++\nWords.\n=== user ===\nMore.", "not TOML"),
        (HEAD + "Words without a question.", "no line"),
        (HEAD + "Words.\n=== user ===\n{{chart}} {{patient}}", "patient"),
    ],
)
def test_prompts_damaged_ones_are_told(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        read_prompt(written(tmp_path, text))


def test_prompts_a_missing_variable_is_an_error(tmp_path: Path) -> None:
    prompt = read_prompt(written(tmp_path, HEAD + "Words.\n=== user ===\n{{chart}}"))
    with pytest.raises(BadInput, match="wants chart"):
        prompt.fill({"other": "x"})


def test_prompts_a_folder_stands_in_for_ours(tmp_path: Path) -> None:
    own = (resources() / "prompts" / "navigator.md").read_text()
    written(tmp_path, own.replace("You are an experienced", "Du bist ein erfahrener"), "navigator")
    assert "Du bist" in load_prompt("navigator", tmp_path).system
    assert load_prompt("extractor", tmp_path) == load_prompt("extractor")


def test_prompts_a_folder_may_not_want_what_no_agent_gives(tmp_path: Path) -> None:
    own = (resources() / "prompts" / "navigator.md").read_text()
    wanting = own.replace('variables = ["year"', 'variables = ["weather", "year"')
    written(tmp_path, wanting, "navigator")
    with pytest.raises(BadInput, match="weather"):
        load_prompt("navigator", tmp_path)


def test_prompts_a_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not there"):
        load_prompt("navigator", tmp_path / "nowhere")


@given(st.text(max_size=60))
def test_prompts_values_are_never_read_as_templates(value: str) -> None:
    prompt = load_prompt("plain")
    given_values = dict.fromkeys(prompt.variables, "x") | {"chart": "{{fence}}" + value}
    assert "{{fence}}" + value in prompt.fill(given_values).user


def test_prompts_are_read_again_when_they_change(tmp_path: Path) -> None:
    shutil.copy(resources() / "prompts" / "plain.md", tmp_path / "plain.md")
    first = load_prompt("plain", tmp_path).system
    text = (tmp_path / "plain.md").read_text().replace("medical coder", "clinical coder")
    (tmp_path / "plain.md").write_text(text)
    assert load_prompt("plain", tmp_path).system != first
