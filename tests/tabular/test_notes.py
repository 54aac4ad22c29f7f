"""Notes read into code references, and every note of the official books held against its codes."""

from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.tabular.audit import audit
from chartcoder.tabular.codes import undotted
from chartcoder.tabular.notes import Block, blocks, instructions, references
from chartcoder.tabular.references import place, scope
from chartcoder.tabular.release import Release, open_release
from chartcoder.tabular.store import Note
from tests.conftest import shared

# Wordings of the Tabular Lists of 2021 and 2026.
WORDINGS = [
    ("open wound of head (S01.-)", ["S01"]),
    ("certain infections (A00-B99)", ["A00-B99"]),
    ("fistula of intestine with Crohn's disease (K50.013, K50.113,)", ["K50.013", "K50.113"]),
    ("cerebral hemorrhage (I60.-. I61.-, I62.-)", ["I60", "I61", "I62"]),
    ("other acute respiratory tract infections (J00-J06; J20-J22)", ["J00-J06", "J20-J22"]),
    ("fracture of cervical vertebra (S12.0--S12.6.-)", ["S12.0-S12.6"]),
    ("vitamin B12 deficiency anemia (D51.-)", ["D51"]),
    ("vitamin B12 deficiency", []),
    ("GM2 gangliosidosis", []),
    ("Growth hormone gene 1 (GH1) defect", []),
    ("COVID-19 (U07.1)", ["U07.1"]),
    ("pneumoconiosis associated with tuberculosis, any type in A15 (J65)", ["J65"]),
    ("congenital malformations (Q00-QA0)", ["Q00-QA0"]),
    ("neurodevelopmental disorders (QA0.-)", ["QA0"]),
    ("acquired absence of knee (Z89.52-", ["Z89.52"]),
    ("electrolyte imbalance (E87.8}", ["E87.8"]),
    ("injury to visual cortex S04.04-", ["S04.04"]),
    ("from categories E08, E09 and E13 to further identify", ["E08", "E09", "E13"]),
    ("code(s) from F11-F16 and F18-F19 to identify manifestations", ["F11-F16", "F18-F19"]),
    ("classified in subcategories S06.1- to S06.6-, and S06.81- to S06.89-, code to specified",
     ["S06.1-S06.6", "S06.81-S06.89"]),
    ("identify drug (T36-T50 with fifth or sixth character 5)", ["T36-T50 with final character 5"]),
    ("underdosing of medication (T36-T50) with fifth or sixth character 6",
     ["T36-T50 with final character 6"]),
    ("toxic effects (T36-T65 with fifth or sixth character 1-4 or 6)",
     ["T36-T65 with final character 1 or 2 or 3 or 4 or 6"]),
    ("dysarthria following cerebrovascular disease (I69. with final characters -22)",
     ["I69 with final character 22"]),
    ("diabetes (E08, E13 with final characters .00 or .01)",
     ["E08 with character 4 00 or 01", "E13 with character 4 00 or 01"]),
    ("angiopathy (E08-E13 with .51-.52)", ["E08-E13 with character 4 51 or 52"]),
    ("drug use (F11-F19 with .15. .25, .95)", ["F11-F19 with character 4 15 or 25 or 95"]),
    ("amnestic syndrome (F10-F19 with 5th character .6)", ["F10-F19 with character 5 6"]),
    ("hallucinations (F11-F19 with fifth to sixth characters 51)", ["F11-F19 with character 5 51"]),
    ("current concussion (S06.0X- with seventh character A)", ["S06.0X with character 7 A"]),
    ("open fracture (S42.- with 7th character B or C)", ["S42 with character 7 B or C"]),
    ("leukemia in remission C91.0-C95.9 with 5th character 1", ["C91.0-C95.9 with character 5 1"]),
    ("open fracture of elbow (S52.- with open fracture 7th character)",
     ["S52 with open fracture 7th character"]),
    ("code to identify:", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), WORDINGS)
def test_references_reads_the_wordings_of_the_book(text: str, wanted: list[str]) -> None:
    assert [r.words for r in references(text)] == wanted


MATCHES = [
    ("(S01.-)", "S01.81XA", True),
    ("(S01.-)", "S02.81XA", False),
    ("(Z68.1-Z68.45)", "Z68.35", True),
    ("(Z68.1-Z68.45)", "Z68.51", False),
    ("(T36-T50 with fifth or sixth character 5)", "T45.515A", True),
    ("(T36-T65 with fifth or sixth character 1-4)", "T45.515A", False),
    ("(T36-T65 with fifth or sixth character 1-4)", "T58.01XA", True),
    ("(I69. with final characters -23)", "I69.323", True),
    ("(I69. with final characters -23)", "I69.322", False),
    ("(E08-E13 with .51-.52)", "E11.52", True),
    ("(E08-E13 with .62-)", "E11.628", True),
    ("(C00-C43)", "C4A.0", False),
    ("(C43-C44)", "C4A.0", True),
    ("(C45-C49)", "C4A.0", False),
    ("(M05-M14)", "M1A.00X0", True),
    ("(C96.0-C96.9)", "C96.A", True),
    ("(G31.0-G31.83)", "G31.84", False),
    ("(S06.0X- with seventh character A)", "S06.0X1A", True),
    ("(S06.0X- with seventh character A)", "S06.0X1D", False),
]


@pytest.mark.parametrize(("text", "code", "wanted"), MATCHES)
def test_reference_matches_codes_with_and_without_dot(text: str, code: str, wanted: bool) -> None:
    (reference,) = references(text)
    assert reference.matches(code) is wanted
    assert reference.matches(undotted(code)) is wanted


def test_scope_is_where_a_note_applies_and_no_partner() -> None:
    text = "code, if applicable, for codes G31.0-G31.83, G31.85-G31.9, to identify:"
    assert references(text) == ()
    assert [r.words for r in scope(text)] == ["G31.0-G31.83", "G31.85-G31.9"]


@given(st.text(alphabet="ABZ019.-–(),; towihcran", max_size=60))
def test_references_never_fails_and_names_only_what_is_written(text: str) -> None:
    for reference in references(text):
        assert reference.low in text.replace(".", "") and reference.high in text.replace(".", "")


def test_place_sorts_categories_as_the_book_has_them(official: Release) -> None:
    categories = [e.code for e in official.tabular.nodes() if e.kind == "code" and len(e.code) == 3]
    after_z99 = categories.index("U07")
    assert categories[:after_z99] == sorted(categories[:after_z99], key=place)


@pytest.mark.parametrize("year", ["2021", "2026"])
def test_references_cover_the_same_codes_as_the_order_of_the_book(
    year: str, own_home: object
) -> None:
    tabular = open_release(shared("icd10cm", f"icd10cm-table-index-{year}.zip")).tabular
    rows = [(undotted(e.code), e.order) for e in tabular.nodes() if e.kind == "code"]
    order = dict(rows)
    numbers = [number for _, number in rows]
    places = sorted((place(bare), bare) for bare, _ in rows)
    last: dict[str, int] = {}
    for bare, number in rows:
        for length in range(3, len(bare) + 1):
            last[bare[:length]] = number
    differing = set()
    ranges = {
        reference._replace(position=0, values=(), qualifier="")
        for note in tabular.all_notes()
        for reference in references(note.text)
        if reference.low != reference.high
    }
    for reference in ranges:
        if reference.low not in order or reference.high not in order:
            continue
        first = bisect_left(numbers, order[reference.low])
        end = bisect_right(numbers, last[reference.high])
        low = bisect_left(places, (place(reference.low), ""))
        high = bisect_right(places, (reference.end, ""))
        if {bare for bare, _ in rows[first:end]} != {bare for _, bare in places[low:high]}:
            differing.add(reference.words)
    # Y93.A stands between Y93.7 and Y93.8 in the book; no other range depends on such a letter.
    assert differing <= {"Y93.0-Y93.A"}
    assert len(ranges) > 100


def test_audit_finds_under_half_a_percent_unresolved(official: Release) -> None:
    found = audit(official.tabular)
    assert found.references > 12_000
    assert len(found.unresolved) < 0.001 * found.references
    assert sum(found.with_references.values()) > 10_000
    # What is left is broken in the book itself.
    origins = {one.note.origin for one in found.unresolved}
    assert origins == {"F02", "O99.6", "R10.85", "21", "Z82.3", "Z83.7", "Z87.1"}


def test_blocks_join_stems_to_their_lines() -> None:
    notes = [
        Note("code_first", "underlying disease, such as:", "F02", 0),
        Note("code_first", "Alzheimer's (G30.-)", "F02", 0),
        Note("code_first", "epilepsy (G40.-)", "F02", 0),
        Note("excludes1", "mild neurocognitive disorder (F06.7-)", "F02", 0),
    ]
    first, second = blocks(notes)
    assert [line.words for line in first.lines] == [
        "underlying disease, such as: Alzheimer's (G30.-)",
        "underlying disease, such as: epilepsy (G40.-)",
    ]
    assert first.examples and first.underlying
    assert not second.examples and second.origin == "F02"


def test_blocks_end_an_alphabetical_list_where_the_outer_one_goes_on() -> None:
    texts = [
        "endocardial involvement in:",
        "candidiasis (B37.6)",
        "tuberculosis (A18.84)",
        "rheumatic endocarditis (I09.1)",
    ]
    (block,) = blocks([Note("excludes1", text, "I39", 0) for text in texts])
    assert [line.stem for line in block.lines] == [texts[0], texts[0], ""]


def governing(release: Release, code: str, kind: str) -> list[Block]:
    return [b for b in instructions(release.tabular, code) if b.kind == kind]


def test_instructions_come_from_every_header_up_to_the_chapter(official: Release) -> None:
    found = instructions(official.tabular, "R65.21")
    assert {b.origin for b in found} >= {"R65.21", "R65.2", "18"}
    assert [b.origin for b in found if b.kind == "code_first"] == ["R65.2"]


def test_instructions_leave_out_what_is_for_other_codes(official: Release) -> None:
    # "Code first, for adverse effects, the nature of the adverse effect" (T36-T50).
    assert governing(official, "T40.2X5A", "code_first")
    assert not governing(official, "T40.2X1A", "code_first")
    # "for codes G31.0-G31.83, G31.85-G31.9, to identify"
    assert "G31" in {b.origin for b in governing(official, "G31.09", "use_additional")}
    assert "G31" not in {b.origin for b in governing(official, "G31.84", "use_additional")}
