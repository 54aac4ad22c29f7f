"""A report that can be published: a page and JSON, without the words of any chart."""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chartcoder.evaluation.losses import STAGES
from chartcoder.evaluation.picture import draw
from chartcoder.tabular.errors import BadInput, MissingPrerequisite

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d2733;max-width:62rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #d5dbe1}
table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.2rem .8rem .2rem 0;text-align:left;
vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
th{border-bottom:1px solid #9aa5b1;font-weight:600}.bar{background:#c8553d;height:.8rem}
pre{background:#f3f5f7;padding:.8rem;overflow-x:auto;white-space:pre-wrap;font-size:12px}
.note{color:#55616e}img{max-width:100%}
@media(prefers-color-scheme:dark){body{background:#12181f;color:#dde3ea}pre{background:#1b232c}
h2{border-color:#33404d}.note{color:#97a3af}}
"""


def write_report(
    folder: Path, report: Mapping[str, Any], methods: Mapping[str, Any], rows: Sequence[Any]
) -> list[str]:
    """Writes ``index.html``, ``report.json`` and the waterfall into a folder.

    Args:
        folder: is made where it is not there.
        report: of the evaluation, with its ``run``.
        methods: how codes were assigned: prompts, policies, rules.
        rows: one a chart; words of the chart are taken out.

    Returns:
        What a user should know: why the picture is missing.

    Raises:
        BadInput: the folder cannot be written.
    """
    remarks: list[str] = []
    clean = [without_text(row) for row in rows]
    whole = {**report, "methods": methods, "by_chart": clean}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(whole, indent=2, ensure_ascii=False)
        (folder / "report.json").write_text(text + "\n", "utf-8")
        try:
            draw(report, folder / "waterfall.svg", "Where gold codes were lost")
            picture = True
        except MissingPrerequisite as problem:
            (folder / "waterfall.svg").unlink(missing_ok=True)
            remarks.append(str(problem))
            picture = False
        (folder / "index.html").write_text(page(whole, picture), "utf-8")
    except OSError as problem:
        raise BadInput(f"The folder {folder} cannot be written ({problem.strerror}).") from None
    return remarks


def without_text(row: Mapping[str, Any]) -> dict[str, Any]:
    """A chart's row with codes and stages, and without words of the chart."""
    clean = dict(row)
    clean["missed"] = [{"code": m["code"], "stage": m["stage"]} for m in row["missed"]]
    kept = ("code", "stage", "nearness", "instead", "in_reach")
    clean["false"] = [{key: f[key] for key in kept} for f in row["false"]]
    return clean


def page(report: Mapping[str, Any], picture: bool) -> str:
    """The page of a report.

    Args:
        report: with ``run``, ``methods`` and ``by_chart``.
        picture: whether ``waterfall.svg`` lies beside it.
    """
    run, methods = report["run"], report["methods"]
    release = run["release"]
    judge = run["judge"]
    facts = [
        ("charts", report["charts"]),
        ("core gold codes", report["gold_codes"]),
        ("judge", judge),
        ("release", f"{release['year']} ({release['source']}), {release['index']} index"),
        ("way back", "on" if run["way_back"] else "off"),
        ("version", f"{run['version']}, state {run['code_state']}"),
    ]
    if run["model"]:
        facts += [(f"model {k}", json.dumps(v)) for k, v in run["model"].items()]
    parts = [
        _table(("", ""), facts),
        "<h2>Command to reproduce</h2>", _pre(run["command"]),
        "<h2>Scores</h2>", _scores(report),
        "<h2>Where gold codes were lost</h2>", _losses(report, picture),
        "<h2>Who let false codes in</h2>", _false(report),
        "<h2>By chapter</h2>", _groups("chapter", report["by_chapter"]),
        "<h2>By frequency in the gold</h2>", _groups("gold charts with it", report["by_frequency"]),
        "<h2>By setting</h2>", _groups("setting", report["by_setting"]),
        "<h2>Quality of what was assigned</h2>", _quality(report),
        "<h2>Post-processing rules in force</h2>", _rules(methods),
        "<h2>Prompts</h2>", _prompts(methods),
        "<h2>Gold outside the release, charts left out</h2>", _left_out(report),
        "<h2>By chart</h2>", _charts(report["by_chart"]),
        "<h2>Definitions</h2>", _table(("", ""), report["definitions"].items()),
    ]  # fmt: skip
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>chartcoder: evaluation</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>Evaluation of chartcoder</h1>\n{body}\n</body></html>\n"
    )


def _scores(report: Mapping[str, Any]) -> str:
    rows = []
    for name, key in (
        ("exact code", "exact"), ("three characters", "three_character"),
        ("chapter", "chapter"), ("hierarchical", "hierarchical"),
    ):  # fmt: skip
        block = report[key]
        span = block.get("f1_interval")
        rows.append((
            name, block["precision"], block["recall"], block["f1"],
            f"{span[0]:.3f} to {span[1]:.3f}" if span else "", block.get("macro_f1", ""),
        ))  # fmt: skip
    first = report["first_listed"]
    more = [
        ("charts exactly right", report["chart_exact_match"]),
        ("candidate recall", report["candidate_recall"]),
    ]
    if first["charts"]:
        more.append((f"first-listed code agrees ({first['charts']} charts)", first["rate"]))
    overlap = report["evidence_overlap"]
    if overlap["hits_with_quote"]:
        name = f"evidence overlaps the gold's quote ({overlap['hits_with_quote']} hits)"
        more.append((name, overlap["rate"]))
    return _table(("level", "precision", "recall", "F1", "95 %", "macro-F1"), rows) + _table(
        ("", ""), more
    )


def _losses(report: Mapping[str, Any], picture: bool) -> str:
    most = max(report["losses"].values(), default=0) or 1
    rows = "".join(
        f"<tr><td>{stage}</td><td class=n>{report['losses'][stage]}</td>"
        f'<td style="width:20rem"><div class=bar style="width:'
        f'{report["losses"][stage] / most:.0%}"></div></td></tr>'
        for stage in STAGES
    )
    image = '<p><img src="waterfall.svg" alt="Waterfall of stage losses"></p>' if picture else ""
    return (
        f"{image}<table><tr><th>stage</th><th class=n>missed codes</th><th></th></tr>{rows}"
        f"<tr><td>all</td><td class=n>{report['missed']}</td><td></td></tr></table>"
    )


def _false(report: Mapping[str, Any]) -> str:
    stages = [(stage, report["false_by_stage"][stage]) for stage in STAGES]
    near = list(report["false_nearness"].items())
    return _table(("stage", "false codes"), [*stages, ("all", report["false"])]) + _table(
        ("nearest missed gold code of the chart", "false codes"), near
    )


def _groups(name: str, groups: Mapping[str, Mapping[str, Any]]) -> str:
    keys = ("precision", "recall", "f1", "hit", "missed", "false")
    rows = [(group, *(block[k] for k in keys)) for group, block in groups.items()]
    return _table((name, "precision", "recall", "F1", "hit", "missed", "false"), rows)


def _quality(report: Mapping[str, Any]) -> str:
    rows = [(k.replace("_", " "), v) for k, v in report["assigned_quality"].items()]
    rows += [(k.replace("_", " "), v) for k, v in report["cost"].items()]
    return _table(("share of assigned codes, cost", ""), rows)


def _rules(methods: Mapping[str, Any]) -> str:
    policies = methods["policies"]
    rows = [
        (name, value, policies["inpatient"][name],
         "yes" if name in methods["policies_changed"] else "")
        for name, value in policies["outpatient"].items()
    ]  # fmt: skip
    fired = [(r["agent"], r["rule"], r["codes"]) for r in methods["rules_that_turned_codes_down"]]
    return _table(("policy", "outpatient", "inpatient", "changed"), rows) + _table(
        ("agent", "rule that turned codes down", "codes"), fired
    )


def _prompts(methods: Mapping[str, Any]) -> str:
    if not methods["prompts"]:
        return '<p class="note">None: the rules judge asks no model.</p>'
    return "".join(
        f"<details><summary>{html.escape(name)}</summary>{_pre(text)}</details>"
        for name, text in methods["prompts"].items()
    )


def _left_out(report: Mapping[str, Any]) -> str:
    outside = report["gold_outside_release"]
    rows = [(c["id"], c["code"], c["why"]) for c in outside["codes"]]
    for name in ("gold_without_chart", "charts_without_gold"):
        rows += [(identity, "", name.replace("_", " ")) for identity in report.get(name, ())]
    rows += [(k, "", v) for k, v in report.get("unreadable_charts", {}).items()]
    rows += [(k, "", v) for k, v in report["failed_charts"].items()]
    if not rows:
        return '<p class="note">None.</p>'
    exact = outside["exact_without_them"]["f1"]
    return _table(("chart", "code", "why"), rows) + (
        '<p class="note">These gold codes count as missed above; exact F1 without them '
        f"{exact}.</p>"
    )


def _charts(rows: Iterable[Mapping[str, Any]]) -> str:
    cells = []
    for row in rows:
        missed = ", ".join(f"{m['code']} ({m['stage']})" for m in row["missed"])
        false = ", ".join(f"{f['code']} ({f['stage']})" for f in row["false"])
        cells.append((row["id"], ", ".join(code for code, _ in row["hits"]), missed, false))
    return _table(("chart", "hit", "missed (lost at)", "false (let in at)"), cells)


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["<table>"]
    if any(head):
        lines.append("<tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>")
    lines += ["<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows]
    return "\n".join([*lines, "</table>"])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"<td class=n>{value:.3f}</td>"
    if isinstance(value, int):
        return f"<td class=n>{value}</td>"
    return f"<td>{html.escape(str(value))}</td>"


def _pre(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"
