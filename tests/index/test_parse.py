"""The index files as they really look."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartcoder.index.parse import parse_index
from chartcoder.tabular.errors import BadInput
from tests.index.small import INDEX, small_terms


def _main(body: str) -> list:  # type: ignore[type-arg]
    xml = f"<ICD10CM.index><letter><title>A</title>{body}</letter></ICD10CM.index>"
    return parse_index(xml.encode(), "index.xml", "index").terms


def test_parse_keeps_the_text_after_a_nonessential_modifier() -> None:
    (term,) = _main("<mainTerm><title>vein<nemod>(peripheral)</nemod> NEC</title></mainTerm>")
    assert (term.title, term.nonessential) == ("vein NEC", ("peripheral",))


@pytest.mark.parametrize(
    ("title", "see", "also"),
    [
        ("Vertigo (see also Dizziness)", "", "Dizziness"),
        ("Arm - see condition", "condition", ""),
        ("Cyst - code by site under Neoplasm, benign", "Neoplasm, benign", ""),
        ("Seeing double", "", ""),
    ],
)
def test_parse_finds_pointers_hidden_in_titles(title: str, see: str, also: str) -> None:
    (term,) = _main(f"<mainTerm><title>{title}</title></mainTerm>")
    assert (term.see, term.see_also) == (see, also)
    assert title.startswith(term.title)


def test_parse_reads_see_category_and_manifestation() -> None:
    (term,) = _main(
        "<mainTerm><title>Arthritis</title><code>A01</code><manif>M01.X0</manif>"
        "<seecat>M01</seecat></mainTerm>"
    )
    assert (term.code, term.manifestation, term.see) == ("A01", "M01.X0", "category M01")


def test_parse_takes_cells_by_their_column_and_leaves_blank_ones_out() -> None:
    gathered = small_terms()
    lung = next(t for t in gathered.terms if t.book == "neoplasm" and t.title == "lung")
    assert dict(lung.cells) == {2: "C34.9-", 3: "C78.0-"}
    assert ("neoplasm", 2, "Malignant Primary") in gathered.headings


def test_parse_branches_are_ranges_of_ids() -> None:
    terms = small_terms().terms
    for term in terms:
        assert term.id < term.end <= len(terms)
        if term.parent >= 0:
            assert terms[term.parent].id < term.id < terms[term.parent].end


def test_parse_says_what_it_does_not_know() -> None:
    xml = (
        "<ICD10CM.index><letter><title>A</title><mainTerm><title>A</title><new>x</new>"
        "</mainTerm></letter></ICD10CM.index>"
    )
    parsed = parse_index(xml.encode(), "index.xml", "index")
    assert parsed.terms[0].title == "A"
    assert parsed.problems == ["index.xml line 1: unknown element new, skipped."]


def test_parse_refuses_another_file() -> None:
    with pytest.raises(BadInput, match=r"ICD10CM\.tabular, not ICD10CM\.index"):
        parse_index(b"<ICD10CM.tabular/>", "tabular.xml", "index")


@given(st.data())
def test_parse_of_mutated_xml_reads_or_refuses(data: st.DataObject) -> None:
    content = bytearray(INDEX.encode())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=6))
    try:
        parsed = parse_index(bytes(content), "index.xml", "index")
    except BadInput as problem:
        assert "\n" not in str(problem)
    else:
        assert [t.id for t in parsed.terms] == list(range(len(parsed.terms)))
