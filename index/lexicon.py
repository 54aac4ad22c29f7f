"""Writes out abbreviations and lay words, so that a phrase can be looked up in the book's words.

Tables: ``resources/lexicon/abbreviations.tsv`` (one row a sense, told apart by cue words) and
``variants.tsv`` (lay phrases, synonyms, spellings).
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from chartcoder.index.words import read_table
from chartcoder.tabular.codes import fold
from chartcoder.tabular.home import resources

_AGAINST_DEFAULT = 3
_SIDES = {"L": "left", "R": "right"}
_CUE_WORD = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")


_ROMAN = re.compile(r"\b(type|stage|grade|class|degree)\s+(I{1,3}|IV|V)\b", re.IGNORECASE)
_ARABIC = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}


def _arabic(found: "re.Match[str]") -> str:
    """``Type II`` as the book writes it: ``Type 2``."""
    return f"{found.group(1)} {_ARABIC[found.group(2).lower()]}"


class Sense(NamedTuple):
    """One sense of an abbreviation."""

    expansion: str
    kind: str
    cues: frozenset[str]
    written: str
    exact: bool


@cache
def _abbreviations() -> dict[str, list[Sense]]:
    senses: dict[str, list[Sense]] = defaultdict(list)
    for row in read_table(resources() / "lexicon" / "abbreviations.tsv"):
        cues = _cue_words(row["cues"])
        senses[row["abbreviation"].lower()].append(
            Sense(row["expansion"], row["kind"], cues, row["abbreviation"], row["case"] == "exact")
        )
    return dict(senses)


@cache
def _specialities() -> dict[str, frozenset[str]]:
    """Speciality to the words by which its notes are told."""
    table = tomllib.loads((resources() / "lexicon" / "specialities.toml").read_text("utf-8"))
    return {name: frozenset(words) for name, words in table.items()}


def _cue_words(cues: str) -> frozenset[str]:
    """Cues of a row, ``@eye`` standing for all words of that speciality."""
    found: set[str] = set()
    for cue in filter(None, (c.strip().lower() for c in cues.split(","))):
        found |= _specialities()[cue[1:]] if cue.startswith("@") else {cue}
    return frozenset(found)


@cache
def _longest_abbreviation() -> int:
    return max((key.count(" ") + 1 for key in _abbreviations()), default=1)


@cache
def _phrases() -> dict[str, list[str]]:
    """First word of a variant to the rows (variant, preferred) that begin with it."""
    rows: dict[str, list[str]] = defaultdict(list)
    for row in read_table(resources() / "lexicon" / "variants.tsv"):
        if row["kind"] in ("lay", "synonym", "eponym", "word-form", "spelling"):
            key = " ".join(fold(row["variant"]).lower().split())
            if row["preferred"]:
                rows[key].append(row["preferred"])
    return dict(rows)


def write_out(phrase: str, context: str = "") -> str:
    """The phrase with its abbreviations written out.

    Args:
        phrase: words of a chart.
        context: words around it, which tell senses apart.

    Returns:
        The phrase with each abbreviation replaced by its expansion; an abbreviation whose sense
        nothing settles stays as it is.
    """
    return _write_out(phrase, _spaced(context) if context else "")


@lru_cache(maxsize=4096)
def _write_out(phrase: str, context: str) -> str:
    table = _abbreviations()
    words = phrase.split()
    near = _spaced(phrase)
    result: list[str] = []
    place = 0
    longest = _longest_abbreviation()
    while place < len(words):
        for length in range(min(longest, len(words) - place), 0, -1):
            raw = " ".join(words[place : place + length])
            core = raw.strip(".,;:()[]?!")
            if core in _SIDES and not (place and words[place - 1][-1:].isdigit()):
                result.append(raw.replace(core, _SIDES[core]))
                place += length
                break
            sense = _sense(table.get(core.lower(), ()), core, near, context)
            if sense is not None:
                result.append(raw.replace(core, sense.expansion) if core else raw)
                place += length
                break
        else:
            result.append(words[place])
            place += 1
    return " ".join(result)


def _sense(senses: "Sequence[Sense]", written: str, near: str, far: str) -> Sense | None:
    """The sense of an abbreviation: the exact capitals first, then cues near by, then far; the
    usual sense gives way only to several cues of another."""
    fitting = _fitting(senses, written)
    found = _by_cues(fitting, near)
    if found is not None:
        return found
    default = next((s for s in fitting if not s.cues), None)
    if not far:
        return default
    return _far_sense(written, far, 1 if default is None else _AGAINST_DEFAULT) or default


def _fitting(senses: "Sequence[Sense]", written: str) -> "list[Sense]":
    exact = [s for s in senses if s.exact and s.written == written]
    return exact or [s for s in senses if not s.exact]


def _by_cues(fitting: "Sequence[Sense]", context: str, least: int = 1) -> Sense | None:
    """The sense with the most cues in a context, the first of equals; None where none has any."""
    best: tuple[int, Sense] | None = None
    words = _words_of(context)
    for sense in fitting:
        hits = len(sense.cues & words)
        for cue in _long_cues(sense.cues):
            hits += f" {cue} " in context
        if hits >= least and (best is None or hits > best[0]):
            best = (hits, sense)
    return best[1] if best is not None else None


@lru_cache(maxsize=4096)
def _far_sense(written: str, far: str, least: int) -> Sense | None:
    return _by_cues(_fitting(_abbreviations().get(written.lower(), ()), written), far, least)


@cache
def _long_cues(cues: frozenset[str]) -> tuple[str, ...]:
    """The cues of a sense that are not one word as ``_spaced`` cuts them."""
    return tuple(cue for cue in sorted(cues) if not _CUE_WORD.fullmatch(cue))


@lru_cache(maxsize=64)
def _words_of(context: str) -> frozenset[str]:
    return frozenset(context.split())


@lru_cache(maxsize=64)
def _spaced(text: str) -> str:
    return f" {' '.join(_CUE_WORD.findall(text.lower()))} "


def longest_abbreviation() -> int:
    """How many words the longest abbreviation has."""
    return _longest_abbreviation()


def is_abbreviation(written: str) -> bool:
    """Says whether a word or words, in any case, may be an abbreviation."""
    return written.lower() in _abbreviations()


def sense_of(written: str, near: str, context: str = "") -> Sense | None:
    """The sense of one abbreviation as it is written; None where it is none or stays open.

    Args:
        written: the word or words, without punctuation around them.
        near: the sentence.
        context: the chart.
    """
    senses = _abbreviations().get(written.lower())
    if not senses:
        return None
    return _sense(senses, written, _spaced(near), _spaced(context) if context else "")


def as_diagnosis(written: str, context: str = "") -> str:
    """What an abbreviation means where nothing but a diagnosis can stand.

    Args:
        written: the abbreviation as the chart writes it.
        context: the chart.

    Returns:
        Its expansion where its usual sense is none or only a place or a habit of charting ("ED")
        and it has one sense that is a diagnosis, or one that the context tells; else empty.
    """
    senses = _fitting(_abbreviations().get(written.lower(), ()), written)
    usual = _sense(senses, written, "", _spaced(context) if context else "")
    if not written.isupper() or (usual is not None and usual.kind != "charting"):
        return ""
    named = [s for s in senses if s.kind == "diagnosis"]
    told = _by_cues(named, _spaced(context)) if context else None
    if told is None and len(named) == 1:
        told = named[0]
    return told.expansion if told is not None else ""


def measured(written: str) -> Sense | None:
    """The sense of an abbreviation that a value may follow: ``SBP 90``; None where it has none."""
    senses = _fitting(_abbreviations().get(written.lower(), ()), written)
    return next((s for s in senses if s.kind == "test"), None)


def preferred(wording: str) -> tuple[str, ...]:
    """The book's words for a lay wording or synonym, lower case; empty where it is none."""
    return tuple(_phrases().get(wording, ()))


def kind_of(word: str) -> str:
    """What an abbreviation stands for (diagnosis, test, drug, ...); empty for none."""
    senses = _abbreviations().get(word.lower(), ())
    fitting = [s for s in senses if not s.exact or s.written == word]
    return fitting[0].kind if fitting else ""


@lru_cache(maxsize=4096)
def variants(phrase: str) -> tuple[str, ...]:
    """Other wordings of a phrase: each lay word or synonym in it replaced by the book's word."""
    table = _phrases()
    words = fold(phrase).lower().split()
    found: dict[str, None] = {}
    for start in range(len(words)):
        for end in range(len(words), start, -1):
            key = " ".join(words[start:end]).strip(".,;:()")
            for preferred in table.get(key, ()):
                found[" ".join([*words[:start], preferred, *words[end:]])] = None
    return tuple(found)


def expand(phrase: str, context: str = "") -> tuple[str, ...]:
    """The wordings under which a phrase should be looked up, the plainest first."""
    return tuple(wording for wording, _ in wordings(phrase, context))


_STRIPPED = 0.97


def wordings(phrase: str, context: str = "") -> tuple[tuple[str, float], ...]:
    """The wordings under which a phrase should be looked up, each with how far it is trusted.

    Args:
        phrase: words of a chart.
        context: words around it, which tell senses of abbreviations apart.

    Returns:
        ``(wording, trust)``, the plainest first; wordings that leave words out are trusted a
        little less, so that an entry which explains those words wins.
    """
    written = write_out(_ROMAN.sub(_arabic, phrase), context)
    plain = without_soft_words(written)
    found = dict.fromkeys((written, *variants(written)), 1.0)
    if plain != written:
        for wording in (plain, *variants(plain)):
            found.setdefault(wording, _STRIPPED)
    return tuple((wording, trust) for wording, trust in found.items() if wording)


@cache
def soft_words() -> frozenset[str]:
    """Words of a problem that lead nowhere in the Index: "newly diagnosed", "stable"."""
    lines = (resources() / "lexicon" / "soft_words.txt").read_text("utf-8").splitlines()
    return frozenset(w for line in lines if not line.startswith("#") for w in line.split())


def without_soft_words(phrase: str) -> str:
    """The phrase without the words that lead nowhere."""
    soft = soft_words()
    kept = [w for w in phrase.split() if w.lower().strip(".,;:()") not in soft]
    return " ".join(kept)
