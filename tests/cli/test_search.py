"""``chartcoder search``."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from chartcoder.cli.main import main


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["search", *words, "--release", "bundled"])
    out, err = capsys.readouterr()
    return code, out, err


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    code, out, _ = _run(capsys, *words, "--json")
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_search_json_is_as_in_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "left knee pain", "-k", "3")
    assert [list(hit) for hit in found] == [["code", "title", "score", "why"]] * 3
    assert (found[0]["code"], found[0]["title"]) == ("M25.562", "Pain in left knee")
    assert [hit["score"] for hit in found] == sorted((h["score"] for h in found), reverse=True)
    assert all(hit["why"] for hit in found)


def test_search_headers_are_codes_too_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert "M17" in [h["code"] for h in _json(capsys, "osteoarthritis of knee", "--headers")]
    assert "M17" not in [h["code"] for h in _json(capsys, "osteoarthritis of knee")]


def test_search_text_shows_code_title_and_way(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "heart attack", "-k", "1")
    assert code == 0
    first, why = out.splitlines()
    assert first.startswith("I21.9 ")
    assert "Acute myocardial infarction, unspecified" in first
    assert "index: " in why


def test_search_file_answers_a_line_for_a_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_bytes("\ufeffhtn\r\n\r\nbreast cancer\r\nxyzzyq\r\n".encode())
    code, out, err = _run(capsys, "--file", str(queries), "--json", "-k", "2")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["query"] for row in rows] == ["htn", "", "breast cancer", "xyzzyq"]
    assert [len(row["results"]) for row in rows] == [2, 0, 2, 0]
    assert rows[0]["results"][0]["code"] == "I10"
    assert "line 2" in err


def test_search_file_reads_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"htn\n")))
    code, out, _ = _run(capsys, "--file", "-", "--json", "-k", "1")
    assert code == 0
    assert json.loads(out)["results"][0]["code"] == "I10"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([""], "is empty"),
        (["q"], "is one letter"),
        (["pneumonia " * 1000], "9,999 characters"),
        (["\x01\x02"], "is empty"),
        ([], "either a phrase or --file"),
        (["htn", "--file", "x"], "either a phrase or --file"),
        (["--file", "/nowhere/queries.txt"], "cannot be read"),
        (["--file", "/"], "cannot be read"),
        (["肺炎です"], "no Latin letter"),
        (["gout", "-k", "0"], "asks for no code"),
    ],
)
def test_search_bad_input_is_one_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code, out, err = _run(capsys, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_search_queries_that_are_not_text_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "queries").write_bytes(b"pneumonia \xff\xfe")
    code, _, err = _run(capsys, "--file", str(tmp_path / "queries"))
    assert code == 2
    assert "not UTF-8 text at byte 10" in err


@pytest.mark.parametrize(("text", "code"), [("e11.9", "E11.9"), ("S52501A", "S52.501A")])
def test_search_a_code_answers_with_itself(
    capsys: pytest.CaptureFixture[str], text: str, code: str
) -> None:
    assert [hit["code"] for hit in _json(capsys, text)] == [code]


def test_search_unknown_words_are_said_with_near_terms(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = _run(capsys, "xqzzq")
    assert (code, out) == (0, "")
    assert "nothing is like 'xqzzq'; nearest are " in err
    assert json.loads(_run(capsys, "xqzzq", "--json")[1]) == []


def test_search_takes_words_without_quotes_and_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _json(capsys, "left", "knee", "pain") == _json(capsys, "left knee\x07 pain\x00")


def test_search_without_inclusion_terms_looks_through_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = _run(capsys, "Megaloblastic anemia NOS")[1]
    without = _run(capsys, "Megaloblastic anemia NOS", "--without-inclusion-terms")[1]
    assert "inclusion term like the phrase" in whole
    assert "inclusion term like the phrase" not in without


def test_search_a_file_without_a_phrase_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "queries").write_text(" \n\n")
    code, _, err = _run(capsys, "--file", str(tmp_path / "queries"))
    assert code == 2
    assert "hold no phrase" in err


def test_search_by_meaning_wants_a_model(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = _run(capsys, "gout", "--dense", str(tmp_path))
    assert (code, out) == (2, "")
    assert "chartcoder[dense]" in err or "holds no sentence-embedding model" in err
    assert len(err.strip().splitlines()) == 1
