"""``chartcoder evaluate query``: code from description, and the query sets for it."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chartcoder.cli.common import counted, json_text, open_named_release, print_json, say
from chartcoder.tabular.errors import BadInput, MissingPrerequisite

if TYPE_CHECKING:
    from chartcoder.evaluation.query import Question

KINDS = ("short-titles", "inclusion-terms")


def add_query_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``evaluate query``."""
    group = parser.add_argument_group(
        "code from description",
        "`evaluate query FILE` measures the search on a query set, `evaluate navigation [GOLD]` "
        "walk and search on sets of its own.",
    )
    group.add_argument("--make", choices=KINDS, help="print a query set instead")
    group.add_argument("--order", metavar="FILE", help="the order file short titles come from")
    group.add_argument("--count", type=int, default=2000, metavar="N", help="queries (2000)")
    group.add_argument("--sample-seed", type=int, default=1, metavar="N", help="decides which (1)")
    group.add_argument(
        "--answers", metavar="FILE",
        help="score these answers instead: JSON lines as `search --file --json` prints them",
    )  # fmt: skip
    group.add_argument("--seeds", type=int, metavar="N", help="draws of each set (navigation: 3)")
    group.add_argument(
        "--dense",
        metavar="DIR",
        help="a local sentence-embedding model (navigation; extra `dense`)",
    )
    group.add_argument("-k", type=int, default=20, metavar="N", help="codes a query (20)")
    group.add_argument(
        "--bert-model", metavar="DIR", help="a local BERT model for BERTScore (extra `bertscore`)"
    )


def run_query(options: argparse.Namespace) -> int:
    """Makes a query set, or measures answers to one."""
    from chartcoder.evaluation import query

    release = open_named_release(options)
    if options.make:
        if options.gold is not None:
            raise BadInput("`evaluate query --make` takes no file; it prints the query set.")
        if options.count < 1:
            raise BadInput(f"The query set cannot have {options.count} queries; --count is from 1.")
        if options.make == "short-titles":
            if options.order is None:
                raise BadInput("Short titles stand in an order file only; name one with --order.")
            made = query.short_titles(
                options.order, release.tabular, options.count, options.sample_seed
            )
        else:
            made = query.inclusion_terms(release.tabular, options.count, options.sample_seed)
        for question in made:
            print(json_text(query.question_line(question), indent=None))
        share = sum(q.verbatim for q in made) / len(made) if made else 0.0
        say(f"{counted(len(made), 'query', 'queries')}, {share:.1%} verbatim titles.")
        return 0
    if options.gold is None:
        raise BadInput("Name a query set: `chartcoder evaluate query FILE`, or make one (--make).")
    questions = query.read_questions(options.gold)
    similarity = query.bert_similarity(options.bert_model) if options.bert_model else None
    if options.answers:
        answers = query.read_answers(options.answers, questions)
    else:
        answers = _searched(questions, options.release, options.k)
    report = query.measure(questions, answers, release.tabular, similarity)
    if options.json:
        print_json(report)
    else:
        print(query.query_text(report))
    return 0


def _searched(questions: "Sequence[Question]", release: str | None, count: int) -> list[list[str]]:
    """What ``chartcoder search`` answers, asked as a user asks it."""
    from chartcoder.evaluation.query import read_answers

    command = [sys.executable, "-m", "chartcoder", "search", "--json", "-k", str(count)]
    if release is not None:
        command += ["--release", release]
    if any(q.held_out for q in questions):
        if not all(q.held_out for q in questions):
            raise BadInput("Queries with and without held-out text cannot be measured together.")
        command.append("--without-inclusion-terms")
    with TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "queries", Path(folder) / "answers"
        lines = [" ".join(q.query.split()) for q in questions]
        asked.write_text("\n".join(lines) + "\n", "utf-8")
        with answered.open("wb") as stream:
            done = subprocess.run(
                [*command, "--file", str(asked)], stdout=stream, stderr=subprocess.PIPE, check=False
            )
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise MissingPrerequisite(
                f"The search could not be run: {said.removeprefix('chartcoder: ')}"
            )
        folded = [q._replace(query=line) for q, line in zip(questions, lines, strict=True)]
        return read_answers(answered, folded)
