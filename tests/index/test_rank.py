"""How well a path fits a phrase."""

import pytest

from chartcoder.index.rank import Asked, Question, Ranked, Ranker, value
from chartcoder.index.store import IndexStore
from chartcoder.index.words import signed
from tests.index.small import small_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> IndexStore:
    return small_store(tmp_path_factory.mktemp("rank"))


def _rank(store: IndexStore, phrase: str, *context: str) -> list[tuple[str, float]]:
    read = signed(phrase)
    asked = Asked(store, Question(read.said, read.denied, read.side, frozenset(context)))
    return [(store.term(r.number).code, r.score) for r in Ranker(store).rank(asked)]


def _best(store: IndexStore, phrase: str) -> Ranked:
    read = signed(phrase)
    return Ranker(store).rank(Asked(store, Question(read.said, read.denied, read.side)))[0]


def test_rank_the_default_code_comes_first_where_nothing_more_is_said(store: IndexStore) -> None:
    assert _rank(store, "diabetes")[0] == ("E11.9", 1.0)


def test_rank_nonessential_modifiers_neither_help_nor_hurt(store: IndexStore) -> None:
    plain, modified = _best(store, "diabetes"), _best(store, "diabetes mellitus")
    assert plain.number == modified.number
    assert plain.score == modified.score == 1.0


def test_rank_a_word_of_the_phrase_calls_for_its_subterm(store: IndexStore) -> None:
    assert _rank(store, "type 1 diabetes")[0][0] == "E10.9"
    assert _rank(store, "diabetic ketoacidosis")[0][0] == "E11.10"


def test_rank_what_is_denied_does_not_fit(store: IndexStore) -> None:
    without = [code for code, _ in _rank(store, "type 1 diabetes ketoacidosis without coma")]
    assert without.index("E10.10") < without.index("E10.11")
    assert _rank(store, "type 1 diabetes ketoacidosis with coma")[0][0] == "E10.11"
    # Where the phrase says nothing of coma, its absence is taken for granted.
    assert _rank(store, "type 1 diabetes ketoacidosis")[0][0] == "E10.10"


@pytest.mark.parametrize(
    ("phrase", "code"),
    [
        ("fracture left tibia", "S82.202-"), ("fracture right tibia", "S82.201-"),
        ("fracture tibia", "S82.20-"),
    ],
)  # fmt: skip
def test_rank_sides_agree(store: IndexStore, phrase: str, code: str) -> None:
    assert _rank(store, phrase)[0][0] == code


def test_rank_context_settles_without_being_explained(store: IndexStore) -> None:
    alone = dict(_rank(store, "angina"))
    near = dict(_rank(store, "angina", "unstable"))
    assert near["I20.0"] > alone["I20.0"]
    assert near["I20.9"] == alone["I20.9"] == 1.0


def test_rank_a_branch_is_kept_to(store: IndexStore) -> None:
    pain = next(t for t in store.main_terms() if t.title == "Pain")
    asked = Asked(store, Question(("foot",)))
    found = Ranker(store).rank(asked, branch=(pain.id, pain.end))
    assert {r.number for r in found} <= set(range(pain.id, pain.end))
    assert Ranker(store).rank(asked, branch=(0, 3)) == []


def test_rank_unknown_words_lower_what_is_explained(store: IndexStore) -> None:
    assert _best(store, "diabetes xyzzy").score < 1.0
    assert Ranker(store).rank(Asked(store, Question(("xyzzy",)))) == []


def test_rank_value_rises_with_both_shares() -> None:
    shares = [i / 10 for i in range(11)]
    for fixed in shares[1:]:
        assert [value(s, fixed) for s in shares] == sorted(value(s, fixed) for s in shares)
        assert [value(fixed, s) for s in shares] == sorted(value(fixed, s) for s in shares)
    assert value(1, 1) == 1.0
