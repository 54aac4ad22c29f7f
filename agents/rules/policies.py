"""Policies of the rules judge: named switches with a default for each setting.

They stand in ``resources/rules/policies.toml`` with the guideline section that speaks for each.
"""

import tomllib
from functools import cache
from typing import NamedTuple

from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.home import resources


class Policies(NamedTuple):
    """How the rules judge decides where the guidelines leave room.

    Attributes:
        uncertain: conditions worded as uncertain: ``code``, ``suggest`` or ``drop``.
        consistent_with: whether "consistent with", "compatible with" and "appears to be" count as
            uncertain: ``definitive`` or ``uncertain``.
        external_causes: ``code`` or ``suggest``.
        background: chronic conditions listed and not addressed: ``code`` or ``suggest``.
        status: status and long-term drug use codes outside the problem list: ``code`` or
            ``suggest``.
        symptoms: symptoms beside a diagnosis that is not known to include them: ``code`` or
            ``suggest``.
        threshold: confidence below which a code becomes a suggestion.
    """

    uncertain: str
    consistent_with: str
    external_causes: str
    background: str
    status: str
    symptoms: str
    threshold: float


@cache
def _table() -> dict[str, dict[str, object]]:
    return tomllib.loads((resources() / "rules" / "policies.toml").read_text("utf-8"))


def policies_for(setting: str | None, changed: tuple[tuple[str, str], ...] = ()) -> Policies:
    """The policies for a setting, with what a user changed.

    Args:
        setting: ``outpatient``, ``inpatient``, or None, which is taken as outpatient where a
            policy says nothing of its own for it.
        changed: pairs of name and value.

    Raises:
        BadInput: there is no such policy, or it does not take that value.
    """
    table = _table()
    column = setting or "unstated"
    values = {name: row.get(column, row["outpatient"]) for name, row in table.items()}
    for name, value in changed:
        if name not in table:
            raise BadInput(f"There is no policy {name!r}; there are {', '.join(sorted(table))}.")
        allowed = table[name].get("values")
        if allowed is None:
            try:
                values[name] = float(value)
            except ValueError:
                raise BadInput(f"The policy {name} takes a number, not {value!r}.") from None
        elif value not in allowed:  # type: ignore[operator]
            listed = ", ".join(allowed)  # type: ignore[arg-type]
            raise BadInput(f"The policy {name} takes {listed}, not {value!r}.")
        else:
            values[name] = value
    return Policies(**values)  # type: ignore[arg-type]
