"""Reading what was typed."""

from pathlib import Path

import pytest

from chartcoder.index.ask import LONGEST, NearTerms, clean_phrase
from chartcoder.tabular.errors import BadInput
from tests.index.small import small_store


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07", "a", "...", "x" * (LONGEST + 1)])
def test_ask_what_cannot_be_looked_up_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="give"):
        clean_phrase(text)


def test_ask_control_characters_become_spaces() -> None:
    assert clean_phrase(" breast\x00cancer\t\n") == "breast cancer"


def test_ask_near_terms_are_offered(tmp_path: Path) -> None:
    assert NearTerms(small_store(tmp_path)).of("angna")[0] == "Angina"
