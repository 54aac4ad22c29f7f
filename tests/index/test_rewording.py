"""Other words for a second look."""

from pathlib import Path

import pytest

from chartcoder.index.rewording import Rewording, take_apart
from tests.index.small import small_store


@pytest.mark.parametrize(
    ("word", "ending", "site"),
    [("gastrospasm", "spasm", ("stomach",)), ("scapulalgia", "algia", ("scapula",))],
)
def test_rewording_takes_words_apart(word: str, ending: str, site: tuple[str, ...]) -> None:
    parts = take_apart(word)
    assert parts is not None
    assert (parts.ending, parts.site) == (ending, site)


@pytest.mark.parametrize("word", ["table", "itis", "algia", "pneumonia"])
def test_rewording_leaves_other_words_whole(word: str) -> None:
    assert take_apart(word) is None


def test_rewording_mends_only_words_the_index_lacks(tmp_path: Path) -> None:
    rewording = Rewording(small_store(tmp_path))
    assert rewording.nearest("diabte") == ("diabete", pytest.approx(0.857, abs=0.01))
    assert rewording.nearest("xyzzyqq") is None
    assert rewording.of(["diabete"]) == []
    words, trust = rewording.of(["ketoacidosys"])[0]
    assert words == ("ketoacidosis",)
    assert 0.7 < trust < 0.95


def test_rewording_names_a_site_by_what_it_lies_in(tmp_path: Path) -> None:
    wordings = dict(Rewording(small_store(tmp_path)).of(["pain", "toe"]))
    assert wordings[("pain", "foot")] < 0.9
