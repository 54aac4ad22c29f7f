"""Search over all codes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartcoder.index.lines import Lines, build_lines, gather_lines, is_sound, open_lines
from chartcoder.index.search import Searcher, fuse, open_searcher
from chartcoder.tabular.order import order_rows
from chartcoder.tabular.release import Release
from chartcoder.tabular.sources import parts_in
from tests.conftest import shared


@pytest.fixture(scope="module")
def searcher(bundled: Release) -> Searcher:
    return open_searcher(bundled)


@pytest.mark.parametrize(
    ("phrase", "code"),
    [
        ("Unilateral primary osteoarthritis, right knee", "M17.11"),
        ("Displ Maisonneuve's fx unsp leg, 7thE", "S82.863E"),
        ("Nondisp fx of r radial styloid pro, 7thH", "S52.514H"),
        ("Adverse effect of unsp hormones and synthetic sub, subs", "T38.805D"),
        ("Pnctr w/o foreign body of l idx fngr w damage to nail, subs", "S61.331D"),
        ("heart attack", "I21.9"),
        ("T2DM w neuropathy", "E11.40"),
        ("knee pain left", "M25.562"),
        ("pnuemonia", "J18.9"),
        ("fall from ladder", "W11.XXXA"),
        ("fracture of shaft of left femur", "S72.302A"),
    ],
)
def test_search_worked_examples(searcher: Searcher, phrase: str, code: str) -> None:
    assert searcher.search(phrase)[0].code == code


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("e119", ["E11.9"]), ("M17.1", ["M17.10", "M17.11", "M17.12"]), ("S82863e", ["S82.863E"]),
    ],
)  # fmt: skip
def test_search_a_code_answers_with_the_code(
    searcher: Searcher, text: str, codes: list[str]
) -> None:
    assert [hit.code for hit in searcher.search(text)] == codes


def test_search_headers_only_where_asked_for(searcher: Searcher) -> None:
    phrase = "Osteoarthritis of knee"
    assert all(searcher.tabular.get(h.code).billable for h in searcher.search(phrase))  # type: ignore[union-attr]
    assert "M17" in [hit.code for hit in searcher.search(phrase, headers=True)]


def test_search_says_why(searcher: Searcher) -> None:
    first = searcher.search("heart attack")[0]
    assert "index: " in first.why
    assert "matched " in first.why
    assert first.score > 0.8
    assert "title like the phrase" in searcher.search("Essential (primary) hypertension")[0].why


def test_search_unknown_words_find_nothing(searcher: Searcher) -> None:
    assert searcher.search("自然") == []
    assert searcher.search("") == []


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=120))
def test_search_takes_any_text(searcher: Searcher, text: str) -> None:
    hits = searcher.search(text, 5)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    for hit in hits:
        entry = searcher.tabular.get(hit.code)
        assert entry is not None
        assert entry.billable
        assert 0.0 <= hit.score <= 1.0
    assert len({h.code for h in hits}) == len(hits)


def test_search_is_the_same_in_a_second_searcher(bundled: Release, searcher: Searcher) -> None:
    other = open_searcher(bundled)
    for phrase in ("hip fx", "otitis media", "xyz fracture of foot"):
        assert other.search(phrase, 20) == searcher.search(phrase, 20)


def test_search_covers_every_billable_code(bundled: Release) -> None:
    lines = open_lines(bundled)
    leaves = {code for number, code in enumerate(lines.codes) if lines.flags[number] == 1}
    assert leaves == {entry.base for entry in bundled.tabular.billable()}


def test_search_lines_are_rebuilt_when_damaged(bundled: Release, tmp_path: Path) -> None:
    folder = tmp_path / "lines"
    some = [line for line in gather_lines(bundled) if line.code.startswith("M17")]
    build_lines(some, bundled, folder)
    assert is_sound(folder)
    assert Lines(folder).codes[0] == "M17"
    (folder / "lines.db").write_bytes(b"damaged")
    assert not is_sound(folder)
    build_lines(some, bundled, folder)
    assert is_sound(folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lines"]


def test_search_fuse_rises_where_both_agree() -> None:
    assert fuse(0.9, 0.9) > fuse(0.9, 0.0) > fuse(0.5, 0.0)
    assert fuse(0.0, 0.9) > fuse(0.0, 0.5)
    assert fuse(0.0, 0.0) == 0.0


def test_search_official_short_titles(official: Release) -> None:
    searcher = open_searcher(official)
    (part,) = parts_in(shared("icd10cm", "icd10cm-order-2025.zip"))
    rows = [r for r in order_rows(part.read(), part.name, []) if r.billable][7::400]
    rows = [r for r in rows if r.code in official.tabular]
    right = [searcher.search(r.short)[0].code.replace(".", "") == r.code for r in rows]
    assert sum(right) / len(rows) >= 0.88
