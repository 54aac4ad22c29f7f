"""Reads what a person typed as a phrase, and names what comes near it when nothing answers.

Both ``chartcoder index`` and ``chartcoder search`` take any text; here it is decided what can be
looked up at all.
"""

import re
import unicodedata
from functools import cached_property

from chartcoder.index.store import IndexStore
from chartcoder.tabular.codes import fold
from chartcoder.tabular.errors import BadInput

LONGEST = 1000
_LEAST_LIKE = 40


def clean_phrase(text: str, what: str = "The phrase") -> str:
    """A phrase without control characters, white space folded.

    The book is in English: text of another script holds no word of it.

    Args:
        text: as it was typed or read.
        what: how an error calls it.

    Raises:
        BadInput: it is empty, one letter, of another script, or longer than any term of the book.
    """
    plain = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    plain = " ".join(plain.split())
    if not plain:
        raise BadInput(f"{what} is empty; give words such as `breast cancer`.")
    if not re.search("[A-Za-z0-9]", fold(plain)):
        raise BadInput(
            f"{what} {plain[:20]!r} has no Latin letter; the Index is in English, so give words "
            "such as `breast cancer`."
        )
    if len(plain) == 1:
        raise BadInput(f"{what} {plain!r} is one letter; give a word or more.")
    if len(plain) > LONGEST:
        raise BadInput(
            f"{what} has {len(plain):,} characters; give one condition in at most {LONGEST:,}, "
            "or a chart to `chartcoder code`."
        )
    return plain


class NearTerms:
    """Names the main terms nearest to a phrase.

    Args:
        store: the opened index.
    """

    def __init__(self, store: IndexStore) -> None:
        self._store = store

    @cached_property
    def _titles(self) -> list[str]:
        return sorted({t.title for t in self._store.main_terms() if len(t.title) > 2})

    def of(self, phrase: str, limit: int = 5) -> list[str]:
        """The titles most like a phrase in their letters; empty where none is."""
        from rapidfuzz import fuzz, process, utils

        found = process.extract(
            phrase, self._titles, scorer=fuzz.WRatio, processor=utils.default_process,
            limit=limit, score_cutoff=_LEAST_LIKE,
        )  # fmt: skip
        return [title for title, _, _ in found]
