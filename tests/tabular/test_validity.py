"""What is wrong with one code, and what was meant."""

import pytest

from chartcoder.tabular.release import Release, open_release
from chartcoder.tabular.validity import read_code
from tests.conftest import shared

GOOD = ["e119", " E11. 9 ", "E11.9", "i10.-", "s72.001a", "W08XXXA", "t36.0x1a", "M1A.00X0",
        "O9A.211", "Z3A.20", "QA0.0101", "S06.0X1A", "C4A.0", "E8809"]  # fmt: skip

BAD = [
    ("M17.1-", "not-billable", ["M17.10", "M17.11", "M17.12"]),
    ("A00-A09", "not-billable", ["A00"]),
    ("H93.2", "not-billable", ["H93.21"]),
    ("S72.001", "seventh-character", ["S72.001A", "S72.001B"]),
    ("W08", "seventh-character", ["W08.XXXA", "W08.XXXD", "W08.XXXS"]),
    ("W08.XXX", "seventh-character", ["W08.XXXA"]),
    ("S72.001Z", "seventh-character", ["S72.001A"]),
    ("M17.11XA", "seventh-character", ["M17.11"]),
    ("S06.1XA", "seventh-character", ["S06.1XAA", "S06.1XAD", "S06.1XAS"]),
    ("S06.1X7D", "seventh-character", ["S06.1X7A"]),
    ("T78.40A", "placeholder", ["T78.40XA"]),
    ("W08A", "placeholder", ["W08.XXXA"]),
    ("T36.01A", "placeholder", ["T36.0X1A"]),
    ("S72.001XA", "placeholder", ["S72.001A"]),
    ("M17.11X", "placeholder", ["M17.11"]),
    ("I10.0", "unknown-code", ["I10"]),
    ("E1O.9", "unknown-code", ["E10.9"]),
    ("Z99.99", "unknown-code", ["Z99.0"]),
]  # fmt: skip

OTHER_CLASSIFICATIONS = [
    ("250.00", "ICD-9-CM"), ("25000", "ICD-9-CM"), ("401.9", "ICD-9-CM"), ("E880.9", "ICD-9-CM"),
    ("V58.61", "ICD-9-CM"), ("V22.1", "ICD-9-CM"), ("0DTJ4ZZ", "ICD-10-PCS"),
    ("B2151ZZ", "ICD-10-PCS"), ("027034Z", "ICD-10-PCS"),
]  # fmt: skip


@pytest.mark.parametrize("given", GOOD)
def test_read_code_takes_what_people_write(given: str, official: Release) -> None:
    reading = read_code(given, official.tabular)
    assert reading.finding is None
    assert reading.entry is not None and reading.entry.billable


@pytest.mark.parametrize(("given", "rule", "meant"), BAD)
def test_read_code_says_what_is_wrong_and_what_was_meant(
    given: str, rule: str, meant: list[str], official: Release
) -> None:
    finding = read_code(given, official.tabular).finding
    assert finding is not None
    assert (finding.rule, finding.severity) == (rule, "error")
    suggested = [s.code for s in finding.suggestion]
    assert suggested[: len(meant)] == meant


@pytest.mark.parametrize(("given", "name"), OTHER_CLASSIFICATIONS)
def test_read_code_knows_other_classifications(given: str, name: str, official: Release) -> None:
    finding = read_code(given, official.tabular).finding
    assert finding is not None
    assert name in finding.message


@pytest.mark.parametrize("given", ["", "-", "1", "?", "hello", "E", "ÄÖ", "E11.9.9.9.9", "X" * 500])
def test_read_code_never_fails(given: str, bundled: Release) -> None:
    finding = read_code(given, bundled.tabular).finding
    assert finding is not None and finding.rule == "unknown-code"
    assert finding.codes[0]


def test_read_code_names_the_year_of_another_release(official: Release) -> None:
    old = open_release(shared("icd10cm", "icd10cm-table-index-2021.zip")).tabular
    finding = read_code("T40.7X1A", official.tabular, lambda: [("2021", old)]).finding
    assert finding is not None
    assert "2021" in finding.message
    # Where this release has a header of that code, its children are the better answer.
    divided = read_code("M54.5", official.tabular, lambda: [("2021", old)]).finding
    assert divided is not None and divided.rule == "not-billable"


def test_read_code_suggests_only_billable_codes_or_children(official: Release) -> None:
    for given, rule, _ in BAD:
        finding = read_code(given, official.tabular).finding
        assert finding is not None
        for suggestion in finding.suggestion:
            entry = official.tabular.get(suggestion.code)
            assert entry is not None
            assert entry.billable or rule in ("not-billable", "unknown-code")


@pytest.mark.parametrize(
    ("given", "rule", "meant"),
    [
        ("S72.001", "seventh-character", "S72.001A"), ("S72.001Z", "seventh-character", "S72.001A"),
        ("W08A", "placeholder", "W08.XXXA"), ("M17.1", "not-billable", "M17.10"),
    ],
)  # fmt: skip
def test_read_code_reads_an_order_file_alone(given: str, rule: str, meant: str) -> None:
    listed = open_release(shared("icd10cm", "icd10cm-order-2021.zip")).tabular
    finding = read_code(given, listed).finding
    assert finding is not None and finding.rule == rule
    assert finding.suggestion[0].code == meant
