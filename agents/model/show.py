"""How charts, evidence and encounters are shown to a model: fenced, short, in words.

Chart text never stands in a prompt bare: whole charts stand between two lines of a fence that the
chart cannot contain, since it is made from the chart's own hash, and single quotes stand in JSON
quotation marks with line breaks written out.
"""

import hashlib
import json

from chartcoder.agents.rules.document import sentences
from chartcoder.agents.values import Chart, Encounter, Evidence

_MOST_SENTENCE = 240
_MOST_QUOTE = 160


def fence_for(text: str) -> str:
    """A line that opens and closes the text, and that the text does not contain."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    length = 8
    while f"chart-{digest[:length]}" in text and length < len(digest):
        length += 8
    return f"=====chart-{digest[:length]}====="


def quoted(text: str, most: int = _MOST_QUOTE) -> str:
    """A short stretch of chart text as a JSON string on one line."""
    plain = " ".join(text.split())
    if len(plain) > most:
        plain = plain[: most - 1].rstrip() + "…"
    return json.dumps(plain, ensure_ascii=False)


def encounter_line(encounter: Encounter, setting: str | None) -> str:
    """What is known of the encounter, in one line."""
    parts = [f"setting: {setting or 'not stated'}"]
    if encounter.date:
        parts.append(f"date: {encounter.date}")
    if encounter.age is not None:
        parts.append(f"age: {_age(encounter.age)}")
    if encounter.sex:
        parts.append(f"sex: {encounter.sex}")
    return "Encounter: " + ", ".join(parts)


def _age(years: float) -> str:
    if years >= 2:
        return f"{years:g} years"
    days = round(years * 365.25)
    return f"{days} days" if days < 60 else f"{round(years * 12)} months"


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentence that a stretch of the chart stands in, cut down round it where it is long."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    line_end = len(text) if last < 0 else last
    for begin, stop in sentences(text, first, line_end):
        if begin <= start < stop:
            first, line_end = begin, max(stop, end)
            break
    if line_end - first > _MOST_SENTENCE:
        spare = max(0, _MOST_SENTENCE - (end - start)) // 2
        first, line_end = max(first, start - spare), min(line_end, end + spare)
        while first < start and first > 0 and text[first - 1].isalnum():
            first += 1
        while line_end > end and line_end < len(text) and text[line_end].isalnum():
            line_end -= 1
    return text[first:line_end]


def evidence_lines(item: Evidence, chart: Chart, *, sentence: bool = True) -> list[str]:
    """An evidence item for a prompt: its number, what it is called, where and how it is said."""
    facts = [f"says: {quoted(item.span.text)}"]
    if item.span.section:
        facts.append(f"in {item.span.section.replace('_', ' ')}")
    if item.span.assertion != "present":
        facts.append(item.span.assertion)
    if item.primary:
        facts.append("the chief reason")
    words = [item.phrase, *(m for m in item.modifiers if m.lower() not in item.phrase.lower())]
    lines = [f"[{item.id}] {', '.join(words)} ({', '.join(facts)})"]
    if sentence:
        around = sentence_around(chart.text, item.span.start, item.span.end)
        if len(around) > len(item.span.text) + 8:
            lines.append(f"    sentence: {quoted(around, _MOST_SENTENCE)}")
        own = (item.span.start, item.span.end)
        seen = {(s.start, s.end) for s in item.support if s.end - s.start <= _MOST_QUOTE} - {own}
        lines += [f"    also: {quoted(chart.text[a:b])}" for a, b in sorted(seen)]
    return lines
