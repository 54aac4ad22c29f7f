"""Short words stand for whole ones."""

import pytest

from chartcoder.index.abbreviate import Comparison, Vocabulary, likeness, raw_words


@pytest.mark.parametrize(
    ("short", "word", "least", "most"),
    [
        ("fracture", "fracture", 1.0, 1.0),
        ("fx", "fracture", 1.0, 1.0),
        ("2nd", "second", 1.0, 1.0),
        ("renal", "kidney", 0.95, 0.95),
        ("unsp", "unspecified", 0.9, 0.9),
        ("dsplcd", "displaced", 0.7, 0.7),
        ("tibia", "fibula", 0.0, 0.0),
        ("w", "with", 1.0, 1.0),
        ("right", "left", 0.0, 0.0),
    ],
)
def test_abbreviate_likeness(short: str, word: str, least: float, most: float) -> None:
    assert least <= likeness(short, word) <= most


def test_abbreviate_raw_words_write_out_slashes() -> None:
    assert raw_words("Fx w/o LOC d/t Ménière's") == [
        "fx", "without", "loc", "due", "to", "meniere",
    ]  # fmt: skip


def _vocabulary(*lines: str) -> tuple[Vocabulary, list[list[int]]]:
    words = sorted({w for line in lines for w in raw_words(line)})
    return Vocabulary(words, [1.0] * len(words)), [
        [words.index(w) for w in raw_words(line)] for line in lines
    ]


def test_abbreviate_the_right_line_is_worth_most() -> None:
    vocabulary, lines = _vocabulary(
        "Displaced fracture of shaft of right tibia",
        "Displaced fracture of shaft of left tibia",
        "Nondisplaced fracture of shaft of right tibia",
        "Fracture of shaft of right fibula",
    )
    asked = Comparison(vocabulary.read("dsplcd fx shaft r tibia"), vocabulary)
    worths = [asked.worth(asked.fit(line)) for line in lines]
    assert worths[0] == max(worths)
    assert worths.count(worths[0]) == 1
    assert 0.0 < min(worths) <= max(worths) <= 1.0


def test_abbreviate_initials_of_several_words() -> None:
    vocabulary, lines = _vocabulary("injury with loss of consciousness", "injury without fever")
    asked = Comparison(vocabulary.read("inj w LOC"), vocabulary)
    assert asked.worth(asked.fit(lines[0])) > asked.worth(asked.fit(lines[1]))


def test_abbreviate_forgives_a_misspelt_word() -> None:
    vocabulary, lines = _vocabulary("pneumonia", "anemia")
    asked = Comparison(vocabulary.read("pneumonxia"), vocabulary)
    assert asked.worth(asked.fit(lines[0])) == 0.0
    asked = Comparison(vocabulary.read("pneumonxia"), vocabulary)
    asked.forgive(lines)
    assert asked.worth(asked.fit(lines[0])) > 0.5
    assert asked.worth(asked.fit(lines[1])) == 0.0


def test_abbreviate_order_tells_lines_apart() -> None:
    vocabulary, lines = _vocabulary(
        "without foreign body with damage to nail", "with foreign body without damage to nail"
    )
    asked = Comparison(vocabulary.read("w/o foreign body w damage to nail"), vocabulary)
    assert asked.order(lines[0]) > asked.order(lines[1])


def test_abbreviate_reads_a_named_seventh_character() -> None:
    vocabulary, _ = _vocabulary("fracture of tibia")
    assert vocabulary.read("fx tibia, 7thK").seventh == "k"
    assert vocabulary.read("fx of 7th rib").seventh == ""
