"""Fits the words of a mention to the patient: newborn, type of diabetes, a drug as the cause.

The Index has its own lines for a condition in a newborn, for each type of diabetes and for what a
drug brings about; the words that choose the line often stand elsewhere in the chart.
"""

import re
from collections.abc import Iterator, Sequence

from chartcoder.agents.rules.adverse import BY_A_DRUG
from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.history import title_of
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.reading import Reading
from chartcoder.agents.values import Encounter
from chartcoder.index.lexicon import write_out

_NUMBERED = re.compile(r"\d{1,2}[.)]?\s+(?=[A-Z])")
_NEWBORN_DAYS = 28 / 365
_GROWN = 18
_OF_NEWBORN = re.compile(r"newborn|neonat|prematur|infant", re.I)
_TYPED = re.compile(r"\btype\b|t[12]dm|dm ?[12]|\b1\b|\b2\b|secondary|steroid|drug", re.I)
_ADVERSE = "Adverse effect of "
_LESS = "Underdosing of "
_CANCER_DRUG = re.compile(r"antineoplastic|checkpoint")
_NEAR = 60
_TIED = "induced|related|associated|mediated|caused|brought|due|secondary|from|by"
_GRADE = re.compile(
    r"\bgrade \d\b|\b(?:drug|medication|immune|therapy|treatment)[- ]"
    r"(?:induced|related|mediated|associated)\b",
    re.IGNORECASE,
)
_LEAD = 120
_BY_CARE = re.compile(r"\b(?:iatrogenic|postprocedural)\b", re.IGNORECASE)


def is_newborn(encounter: Encounter) -> bool:
    """Says whether the patient is in the first 28 days of life (I.C.16)."""
    return encounter.age is not None and encounter.age <= _NEWBORN_DAYS


def fitted(
    mention: Mention, reading: Reading, encounter: Encounter, causes: Sequence[Mention]
) -> Mention | None:
    """The mention with the words under which the Index has it for this patient.

    Args:
        mention: a problem as the chart words it; others come back as they are.
        reading: the chart.
        encounter: its age tells a newborn.
        causes: drugs that the chart names as causes.

    Returns:
        None where the words are nothing but the drug that is the cause: "NSAID induced".
    """
    if mention.role not in ("problem", "finding"):
        return mention
    number = _NUMBERED.match(mention.phrase)
    if number and reading.text.startswith(number.group(), mention.start):
        mention = mention._replace(
            start=mention.start + number.end(), phrase=mention.phrase[number.end() :]
        )
    if _only_the_drug(mention, reading, causes):
        return None
    if _cause(mention, reading.text, causes) is not None:
        mention = mention._replace(reason=BY_A_DRUG)
    for wording in _wordings(mention, reading, encounter, causes):
        best = reading.lookup.find(wording, 1)
        if best and not best[0].missing and not best[0].unmatched and _other_than_use(best[0].code):
            return mention._replace(phrase=wording)
    return mention


def _other_than_use(code: str) -> bool:
    """Not a code for the use of psychoactive substances, which drugs as ordered are not."""
    return not code.startswith("F1")


def _wordings(
    mention: Mention, reading: Reading, encounter: Encounter, causes: Sequence[Mention]
) -> Iterator[str]:
    phrase = mention.phrase
    cause = _cause(mention, reading.text, causes)
    if cause is not None:
        for bare in _bare(mention, cause, reading):
            if _CANCER_DRUG.search(cause.phrase):
                yield f"antineoplastic chemotherapy induced {bare}"
                yield f"chemotherapy induced {bare}"
                yield f"{bare} due to antineoplastic chemotherapy"
            yield f"{bare} due to {reading.text[cause.start : cause.end]}"
            yield f"drug induced {bare}"
            yield f"{bare} due to drug"
            yield f"{bare} due to medication"
    if _iatrogenic(mention, reading):
        yield f"iatrogenic {phrase}"
        yield f"postprocedural {phrase}"
    if is_newborn(encounter) and not _OF_NEWBORN.search(phrase):
        yield f"{phrase} newborn"
        yield f"neonatal {phrase}"
        yield f"{phrase} of prematurity"
    if (encounter.age or 0) >= _GROWN and "adult" not in phrase.lower():
        yield f"adult {write_out(phrase, reading.lookup.context)}"
    best = reading.lookup.find(phrase, 1)
    untyped = best and best[0].code.startswith(("E11", "E13")) and not _TYPED.search(phrase)
    if untyped and reading.diabetes_type == "1":
        yield f"type 1 {write_out(phrase, reading.lookup.context)}"


def _iatrogenic(mention: Mention, reading: Reading) -> bool:
    """The sentence says that care brought the condition about (I.B.16)."""
    stretch = reading.stretch_at(mention.start)
    said = reading.text[stretch.start : stretch.end] if stretch else ""
    return bool(_BY_CARE.search(said)) and not _BY_CARE.search(mention.phrase)


def _only_the_drug(mention: Mention, reading: Reading, causes: Sequence[Mention]) -> bool:
    cause = _cause(mention, reading.text, causes)
    return (
        cause is not None
        and mention.start <= cause.start
        and cause.end <= mention.end
        and next(_bare(mention, cause, reading), "") == ""
    )


def _bare(mention: Mention, cause: Mention, reading: Reading) -> Iterator[str]:
    """The condition without its drug and without how it is graded, then as it was spotted."""
    drug = re.escape(reading.text[cause.start : cause.end])
    words = re.sub(rf"(?i)\b{drug}\b[-\s]*(?:{_TIED})?", " ", mention.phrase)
    words = re.sub(rf"(?i)(?<=\w)[-\s,]+(?:{_TIED})\b.*$", "", words).strip(" -,")
    words = " ".join(_GRADE.sub(" ", words).split())
    if words:
        yield words
    stretch = reading.stretch_at(mention.start)
    for found in reading.conditions_in(stretch) if stretch is not None else ():
        inside = mention.start <= found.spot.start and found.spot.end <= mention.end
        if inside and found.spot.phrase != words:
            yield found.spot.phrase


def _cause(mention: Mention, text: str, causes: Sequence[Mention]) -> Mention | None:
    """The drug that the same sentence names as the cause of this condition."""
    for cause in causes:
        if not cause.phrase.startswith(_ADVERSE) or cause.assertion != "present":
            continue
        if mention.start >= cause.end and cue("tied_before").search(
            text[max(0, cause.start - _LEAD) : cause.start]
        ):
            continue
        first, last = sorted([(mention.start, mention.end), (cause.start, cause.end)])
        between = text[first[1] : last[0]]
        if len(between) < _NEAR and not re.search(r"[.;](?!\d)|\n", between):
            return cause
    return None


def find_underdosing_reasons(reading: Reading, causes: Sequence[Mention]) -> list[Mention]:
    """Why less of a drug was taken than ordered, where the chart says so (I.C.19.e.5.c)."""
    for cause in causes:
        if not cause.phrase.startswith(_LESS):
            continue
        # The drug may be named earlier than the doses that were left out.
        stretch = reading.stretch_at(cause.context[0])
        start, end = stretch.around if stretch else (cause.start, cause.end)
        around = reading.text[start:end]
        code = (
            "Z91.120" if cue("cost").search(around)
            else "Z91.138" if cue("no_intent").search(around)
            else "Z91.128" if cue("intent").search(around)
            else ""
        )  # fmt: skip
        title = title_of(reading.lookup.book, code) if code else ""
        if title:
            return [cause._replace(phrase=title, role="status", reason="why less was taken")]
    return []
