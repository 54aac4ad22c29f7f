"""Evaluations as text: the table of scores and losses, and the list of charts."""

from collections.abc import Mapping, Sequence
from typing import Any

from chartcoder.evaluation.codebook import CodeBook

_WHAT = {
    "evidence": "no mention marked for it",
    "index": "no index entry led to it",
    "validator": "not verified or not supported",
    "reconciler": "dropped from the set",
}
_LISTED = 5
_LET_IN = {
    "evidence": "the mention should not count",
    "index": "the entry for its mention was not found",
    "validator": "another code of its entries was right",
    "reconciler": "kept or added in the set",
}


def summary(report: Mapping[str, Any]) -> str:
    """The scores and losses of a report, for a reader."""
    exact, three = report["exact"], report["three_character"]
    lines = [f"{report['charts']} charts, {report['gold_codes']} gold codes, "
             f"{report['assigned_codes']} assigned", ""]  # fmt: skip
    failed = report["failed_charts"]
    if failed:
        first = next(iter(failed))
        count = f"{len(failed)} chart{'' if len(failed) == 1 else 's'} failed"
        lines.append(f"{count}, counted as coded with nothing; {first}: {failed[first]}")
        lines.append("")
    if report["not_coded_assigned"]:
        lines.append("Assigned although the gold decided against it:")
        lines += [f"  {r['id']}  {r['code']:<9} {r['what']}" for r in report["not_coded_assigned"]]
        lines.append("")
    lines.append(f"{'':<18}{'precision':>10}{'recall':>9}{'F1':>8}   95 %          macro-F1")
    for name, block in (
        ("exact", exact), ("three characters", three), ("chapter", report["chapter"]),
        ("hierarchical", report["hierarchical"]),
    ):  # fmt: skip
        span = block.get("f1_interval")
        interval = f"{span[0]:.3f}-{span[1]:.3f}" if span else ""
        macro = f"{block['macro_f1']:.3f}" if "macro_f1" in block else ""
        lines.append(
            f"{name:<18}{block['precision']:>10.3f}{block['recall']:>9.3f}{block['f1']:>8.3f}"
            f"   {interval:<14}{macro}".rstrip()
        )
    lines += ["", f"charts exactly right  {report['chart_exact_match']:.3f}",
              f"candidate recall      {report['candidate_recall']:.3f}", ""]  # fmt: skip
    lines.append(f"missed {report['missed']:<5} lost at                      "
                 f"false {report['false']:<5} let in at")  # fmt: skip
    for stage, lost in report["losses"].items():
        let_in = report["false_by_stage"][stage]
        lines.append(f"  {stage:<11}{lost:>4}  {_WHAT[stage]:<31}{let_in:>4}  {_LET_IN[stage]}")
    near = ", ".join(f"{n} {how}" for how, n in report["false_nearness"].items() if n)
    reach = report["stage_recall"]
    lines += [
        "", f"nearness of false to missed codes: {near or 'none false'}",
        "recall by stage: " + ", ".join(f"{name} {value:.3f}" for name, value in reach.items()),
    ]  # fmt: skip
    cost = report["cost"]
    lines.append(f"seconds a chart: {cost['seconds_per_chart']:.3f}")
    if "calls_per_chart" in cost:
        lines.append(
            f"a chart: {cost['calls_per_chart']:.2f} calls, {cost['prompt_tokens_per_chart']:.0f} "
            f"prompt and {cost['completion_tokens_per_chart']:.0f} completion tokens"
        )
    outside = report["gold_outside_release"]
    if outside["count"]:
        rows = outside["codes"]
        listed = ", ".join(f"{c['code']} ({c['id']}, {c['why']})" for c in rows[:_LISTED])
        listed += f" and {len(rows) - _LISTED} more" if len(rows) > _LISTED else ""
        lines.append(
            f"{outside['count']} gold codes that cannot be reported in this release: {listed}; "
            f"exact F1 without them {outside['exact_without_them']['f1']:.3f}"
        )
    return "\n".join(lines)


def listing(rows: Sequence[Mapping[str, Any]], book: CodeBook) -> str:
    """For each chart what was hit, missed and false, with stages and words of the chart."""
    lines: list[str] = []
    for row in rows:
        lines.append(f"{row['id']}  gold {len(row['gold'])}, assigned {len(row['assigned'])}, "
                     f"hit {len(row['hits'])}")  # fmt: skip
        if row["error"]:
            lines.append(f"  error      {row['error']}")
        for code, by in row["hits"]:
            how = "" if code == by else f"  (by its alternative {by})"
            lines.append(f"  hit        {code:<9} {book.title(code)}{how}")
        for one in row["missed"]:
            words = f"  [{'; '.join(one['evidence'][:4])}]" if one["evidence"] else ""
            lines.append(f"  missed     {one['code']:<9} {book.title(one['code'])}")
            lines.append(f"             {one['stage']}: {one['how']}{words}")
        for one in row["false"]:
            near = f", {one['nearness']} of {one['instead']} ({one['in_reach']})" if one[
                "instead"] else ""  # fmt: skip
            warned = f", gold decided against {one['warned']!r}" if one["warned"] else ""
            words = " | ".join(" ".join(text.split()) for text in one["evidence"])
            lines.append(f"  false      {one['code']:<9} {book.title(one['code'])}")
            lines.append(f"             {one['stage']}{near}{warned}  [{words}]")
        given = set(row["assigned"]) & set(row["optional"])
        if given:
            lines.append(f"  optional   {', '.join(sorted(given))}")
        lines.append("")
    return "\n".join(lines)


def markdown(report: Mapping[str, Any], charts: str, gold: str) -> str:
    """The scores as a Markdown table that says what they were measured on.

    Args:
        report: of an evaluation, with its ``run``.
        charts: what to call the charts.
        gold: what to call the labels.
    """
    run = report["run"]
    release = f"{run['release']['year']}, {run['release']['index']} index"
    exact, three = report["exact"], report["three_character"]
    low, high = exact["f1_interval"]
    cells = (
        f"{charts} ({report['charts']})", f"{gold} ({report['gold_codes']} codes)", release,
        run["judge"], f"{exact['precision']:.2f}", f"{exact['recall']:.2f}",
        f"{exact['f1']:.2f} ({low:.2f} to {high:.2f})", f"{three['f1']:.2f}",
        f"{exact['macro_f1']:.2f}", f"{report['candidate_recall']:.2f}",
    )  # fmt: skip
    head = (
        "charts", "labels", "release", "judge", "precision", "recall", "F1 (95 %)",
        "F1, three characters", "macro-F1", "candidate recall",
    )  # fmt: skip
    rows = (head, ["---"] * len(head), cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
