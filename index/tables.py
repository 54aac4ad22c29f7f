"""Reads from a phrase which column of which table it asks for.

The Table of Neoplasms is entered by site and behaviour, the Table of Drugs and Chemicals by
substance and intent. A phrase that says both ("breast cancer metastatic to liver") asks twice.

Source: Official Guidelines I.C.2 (neoplasms) and I.C.19.e (adverse effects, poisoning,
underdosing); the words stand in ``resources/lexicon/neoplasm.toml`` and ``intents.toml``.
"""

import re
import tomllib
from functools import cache
from typing import Literal, NamedTuple

from chartcoder.tabular.codes import fold
from chartcoder.tabular.home import resources

MALIGNANT, SECONDARY, UNSPECIFIED_BEHAVIOUR = 2, 3, 7
ACCIDENTAL, SELF_HARM, ADVERSE_EFFECT = 2, 3, 6

_IDLE = re.compile(r"^(?:[\s,.;:-]|\b(?:of|to|the|by|from|due|in|at|with|on|and)\b)+", re.I)
_IDLE_END = re.compile(r"(?:[\s,.;:-]|\b(?:of|to|the|by|from|due|in|at|with|on|and)\b)+$", re.I)


class Ask(NamedTuple):
    """A question to a table.

    Attributes:
        table: which table.
        column: number of the column.
        place: words of the site or the substance; empty for none named.
        said: words that named the column.
        name: the column in words.
        title: how titles of the Tabular List word the column.
        part: it asks about a part of the phrase; another ask is about the rest.
    """

    table: Literal["neoplasm", "drug"]
    column: int
    place: str
    said: str
    name: str
    title: str
    part: bool = False


class _Words(NamedTuple):
    column: int
    name: str
    title: str
    pattern: re.Pattern[str]
    needs: re.Pattern[str] | None


@cache
def _behaviours() -> tuple[list[_Words], list[re.Pattern[str]]]:
    with (resources() / "lexicon" / "neoplasm.toml").open("rb") as stream:
        data = tomllib.load(stream)
    spread = f"(?:{_either(data['spread']['words'])})"
    patterns = [
        re.compile(p.replace("{spread}", spread), re.IGNORECASE) for p in data["spread"]["patterns"]
    ]
    return [_words(b) for b in data["behaviour"]], patterns


@cache
def column_words(column: int) -> str:
    """How titles of the Tabular List word a column of the Table of Drugs and Chemicals."""
    with (resources() / "lexicon" / "intents.toml").open("rb") as stream:
        return str(tomllib.load(stream)["columns"].get(str(column), ""))


@cache
def _intents() -> tuple[list[_Words], list[tuple[int, re.Pattern[str]]]]:
    with (resources() / "lexicon" / "intents.toml").open("rb") as stream:
        data = tomllib.load(stream)
    circumstances = [
        (c["column"], re.compile(rf"\b(?:{_either(c['words'])})\b", re.IGNORECASE))
        for c in data["circumstance"]
    ]
    return [_words(i) for i in data["intent"]], circumstances


def _words(row: dict) -> _Words:  # type: ignore[type-arg]
    needs = row.get("needs")
    return _Words(
        row["column"], row["name"], row["title"],
        re.compile(rf"\b(?:{_either(row['words'])})\b", re.IGNORECASE),
        re.compile(rf"\b(?:{_either(needs)})\b", re.IGNORECASE) if needs else None,
    )  # fmt: skip


def _either(words: list[str]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


def read_asks(phrase: str) -> list[Ask]:
    """Every question that a phrase puts to the tables.

    ``read_asks("metastasis to liver")`` asks for the secondary column of the liver;
    ``read_asks("underdosing of warfarin")`` for the underdosing column of warfarin. Empty where
    the phrase names no behaviour and no intent.
    """
    plain = fold(phrase)
    return _neoplasms(plain) + _drugs(plain)


def _neoplasms(phrase: str) -> list[Ask]:
    behaviours, patterns = _behaviours()
    for pattern in patterns:
        found = pattern.fullmatch(phrase.strip())
        if not found:
            continue
        parts = found.groupdict()
        secondary = next(b for b in behaviours if b.column == SECONDARY)
        asks = [
            _ask("neoplasm", secondary, place, "metastatic to")
            for place in _AND.split(parts.get("secondary") or "")
            if place.strip()
        ]
        if parts.get("primary"):
            primary = _plain_neoplasm(parts["primary"])
            malignant = next(b for b in behaviours if b.column == MALIGNANT)
            if primary is None or primary.column == UNSPECIFIED_BEHAVIOUR:
                primary = _ask("neoplasm", malignant, parts["primary"], "metastatic")
            asks.append(primary._replace(said=f"{primary.said} metastatic"))
        return [ask._replace(part=len(asks) > 1) for ask in asks]
    one = _plain_neoplasm(phrase)
    return [one] if one else []


def _plain_neoplasm(phrase: str) -> Ask | None:
    for words in _behaviours()[0]:
        found = words.pattern.search(phrase)
        if found and (words.needs is None or words.needs.search(phrase)):
            rest = phrase[: found.start()] + " " + phrase[found.end() :]
            for other in (words.needs, *(_GROWTH,)):
                if other is not None:
                    rest = other.sub(" ", rest)
            return _ask("neoplasm", words, rest, found.group())
    return None


_AND = re.compile(r",? and |, | & ")
_GROWTH = re.compile(
    r"\b(?:malignant|neoplasm|neoplastic|neoplasms|tumou?rs?|cancer|primary)\b", re.IGNORECASE
)


def is_poisoning(phrase: str) -> bool:
    """Says whether a phrase names a poisoning: overdose, poisoning, toxic effect."""
    asked = next((w for w in _intents()[0] if w.pattern.search(fold(phrase))), None)
    return asked is not None and asked.column == ACCIDENTAL


def circumstance_of(text: str) -> int:
    """The column of the intent that words beside a poisoning name; 0 where they name none."""
    return next((c for c, pattern in _intents()[1] if pattern.search(fold(text))), 0)


def stated_intent(text: str) -> int:
    """The column of an intent that a sentence states by itself, as "she wanted to die" does."""
    plain = fold(text)
    return next((c for c, pattern in _statements() if pattern.search(plain)), 0)


@cache
def _statements() -> list[tuple[int, re.Pattern[str]]]:
    with (resources() / "lexicon" / "intents.toml").open("rb") as stream:
        rows = tomllib.load(stream)["statement"]
    return [(r["column"], re.compile("|".join(f"(?:{p})" for p in r["says"]), re.I)) for r in rows]


def _drugs(phrase: str) -> list[Ask]:
    intents, circumstances = _intents()
    for words in intents:
        found = words.pattern.search(phrase)
        if not found:
            continue
        rest = phrase[: found.start()] + " " + phrase[found.end() :]
        column, said = words.column, found.group()
        for other, pattern in circumstances:
            named = pattern.search(rest)
            if named:
                if column == ACCIDENTAL:
                    column, said = other, f"{said} {named.group()}"
                rest = rest[: named.start()] + " " + rest[named.end() :]
                break
        ask = _ask("drug", words, rest, said)._replace(column=column)
        return [ask] if ask.place else []
    return []


def _ask(table: Literal["neoplasm", "drug"], words: _Words, place: str, said: str) -> Ask:
    bare = _IDLE_END.sub("", _IDLE.sub("", " ".join(place.split())))
    return Ask(table, words.column, bare, said, words.name, words.title)
