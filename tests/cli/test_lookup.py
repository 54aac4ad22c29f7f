"""``chartcoder lookup``."""

import json
from typing import Any

import pytest

from chartcoder.cli.main import main

FIELDS = [
    "code", "title", "billable", "chapter", "section", "path", "includes", "inclusion_terms",
    "excludes1", "excludes2", "code_first", "use_additional", "code_also",
]  # fmt: skip


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["lookup", *words, "--json", "--release", "bundled"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_lookup_json_is_as_in_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "m1711")
    assert list(found)[: len(FIELDS)] == FIELDS
    assert found["code"] == "M17.11"
    assert found["title"] == "Unilateral primary osteoarthritis, right knee"
    assert found["billable"] is True
    assert (found["chapter"], found["section"]) == ("13", "M15-M19")
    assert found["path"] == ["13", "M15-M19", "M17", "M17.1", "M17.11"]
    assert {"text": "osteoarthritis of spine (M47.-)", "from": "M15-M19"} in found["excludes2"]
    assert found["seventh_characters"] == {}
    assert found["children"] == []


def test_lookup_inherited_notes_carry_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "S52.501A")
    assert found["path"][-2:] == ["S52.501", "S52.501A"]
    assert found["excludes1"] == [
        {"text": "traumatic amputation of forearm (S58.-)", "from": "S52"}
    ]
    assert {note["from"] for note in found["excludes2"]} == {"S52.5", "S52", "S50-S59", "19"}
    assert found["seventh_characters"]["A"] == "initial encounter for closed fracture"
    assert list(found["seventh_characters"]) == list("ABCDEFGHJKMNPQRS")


def test_lookup_code_first_and_use_additional(capsys: pytest.CaptureFixture[str]) -> None:
    assert any(n["from"] == "E11" for n in _json(capsys, "E11.9")["use_additional"])
    assert _json(capsys, "F02.80")["code_first"][0]["from"] == "F02"
    assert {n["from"] for n in _json(capsys, "R11.16")["code_also"]} == {"R11.16"}


def test_lookup_headers_show_what_is_below(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "S12.8")
    assert found["billable"] is False
    assert found["children"][0] == {
        "code": "S12.8XXA",
        "title": "Fracture of other parts of neck, initial encounter",
        "billable": True,
    }
    category = _json(capsys, "s12")
    assert [c["code"] for c in category["children"]][:2] == ["S12.0", "S12.1"]
    assert "G" in category["seventh_characters"]
    assert "M15-M19" in [c["code"] for c in _json(capsys, "13")["children"]]
    assert _json(capsys, "13")["section"] == ""


def test_lookup_for_readers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lookup", "W08", "--release", "bundled"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("W08  Fall from other furniture  [not billable]\n")
    assert "\nCodes with their 7th character\n  W08.XXXA  " in shown
    assert main(["lookup", "M17.11", "--release", "bundled"]) == 0
    shown = capsys.readouterr().out
    assert "\nExcludes2 (from M15-M19)\n  osteoarthritis of spine (M47.-)\n" in shown
    assert main(["lookup", "S06", "--release", "bundled"]) == 0
    assert "\n7th characters below\n  A  initial encounter\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("M17.6", ["M17", "Osteoarthritis of knee", "M17.0"]),
        ("M17.11A", ["M17.11", "goes no further"]),
        ("S52.501Z", ["legal are A, B, C"]),
        ("250.00", ["ICD-9-CM"]),
        ("V58.69", ["ICD-9-CM"]),
        ("E885.9", ["ICD-9-CM"]),
        ("0DTJ4ZZ", ["ICD-10-PCS"]),
        ("nonsense", ["NONSENSE"]),
        ("", ["(empty)"]),
        ("W08.A", ["W08.XXXA"]),
    ],
)
def test_lookup_unknown_codes_say_what_there_is(
    code: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lookup", code, "--release", "bundled"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    for word in words:
        assert word in output.err
