"""Finds conditions that the chart states outside tidy problem lists.

Every stretch of the chart is read with its zone (see ``zones``); conditions are spotted by whole
wordings of the book (see ``spots``), and count by where they stand, how they are said, and the
setting: for a stay every condition that the treating physicians state is reported (III), for a
visit only what the visit establishes (IV.G to IV.J).
"""

import re
from collections.abc import Sequence

from chartcoder.agents.rules.cues import cue
from chartcoder.agents.rules.history import is_chronic
from chartcoder.agents.rules.mentions import Mention
from chartcoder.agents.rules.nouns import kind_of_phrase
from chartcoder.agents.rules.policies import Policies
from chartcoder.agents.rules.reading import SILENT, Found, Places, Reading
from chartcoder.agents.rules.spots import not_conditions, qualifiers
from chartcoder.agents.rules.zones import Stretch, zone_of_label
from chartcoder.agents.values import Encounter
from chartcoder.index.lexicon import write_out
from chartcoder.index.navigate import Found as Entry
from chartcoder.index.words import EMPTY, LATERALITY, canonical, split, tokens

_STATED = frozenset(["diagnosis", "course", "system", "plan"])
_UNHEADED = frozenset(["prose", "system", "history", "plan"])
_RUNNING = frozenset(["prose", "history", "plan", "course", "past", "exam", "results"])
_LIKE_SYMPTOMS = ("M79.6", "M79.89", "M79.8", "N64.4")
_FIRM = frozenset(
    ["consistent with", "most consistent with", "c/w", "compatible with", "felt to be",
     "felt to represent", "thought to be", "felt to have", "believed to be",
     "appears to be", "in keeping with"]
)  # fmt: skip
_TOLD_BY_ZONE = frozenset(["diagnosis", "course", "system"])
_IN_PROSE = _STATED | {"prose"}
_SAY_SYMPTOMS = frozenset(["diagnosis", "course", "system", "history", "prose", "plan"])
_CODE = re.compile(r"\b[A-Z]\d[\dA-Z](?:\.[\dA-Z]{1,4})?-?")
_FEW = 6
_MOSTLY = 0.5
_FIRST_PART = 0.3
_SURELY = 0.72
_BY_SUBTERM = 0.7
_TITLE_HEAD = re.compile(r" (?:with|due to|in|of|following) |,| \(")
_NEOPLASMS = ("C", "D0", "D1", "D2", "D3", "D4")


def find_conditions(
    reading: Reading, policies: Policies, encounter: Encounter, known: Sequence[Mention]
) -> list[Mention]:
    """Conditions stated in running text and in lists that are not read as problem lists.

    Args:
        reading: the chart.
        policies: of the rules judge.
        encounter: its setting decides what counts.
        known: mentions found already; what overlaps them is left out.

    Returns:
        Mentions with their assertion, in the order of the chart.
    """
    taken = Places((m.start, m.end) for m in known if m.assertion != "possible")
    if encounter.setting == "inpatient":
        zones = _IN_PROSE if _is_mostly_prose(reading) else _STATED
        counted = [f for f in reading.stated_in(zones) if _stated_in_stay(f)]
    elif known or any(s.zone == "diagnosis" for s in reading.stretches):
        counted = [
            f for f in reading.stated_in(["diagnosis"])
            if _established(f, reading, bool(known), taken.hold(*f.stretch.around))
        ]  # fmt: skip
        if not known and not counted:
            counted = _unlisted(reading)
    else:
        counted = _unlisted(reading)
    symptoms = _symptoms_asked_for(reading, known, counted)
    if symptoms:
        counted += [f for f in reading.stated_in(_SAY_SYMPTOMS) if _asked_for(f, symptoms)]
    denied = {category(f.code) for f in reading.stated_in(_STATED) if f.assertion == "absent"}
    found = [
        _as_of_stay(mention_of(one), encounter)
        for one in sorted(set(counted), key=lambda f: f.spot.start)
        if not taken.hold(one.spot.start, one.spot.end) and category(one.code) not in denied
    ]
    return found + _listed_whole(reading, taken)


def find_denials(reading: Reading, stated: Sequence[Mention]) -> list[Mention]:
    """Places that deny a condition which the chart states elsewhere.

    Args:
        reading: the chart.
        stated: the mentions that count.

    Returns:
        Mentions of the denials, each with the words of the condition it denies, so that the
        provider can be asked (I.A.19). A closer condition that is denied denies nothing: "no acute
        renal failure" leaves chronic kidney disease.
    """
    denied = [
        (f, words) for f in reading.conditions
        if f.assertion == "absent" and f.stretch.zone not in ("review", "exam", "results")
        for words in [frozenset(tokens(f.spot.phrase))] if words
    ]  # fmt: skip
    found: list[Mention] = []
    for mention in stated:
        if not denied or mention.assertion != "present" or mention.role != "problem":
            continue
        words = frozenset(tokens(write_out(mention.phrase, reading.lookup.context)))
        best = reading.lookup.find(mention.phrase, 1)
        for one, said in denied:
            if said <= words and best and best[0].code[:3] == one.code[:3]:
                found.append(mention_of(one)._replace(phrase=mention.phrase, assertion="absent"))
                break
    return found


def _listed_whole(reading: Reading, taken: Places) -> list[Mention]:
    """Items of diagnosis lists in which no whole wording was found, looked up as they stand."""
    found = []
    for stretch in reading.stretches:
        said = reading.text[stretch.start : stretch.end].rstrip(" .;,")
        if stretch.zone != "diagnosis" or stretch.kind != "item" or reading.conditions_in(stretch):
            continue
        if len(said.split()) > _FEW or taken.hold(stretch.start, stretch.end):
            continue
        if (
            cue("tells").search(said)
            or cue("deals").search(said)
            or cue("did_not").search(said)
            or kind_of_phrase(said) != "condition"
            or cue("before_the_end").search(stretch.label)
        ):
            continue
        best = reading.lookup.find(said, 1)
        if not best or _by_little(best[0], said):
            continue
        if best[0].score >= _SURELY and best[0].code[:1] not in "VWXYZU":
            assertion, mark = reading.said_of(stretch, stretch.start, stretch.start + len(said))
            found.append(
                Mention(
                    stretch.start, stretch.start + len(said), said, assertion,
                    mark.cue if mark else "", bool(mark and mark.guideline), stretch.zone,
                    (stretch.start, stretch.end), reason="listed as a diagnosis",
                )
            )  # fmt: skip
    return found


def _is_mostly_prose(reading: Reading) -> bool:
    """Less stands under headings of diagnoses and course than in no zone at all."""
    headed = sum(s.end - s.start for s in reading.stretches if s.zone in _TOLD_BY_ZONE)
    prose = sum(s.end - s.start for s in reading.stretches if s.zone == "prose")
    return prose > headed


def _unlisted(reading: Reading) -> list[Found]:
    """Conditions of a visit whose chart has no list: of lines that head a problem, or told."""
    headed = headed_problems(reading)
    if headed:
        return [f for f in reading.stated_in(_UNHEADED) if f.stretch in headed]
    told = [f for f in reading.stated_in(_RUNNING) if _told(f) and not _is_past(f)]
    start = _conclusion(reading)
    return told + [f for f in reading.stated_in(_RUNNING) if _concluded(f, start)]


def _conclusion(reading: Reading) -> int:
    """Where the writer of a letter turns to the opinion: its symptoms are those that stay open."""
    text = reading.text
    found = cue("concludes").search(text, int(len(text) * _FIRST_PART))
    return found.start() if found else len(text)


def _concluded(one: Found, start: int) -> bool:
    if one.spot.start < start or one.stretch.zone == "past":
        return False
    # Doubt in the sentence is of the cause, not of the symptom itself.
    doubted = one.assertion == "hypothetical" and one.mark is None
    if one.assertion != "present" and not doubted:
        return False
    return one.code.startswith(("R", *_LIKE_SYMPTOMS)) and not cue("at_worst").search(one.said)


def _is_past(one: Found) -> bool:
    """An event of the past: no lasting disease, told with its year or its course of treatment."""
    if is_chronic(one.code):
        return False
    return cue("told_of_past").search(one.said) is not None


def _symptoms_asked_for(
    reading: Reading, known: Sequence[Mention], counted: Sequence[Found]
) -> tuple[str, ...]:
    """Symptoms for which the notes of a stated condition ask by code ("use additional code for
    associated symptoms"): nocturia beside an enlarged prostate (I.B.7)."""
    book = reading.lookup.book
    codes = {f.code.rstrip("-") for f in counted if f.assertion == "present"}
    for mention in known:
        best = reading.lookup.find(mention.phrase, 1) if mention.assertion == "present" else []
        if best:
            codes.add(best[0].code.rstrip("-"))
    found: dict[str, None] = {}
    for code in sorted(codes):
        asked = [
            n.text
            for n in book.tabular.notes(code)
            if n.kind == "use_additional" and n.origin == code
        ]
        if any("symptom" in text for text in asked):
            found.update(
                dict.fromkeys(c.rstrip("-.") for text in asked for c in _CODE.findall(text))
            )
    return tuple(found)


def _asked_for(one: Found, symptoms: tuple[str, ...]) -> bool:
    return one.assertion == "present" and one.code.startswith(symptoms)


def headed_problems(reading: Reading) -> frozenset[Stretch]:
    """Lines of an unheaded chart that head a problem: short, and what follows deals with it.

    A line of its own of up to twelve words with a condition in it counts where the lines below it,
    up to the next such line or a blank line, say what is thought or done about it.
    """
    text = reading.text
    with_condition = {f.stretch for f in reading.stated_in(_UNHEADED)}
    heads = [
        s for s in reading.stretches
        if s in with_condition and s.alone and s.zone in _UNHEADED and _is_short(text, s)
    ]  # fmt: skip
    found = []
    for place, stretch in enumerate(heads):
        if not text[: stretch.start].strip(" \t\n*_=#-"):
            continue
        limit = heads[place + 1].start if place + 1 < len(heads) else len(text)
        below = text.find("\n", stretch.end)
        blank = text.find("\n\n", stretch.end)
        end = min(limit, blank if blank >= 0 else len(text))
        if 0 <= below < end and cue("deals").search(text, below, end):
            found.append(stretch)
    return frozenset(found)


def _is_short(text: str, stretch: Stretch) -> bool:
    said = text[stretch.start : stretch.end]
    return len(said.split()) <= 12 and not cue("tells").search(said)


def _told(one: Found) -> bool:
    """In a chart without any list: a disease told as present in running text."""
    if one.code[0] in "RVWXYZU" or one.code.startswith(_LIKE_SYMPTOMS):
        return False
    return one.assertion == "present" or _is_firm(one) or bool(one.mark and one.mark.chronic_stays)


def _is_firm(one: Found) -> bool:
    """Worded as an opinion that stands: ``consistent with``, ``felt to be``."""
    return one.mark is not None and one.mark.cue in _FIRM


def sound_only(known: Sequence[Mention], reading: Reading, encounter: Encounter) -> list[Mention]:
    """Without mentions that cannot be a condition: of signatures and dispositions, of medicines,
    of single letters and numbers, of words that only qualify, of external causes."""
    return [_as_of_stay(m, encounter) for m in known if not _unsound(m, reading)]


def _as_of_stay(mention: Mention, encounter: Encounter) -> Mention:
    """What resolved during a stay was there and is reported (III)."""
    if encounter.setting == "inpatient" and mention.assertion == "resolved":
        return mention._replace(assertion="present")
    return mention


def _unsound(mention: Mention, reading: Reading) -> bool:
    text = reading.text
    said = text[mention.start : mention.end]
    if len(re.sub(r"[^A-Za-z]", "", said)) < 2 or re.match(r"\d+ ?%", said):
        return True
    forms = [f for w in split(said) if w not in EMPTY and (f := canonical(w)) not in LATERALITY]
    if (
        all(f in qualifiers() or f.isdigit() for f in forms)
        or " ".join(sorted(set(forms))) in not_conditions()
    ):
        return True
    named = reading.drugs_in(mention.start, mention.end)
    letters = sum(c.isalpha() for c in said)
    if named and sum(n.end - n.start for n in named) >= 0.8 * letters:
        return True
    if cue("nothing_in_family").match(said):
        return True
    best = reading.lookup.find(mention.phrase, 1)
    if best and (best[0].code[:1] in "VWXY" or _by_little(best[0], said)):
        return True
    if best and best[0].code[:1] == "Z" and best[0].missing and len(forms) == 1:
        # "Reduced", "repaired", "daughter": a word out of a wording, no status.
        return True
    if zone_of_label(said) == "system":
        return True
    stretch = reading.stretch_at(mention.start)
    if stretch is None:
        return False
    asked = text[mention.end : mention.end + 1] == "?" and stretch.zone in ("course", "system")
    return asked or stretch.zone in SILENT or reading.is_test(mention.end, stretch)


def _by_little(best: Entry, said: str) -> bool:
    """The words meet an entry by a subterm alone, or by letters that mean something else.

    "Reduced" is no reduced mobility and "lipid rich" no carcinoma: the main term names the
    condition (I.B.1). "DID" is an entry, "did" a verb.
    """
    letters = set(re.findall(r"\b[A-Z]{2,5}\b", " ".join(best.path)))
    met = {w for w in letters if w.lower() in best.matched}
    if any(w in said for w in met):
        return False
    main = set(tokens(_TITLE_HEAD.split(best.path[0])[0]))
    unnamed = bool(main) and main <= set(best.missing) and len(best.matched) <= 2
    if unnamed and (best.score < _BY_SUBTERM or best.code.startswith(_NEOPLASMS)):
        return True
    return bool(met) and len(met) == len(best.matched)


def mention_of(one: Found) -> Mention:
    """A spotted condition as a mention."""
    stretch = one.stretch
    return Mention(
        one.spot.start, one.spot.end, one.spot.phrase, one.assertion,
        one.mark.cue if one.mark else "", bool(one.mark and one.mark.guideline), stretch.zone,
        stretch.around if stretch.kind == "topic" else (stretch.start, stretch.end),
        reason="stated in the chart's text",
    )  # fmt: skip


def category(code: str) -> str:
    """The part of a code that tells conditions apart: up to five characters."""
    return code.rstrip("-")[:5]


def _stated_in_stay(one: Found) -> bool:
    letter, zone = one.code[0], one.stretch.zone
    if letter in "VWXYZU":
        return False
    if zone != "diagnosis" and one.code.startswith(_LIKE_SYMPTOMS):
        return False
    if zone == "diagnosis":
        if cue("before_the_end").search(one.stretch.label):
            return one.assertion == "present" and letter != "R"
        return True
    if zone in ("course", "system", "prose"):
        if one.assertion == "possible" and not (
            _is_firm(one) or cue("at_discharge").search(one.said)
        ):
            return False
        return letter != "R"
    return False


def _established(one: Found, reading: Reading, listed: bool, read: bool) -> bool:
    """For a visit: in a diagnosis list that no problem was read from."""
    if one.code[0] in "VWXYZU":
        return False
    if cue("before_the_end").search(one.stretch.label) and listed:
        return False
    if listed and (cue("tells").search(one.said) or cue("deals").search(one.said)):
        return False
    if listed and (read or one.stretch.kind == "sentence"):
        return len(one.said.split()) <= _FEW and _named(one.stretch, reading) >= _MOSTLY
    return True


def _named(stretch: Stretch, reading: Reading) -> float:
    """The share of a stretch that the words of conditions make up."""
    named = sum(f.spot.end - f.spot.start for f in reading.conditions_in(stretch))
    return named / max(1, stretch.end - stretch.start)
