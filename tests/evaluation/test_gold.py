"""Gold files: all forms of the contract, and what is refused."""

import json
from pathlib import Path

import pytest

from chartcoder.evaluation.gold import read_gold
from chartcoder.tabular.errors import BadInput


def write(folder: Path, *lines: object) -> Path:
    file = folder / "gold.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("\n".join(texts) + "\n", "utf-8")
    return file


def test_gold_plain_codes_with_and_without_the_dot(tmp_path: Path) -> None:
    file = write(tmp_path, {"encounter_id": "D1", "codes": [{"code": "m1711"}, {"code": "E03.9"}]})
    chart = read_gold(file)["D1"]
    assert [c.code for c in chart.codes] == ["M17.11", "E03.9"]
    assert all(c.core for c in chart.codes)
    assert not chart.sequenced
    assert chart.encounter.setting is None


def test_gold_marked_codes_with_encounter(tmp_path: Path) -> None:
    line = {
        "id": "V1", "setting": "inpatient", "age": 0, "sex": "F", "date": "2026-03-02",
        "codes": [
            {"code": "D64.89", "kind": "core", "evidence": "anemia", "alternatives": ["D638"]},
            {"code": "Z98.84", "kind": "optional"},
        ],
        "not_coded": [{"what": "type 2 MI (I21.A1)", "why": "conflict"}, "C diff colitis"],
    }  # fmt: skip
    chart = read_gold(write(tmp_path, line))["V1"]
    assert chart.encounter.model_dump() == {
        "setting": "inpatient", "age": 0, "sex": "female", "date": "2026-03-02",
    }  # fmt: skip
    assert chart.core[0].all_codes == ("D64.89", "D63.8")
    assert chart.core[0].evidence == ("anemia",)
    assert chart.optional == {"Z98.84"}
    assert chart.sequenced
    assert [n.codes for n in chart.not_coded] == [("I21.A1",), ()]


def test_gold_repeated_code_is_kept_once_and_told(tmp_path: Path) -> None:
    chart = read_gold(write(tmp_path, {"id": "a", "codes": ["I10", "i10", "E11.9"]}))["a"]
    assert [c.code for c in chart.codes] == ["I10", "E11.9"]
    assert chart.repeated == ("I10",)


def test_gold_chart_without_codes_is_gold(tmp_path: Path) -> None:
    assert read_gold(write(tmp_path, {"id": "a", "codes": []}))["a"].codes == ()


def test_gold_byte_order_mark_and_empty_lines(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"id": "a", "codes": ["I10"]}\r\n\r\n{"id": 7, "codes": []}')
    assert list(read_gold(file)) == ["a", "7"]


GOOD = {"id": "good", "codes": ["I10"]}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ({"codes": []}, "no id"),
        ({"id": True, "codes": []}, "no id"),
        ({"id": "x"}, '"codes" must be a list'),
        ({"id": "x", "codes": "I10"}, '"codes" must be a list'),
        ({"id": "x", "codes": [{"kod": "I10"}]}, "no code"),
        ({"id": "x", "codes": [" . "]}, "no code"),
        ({"id": "x", "codes": [7]}, "must be an object or a text"),
        ({"id": "x", "codes": [{"code": "I10", "kind": "Core?"}]}, "neither core nor optional"),
        ({"id": "x", "codes": [{"code": "I10", "alternatives": "I11.9"}]}, "list of codes"),
        ({"id": "x", "codes": [{"code": "I10", "evidence": 3}]}, '"evidence"'),
        ({"id": "x", "codes": [], "not_coded": "ARDS"}, '"not_coded" must be'),
        ({"id": "x", "codes": [], "not_coded": [{}]}, "neither"),
        ({"id": "x", "codes": [], "age": 400}, "the age 400"),
        ({"id": "x", "codes": [], "setting": "home"}, "the setting 'home'"),
        ({"id": "x", "codes": [], "sex": 3}, "the sex 3"),
        ({"id": "x", "codes": [], "date": "02.03.2026"}, "the date '02.03.2026'"),
        ({"id": "good", "codes": []}, "already stands in line 1"),
    ],
)
def test_gold_malformed_line_is_named(tmp_path: Path, bad: object, said: str) -> None:
    file = write(tmp_path, GOOD, bad)
    with pytest.raises(BadInput) as caught:
        read_gold(file)
    assert f"{file}, line 2" in str(caught.value)
    assert said in str(caught.value)


def test_gold_missing_empty_folder_and_binary(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\x00\xfe")
    empty = tmp_path / "empty"
    empty.touch()
    for path, said in (
        (tmp_path / "none", "cannot be read"), (tmp_path, "cannot be read"),
        (binary, "not UTF-8"), (empty, "holds no chart"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=said):
            read_gold(path)
