"""Scores: against scikit-learn on random label sets, and the semantics of marked gold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics, preprocessing

from chartcoder.evaluation import scores
from chartcoder.evaluation.gold import GoldCode
from chartcoder.evaluation.scores import Counts, match, same, three_characters

LABELS = [f"{letter}{number}.{last}" for letter in "AE" for number in (10, 11) for last in "1289"]
label_sets = st.lists(st.sampled_from(LABELS), max_size=6, unique=True)
charts = st.lists(st.tuples(label_sets, label_sets), min_size=1, max_size=8)


def plain(codes: list[str]) -> list[GoldCode]:
    return [GoldCode(code) for code in codes]


@settings(deadline=None)
@given(charts)
def test_scores_agree_with_scikit_learn(rows: list[tuple[list[str], list[str]]]) -> None:
    for level in (same, three_characters, lambda code: code[0]):
        truth = [{level(c) for c in gold} for gold, _ in rows]
        answer = [{level(c) for c in assigned} for _, assigned in rows]
        labels = sorted(set().union(*truth, *answer))
        matches = [match(plain(gold), assigned, level) for gold, assigned in rows]
        micro = scores.total(m.counts for m in matches)
        macro = scores.macro(scores.by_label(matches).values())
        if not labels:
            assert micro == Counts()
            assert macro == (0.0, 0.0, 0.0)
            continue
        binarizer = preprocessing.MultiLabelBinarizer(classes=labels)
        # One column alone is read as a yes-or-no class, of which "yes" is the label.
        columns = list(range(len(labels))) if len(labels) > 1 else [1]
        wanted, given_ = binarizer.fit_transform(truth), binarizer.transform(answer)
        for average, mine in (("micro", (micro.precision, micro.recall, micro.f1)),
                              ("macro", macro)):  # fmt: skip
            theirs = metrics.precision_recall_fscore_support(
                wanted, given_, labels=columns, average=average, zero_division=0
            )
            assert mine == pytest.approx(tuple(theirs[:3]), abs=1e-12)
        exact = sum(m.exact for m in matches) / len(matches)
        assert exact == pytest.approx(metrics.accuracy_score(wanted, given_))


@given(label_sets, label_sets)
def test_scores_every_gold_and_every_assigned_code_is_accounted_for(
    gold: list[str], assigned: list[str]
) -> None:
    found = match(plain(gold), assigned)
    assert {g for g, _ in found.hits} | set(found.missed) == set(gold)
    assert {a for _, a in found.hits} | set(found.false) == set(assigned)
    assert found.counts.hit + found.counts.missed == len(gold)
    assert found.counts.correct + found.counts.false == len(assigned)


MARKED = [
    GoldCode("D64.89", True, ("D63.8", "D64.9")),
    GoldCode("I10", True),
    GoldCode("Z98.84", False, ("Z90.3",)),
]


@pytest.mark.parametrize(
    ("assigned", "hits", "missed", "false", "optional"),
    [
        (["D64.89", "I10"], 2, [], [], []),
        (["D64.9", "I10"], 2, [], [], []),
        (["D64.9"], 1, ["I10"], [], []),
        (["D64.89", "D64.9", "I10"], 2, [], ["D64.9"], []),
        (["I10", "Z98.84", "Z90.3"], 1, ["D64.89"], [], ["Z98.84", "Z90.3"]),
        (["E11.9"], 0, ["D64.89", "I10"], ["E11.9"], []),
        ([], 0, ["D64.89", "I10"], [], []),
    ],
)
def test_scores_core_optional_and_alternatives(
    assigned: list[str], hits: int, missed: list[str], false: list[str], optional: list[str]
) -> None:
    found = match(MARKED, assigned)
    assert len(found.hits) == hits
    assert list(found.missed) == missed
    assert list(found.false) == false
    assert list(found.optional) == optional


def test_scores_one_code_may_stand_for_two_with_a_common_alternative() -> None:
    gold = [GoldCode("M05.741", True, ("M05.79",)), GoldCode("M05.742", True, ("M05.79",))]
    counts = match(gold, ["M05.79"]).counts
    assert counts == Counts(correct=1, false=0, hit=2, missed=0)
    assert counts.f1 == 1.0


def test_scores_three_characters_count_a_category_once() -> None:
    gold = plain(["E11.22", "E11.51", "I10"])
    found = match(gold, ["E11.9", "E11.65"], three_characters)
    assert found.counts == Counts(1, 0, 1, 1)


def test_scores_repeated_assigned_code_counts_once() -> None:
    assert match(plain(["I10"]), ["I10", "I10"]).counts == Counts(1, 0, 1, 0)


TREE = {
    "E11.9": ["4", "E08-E13", "E11", "E11.9"],
    "E11.65": ["4", "E08-E13", "E11", "E11.6", "E11.65"],
    "I10": ["9", "I10-I16", "I10"],
}


def test_scores_hierarchical_credits_what_stands_above() -> None:
    gold = plain(["E11.65"])
    found = match(gold, ["E11.9"])
    counts = scores.hierarchical(gold, found, TREE.__getitem__)
    assert counts == Counts(correct=3, false=1, hit=3, missed=2)
    whole = match(gold, ["E11.65"])
    assert scores.hierarchical(gold, whole, TREE.__getitem__).f1 == 1.0


def test_scores_hierarchical_takes_an_alternative_for_its_code() -> None:
    gold = [GoldCode("E11.65", True, ("I10",))]
    found = match(gold, ["I10"])
    assert scores.hierarchical(gold, found, TREE.__getitem__).f1 == 1.0


@pytest.mark.parametrize(
    ("first", "second", "steps"),
    [("E11.9", "E11.9", 0), ("E11.9", "E11.65", 3), ("E11.9", "I10", 7)],
)
def test_scores_tree_distance(first: str, second: str, steps: int) -> None:
    assert scores.tree_distance(TREE[first], TREE[second]) == steps


def test_scores_interval_is_the_same_every_time_and_holds_the_value() -> None:
    rows = [Counts(i % 3, (i + 1) % 2, i % 3, i % 4) for i in range(40)]
    first = scores.interval(rows, lambda c: c.f1, scores.draws(40))
    again = scores.interval(rows, lambda c: c.f1, scores.draws(40))
    assert first == again
    assert first[0] < scores.total(rows).f1 < first[1]


def test_scores_interval_of_equal_charts_has_no_width() -> None:
    rows = [Counts(1, 1, 1, 1)] * 5
    assert scores.interval(rows, lambda c: c.precision, scores.draws(5)) == (0.5, 0.5)


def test_scores_percentile_interpolates() -> None:
    assert scores.percentile([0.0, 1.0, 2.0, 3.0], 0.5) == 1.5
    assert scores.percentile([4.0], 0.9) == 4.0
