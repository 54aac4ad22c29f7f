"""Cross-references are read into the terms, tables and categories they name (I.A.16)."""

import pytest

from chartcoder.index.pointers import Resolver
from chartcoder.index.store import open_index
from chartcoder.index.terms import Pointer, Term
from chartcoder.tabular.release import Release
from tests.index.small import small_terms

CODES = ["E1062", "E10620", "E11620", "E119", "M01", "I251", "I2510"]


def _read(text: str, code: str = "") -> Pointer:
    terms = small_terms().terms
    source = Term(len(terms), -1, len(terms) + 1, "index", "Source", code=code)
    return Resolver([*terms, source], CODES).resolve(source, text, also=False)[0]


def _landing(text: str) -> tuple[str, ...]:
    terms = small_terms().terms
    pointer = _read(text)
    path = []
    number = pointer.terms[0] if pointer.terms else -1
    while number >= 0:
        path.append(terms[number].title)
        number = terms[number].parent
    return tuple(path[::-1])


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Pain, limb, lower", ("Pain", "limb", "lower")),
        ("Pain (s), lower, limb", ("Pain", "limb", "lower")),
        ("Arteriosclerosis, coronary (artery)", ("Arteriosclerosis, arteriosclerotic", "coronary")),
        ("Diabetes, ketoacidosis", ("Diabetes, diabetic", "with", "ketoacidosis")),
        ("Fracture, tibia, shaft", ("Fracture, traumatic", "tibia")),
        ("Fractur, tibia", ("Fracture, traumatic", "tibia")),
    ],
)
def test_pointers_land_on_the_term_they_name(text: str, path: tuple[str, ...]) -> None:
    assert _landing(text) == path
    assert _read(text).exact


def test_pointers_say_what_they_did_not_find() -> None:
    pointer = _read("Angina, of effort")
    assert (pointer.kind, pointer.exact, pointer.rest) == ("term", False, "of effort")
    assert _read("Zoster, ophthalmic").kind == "none"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("E10-E11 with .620", ("E10.620", "E11.620")),
        ("category M01", ("M01",)),
        ("E10-E11 with sixth character 0", ("E10.620", "E11.620")),
    ],
)
def test_pointers_to_categories_name_codes_that_exist(text: str, codes: tuple[str, ...]) -> None:
    assert (_read(text).kind, _read(text).codes) == ("category", codes)


def test_pointers_bare_see_category_means_the_code_beside_it() -> None:
    assert _read("subcategory", code="E10.62").codes == ("E10.62",)


def test_pointers_to_the_tables_know_row_and_column() -> None:
    lung = _read("Neoplasm, lung, malignant")
    assert (lung.kind, lung.column) == ("table", 2)
    assert _landing("Neoplasm, lung, malignant")[-1] == "lung"
    drug = _read("Table of Drugs and Chemicals, warfarin, adverse effect")
    assert (drug.kind, drug.column, len(drug.terms)) == ("table", 6, 1)


def test_pointers_to_the_condition_look_under_the_noun() -> None:
    assert _read("condition").kind == "noun"


def test_pointers_after_a_semicolon_are_pointers_too() -> None:
    terms = small_terms().terms
    found = Resolver(terms, CODES).resolve(terms[0], "Pain; and see also Diabetes", also=False)
    assert [terms[p.terms[0]].title for p in found] == ["Pain", "Diabetes, diabetic"]


def test_pointers_of_the_official_files_are_resolved(official: Release) -> None:
    store = open_index(official)
    pointers = [p for p in store.all_pointers() if store.term(p.source).book != "supplement"]
    unresolved = [p.text for p in pointers if p.kind == "none"]
    assert len(pointers) > 15_000
    assert len(unresolved) <= 0.005 * len(pointers), unresolved
    assert sum(p.exact for p in pointers) > 0.98 * len(pointers)


def test_pointers_of_the_official_files_reach_below_the_named_term(official: Release) -> None:
    store = open_index(official)
    for pointer in list(store.all_pointers())[::50]:
        named = pointer.text.split(",")[0].split("(")[0].strip().lower()[:4]
        if pointer.kind == "term" and pointer.exact and named.isalpha() and pointer.terms:
            main = store.path(pointer.terms[0])[0]
            every = " ".join((main.title, *main.nonessential)).lower()
            titles = " ".join(t.title for t in store.path(pointer.terms[0])).lower()
            assert named in every or named in titles, pointer
