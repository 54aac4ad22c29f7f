"""``chartcoder tree``."""

import json

import pytest

from chartcoder.cli.main import main


def _shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["tree", *words, "--release", "bundled"]) == 0
    return capsys.readouterr().out.splitlines()


def test_tree_shows_headers_siblings_and_what_is_below(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = _shown(capsys, "M17.1")
    assert [line[:2] for line in lines].count("> ") == 1
    assert [line.strip("> ").split()[0] for line in lines] == [
        "13", "M15-M19", "M17-", "M17.0", "M17.1-", "M17.10", "M17.11", "M17.12", "M17.2",
        "M17.3-", "M17.4", "M17.5", "M17.9",
    ]  # fmt: skip
    at = {line.strip("> ").split()[0]: len(line) - len(line.lstrip("> ")) for line in lines}
    assert at["13"] < at["M15-M19"] < at["M17-"] < at["M17.1-"] == at["M17.9"] < at["M17.11"]


def test_tree_depth(capsys: pytest.CaptureFixture[str]) -> None:
    none = _shown(capsys, "S52", "--depth", "0")
    deep = _shown(capsys, "S52", "--depth", "9")
    assert not any("S52.5" in line for line in none)
    assert any("S52.501A" in line for line in deep)
    with pytest.raises(SystemExit):
        main(["tree", "S52", "--depth", "-1"])


def test_tree_of_a_chapter_and_of_a_section_that_is_one_category(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        sum(line.startswith(("  ", "> ")) and line[2] != " " for line in _shown(capsys, "22")) == 22
    )
    lines = _shown(capsys, "B20")
    assert lines[-1].startswith(">     B20  Human immunodeficiency virus")


def test_tree_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", "W08.XXXA", "--json", "--release", "bundled"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [step["code"] for step in found["ancestors"]] == ["20", "W00-W19", "W08"]
    assert [sibling["code"] for sibling in found["siblings"]] == ["W08.XXXD", "W08.XXXS"]
    assert found["children"] == []
    assert main(["tree", "M17", "--json", "--depth", "2", "--release", "bundled"]) == 0
    below = json.loads(capsys.readouterr().out)["children"]
    assert below[1]["children"][0]["code"] == "M17.10"


def test_tree_notes_name_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", "E11.9", "--notes", "--json", "--release", "bundled"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {
        "kind": "excludes1",
        "from": "E11",
        "to": "E10",
        "text": "type 1 diabetes mellitus (E10.-)",
    } in found["names"]
    assert any(relation["from"] == "D84.81" for relation in found["named_by"])
    lines = _shown(capsys, "E11.9", "--notes")
    assert "  E11 excludes1 E10: type 1 diabetes mellitus (E10.-)" in lines


def test_tree_unknown_codes_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", "M17.6", "--release", "bundled"]) == 2
    assert "nearest header is M17" in capsys.readouterr().err
