"""A coding as one self-contained page: the chart with its evidence marked, the codes with proof."""

from html import escape
from itertools import pairwise
from pathlib import Path
from string import Template

from chartcoder.agents.values import Assigned, Chart, Coding
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.home import resources


def write_page(coding: Coding, chart: Chart, target: Path) -> None:
    """Writes the page.

    Raises:
        BadInput: the file cannot be written.
    """
    write_text(target, page(coding, chart))


def write_text(target: Path, text: str) -> None:
    """Writes a file whole or not at all.

    Raises:
        BadInput: the folder is missing or may not be written to.
    """
    temporary = target.with_name(target.name + ".part")
    try:
        temporary.write_text(text, "utf-8")
        temporary.replace(target)
    except OSError as problem:
        raise BadInput(
            f"{target} cannot be written ({problem.strerror}); name another file."
        ) from problem


def page(coding: Coding, chart: Chart) -> str:
    """The page as HTML; it loads nothing from anywhere."""
    template = Template((resources() / "report" / "page.html").read_text("utf-8"))
    release = coding.release
    lists = "\n".join(
        f"<h2>{heading}</h2>{_list(rows)}"
        for heading, rows in (
            ("Findings", [f"{f.severity}: {f.message} {f.note}".strip() for f in coding.findings]),
            ("Ask the provider", [_question(q) for q in coding.queries]),
            (
                "For you to consider",
                [f"{s.code} {s.title}: {s.reason}" for s in coding.suggestions],
            ),
            (
                "Turned down",
                [f"{r.code} {r.title} ({r.agent}): {r.reason}" for r in coding.rejected],
            ),
        )
        if rows
    )
    codes = "\n".join(_code(one) for one in coding.assigned)
    return template.substitute(
        title=escape(f"Coding of {coding.chart['id']}"),
        subtitle=escape(
            f"ICD-10-CM {release.year}, {release.source}, {release.index} index. "
            f"Judge: {coding.judge}. Setting: {coding.encounter.setting or 'not said'}."
        ),
        chart=_marked(coding, chart),
        codes=codes
        or '<p class="none">No codes: the chart documents no condition that is coded.</p>',
        lists=lists,
    )


def _question(query) -> str:  # type: ignore[no-untyped-def]
    answers = "; ".join(f"{a.answer}: {a.code}" for a in query.answers if a.code)
    return f"{query.question} ({answers})" if answers else str(query.question)


def _list(rows: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(row)}</li>" for row in rows) + "</ul>"


def _code(one: Assigned) -> str:
    facts = [
        ("Chart", " … ".join(" ".join(s.text.split()) for s in one.evidence)),
        ("Index", " > ".join(one.index_path)),
        ("Followed", "; ".join(one.hops)),
        ("Tabular List", " > ".join(one.tabular_path)),
        (
            "Notes weighed",
            "; ".join(f"{n.kind} at {n.origin}: {n.text}" for n in one.notes[:12]),
        ),
    ]
    rows = "".join(f"<dt>{label}</dt><dd>{escape(text)}</dd>" for label, text in facts if text)
    degraded = " (degraded)" if one.degraded else ""
    return (
        f'<details id="code-{one.sequence}"><summary><b>{escape(one.code)}</b>{escape(one.title)}'
        f'{degraded}<span class="sure">{one.confidence:.2f}</span></summary>'
        f"<dl>{rows}</dl></details>"
    )


def _marked(coding: Coding, chart: Chart) -> str:
    """The chart with every stretch of evidence marked; stretches may overlap."""
    codes_at: dict[int, set[int]] = {}
    edges = {0, len(chart.text)}
    for one in coding.assigned:
        for span in one.evidence:
            edges.update((span.start, span.end))
            for place in range(span.start, span.end):
                codes_at.setdefault(place, set()).add(one.sequence)
    ordered = sorted(edges)
    parts = []
    for start, end in pairwise(ordered):
        text = escape(chart.text[start:end])
        owners = codes_at.get(start)
        if owners:
            listed = " ".join(map(str, sorted(owners)))
            parts.append(f'<mark data-codes="{listed}">{text}</mark>')
        else:
            parts.append(text)
    return "".join(parts)
