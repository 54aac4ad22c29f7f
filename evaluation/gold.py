"""Reads gold: which codes experts gave to which chart.

The form is JSON lines, a chart a line, as the contract of ``chartcoder evaluate`` has it::

    {"id": "V001", "setting": "inpatient", "age": 63, "sex": "female", "date": "2026-03-02",
     "codes": [{"code": "N17.9", "kind": "core", "evidence": "AKI", "alternatives": ["N17.8"]}],
     "not_coded": [{"what": "type 2 MI (I21.A1)", "why": "conflicting documentation"}]}

Only an id and ``codes`` are needed. A code without ``kind`` is core: missing it is a miss. An
``optional`` code is neither a hit nor an error. An alternative counts for its code.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple, cast

from chartcoder.agents.values import Encounter
from chartcoder.graph.encounters import chart_id, encounter_from, read_objects
from chartcoder.tabular.codes import CODE_PATTERN, normalise
from chartcoder.tabular.errors import BadInput

_CODE_INSIDE = re.compile(rf"(?<![A-Za-z0-9.]){CODE_PATTERN.pattern}(?![A-Za-z0-9])")
_KINDS = {"core": True, "optional": False}


class GoldCode(NamedTuple):
    """A code that the experts gave.

    Attributes:
        code: with its dot, as written otherwise; it need not be in any release.
        core: missing it is a miss; otherwise it is optional, neither hit nor error.
        alternatives: codes that count for it.
        evidence: quotes from the chart; empty where the gold quotes none.
        marked: the gold says itself whether it is core or optional.
    """

    code: str
    core: bool = True
    alternatives: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    marked: bool = False

    @property
    def all_codes(self) -> tuple[str, ...]:
        """The code and what counts for it."""
        return (self.code, *self.alternatives)


class NotCoded(NamedTuple):
    """Something in the chart that the experts decided not to code.

    Attributes:
        what: in the gold's words.
        why: the reason; empty where none is given.
        codes: the codes named in ``what``.
    """

    what: str
    why: str
    codes: tuple[str, ...]


class GoldChart(NamedTuple):
    """What the experts answered for one chart, codes in their sequence.

    Attributes:
        id: the chart's file name without ending, or its id.
        codes: each code once.
        encounter: setting, date, age and sex, as far as the gold gives them.
        not_coded: what they decided against.
        repeated: codes that stood there twice; the first mention counts.
        line: where it stands in the file, from 1.
    """

    id: str
    codes: tuple[GoldCode, ...]
    encounter: Encounter
    not_coded: tuple[NotCoded, ...] = ()
    repeated: tuple[str, ...] = ()
    line: int = 0

    @property
    def core(self) -> tuple[GoldCode, ...]:
        """The codes whose absence is a miss."""
        return tuple(c for c in self.codes if c.core)

    @property
    def optional(self) -> frozenset[str]:
        """The codes that are neither hit nor error, with what counts for them."""
        return frozenset(code for c in self.codes if not c.core for code in c.all_codes)

    @property
    def sequenced(self) -> bool:
        """The gold marks its codes, and so lists the principal or first-listed one first."""
        return any(c.marked for c in self.codes)


def read_gold(path: str | Path) -> dict[str, GoldChart]:
    """Reads a gold file.

    Args:
        path: JSON lines in UTF-8.

    Returns:
        The charts by id, in the order of the file.

    Raises:
        BadInput: the file cannot be read, holds no chart, a line is malformed (the message names
            file and line), or an id stands there twice.
    """
    file = Path(path)
    charts: dict[str, GoldChart] = {}
    for number, data in read_objects(file):
        chart = _chart(data, f"{file}, line {number}", number)
        if chart.id in charts:
            first = charts[chart.id].line
            raise BadInput(
                f"{file}, line {number}: the chart {chart.id!r} already stands in line {first}; "
                "keep one of them."
            )
        charts[chart.id] = chart
    if not charts:
        raise BadInput(f"The gold file {file} holds no chart; give JSON lines with id and codes.")
    return charts


def _chart(data: dict[str, Any], place: str, line: int) -> GoldChart:
    identity = chart_id(data, place)
    listed = data.get("codes")
    if not isinstance(listed, list):
        raise BadInput(f'{place}: "codes" must be a list, empty where nothing is coded.')
    codes: dict[str, GoldCode] = {}
    repeated: list[str] = []
    for item in listed:
        code = _gold_code(item, place)
        if code.code in codes:
            repeated.append(code.code)
        codes.setdefault(code.code, code)
    return GoldChart(
        identity, tuple(codes.values()), encounter_from(data, place),
        _not_coded(data.get("not_coded"), place), tuple(repeated), line,
    )  # fmt: skip


def _gold_code(item: object, place: str) -> GoldCode:
    if isinstance(item, str):
        return GoldCode(_code(item, place))
    if not isinstance(item, dict):
        raise BadInput(f"{place}: the code {item!r} must be an object or a text.")
    kind = item.get("kind")
    if kind is not None and kind not in _KINDS:
        raise BadInput(f"{place}: the kind {kind!r} is neither core nor optional.")
    alternatives = item.get("alternatives") or []
    if isinstance(alternatives, str) or not isinstance(alternatives, list):
        raise BadInput(f'{place}: "alternatives" must be a list of codes.')
    others = [_code(a["code"] if isinstance(a, dict) and "code" in a else a, place)
              for a in alternatives]  # fmt: skip
    quoted = item.get("evidence") or []
    quotes = [quoted] if isinstance(quoted, str) else quoted
    if not isinstance(quotes, list) or not all(isinstance(q, str) for q in quotes):
        raise BadInput(f'{place}: "evidence" must be a text or a list of texts.')
    code = _code(item.get("code"), place)
    return GoldCode(
        code, _KINDS.get(cast("str", kind), True),
        tuple(dict.fromkeys(o for o in others if o != code)),
        tuple(q for q in quotes if q.strip()), kind is not None,
    )  # fmt: skip


def _code(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip(" .-\t"):
        raise BadInput(f"{place}: {value!r} is no code.")
    return normalise(value)


def _not_coded(value: object, place: str) -> tuple[NotCoded, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadInput(f'{place}: "not_coded" must be a list.')
    found = []
    for item in value:
        data = {"what": item} if isinstance(item, str) else item
        if not isinstance(data, dict) or not (data.get("what") or data.get("code")):
            raise BadInput(f'{place}: an item of "not_coded" has neither "what" nor "code".')
        what, why = str(data.get("what") or data["code"]), str(data.get("why") or "")
        named = f"{what} {data.get('code') or ''}"
        codes = dict.fromkeys(normalise(m.group()) for m in _CODE_INSIDE.finditer(named))
        found.append(NotCoded(what, why, tuple(codes)))
    return tuple(found)


def gold_line(chart: GoldChart) -> dict[str, Any]:
    """A chart's gold as an object of the gold file's form, which ``gold_from`` reads."""
    codes = [
        {
            "code": c.code,
            **({"kind": "core" if c.core else "optional"} if c.marked else {}),
            **({"alternatives": list(c.alternatives)} if c.alternatives else {}),
            **({"evidence": list(c.evidence)} if c.evidence else {}),
        }
        for c in chart.codes
    ]
    line: dict[str, Any] = {"id": chart.id, **chart.encounter.model_dump(exclude_none=True)}
    line["codes"] = codes
    if chart.not_coded:
        line["not_coded"] = [{"what": n.what, "why": n.why} for n in chart.not_coded]
    return line


def gold_from(data: dict[str, Any], place: str, line: int = 0) -> GoldChart:
    """Reads one chart's gold from its object.

    Raises:
        BadInput: it is malformed; the message begins with ``place``.
    """
    return _chart(data, place, line)
