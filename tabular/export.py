"""A release as text: its billable codes, or every row as the official order file has it."""

from collections.abc import Iterator
from typing import Literal

from chartcoder.tabular.codes import fold, undotted
from chartcoder.tabular.order import SHORT_WIDTH, short_titles
from chartcoder.tabular.release import Release

Form = Literal["codes", "order"]


def export_lines(release: Release, form: Form) -> Iterator[str]:
    """The lines of a release in document order, without line ends.

    Args:
        release: what to write out.
        form: ``codes`` for every billable code and its long title, tab-separated; ``order`` for
            every header and billable code in the columns of the order file, in ASCII as there.
    """
    if form == "codes":
        return (f"{entry.code}\t{entry.title}" for entry in release.tabular.billable())
    return _order_lines(release)


def _order_lines(release: Release) -> Iterator[str]:
    known = release.files.get("order")
    short = short_titles(known.part.read(), known.part.name) if known else {}
    for number, entry in enumerate(release.tabular.rows(), 1):
        code = undotted(entry.code)
        title = fold(entry.title)
        brief = short.get(code, title[:SHORT_WIDTH])
        yield f"{number:05d} {code:<7} {entry.billable:d} {brief:<{SHORT_WIDTH}} {title}"
