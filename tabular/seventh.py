"""7th characters: which codes take them, which characters are legal, what the code then says.

Codes with a 7th character are not written out in the Tabular XML. A definition stands on a
category or subcategory and governs the codes below it; the nearest one wins; its sentence may
narrow it ("S49.0 and S49.1", "S12.0-S12.6"); exceptions may stand in a prose note (S06).

Source: Official Guidelines I.A.4, I.A.5; the tabular schema of 2025.
"""

import re
from collections.abc import Iterable

from chartcoder.tabular.codes import undotted

_CODE = r"([A-Z](?:\d[0-9A-Z]|[A-Z]\d)(?:\.[0-9A-Z]{1,4})?)"
_REFERENCE = re.compile(rf"\b{_CODE}(?:\s*[-–]\s*{_CODE}|-)?")
_SENTENCE_END = re.compile(r"\.\s")
_NOT_APPLICABLE = re.compile(
    r"7th characters? (?P<characters>[A-Z0-9](?:(?:,| and|, and) [A-Z0-9])*) "
    r"(?:do|does) not apply to codes in (?:category|subcategory) "
    r"(?P<prefix>[A-Z][0-9A-Z]{2}[0-9A-Z.]*) with (?P<position>\d)th character (?P<values>.+)"
)
_VALUE = re.compile(r"(?:^|or |, )([0-9A-Z])\s*-\s")


def scope_prefixes(note: str) -> tuple[str, ...]:
    """Reads from the sentence above a definition which codes it covers.

    Args:
        note: such as "The appropriate 7th character is to be added to all codes from
            subcategories S12.0-S12.6".

    Returns:
        Undotted prefixes, ``("S120", ..., "S126")``; empty where the sentence names none.
    """
    first = _SENTENCE_END.split(note, maxsplit=1)[0]
    prefixes: list[str] = []
    for start, end in _REFERENCE.findall(first):
        if end:
            low, high = undotted(start), undotted(end)
            stem = low[: len(high) - 1]
            prefixes += [
                stem + c for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" if low[-1] <= c <= high[-1]
            ]
        else:
            prefixes.append(undotted(start))
    return tuple(prefixes)


def prose_exceptions(note: str) -> list[tuple[str, int, str, str]]:
    """Reads the exceptions that stand in prose.

    Such as "7th characters D and S do not apply to codes in category S06 with 6th character
    7 - ..., or 8 - ...".

    Returns:
        ``(undotted prefix, position from 1, values, characters)``, such as
        ``("S06", 6, "78", "DS")``; empty where the note says nothing of the kind.
    """
    found = _NOT_APPLICABLE.search(note)
    if not found:
        return []
    characters = "".join(re.findall(r"\b[A-Z0-9]\b", found["characters"]))
    values = "".join(_VALUE.findall(found["values"]))
    return [(undotted(found["prefix"].rstrip(".")), int(found["position"]), values, characters)]


def legal_characters(
    base: str,
    characters: Iterable[tuple[str, str]],
    exceptions: Iterable[tuple[str, int, str, str]],
) -> list[tuple[str, str]]:
    """The characters that a base code may take, after the exceptions that stand in prose.

    Args:
        base: undotted code of at most six characters.
        characters: the pairs of the governing definition.
        exceptions: as ``prose_exceptions`` gives them.
    """
    barred: set[str] = set()
    for prefix, position, values, barred_characters in exceptions:
        if base.startswith(prefix) and len(base) >= position and base[position - 1] in values:
            barred.update(barred_characters)
    return [(c, text) for c, text in characters if c not in barred]
