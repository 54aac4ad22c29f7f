"""Reads an order file: every header and every billable code of a year, with both titles.

Source: ``icd10OrderFiles.pdf`` of CMS. Fixed columns: 1-5 order number, 7-13 code without dot,
15 header (0) or billable (1), 17-76 short title, 78 and on long title.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chartcoder.tabular.codes import dotted
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.records import ParsedTabular, Row

_HEAD = re.compile(r"\d{5} [A-Z].{6} [01] \S")
_CODE = re.compile(r"[A-Z](?:\d[0-9A-Z]|[A-Z]\d)[0-9A-Z]{0,4}")
SHORT_WIDTH = 60


class OrderRow(NamedTuple):
    """One line of an order file.

    Attributes:
        code: without its dot.
        billable: complete, so that it may be reported.
        short: title of at most 60 characters.
        long: the full title.
    """

    code: str
    billable: bool
    short: str
    long: str


def order_rows(content: bytes, name: str, problems: list[str]) -> Iterator[OrderRow]:
    """Reads the lines of an order file.

    Args:
        content: the file.
        name: what to call it in a problem.
        problems: takes a sentence for every line that is not of the form.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        code, flag = line[6:13].rstrip(), line[14:15]
        if not (_HEAD.match(line) and _CODE.fullmatch(code)):
            problems.append(f"{name} line {number}: not of the form of an order file, skipped.")
            continue
        short, long = " ".join(line[16:76].split()), " ".join(line[77:].split())
        yield OrderRow(code, flag == "1", short, long or short)


def parse_order(content: bytes, name: str, year: str) -> ParsedTabular:
    """Reads an order file as a Tabular List without chapters, sections and notes.

    Args:
        content: the file.
        name: what to call it in errors.
        year: the fiscal year its name tells, or an empty text.

    Raises:
        BadInput: it holds no codes.
    """
    problems: list[str] = []
    rows: list[Row] = []
    places: dict[str, int] = {}
    category = ""
    for code, billable, _, long in order_rows(content, name, problems):
        if code in places:
            problems.append(f"{name}: a second {code} was skipped.")
            continue
        if len(code) == 3:
            category = code
        elif not category or not code.startswith(category):
            problems.append(f"{name}: {code} does not stand below its category and was skipped.")
            continue
        order = len(rows)
        above = next((code[:n] for n in range(len(code) - 1, 2, -1) if code[:n] in places), "")
        placeholder = not billable and code.endswith("X")
        places[code] = order
        rows.append(
            Row(
                order, dotted(code), long, "code", places.get(above, -1),
                billable, placeholder, -1,
            )
        )  # fmt: skip
    if not rows:
        raise BadInput(f"{name} holds no code; give the order file that CMS publishes.")
    return ParsedTabular(year or "unknown", rows, [], [], [], problems)


def short_titles(content: bytes, name: str) -> dict[str, str]:
    """The short titles of an order file by undotted code."""
    return {row.code: row.short for row in order_rows(content, name, [])}
