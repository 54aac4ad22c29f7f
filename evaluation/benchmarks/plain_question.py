"""The plain question "assign the codes", asked of the same model on the same charts.

What a model can do without book, agents and graph: it writes codes from memory, as most users of
chat models would have it do. The difference to ``chartcoder evaluate`` with that model is what the
graph is worth. Run it with::

    python -m chartcoder.evaluation.benchmarks.plain_question CHARTS GOLD --model M --base-url URL
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from chartcoder.agents.model.account import Account
from chartcoder.agents.model.answers import Answer, FailedAnswer
from chartcoder.agents.model.client import ModelClient
from chartcoder.agents.model.options import add_model_arguments, model_settings
from chartcoder.agents.model.show import encounter_line, fence_for
from chartcoder.agents.values import Chart
from chartcoder.evaluation.gold import GoldChart, read_gold
from chartcoder.evaluation.scores import Counts, Level, match, same, three_characters, total
from chartcoder.graph.charts import read_charts
from chartcoder.tabular.codes import normalise
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.release import open_release
from chartcoder.tabular.store import TabularList


class PlainCode(Answer):
    """A code as the model wrote it."""

    code: str
    description: str = ""


class PlainAnswer(Answer):
    """Answer to the plain question."""

    codes: list[PlainCode]


class Plain(NamedTuple):
    """What came back for one chart.

    Attributes:
        chart: its id.
        codes: the codes, dotted, each once.
        invented: those that are no billable code of the release.
        failure: why there are none, else empty.
    """

    chart: str
    codes: tuple[str, ...]
    invented: tuple[str, ...]
    failure: str = ""


def ask_plainly(client: ModelClient, chart: Chart, tabular: TabularList) -> Plain:
    """Asks for the codes of one chart, with nothing to look them up in."""
    setting = chart.encounter.setting
    messages = client.prompt("plain").fill(
        {
            "encounter": encounter_line(chart.encounter, setting),
            "fence": fence_for(chart.text), "chart": chart.text,
        }
    )  # fmt: skip
    try:
        answer = client.ask(Account(), "validator", messages, PlainAnswer)
    except FailedAnswer as failure:
        return Plain(chart.id, (), (), str(failure))
    codes = tuple(dict.fromkeys(normalise(item.code) for item in answer.codes))
    invented = tuple(c for c in codes if (e := tabular.get(c)) is None or not e.billable)
    return Plain(chart.id, codes, invented)


def report(answers: Sequence[Plain], gold: dict[str, GoldChart]) -> dict[str, Any]:
    """Scores of the answers, exact and on three characters."""

    def scored(level: Level) -> dict[str, float]:
        return _scores(total(match(gold[a.chart].codes, a.codes, level).counts for a in answers))

    return {
        "charts": len(answers),
        "codes": sum(len(a.codes) for a in answers),
        "exact": scored(same),
        "three_character": scored(three_characters),
        "invented": sorted({c for a in answers for c in a.invented}),
        "failures": {a.chart: a.failure for a in answers if a.failure},
        "by_chart": {a.chart: list(a.codes) for a in answers},
    }


def _scores(counts: Counts) -> dict[str, float]:
    return {
        "precision": round(counts.precision, 4), "recall": round(counts.recall, 4),
        "f1": round(counts.f1, 4),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Asks the plain question about every chart that has gold, and prints the scores as JSON."""
    parser = argparse.ArgumentParser(description="The plain question, for comparison.")
    parser.add_argument("charts")
    parser.add_argument("gold")
    parser.add_argument("--release")
    parser.add_argument("--only", help="ids with commas between them")
    add_model_arguments(parser)
    options = parser.parse_args(arguments)
    settings = model_settings(options)
    if settings is None:
        raise BadInput("Name the model to ask: --model NAME --base-url URL.")
    gold = read_gold(options.gold)
    wanted = set(options.only.split(",")) if options.only else set(gold)
    charts = [
        source.chart.model_copy(update={"encounter": gold[source.id].encounter})
        for source in read_charts(options.charts)
        if source.chart is not None and source.id in gold and source.id in wanted
    ]
    client = ModelClient(settings)
    tabular = open_release(options.release).tabular
    with ThreadPoolExecutor(settings.concurrency) as pool:
        answers = list(pool.map(lambda chart: ask_plainly(client, chart, tabular), charts))
    json.dump(report(answers, gold), sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
