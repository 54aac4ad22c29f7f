"""Code from description: query sets, answers and measures."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chartcoder.cli.main import main
from chartcoder.evaluation.query import Question, measure, read_answers, read_questions
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.release import Release
from tests.conftest import shared

QUESTIONS = [
    Question("Gout, unspecified", "M10.9", True),
    Question("Type 2 diabetes mellitus without complications", "E11.9", True),
    Question("Unil primary osteoarth, right knee", "M17.11"),
    Question("Mild persistent asthma w/o complication", "J45.30"),
]
ANSWERS = [["M10.9"], ["E11.8", "E11.9"], ["M17.1", "Z99.999"], []]


def test_query_measures_by_hand(bundled: Release) -> None:
    report = measure(QUESTIONS, ANSWERS, bundled.tabular)
    assert report["exact_match"] == 0.25
    assert report["recall"] == {"@1": 0.25, "@5": 0.5, "@20": 0.5}
    assert report["answered"] == 0.75
    assert report["codes_per_query"] == 1.25
    assert (report["valid"], report["not_billable"], report["fabricated"]) == (0.6, 0.2, 0.2)
    assert report["matched_length"] == 0.5
    assert report["matched_digits"] == pytest.approx((4 + 3 + 4) / 3, abs=1e-4)
    assert report["matched_digits_share"] == pytest.approx((1 + 3 / 4 + 4 / 5) / 3, abs=1e-4)
    assert report["verbatim"]["exact_match"] == 0.5
    assert report["not_verbatim"]["exact_match"] == 0
    assert report["verbatim_share"] == 0.5
    assert 0 < report["meteor_of_wrong"] < report["meteor"] < 1
    assert "bertscore_f1" not in report
    assert "no WordNet" in report["meteor_stages"]


def test_query_similarity_is_asked_with_titles(bundled: Release) -> None:
    asked: list[Any] = []

    def similarity(references: Any, answers: Any) -> list[float]:
        asked.append((list(references), list(answers)))
        return [0.5] * len(references)

    report = measure(QUESTIONS, ANSWERS, bundled.tabular, similarity)
    assert report["bertscore_f1"] == 0.5
    assert asked[0][0][0] == asked[0][1][0] == "Gout, unspecified"
    assert len(asked[0][0]) == 3


def test_query_bert_score_needs_a_local_model_and_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundled: Release
) -> None:
    from chartcoder.evaluation.query import bert_similarity
    from chartcoder.tabular.errors import MissingPrerequisite

    with pytest.raises(BadInput, match="no model in"):
        bert_similarity(tmp_path)
    (tmp_path / "config.json").write_text('{"num_hidden_layers": 6}')
    monkeypatch.setitem(sys.modules, "bert_score", None)
    with pytest.raises(MissingPrerequisite, match=r"chartcoder\[bertscore\]"):
        bert_similarity(tmp_path)
    made: list[Any] = []

    class Scorer:
        def __init__(self, **given: Any) -> None:
            made.append(given)

        def score(self, answers: list[str], references: list[str]) -> Any:
            return [0], [0], [len(a) / len(r) for a, r in zip(answers, references, strict=True)]

    monkeypatch.setitem(sys.modules, "bert_score", SimpleNamespace(BERTScorer=Scorer))
    assert bert_similarity(tmp_path)(["ab"], ["a"]) == [0.5]
    assert made[0] == {"model_type": str(tmp_path), "num_layers": 6, "lang": "en"}


def evaluate(*arguments: object) -> int:
    return main(["evaluate", "query", *map(str, arguments)])


def made(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    assert evaluate(*arguments) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_query_set_of_short_titles(capsys: pytest.CaptureFixture[str], bundled: Release) -> None:
    order = shared("icd10cm", "icd10cm-order-2025.zip")
    arguments = ("--make", "short-titles", "--order", order, "--release", "bundled", "--count", 300)
    first = made(capsys, *arguments)
    assert len(first) == 300
    assert first == made(capsys, *arguments)
    assert first != made(capsys, *arguments, "--sample-seed", 2)
    for line in first:
        entry = bundled.tabular.get(line["code"])
        assert entry is not None
        assert entry.billable
        assert len(line["query"]) <= 60
        if line["verbatim"]:
            assert line["query"].lower() == entry.title.lower().replace("é", "e")
    assert 0.25 < sum(line["verbatim"] for line in first) / 300 < 0.45


def test_query_set_of_inclusion_terms(capsys: pytest.CaptureFixture[str], bundled: Release) -> None:
    lines = made(capsys, "--make", "inclusion-terms", "--release", "bundled", "--count", 200)
    assert len(lines) == 200
    for line in lines:
        notes = bundled.tabular.notes(line["code"])
        assert line["held_out"] == "inclusion terms"
        assert any(n.text == line["query"] and n.kind == "inclusion_term" for n in notes)


def test_query_answers_of_another_program_are_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queries, answers = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    queries.write_text("\n".join(json.dumps(q._asdict()) for q in QUESTIONS))
    lines = [
        {"query": q.query, "results": [{"code": c} for c in a]}
        for q, a in zip(QUESTIONS, ANSWERS, strict=True)
    ]
    answers.write_text("\n".join(json.dumps(line) for line in reversed(lines)))
    assert evaluate(queries, "--answers", answers, "--release", "bundled", "--json") == 0
    assert json.loads(capsys.readouterr().out)["exact_match"] == 0.25
    assert evaluate(queries, "--answers", answers, "--release", "bundled") == 0
    assert "not verbatim" in capsys.readouterr().out
    assert read_questions(queries) == QUESTIONS
    assert read_answers(answers, QUESTIONS) == ANSWERS


def test_query_bad_input_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, bad, good, short = (tmp_path / name for name in ("empty", "bad", "good", "short"))
    empty.touch()
    bad.write_text('{"query": "gout", "code": "M10.9"}\n{"query": "gout"}')
    good.write_text('{"query": "gout", "code": "M10.9"}')
    short.write_text('{"query": "asthma", "results": []}')
    for arguments, said in (
        ([empty], "is empty"), ([bad], 'line 2: a query needs "query"'),
        ([tmp_path / "none"], "cannot be read"), ([], "Name a query set"),
        (["--make", "short-titles"], "name one with --order"),
        (["--make", "short-titles", "--order", good], ""),
        (["--make", "inclusion-terms", "--count", 0], "cannot have 0"),
        ([good, "--make", "inclusion-terms"], "takes no file"),
        ([good, "--answers", short], "no answer for 1 of 1 queries, the first is 'gout'"),
        ([good, "--answers", good], 'line 1: an answer needs "query" and "results"'),
    ):  # fmt: skip
        assert evaluate(*arguments, "--release", "bundled") == 2, arguments
        assert said in capsys.readouterr().err
