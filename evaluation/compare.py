"""Two runs over the same charts, paired by chart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chartcoder.evaluation import scores
from chartcoder.evaluation.gold import GoldChart, GoldCode
from chartcoder.evaluation.record import ChartRecord
from chartcoder.evaluation.scores import Counts, Match
from chartcoder.tabular.errors import BadInput

_LEVELS: dict[str, scores.Level] = {
    "exact": scores.same,
    "three_character": scores.three_characters,
}


def compare(
    first: Sequence[ChartRecord],
    second: Sequence[ChartRecord],
    gold: Mapping[str, GoldChart],
    rounds: int = 2000,
) -> dict[str, Any]:
    """Compares two runs on the charts that both have and that have gold.

    Args:
        first: records of run A.
        second: records of run B.
        gold: by chart id.
        rounds: draws of the paired bootstrap; a draw takes the same charts of both runs.

    Returns:
        Scores of both with the interval of the difference (B less A), charts that changed, codes
        won (missed by A, hit by B) and lost, false codes that B dropped and added.

    Raises:
        BadInput: no chart is in both, or a chart's text differs.
    """
    others = {record["id"]: record for record in second}
    pairs = [(a, others[a["id"]]) for a in first if a["id"] in others and a["id"] in gold]
    if not pairs:
        raise BadInput("The two runs have no chart with gold in common; compare runs of one set.")
    for a, b in pairs:
        if a["sha256"] != b["sha256"]:
            raise BadInput(f"The text of the chart {a['id']!r} differs between the two runs.")
    draws = scores.draws(len(pairs), rounds)
    result: dict[str, Any] = {
        "charts": len(pairs),
        "only_in_a": sorted({r["id"] for r in first} - {r["id"] for r in second}),
        "only_in_b": sorted({r["id"] for r in second} - {r["id"] for r in first}),
    }
    for name, level in _LEVELS.items():
        matched = [
            (_match(a, gold, level), _match(b, gold, level)) for a, b in pairs
        ]  # fmt: skip
        result[name] = _difference(matched, draws)
    rows = [row for a, b in pairs if (row := _changed(a, b, gold)) is not None]
    result["charts_changed"] = len(rows)
    result["charts_better"] = sum(row["f1_b"] > row["f1_a"] for row in rows)
    result["charts_worse"] = sum(row["f1_b"] < row["f1_a"] for row in rows)
    for name in ("won", "lost", "false_dropped", "false_added"):
        result[name] = sum(len(row[name]) for row in rows)
    result["changes"] = rows
    result["seconds_per_chart"] = {
        "a": _mean_seconds([a for a, _ in pairs]),
        "b": _mean_seconds([b for _, b in pairs]),
    }
    return result


def _match(
    record: ChartRecord, gold: Mapping[str, GoldChart], level: scores.Level = scores.same
) -> Match:
    codes: Sequence[GoldCode] = gold[record["id"]].codes
    return scores.match(codes, [a["code"] for a in record["assigned"]], level)


def _difference(
    matched: Sequence[tuple[Match, Match]], draws: Sequence[Sequence[int]]
) -> dict[str, Any]:
    a = [one.counts for one, _ in matched]
    b = [other.counts for _, other in matched]
    block: dict[str, Any] = {}
    for name, statistic in _STATISTICS.items():
        mine, theirs = statistic(scores.total(a)), statistic(scores.total(b))
        differences = sorted(
            statistic(scores.summed(b, chosen)) - statistic(scores.summed(a, chosen))
            for chosen in draws
        )
        block[name] = {
            "a": round(mine, 4),
            "b": round(theirs, 4),
            "difference": round(theirs - mine, 4),
            "interval": [
                round(scores.percentile(differences, 0.025), 4),
                round(scores.percentile(differences, 0.975), 4),
            ],
            "share_of_draws_b_better": round(sum(d > 0 for d in differences) / len(differences), 4),
        }
    return block


_STATISTICS: dict[str, Callable[[Counts], float]] = {
    "precision": lambda c: c.precision,
    "recall": lambda c: c.recall,
    "f1": lambda c: c.f1,
}


def _changed(
    first: ChartRecord, second: ChartRecord, gold: Mapping[str, GoldChart]
) -> dict[str, Any] | None:
    a, b = _match(first, gold), _match(second, gold)
    codes_a = [one["code"] for one in first["assigned"]]
    codes_b = [one["code"] for one in second["assigned"]]
    if codes_a == codes_b:
        return None
    return {
        "id": first["id"],
        "f1_a": round(1.0 if a.exact else a.counts.f1, 4),
        "f1_b": round(1.0 if b.exact else b.counts.f1, 4),
        "won": [code for code in a.missed if code not in b.missed],
        "lost": [code for code in b.missed if code not in a.missed],
        "false_dropped": [code for code in a.false if code not in b.false],
        "false_added": [code for code in b.false if code not in a.false],
        "only_order": sorted(codes_a) == sorted(codes_b),
    }


def _mean_seconds(records: Sequence[ChartRecord]) -> float:
    return round(sum(r["seconds"] for r in records) / len(records), 4)


def comparison_text(result: Mapping[str, Any], a: str = "A", b: str = "B") -> str:
    """A comparison for a reader."""
    lines = [f"A: {a}", f"B: {b}", f"{result['charts']} charts in both", ""]
    lines.append(f"{'':<28}{'A':>7}{'B':>8}{'B - A':>9}   95 % (paired bootstrap)   B better in")
    for level, title in (("exact", "exact"), ("three_character", "three characters")):
        for name, row in result[level].items():
            low, high = row["interval"]
            label, change = f"{title} {name}", row["difference"]
            lines.append(
                f"{label:<28}{row['a']:>7.3f}{row['b']:>8.3f}{change:>+9.3f}"
                f"   {low:+.3f} to {high:+.3f}           {row['share_of_draws_b_better']:.0%}"
            )
    lines += [
        "",
        f"charts changed {result['charts_changed']}: better {result['charts_better']}, "
        f"worse {result['charts_worse']}",
        f"codes won {result['won']}, lost {result['lost']}; false codes dropped "
        f"{result['false_dropped']}, added {result['false_added']}",
    ]
    for row in result["changes"]:
        parts = [
            f"{word} {', '.join(row[key])}"
            for key, word in (
                ("won", "won"), ("lost", "lost"), ("false_dropped", "dropped"),
                ("false_added", "added"),
            )
            if row[key]
        ]  # fmt: skip
        if row["only_order"]:
            parts.append("another sequence")
        lines.append(f"  {row['id']:<10} {row['f1_a']:.2f} > {row['f1_b']:.2f}  {'; '.join(parts)}")
    return "\n".join(lines)
