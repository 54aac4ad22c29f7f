"""Lines of an index derived from the Tabular List: titles and inclusion terms, inverted.

Where a release brings no Alphabetic Index this is the index; where it does, these lines stand
beside it, as a coder also finds a code by its own title.
"""

import re

from chartcoder.index.terms import Book, Term
from chartcoder.tabular.store import TabularList

_HEAD_END = re.compile(
    r",| of | with | without | due to | in | by | from | to | for | on | following | caused "
    r"| associated | and | not | at | during | complicating | involving | as | without"
)


def invert(title: str) -> tuple[str, str]:
    """Splits a title into lead term and the rest, as an index would file it.

    ``Unilateral primary osteoarthritis, right knee`` gives ``("Osteoarthritis", "unilateral
    primary, right knee")``.
    """
    found = _HEAD_END.search(title, 1)
    head = title[: found.start()] if found else title
    rest = title[found.start() :] if found else ""
    words = head.split()
    if not words:
        return title, ""
    lead = words[-1]
    before = " ".join(words[:-1])
    tail = rest.strip(" ,")
    joined = ", ".join(part for part in (before[:1].lower() + before[1:], tail) if part)
    return lead[:1].upper() + lead[1:], joined


def derived_terms(tabular: TabularList, first_id: int, inclusions: bool = True) -> list[Term]:
    """One line for each title and each inclusion term of every code.

    Args:
        tabular: the opened Tabular List.
        first_id: id of the first line.
        inclusions: also the lines of inclusion terms.

    Returns:
        Main-term lines (their title is the whole wording) in document order.
    """
    terms: list[Term] = []

    def add(book: Book, title: str, code: str) -> None:
        number = first_id + len(terms)
        terms.append(Term(number, -1, number + 1, book, title, (), code))

    lines: dict[str, list[str]] = {}
    for note in tabular.all_notes():
        if inclusions and note.kind in ("inclusion_term", "includes"):
            lines.setdefault(note.origin, []).append(note.text)
    for entry in tabular.nodes():
        if entry.kind != "code" or entry.placeholder:
            continue
        code = entry.code if entry.billable else f"{entry.code}-"
        add("title", entry.title, code)
        for text in lines.get(entry.code, ()):
            add("inclusion", text, code)
    return terms
