"""Puts the scores, losses and costs of a run together: what ``chartcoder evaluate`` reports."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from statistics import mean
from typing import Any, NamedTuple

from chartcoder.evaluation import scores
from chartcoder.evaluation.codebook import CodeBook
from chartcoder.evaluation.gold import GoldChart
from chartcoder.evaluation.losses import (
    STAGES,
    FalseCode,
    Missed,
    Trail,
    false_codes,
    missed_codes,
)
from chartcoder.evaluation.places import Overlap, overlap
from chartcoder.evaluation.record import ChartRecord
from chartcoder.evaluation.scores import Counts, Match

_FREQUENCIES = ((1, 1), (2, 4), (5, 9), (10, None))
_NEARNESS = ("specificity", "sibling", "category", "chapter", "none")
DIGITS = 4


class Judged(NamedTuple):
    """One chart's run held against its gold.

    Attributes:
        gold: what the experts answered.
        record: what the run left.
        found: the match on exact codes.
        missed: each missed code with its stage.
        false: each false code with its stage.
        overlap: how the evidence agrees with the gold's quotes.
    """

    gold: GoldChart
    record: ChartRecord
    found: Match
    missed: tuple[Missed, ...]
    false: tuple[FalseCode, ...]
    overlap: Overlap
    trail: Trail


class Evaluation:
    """A run held against gold."""

    def __init__(
        self,
        records: Iterable[ChartRecord],
        gold: Mapping[str, GoldChart],
        book: CodeBook,
        texts: Mapping[str, str] | None = None,
        rounds: int = 1000,
    ) -> None:
        """Holds every record that has gold against it.

        Args:
            records: one a chart.
            gold: by chart id.
            book: the release's codes.
            texts: chart texts by id, for the places of quotes; evidence is not scored without.
            rounds: bootstrap rounds for the intervals.
        """
        self.book = book
        self.judged: list[Judged] = []
        self.draws: list[list[int]] = []
        for record in records:
            answer = gold.get(record["id"])
            if answer is None:
                continue
            assigned = [a["code"] for a in record["assigned"]]
            found = scores.match(answer.codes, assigned)
            trail = Trail(record, book)
            text = (texts or {}).get(record["id"])
            self.judged.append(
                Judged(
                    answer, record, found, tuple(missed_codes(answer, found, trail)),
                    tuple(false_codes(answer, found, trail)),
                    overlap(answer, record, found, text), trail,
                )
            )  # fmt: skip
        self.draws = scores.draws(len(self.judged), rounds)

    @cached_property
    def exact(self) -> list[Counts]:
        """The counts of each chart on exact codes."""
        return [one.found.counts for one in self.judged]

    def at(self, level: scores.Level) -> list[Match]:
        """The match of each chart at a level."""
        return [
            scores.match(one.gold.codes, [a["code"] for a in one.record["assigned"]], level)
            for one in self.judged
        ]

    def report(self) -> dict[str, Any]:
        """Everything as one JSON object; the contract's fields come first."""
        matches = [one.found for one in self.judged]
        missed = [m for one in self.judged for m in one.missed]
        false = [f for one in self.judged for f in one.false]
        reaches = [one.trail.reach(code) for one in self.judged for code in one.gold.core]
        core = len(reaches)
        sum_exact = scores.total(self.exact)
        return {
            "charts": len(self.judged),
            "exact": self._block(matches, with_interval=True),
            "three_character": self._block(self.at(scores.three_characters), with_interval=True),
            "chart_exact_match": _rate(sum(m.exact for m in matches), len(matches)),
            "missed": len(missed),
            "losses": {stage: sum(m.stage == stage for m in missed) for stage in STAGES},
            "candidate_recall": _rate(sum(r.candidate for r in reaches), core),
            "stage_recall": {
                "evidence": _rate(sum(bool(r.evidence) or r.offered for r in reaches), core),
                "index_found": _rate(sum(r.offered for r in reaches), core),
                "index": _rate(sum(r.picked for r in reaches), core),
                "candidates": _rate(sum(r.candidate for r in reaches), core),
                "chosen": _rate(sum(r.chosen for r in reaches), core),
                "assigned": _round(sum_exact.recall),
            },
            "false": len(false),
            "false_by_stage": {stage: sum(f.stage == stage for f in false) for stage in STAGES},
            "false_nearness": {how: sum(f.nearness == how for f in false) for how in _NEARNESS},
            "false_with_right_code_in_reach": dict(
                sorted(Counter(f.in_reach for f in false if f.instead).items())
            ),
            "not_coded_assigned": [
                {"id": f.chart, "code": f.code, "what": f.warned} for f in false if f.warned
            ],
            "gold_codes": core,
            "assigned_codes": sum(len(one.record["assigned"]) for one in self.judged),
            "optional_assigned": sum(len(m.optional) for m in matches),
            "candidates_per_chart": _mean(len(one.trail.candidates) for one in self.judged),
            "chapter": self._block(self.at(self.book.chapter)),
            "hierarchical": self._hierarchical(),
            "by_chapter": self._by_chapter(),
            "by_frequency": self._by_frequency(),
            "by_setting": self._by_setting(),
            "assigned_quality": self._quality(),
            "first_listed": self._first_listed(),
            "evidence_overlap": self._overlap(),
            "gold_outside_release": self._outside(),
            "gold_repeated_codes": {
                one.gold.id: list(one.gold.repeated) for one in self.judged if one.gold.repeated
            },
            "failed_charts": {
                one.record["id"]: one.record["error"] for one in self.judged if one.record["error"]
            },
            "cost": self._cost(),
            "definitions": {
                "macro_f1": scores.MACRO_F1,
                "hierarchical": scores.HIERARCHICAL,
                "intervals": f"95 %, percentiles of {len(self.draws)} bootstrap samples of charts, "
                f"seed {scores.SEED}",
                "candidate_recall": "share of core gold codes (or an alternative) among the codes "
                "that the validator verified, before the judge chose among them",
            },
        }

    def rows(self) -> list[dict[str, Any]]:
        """One object a chart: gold, assigned, missed and false with their stages."""
        return [
            {
                "id": one.gold.id,
                "gold": [c.code for c in one.gold.core],
                "optional": [c.code for c in one.gold.codes if not c.core],
                "assigned": [a["code"] for a in one.record["assigned"]],
                "hits": [list(pair) for pair in one.found.hits],
                "missed": [m._asdict() for m in one.missed],
                "false": [f._asdict() for f in one.false],
                "seconds": one.record["seconds"],
                "error": one.record["error"],
            }
            for one in self.judged
        ]

    def _block(self, matches: Sequence[Match], with_interval: bool = False) -> dict[str, Any]:
        rows = [m.counts for m in matches]
        whole = scores.total(rows)
        precision, recall, f1 = scores.macro(scores.by_label(matches).values())
        block: dict[str, Any] = {
            "precision": _round(whole.precision),
            "recall": _round(whole.recall),
            "f1": _round(whole.f1),
            "macro_f1": _round(f1),
            "macro_precision": _round(precision),
            "macro_recall": _round(recall),
            "chart_mean_f1": _mean(_chart_f1(m) for m in matches),
            "hit": whole.hit,
            "missed": whole.missed,
            "false": whole.false,
        }
        if with_interval:
            for name, statistic in _STATISTICS.items():
                low, high = scores.interval(rows, statistic, self.draws)
                block[f"{name}_interval"] = [_round(low), _round(high)]
        return block

    def _hierarchical(self) -> dict[str, Any]:
        rows = [
            scores.hierarchical(one.gold.codes, one.found, self.book.path) for one in self.judged
        ]
        whole = scores.total(rows)
        steps = []
        for one in self.judged:
            paths = [self.book.path(c.code) for c in one.gold.core]
            for code in one.found.false:
                mine = self.book.path(code)
                steps += [min(scores.tree_distance(mine, p) for p in paths)] if paths else []
        low, high = scores.interval(rows, _STATISTICS["f1"], self.draws)
        return {
            "precision": _round(whole.precision),
            "recall": _round(whole.recall),
            "f1": _round(whole.f1),
            "f1_interval": [_round(low), _round(high)],
            "mean_steps_from_false_to_gold": _mean(steps),
        }

    def _by_chapter(self) -> dict[str, Any]:
        tally: dict[str, list[Counts]] = {}
        for one in self.judged:
            for code, _ in one.found.hits:
                tally.setdefault(self.book.chapter(code), []).append(Counts(1, 0, 1, 0))
            for code in one.found.missed:
                tally.setdefault(self.book.chapter(code), []).append(Counts(0, 0, 0, 1))
            for code in one.found.false:
                tally.setdefault(self.book.chapter(code), []).append(Counts(0, 1, 0, 0))
        order = sorted(tally, key=lambda c: (not c.isdigit(), int(c) if c.isdigit() else 0))
        return {chapter: _short(scores.total(tally[chapter])) for chapter in order}

    def _by_frequency(self) -> dict[str, Any]:
        times = Counter(c.code for one in self.judged for c in one.gold.core)
        labels = scores.by_label([one.found for one in self.judged])
        result: dict[str, Any] = {}
        for low, high in _FREQUENCIES:
            name = str(low) if low == high else f"{low}-{high}" if high else f"{low} or more"
            members = [c for c, n in times.items() if n >= low and (high is None or n <= high)]
            counts = scores.total(labels[c] for c in members)
            result[name] = {"codes": len(members), **_short(counts)}
        strangers = [counts for code, counts in labels.items() if code not in times]
        result["not in the gold"] = {"codes": len(strangers), **_short(scores.total(strangers))}
        return result

    def _by_setting(self) -> dict[str, Any]:
        groups: dict[str, list[Counts]] = {}
        for one in self.judged:
            setting = one.record["encounter"].get("setting") or "not given"
            groups.setdefault(setting, []).append(one.found.counts)
        return {
            name: {"charts": len(rows), **_short(scores.total(rows))}
            for name, rows in sorted(groups.items())
        }

    def _quality(self) -> dict[str, Any]:
        given = [a for one in self.judged for a in one.record["assigned"]]
        states = Counter(self.book.status(a["code"]) for a in given)
        return {
            "fabricated": _rate(states["unknown"], len(given)),
            "not_billable": _rate(states["header"], len(given)),
            "verbatim_evidence": _rate(sum(a["verbatim"] for a in given), len(given)),
            "degraded": _rate(sum(a["degraded"] for a in given), len(given)),
        }

    def _first_listed(self) -> dict[str, Any]:
        marked = [one for one in self.judged if one.gold.sequenced and one.gold.core]
        agreed = sum(
            bool(one.record["assigned"])
            and one.record["assigned"][0]["code"] in one.gold.core[0].all_codes
            for one in marked
        )
        return {
            "charts": len(marked),
            "agreed": agreed,
            "rate": _rate(agreed, len(marked)),
            "measured_on": "charts whose gold marks core codes and so lists them in sequence",
        }

    def _overlap(self) -> dict[str, Any]:
        found = Overlap(*(sum(c) for c in zip(*(o.overlap for o in self.judged), strict=True)))
        return {
            "hits_with_quote": found.quoted,
            "overlapping": found.overlapping,
            "rate": _rate(found.overlapping, found.quoted),
            "quotes_not_in_chart": found.not_found,
        }

    def _outside(self) -> dict[str, Any]:
        rows = [
            {"id": one.gold.id, "code": c.code, "why": self.book.status(c.code), "core": c.core}
            for one in self.judged
            for c in one.gold.codes
            if self.book.status(c.code) != "billable"
        ]
        known = [
            m._replace(
                missed=tuple(c for c in m.missed if self.book.status(c) == "billable")
            ).counts
            for m in (one.found for one in self.judged)
        ]
        return {
            "count": len(rows),
            "codes": rows,
            "exact_without_them": _short(scores.total(known)),
            "counted": "they are part of every other figure, as missed unless assigned",
        }

    def _cost(self) -> dict[str, Any]:
        records = [one.record for one in self.judged]
        used = [r["usage"] for r in records if r["usage"]]
        cost: dict[str, Any] = {
            "seconds": _round(sum(r["seconds"] for r in records)),
            "seconds_per_chart": _mean(r["seconds"] for r in records),
        }
        if used:
            n = len(records)
            for name in ("calls", "prompt_tokens", "completion_tokens"):
                cost[f"{name}_per_chart"] = _round(sum(u[name] for u in used) / n)
            priced = [u["cost"] for u in used if u.get("cost") is not None]
            cost["cost_per_chart"] = _round(sum(priced) / n) if priced else None
            cost["judge_seconds_per_chart"] = _round(sum(u["seconds"] for u in used) / n)
        return cost


_STATISTICS: dict[str, Callable[[Counts], float]] = {
    "precision": lambda c: c.precision,
    "recall": lambda c: c.recall,
    "f1": lambda c: c.f1,
}


def _chart_f1(found: Match) -> float:
    counts = found.counts
    # A chart with nothing to code and nothing assigned is right.
    return 1.0 if found.exact else counts.f1


def _short(counts: Counts) -> dict[str, Any]:
    return {
        "precision": _round(counts.precision),
        "recall": _round(counts.recall),
        "f1": _round(counts.f1),
        "hit": counts.hit,
        "missed": counts.missed,
        "false": counts.false,
    }


def _round(value: float) -> float:
    return round(value, DIGITS)


def _rate(part: float, whole: float) -> float:
    return _round(part / whole) if whole else 0.0


def _mean(values: Iterable[float]) -> float:
    rows = list(values)
    return _round(mean(rows)) if rows else 0.0
