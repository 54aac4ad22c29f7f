"""``chartcoder index``."""

import json
import subprocess
import sys
from typing import Any

import pytest

from chartcoder.cli.main import main
from chartcoder.tabular.release import Release
from tests.conftest import shared


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["index", *words])
    out, err = capsys.readouterr()
    return code, out, err


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    code, out, _ = _run(capsys, *words, "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_index_walks_the_derived_index(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "pneumonia", "--release", "bundled")
    assert found["entries"][0]["code"] == "J18.9"
    assert found["entries"][0]["unsure"] is False
    assert found["main_term"]["path"][0].startswith("Pneumonia")
    assert found["main_term"]["subterms"]


def test_index_shows_main_term_subterms_and_pointers(
    capsys: pytest.CaptureFixture[str], official: Release
) -> None:
    zip_file = str(shared("icd10cm", "icd10cm-table-index-2026.zip"))
    code, out, _ = _run(capsys, "pneumonia", "--release", zip_file)
    assert code == 0
    assert "Pneumonia (acute) (double)" in out
    assert "  aspiration J69.0" in out
    assert "  alveolar - see Pneumonia, lobar" in out
    found = _json(capsys, "Abandonment", "--release", zip_file)
    assert any("see Maltreatment" in hop for e in found["entries"] for hop in e["hops"])


def test_index_says_what_matched_and_what_did_not(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = _run(capsys, "pneumonia zigzag", "-k", "1", "--release", "bundled")
    assert "matched pneumonia; not matched zigzag" in out
    assert "unsure" in err


def test_index_depth_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    def levels(term: dict[str, Any]) -> int:
        return 1 + max((levels(t) for t in term["subterms"]), default=0)

    for depth in (1, 2):
        found = _json(capsys, "diabetes", "--depth", str(depth), "--release", "bundled")
        assert levels(found["main_term"]) == depth + 1


def test_index_a_code_shows_what_leads_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "i10", "--release", "bundled")
    assert found["code"] == "I10"
    assert found["title"] == "Essential (primary) hypertension"
    assert any(path[0].startswith("Hypertension") for path in found["leading_to"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([""], "The term is empty"), (["q"], "is one letter"), ([], "a term such as"),
        (["y" * 10_000], "10,000 characters"), (["\x00"], "is empty"),
        (["肺炎"], "no Latin letter"), (["gout", "-k", "0"], "-k is a number from 1"),
        (["gout", "--report"], "a term such as"),
    ],
)  # fmt: skip
def test_index_bad_input_is_one_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code, out, err = _run(capsys, *words, "--release", "bundled")
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_index_unknown_words_are_said_with_near_terms(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "zzqqzz", "--release", "bundled")
    assert (code, out) == (0, "")
    assert "the index has no word of 'zzqqzz'" in err


def test_index_words_need_no_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    together = _json(capsys, "gout, foot", "--release", "bundled")
    assert together == _json(capsys, "gout,", "foot", "--release", "bundled")


def test_index_a_code_no_entry_names_shows_what_leads_above_it(
    capsys: pytest.CaptureFixture[str], official: Release
) -> None:
    zip_file = str(shared("icd10cm", "icd10cm-table-index-2026.zip"))
    found = _json(capsys, "S82.201A", "--release", zip_file)
    assert found["title"].endswith("initial encounter for closed fracture")
    assert ["Fracture, traumatic", "tibia"] in [path[:2] for path in found["leading_to"]]


def test_index_control_characters_are_read_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert _json(capsys, "gout\x0b\x01", "--release", "bundled")["term"] == "gout"


def test_index_report_counts_and_lists(
    capsys: pytest.CaptureFixture[str], official: Release
) -> None:
    zip_file = str(shared("icd10cm", "icd10cm-table-index-2026.zip"))
    report = _json(capsys, "--report", "--release", zip_file)
    assert report["index"] == "official"
    assert report["terms"]["neoplasm"] == 1940
    assert report["resolved"] >= 0.995
    assert sum(report["by_kind"].values()) == report["pointers"] > 15_000
    assert len(report["unresolved"]) == report["by_kind"]["none"] == report["unresolved_count"]
    assert report["unresolved_count"] < 0.005 * report["pointers"]
    lost = {row["written"]: row["successor"] for row in report["lost_codes"]}
    assert len(lost) == report["lost_count"]
    assert lost["E78.01"] == "E78.01-"
    code, out, _ = _run(capsys, "--report", "--release", zip_file)
    assert code == 0
    assert "cross-references, 99.9" in out


def test_index_imports_nothing_heavy() -> None:
    program = (
        "import sys; from chartcoder.cli.main import main; "
        "main(['index', 'pneumonia', '--release', 'bundled']); "
        "print(*[m for m in ('lxml', 'pydantic', 'networkx', 'langgraph', 'rich', "
        "'tantivy', 'rapidfuzz') if m in sys.modules], file=sys.stderr)"
    )
    main(["index", "pneumonia", "--release", "bundled"])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")
