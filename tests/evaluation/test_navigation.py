"""The table of what is found in the Index: its figures, and that nothing meets its own answer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chartcoder.cli.main import main as chartcoder
from chartcoder.evaluation.held_out import Query, Workshop, on_one_line, recall, same, walker
from chartcoder.evaluation.navigation import main, pointer_figures, reaches
from chartcoder.index.lines import open_lines
from chartcoder.tabular.release import Release
from tests.conftest import shared
from tests.index.small import small_store


@pytest.fixture(scope="module")
def workshop(bundled: Release, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(bundled, tmp_path_factory.mktemp("workshop"))


def test_navigation_recall_counts_ranks() -> None:
    answers = {"a": ["A00.0"], "b": ["B00.1", "B00.2"], "c": [], "d": ["D00", "D01-"]}
    queries = [
        Query("a", "A000", verbatim=True), Query("b", "B002"), Query("c", "C00"),
        Query("d", "D01"),
    ]  # fmt: skip
    found = recall(answers.__getitem__, queries, same)
    assert (found.first, found.five, found.twenty) == (0.25, 0.75, 0.75)
    assert (found.share("R@1 not verbatim"), found.share("R@20")) == (0.0, 0.75)


def test_navigation_codes_on_one_line() -> None:
    assert on_one_line("M1711", "M171")
    assert on_one_line("M171", "M1711")
    assert not on_one_line("M17", "M1711")
    assert not on_one_line("M1710", "M1711")


def test_navigation_what_is_held_out_is_not_found(workshop: Workshop) -> None:
    entry = next(t for t in workshop.terms if t.title == "Heart attack")
    whole = walker(workshop.index("whole"))("heart attack")
    without = walker(workshop.index("without", hidden={entry.id}))("heart attack")
    assert whole[0] == "I21.9"
    assert without[:1] != ["I21.9"]
    empty = workshop.index("no supplement", without=["supplement"])
    assert not any(t.code for t in empty.all_terms() if t.book == "supplement")
    assert any(t.code for t in empty.all_terms() if t.book == "title")


def test_navigation_inclusion_terms_are_searched_without_themselves(
    workshop: Workshop, bundled: Release
) -> None:
    queries = workshop.inclusion_terms(50, 1)
    titles, whole = workshop.lines(False), open_lines(bundled)
    assert all(flag & 1 for flag in titles.flags)
    assert not all(flag & 1 for flag in whole.flags)
    without = workshop.index("no inclusions", without=["inclusion"])
    assert {t.book for t in without.all_terms()} == {"supplement", "title"}
    assert len({q.phrase for q in queries}) > 45


def test_navigation_queries_are_the_same_for_the_same_seed(workshop: Workshop) -> None:
    assert workshop.inclusion_terms(20, 1) == workshop.inclusion_terms(20, 1)
    assert workshop.inclusion_terms(20, 1) != workshop.inclusion_terms(20, 2)


def test_navigation_pointers_in_a_circle_reach_nothing(tmp_path: Path) -> None:
    store = small_store(tmp_path)
    open_ones = [p.text for p in store.all_pointers() if p.kind != "noun" and not reaches(store, p)]
    assert sorted(open_ones) == ["Chase", "Dizziness", "Hunt"]
    reaching, exact, none = pointer_figures(store)
    count = sum(p.kind != "noun" for p in store.all_pointers())
    assert reaching.measured == pytest.approx((count - 3) / count)
    assert reaching.reached is False
    assert exact.measured == pytest.approx((count - 1) / count)
    everything = len(list(store.all_pointers()))
    assert (none.measured, none.reached) == (pytest.approx(1 / everything), False)


def test_navigation_pointers_of_the_official_files_reach_codes(official: Release) -> None:
    from chartcoder.index.store import open_index

    reaching, _, none = pointer_figures(open_index(official))
    assert reaching.reached
    assert none.reached


def _figures(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main([*arguments, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["figures"]
    return found


def _of(figures: Sequence[dict[str, Any]], name: str, measure: str) -> dict[str, Any]:
    place = next(i for i, f in enumerate(figures) if f["name"] == name)
    return next(f for f in figures[place:] if f["measure"] == measure)


def test_navigation_table_holds_each_figure_beside_its_aim(
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = str(shared("icd10cm", "icd10cm-order-2025.zip"))
    asked = ["--release", "bundled", "--order", order, "--size", "30", "--seeds", "2"]
    figures = _figures(capsys, *asked)
    first = _of(figures, "short titles, searched", "R@1")
    assert first["aim"] == 0.88
    assert first["lowest"] <= first["measured"] <= first["highest"] <= 1.0
    assert first["note"].startswith("30 queries")
    assert first["reached"] is (first["measured"] >= 0.88)
    dense = _of(figures, "inclusion terms, titles alone, with dense", "R@20")
    assert (dense["measured"], dense["reached"], dense["aim"]) == (None, None, 0.74)
    assert "--dense" in dense["note"]
    alone = _of(figures, "inclusion terms, titles alone, lexical", "R@20")["measured"]
    both = _of(figures, "inclusion terms, titles and Index", "R@20")["measured"]
    assert 0.4 < alone <= both + 0.1
    assert main([*asked[:4], "--size", "3", "--seeds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(figures) + 1
    assert lines[1].startswith("short titles, searched")


def test_navigation_counts_the_codes_of_charts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "one.txt").write_text("ASSESSMENT\n1. Gout\n2. Essential hypertension\n")
    gold = {"id": "one", "codes": [{"code": "M10.9"}, {"code": "I10"}, {"code": "W11.XXXA"}]}
    (tmp_path / "gold.jsonl").write_text(json.dumps(gold) + "\n")
    asked = ["--release", "bundled", "--size", "5", "--seeds", "1"]
    assert main([*asked, str(tmp_path / "gold.jsonl"), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    kept = _of(figures, "codes of charts, bundled", "in the first 10 of some evidence")
    assert kept["measured"] == pytest.approx(2 / 3)
    outside = _of(figures, "codes of charts, bundled", "external causes, nothing marked")
    assert outside["measured"] == pytest.approx(1 / 3)


def test_navigation_bad_input_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--release", "/nowhere.zip"]) == 2
    assert main(["--release", "bundled", "--size", "0"]) == 2
    assert main(["--release", "bundled", "--order", "/nowhere.txt", "--size", "5"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 3
    assert "from 1" in lines[1]


def test_navigation_is_a_word_of_evaluate(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "navigation", "--release", "bundled", "--count", "5", "--json"]
    assert chartcoder(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["index"] == "derived"
    assert _of(report["figures"], "inclusion terms, titles and Index", "R@20")["note"].startswith(
        "5"
    )
