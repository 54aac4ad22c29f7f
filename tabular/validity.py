"""Is this a code that may be reported, and if not, what is wrong and what was meant?

Source: Official Guidelines I.A.2 to I.A.5, I.B.2, IV.F (complete codes), I.A.4 (placeholder X),
I.A.5 (7th character); the forms of ICD-9-CM and ICD-10-PCS codes.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from chartcoder.tabular.codes import dotted, normalise, undotted, with_seventh
from chartcoder.tabular.findings import Finding, Suggestion, named
from chartcoder.tabular.store import Entry, TabularList

COMPLETE = "I.B.2"
PLACEHOLDER = "I.A.4"
SEVENTH = "I.A.5"
MOST_SUGGESTIONS = 40

_ICD9_NUMBER = re.compile(r"\d{3}(?:\.\d{1,2})?|\d{4,5}")
_ICD9_LETTER = re.compile(r"V\d{2}(?:\.\d{1,2})?|E\d{3}(?:\.\d)?")
_PCS = re.compile(r"[0-9A-HJ-NP-Z]{7}")
_SECTION = re.compile(r"[A-Z]\w\w\s*[-–]\s*[A-Z]\w\w")

OtherReleases = Callable[[], Iterable[tuple[str, TabularList]]]


class Reading(NamedTuple):
    """One code as it was given and as it was understood.

    Attributes:
        given: as typed.
        code: dotted and in upper case; what findings call it.
        entry: the billable code, or None where the finding says why there is none.
        finding: what is wrong with it.
    """

    given: str
    code: str
    entry: Entry | None
    finding: Finding | None


def read_code(given: str, tabular: TabularList, others: OtherReleases | None = None) -> Reading:
    """Reads one code.

    Args:
        given: as a person writes it: any case, dot or none, spaces, trailing dashes.
        tabular: the list it is held against.
        others: opens the other releases there are, with their names; asked only for a code that
            this one does not have.
    """
    code = normalise(given)
    bare = undotted(code)
    written = given.strip().upper()
    foreign = _other_classification(written)
    entry = None if foreign or _SECTION.fullmatch(written) else tabular.get(code)
    if entry is not None and entry.kind != "code":
        entry = None
    if entry is not None and entry.billable:
        return Reading(given, entry.code, entry, None)
    if entry is not None:
        finding = _incomplete(entry, tabular)
        if _ICD9_LETTER.fullmatch(written):
            message = f"{finding.message} ICD-9-CM had codes of the same form."
            finding = finding._replace(message=message)
        return Reading(given, entry.code, None, finding)
    finding = (
        (_unknown(written, foreign) if foreign else None)
        or _section(written, tabular)
        or _malformed(bare, tabular)
        or _below(code, tabular)
        or _elsewhere(code, others)
        or _nearest(bare, written, tabular)
    )
    return Reading(given, finding.codes[0], None, finding)


def _other_classification(written: str) -> str:
    if _ICD9_NUMBER.fullmatch(written) or (
        "." in written[3:] and _ICD9_LETTER.fullmatch(written) and written[0] == "E"
    ):
        return "ICD-9-CM"
    if _PCS.fullmatch(written) and written[0].isdigit():
        return "ICD-10-PCS"
    return ""


def _unknown(code: str, classification: str) -> Finding:
    what = (
        "a procedure code" if classification == "ICD-10-PCS" else "a code used until September 2015"
    )
    return Finding(
        "unknown-code", "error", (code,),
        f"{code} has the form of {classification}, {what}; give an ICD-10-CM diagnosis code.",
        section=COMPLETE,
    )  # fmt: skip


class _Legal(NamedTuple):
    """The 7th characters a code takes, with the note that says so."""

    characters: dict[str, str]
    note: str = ""
    origin: str = ""


def _legal(entry: Entry, tabular: TabularList) -> _Legal | None:
    """The 7th characters by definition, or, in an order file without any, by the codes below."""
    found = tabular.seventh(entry.code)
    if found is not None:
        return _Legal(found.characters, found.note, found.origin)
    below = tabular.children(entry.code)
    head = f"{entry.title}, "
    if not below or not all(
        with_seventh(entry.code, e.code[-1]) == e.code and e.title.startswith(head) for e in below
    ):
        return None
    return _Legal({e.code[-1]: e.title.removeprefix(head) for e in below})


def _seventh_suggestions(entry: Entry, legal: _Legal) -> tuple[Suggestion, ...]:
    return tuple(Suggestion(with_seventh(entry.code, c), t) for c, t in legal.characters.items())


def _incomplete(entry: Entry, tabular: TabularList) -> Finding:
    """A header, or a code that lacks its 7th character."""
    legal = _legal(entry, tabular)
    if legal is not None:
        example = with_seventh(entry.code, next(iter(legal.characters), "A"))
        return Finding(
            "seventh-character", "error", (entry.code,),
            f"{named(entry.code, entry.title)} needs a 7th character: "
            f"{', '.join(legal.characters)} (as in {example}).",
            legal.note, legal.origin, SEVENTH, _seventh_suggestions(entry, legal),
        )  # fmt: skip
    below = tabular.children(entry.code)
    return Finding(
        "not-billable", "error", (entry.code,),
        f"{named(entry.code, entry.title)} is a header, not a complete code; choose one of the "
        f"{len(below)} below it.",
        origin=entry.code, section=COMPLETE,
        suggestion=tuple(Suggestion(e.code, e.title) for e in below[:MOST_SUGGESTIONS]),
    )  # fmt: skip


def _section(written: str, tabular: TabularList) -> Finding | None:
    if not _SECTION.fullmatch(written):
        return None
    name = re.sub(r"\s*[-–]\s*", "-", written)
    entry = tabular.get(name)
    if entry is None or entry.kind != "section":
        message = f"{name} is a range of categories, not a code."
        return Finding("not-billable", "error", (name,), message, section=COMPLETE)
    below = tabular.children(name)
    return Finding(
        "not-billable", "error", (name,),
        f"{name} is a section of the Tabular List ({entry.title}), not a code.",
        origin=name, section=COMPLETE,
        suggestion=tuple(Suggestion(e.code, e.title) for e in below[:MOST_SUGGESTIONS]),
    )  # fmt: skip


def _malformed(bare: str, tabular: TabularList) -> Finding | None:
    """Placeholder or 7th character at fault: the code that was meant is certain."""
    return (
        _misplaced(bare, tabular)
        or _illegal_seventh(bare, tabular)
        or _needless(bare, tabular)
        or _padded_only(bare, tabular)
    )


def _misplaced(bare: str, tabular: TabularList) -> Finding | None:
    """T78.40A for T78.40XA, T36.01A for T36.0X1A, S72.001XA for S72.001A."""
    meant: dict[str, Entry] = {}
    for candidate in _repadded(bare):
        entry = tabular.get(candidate)
        if entry is not None and entry.billable and len(undotted(entry.code)) == 7:
            meant[entry.code] = entry
    if len(meant) != 1:
        return None
    code, entry = meant.popitem()
    legal = tabular.seventh(code)
    return Finding(
        "placeholder", "error", (dotted(bare),),
        f"{dotted(bare)} is not a code: the 7th character stands in seventh place, empty places "
        f"before it hold X, so it is written {code}.",
        legal.note if legal else "", legal.origin if legal else "", PLACEHOLDER,
        (Suggestion(code, entry.title),),
    )  # fmt: skip


def _repadded(bare: str) -> Iterable[str]:
    stem, last = bare[:-1], bare[-1:]
    if len(bare) < 7:
        yield stem.ljust(6, "X") + last
        for missing in range(3, len(stem) + 1):
            yield (stem[:missing] + "X" + stem[missing:]).ljust(6, "X") + last
    elif len(bare) > 7 and "X" in stem[3:]:
        short = stem.replace("X", "")
        yield short.ljust(6, "X") + last
        yield stem.rstrip("X").ljust(6, "X") + last


def _illegal_seventh(bare: str, tabular: TabularList) -> Finding | None:
    if len(bare) != 7:
        return None
    entry = _base(bare[:6], tabular)
    legal = _legal(entry, tabular) if entry is not None and not entry.billable else None
    if entry is None or legal is None:
        return None
    return Finding(
        "seventh-character", "error", (dotted(bare),),
        f"{bare[6]} is no 7th character of {named(entry.code, entry.title)}; legal are "
        f"{', '.join(legal.characters)}.",
        legal.note, legal.origin, SEVENTH, _seventh_suggestions(entry, legal),
    )  # fmt: skip


def _base(stem: str, tabular: TabularList) -> Entry | None:
    """The code of the book that a stem of six characters pads out, X by X."""
    while len(stem) >= 3:
        entry = tabular.get(dotted(stem))
        if entry is not None and entry.kind == "code":
            return entry
        if not stem.endswith("X"):
            break
        stem = stem[:-1]
    return None


def _needless(bare: str, tabular: TabularList) -> Finding | None:
    """M17.11XA: a complete code with characters behind it that it does not take."""
    for length in range(len(bare) - 1, 2, -1):
        entry = tabular.get(dotted(bare[:length]))
        if entry is None or entry.kind != "code":
            continue
        if not entry.billable or len(bare) > 8:
            return None
        extra = bare[length:]
        is_seventh = len(extra.lstrip("X")) == 1 and (len(bare) == 7 or extra.startswith("X"))
        if not is_seventh and extra.strip("X"):
            return None
        rule, section = (
            ("seventh-character", SEVENTH) if is_seventh else ("placeholder", PLACEHOLDER)
        )
        return Finding(
            rule, "error", (dotted(bare),),  # type: ignore[arg-type]
            f"{named(entry.code, entry.title)} is complete and takes no 7th character, so "
            f"{extra} does not belong to it.",
            origin=entry.code, section=section, suggestion=(Suggestion(entry.code, entry.title),),
        )  # fmt: skip
    return None


def _padded_only(bare: str, tabular: TabularList) -> Finding | None:
    """W08.XXX: padded, but the 7th character is missing."""
    if not bare.endswith("X") or len(bare) > 6:
        return None
    entry = _base(bare, tabular)
    if entry is None or entry.billable or _legal(entry, tabular) is None:
        return None
    return _incomplete(entry, tabular)._replace(codes=(dotted(bare),))


def _below(code: str, tabular: TabularList) -> Finding | None:
    """H93.29: no code of its own, but codes begin with it."""
    if len(undotted(code)) < 4:
        return None
    below = tabular.billable_under(code)
    if not below:
        return None
    return Finding(
        "not-billable", "error", (code,),
        f"{code} is not complete; {len(below)} codes begin with it.",
        section=COMPLETE,
        suggestion=tuple(Suggestion(e.code, e.title) for e in below[:MOST_SUGGESTIONS]),
    )  # fmt: skip


def _elsewhere(code: str, others: OtherReleases | None) -> Finding | None:
    if others is None or not code:
        return None
    years = []
    title = ""
    for year, tabular in others():
        entry = tabular.get(code)
        if entry is not None and entry.kind == "code":
            years.append(year)
            title = entry.title
    if not years:
        return None
    return Finding(
        "unknown-code", "error", (code,),
        f"{code} {title} is a code of {' and '.join(years)}, not of this release.",
        section=COMPLETE,
    )  # fmt: skip


def _nearest(bare: str, written: str, tabular: TabularList) -> Finding:
    """Nothing was found: says what form it has, or how far it agrees with the book."""
    code = dotted(bare) if len(bare) > 2 and not bare.isalpha() else written or "(empty)"
    zeros = tabular.get(bare[:1] + bare[1:].replace("O", "0"))
    if zeros is not None and zeros.billable:
        message = f"{code} is no code of ICD-10-CM; with the digit 0 for the letter O it is one."
        return _no_code(code, message, zeros.code, (zeros,))
    known = None
    for length in range(len(bare) - 1, 2, -1):
        entry = tabular.get(dotted(bare[:length]))
        if entry is not None and entry.kind == "code":
            known = entry
            break
    if known is None:
        if "." not in written and _PCS.fullmatch(written):
            return _unknown(written, "ICD-10-PCS")
        if _ICD9_LETTER.fullmatch(written):
            return _unknown(written, "ICD-9-CM")
        message = f"{code} is no code of ICD-10-CM; look the condition up in the Index."
        return _no_code(code, message)
    icd9 = " (ICD-9-CM had codes of this form)" if _ICD9_LETTER.fullmatch(written) else ""
    name = named(known.code, known.title)
    if known.billable:
        message = f"{code} is no code{icd9}: {name} is complete and goes no further."
        return _no_code(code, message, known.code, (known,))
    below = tabular.children(known.code)[:MOST_SUGGESTIONS]
    message = f"{code} is no code of ICD-10-CM{icd9}; the nearest header is {name}."
    return _no_code(code, message, known.code, below)


def _no_code(code: str, message: str, origin: str = "", meant: Iterable[Entry] = ()) -> Finding:
    suggestions = tuple(Suggestion(e.code, e.title) for e in meant)
    return Finding(
        "unknown-code", "error", (code,), message,
        origin=origin, section=COMPLETE, suggestion=suggestions,
    )  # fmt: skip
