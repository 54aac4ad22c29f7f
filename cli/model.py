"""``chartcoder model check``: says what a chat model's server can do, before it is the judge."""

import argparse
from typing import TYPE_CHECKING

from chartcoder.cli.common import print_json, say
from chartcoder.cli.model_options import add_model_arguments, model_settings
from chartcoder.tabular.errors import BadInput

if TYPE_CHECKING:
    from chartcoder.agents.model.servers import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb and the options of ``model``."""
    parser.add_argument("verb", choices=("check",), help="try the server out with small questions")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Tries the server out and prints a table; 1 where no form of answer can be used."""
    settings = model_settings(options)
    if settings is None:
        raise BadInput(
            "Name the model to look at: --model NAME, and --base-url URL for its server."
        )
    from chartcoder.agents.model.servers import check_server, leaves_the_machine

    if leaves_the_machine(settings):
        say(f"{settings.base_url} is another machine: charts coded with this model are sent there.")
    report = check_server(settings)
    if options.json:
        print_json(
            {
                "model": settings.model, "base_url": settings.base_url, "form": report.form,
                "without": list(report.without), "abilities": [r._asdict() for r in report.rows],
            }
        )  # fmt: skip
    else:
        print(table(report))
    return 0 if report.form is not None else 1


def table(report: "Report") -> str:
    """The report as aligned columns with a closing sentence."""
    wide = max(len(row.ability) for row in report.rows)
    lines = [f"{row.ability:<{wide}}  {row.verdict:<11}  {row.detail}" for row in report.rows]
    if report.form is None:
        lines.append("\nNo form of answer can be used; this model cannot be the judge.")
    else:
        lines.append(f"\nThe judge will ask in the form {report.form}; this is remembered.")
    return "\n".join(lines)
