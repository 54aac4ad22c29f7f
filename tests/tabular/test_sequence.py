"""Orders: valid, as close as may be to the given one, with ties and rings shown."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chartcoder.tabular.check import check
from chartcoder.tabular.codeset import CodeSet
from chartcoder.tabular.constraints import CUSTOM, GUIDELINE, NOTE, Constraint
from chartcoder.tabular.findings import Finding
from chartcoder.tabular.release import Release
from chartcoder.tabular.rulebook import rule_book
from chartcoder.tabular.sequence import order, order_set, settle

WORKED = [
    ("F02.80 G30.9", "G30.9 F02.80"),
    ("F02.80 I10 G30.9", "G30.9 F02.80 I10"),
    ("W19.XXXA S72.001A I10", "S72.001A W19.XXXA I10"),
    ("I10 O80 Z37.0 Z3A.39", "O80 I10 Z37.0 Z3A.39"),
    ("R65.20 N17.9 A41.9", "A41.9 R65.20 N17.9"),
    ("N17.9 R65.20", "N17.9 R65.20"),
    ("N18.30 I12.9 E11.22 Z79.4", "I12.9 E11.22 N18.30 Z79.4"),
    ("J32.0 J01.00", "J01.00 J32.0"),
    ("Y92.009 W19.XXXA S72.001A Y93.01", "S72.001A W19.XXXA Y92.009 Y93.01"),
    ("B96.20 N39.0", "N39.0 B96.20"),
    ("L97.411 E11.621", "E11.621 L97.411"),
    ("T40.2X5A R11.2", "R11.2 T40.2X5A"),
    ("U09.9 R53.83", "R53.83 U09.9"),
    ("T24.311S L90.5", "L90.5 T24.311S"),
    ("E11.9 Z00.00 I10", "Z00.00 E11.9 I10"),
    ("I10 E78.5 E11.9", "I10 E78.5 E11.9"),
    ("Z51.11 C50.911 D63.0", "Z51.11 C50.911 D63.0"),
]

SEQUENCE_RULES = {"code-first", "manifestation-first", "never-first", "use-additional"}


@pytest.mark.parametrize(("given_codes", "wanted"), WORKED)
def test_order_gives_the_order_of_the_notes(
    given_codes: str, wanted: str, official: Release
) -> None:
    assert order(given_codes.split(), official.tabular).codes == tuple(wanted.split())


def test_order_shows_ties_in_groups(official: Release) -> None:
    found = order(["I10", "E11.9", "Z79.4"], official.tabular)
    assert found.ties == (("I10", "E11.9"), ("Z79.4",))
    # What may not be first is no tie of what may.
    assert order(["S72.001A", "W19.XXXA"], official.tabular).ties == (("S72.001A",), ("W19.XXXA",))


def test_order_gives_its_reasons(official: Release) -> None:
    (reason, *_) = order(["I50.9", "I11.0"], official.tabular).reasons
    assert (reason.before, reason.after, reason.origin) == (("I11.0",), ("I50.9",), "I50")
    assert reason.note == "heart failure due to hypertension (I11.0)"


def test_order_leaves_what_is_no_code_at_the_end(official: Release) -> None:
    found = order(["F02.80", "XYZ", "G30.9", "g309"], official.tabular)
    assert found.codes == ("G30.9", "F02.80", "XYZ", "g309")


def constraint(before: int, after: int, strength: int, note: str) -> Constraint:
    return Constraint(
        (before,), (after,), "code-first", "error", "so it is", note, "", "", strength
    )


def test_order_reports_a_ring_of_notes(official: Release) -> None:
    book = rule_book(official.tabular)
    items = [book.item(code) for code in ("I10", "E11.9", "E78.5")]
    codes = CodeSet(item for item in items if item is not None)
    ring = [
        constraint(0, 1, NOTE, "one"),
        constraint(1, 2, NOTE, "two"),
        constraint(2, 0, NOTE, "three"),
    ]  # fmt: skip
    found = order_set(codes, settled=settle(codes, ring))
    assert found.codes == ("I10", "E11.9", "E78.5")
    assert [{reason.note for reason in one} for one in found.cycles] == [{"one", "two", "three"}]


def test_order_lets_a_custom_give_way_to_a_note(official: Release) -> None:
    book = rule_book(official.tabular)
    items = [book.item(code) for code in ("I10", "E11.9")]
    codes = CodeSet(item for item in items if item is not None)
    asked = [constraint(1, 0, NOTE, "note"), constraint(0, 1, CUSTOM, "custom")]
    found = order_set(codes, settled=settle(codes, asked))
    assert found.codes == ("E11.9", "I10")
    assert not found.cycles
    asked = [constraint(1, 0, CUSTOM, "custom"), constraint(0, 1, GUIDELINE, "guideline")]
    assert order_set(codes, settled=settle(codes, asked)).codes == ("I10", "E11.9")


# Codes that pull at each other: notes, chapters, externals, Z codes that may only be first.
PULLING = [
    "A41.9", "R65.20", "R65.21", "J18.9", "N17.9", "N18.30", "I12.9", "I13.0", "I50.9", "E11.22",
    "E08.22", "Z79.4", "F02.80", "G30.9", "D63.1", "D63.0", "C50.911", "Z51.11", "Z85.3", "Z08",
    "Z00.00", "O24.112", "O80", "Z37.0", "Z3A.30", "O94", "W19.XXXA", "V43.52XA", "Y92.009",
    "Y93.01", "S72.001A", "T24.311A", "T24.211A", "T31.10", "L90.5", "T24.311S", "B96.20", "N39.0",
    "Z16.12", "U07.1", "J12.82", "U09.9", "T40.2X5A", "T40.2X1A", "T46.4X6A", "R40.2411",
    "S06.0X1A",
    "R29.703", "I63.9", "I10", "I21.4", "I25.10", "J01.00", "J32.0", "Z68.35", "E66.9", "T74.12XA",
    "Y07.11", "F43.10", "Z59.00", "Z15.01", "I1A.0", "L97.411", "E11.621",
]  # fmt: skip


def kinds(findings: set[Finding]) -> set[str]:
    """The rules; where no code may be first, which of them stands there is all the same."""
    firsts = ("manifestation-first", "never-first")
    return {"first" if f.rule in firsts else f.rule for f in findings}


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(codes=st.lists(st.sampled_from(PULLING), unique=True, max_size=14))
def test_order_is_a_valid_and_stable_permutation(codes: list[str], official: Release) -> None:
    found = order(codes, official.tabular)
    assert sorted(found.codes) == sorted(codes)
    assert [code for group in found.ties for code in group] == list(found.codes)
    assert order(found.codes, official.tabular).codes == found.codes
    if not found.cycles:
        before = {f for f in check(codes, official.tabular).findings if f.severity == "error"}
        after = {f for f in check(found.codes, official.tabular).findings if f.severity == "error"}
        assert kinds(after) <= kinds(before)
        # What is left of the sequence is the absence of a code that could be first.
        left = [f for f in after if f.rule in SEQUENCE_RULES]
        assert all(f.rule in ("manifestation-first", "never-first") for f in left)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(codes=st.lists(st.sampled_from(PULLING), unique=True, min_size=1, max_size=8))
def test_order_leaves_a_valid_order_alone(codes: list[str], official: Release) -> None:
    told = [
        f
        for f in check(codes, official.tabular).findings
        if f.rule in SEQUENCE_RULES | {"unacceptable-principal"} and "stands before" in f.message
    ]
    if not told and not any(
        f.rule in ("never-first", "manifestation-first")
        for f in check(codes, official.tabular).findings
    ):
        assert order(codes, official.tabular).codes == tuple(codes)
