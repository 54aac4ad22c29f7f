"""Codes of the index held against the Tabular List."""

import pytest

from chartcoder.index.audit import CodeBook, settle_codes
from chartcoder.index.store import open_index
from chartcoder.index.terms import Term
from chartcoder.tabular.release import Release


@pytest.fixture(scope="module")
def book(bundled: Release) -> CodeBook:
    return CodeBook(bundled.tabular)


@pytest.mark.parametrize(
    ("written", "settled"),
    [
        ("I10", ("I10", True)),
        ("E11", ("E11-", False)),
        ("E11-", ("E11-", True)),
        ("M17.1-", ("M17.1-", True)),
        ("S52.501", ("S52.501-", True)),
        ("S02.5X-", ("S02.5-", True)),
        ("T88.7XXA", ("T88.7XXA", True)),
        ("I10.77", ("I10", False)),
        ("X77.555", ("X77-", False)),
        ("Q00.99", ("Q00-", False)),
        ("book-leaf", ("", False)),
    ],
)
def test_audit_settles_codes(book: CodeBook, written: str, settled: tuple[str, bool]) -> None:
    assert book.settle(written) == settled


def test_audit_lists_what_was_lost(book: CodeBook) -> None:
    terms = [
        Term(0, -1, 1, "index", "Old", code="Q00.99"),
        Term(1, -1, 2, "neoplasm", "Row", cells=((2, "C22.9"), (3, "nonsense"))),
    ]
    settled, lost = settle_codes(terms, book)
    assert [t.code for t in settled] == ["Q00-", ""]
    assert settled[1].cells == ((2, "C22.9"),)
    assert [(one.term, one.written, one.successor) for one in lost] == [
        (0, "Q00.99", "Q00-"), (1, "nonsense", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("which", ["bundled", "official"])
def test_audit_no_entry_leads_to_an_unknown_code(
    which: str, request: pytest.FixtureRequest
) -> None:
    release: Release = request.getfixturevalue(which)
    codes = CodeBook(release.tabular)
    for term in open_index(release).all_terms():
        for code in (term.code, term.manifestation, *(cell for _, cell in term.cells)):
            assert not code or codes.settle(code) == (code, True), (term.title, code)
