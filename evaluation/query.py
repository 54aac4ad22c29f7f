"""Code from description: the benchmark of Soroush et al. for searches and models.

A query is a description whose one right code is known. Measured is the first code answered: is it
the right one, does it exist, how long and how similar is it; and how many codes were answered.

Source: Soroush, Glicksberg, Zimlichman et al.: Large Language Models Are Poor Medical Coders,
NEJM AI 2024.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from chartcoder.evaluation.meteor import STAGES, meteor
from chartcoder.graph.encounters import read_objects
from chartcoder.tabular.codes import dotted, fold, normalise, undotted
from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.order import order_rows
from chartcoder.tabular.sources import recognise
from chartcoder.tabular.store import TabularList

RANKS = (1, 5, 20)
HELD_OUT = "inclusion terms"
Similarity = Callable[[Sequence[str], Sequence[str]], Sequence[float]]


class Question(NamedTuple):
    """A description with its right code.

    Attributes:
        query: the description.
        code: the right code.
        verbatim: the description is the code's title.
        held_out: what must not be searched for this to be a test; empty for nothing.
    """

    query: str
    code: str
    verbatim: bool = False
    held_out: str = ""


def read_questions(path: str | Path) -> list[Question]:
    """Reads a query set: JSON lines of ``{"query", "code", "verbatim"?, "held_out"?}``.

    Raises:
        BadInput: the file cannot be read, is empty, or a line is malformed (the message names it).
    """
    file = Path(path)
    found = []
    for number, data in read_objects(file):
        query, code = data.get("query"), data.get("code")
        if not isinstance(query, str) or not query.strip() or not isinstance(code, str):
            raise BadInput(f'{file}, line {number}: a query needs "query" and "code" as texts.')
        held_out = str(data.get("held_out") or "")
        if held_out not in ("", HELD_OUT):
            raise BadInput(f"{file}, line {number}: only {HELD_OUT!r} can be held out.")
        found.append(Question(query, normalise(code), bool(data.get("verbatim")), held_out))
    if not found:
        raise BadInput(f"The query set {file} is empty; make one with `evaluate query --make`.")
    return found


def read_answers(path: str | Path, questions: Sequence[Question]) -> list[list[str]]:
    """Reads answers as ``chartcoder search --file --json`` prints them, or a model's.

    Args:
        path: JSON lines of ``{"query", "results": [{"code"}]}``; ``codes`` as a list of texts is
            taken as well.
        questions: in whose order the answers are given back.

    Raises:
        BadInput: a line is malformed, or a question has no answer.
    """
    file = Path(path)
    answers: dict[str, list[str]] = {}
    for number, data in read_objects(file):
        listed = data.get("results", data.get("codes"))
        if not isinstance(data.get("query"), str) or not isinstance(listed, list):
            raise BadInput(f'{file}, line {number}: an answer needs "query" and "results".')
        codes = [one.get("code") if isinstance(one, dict) else one for one in listed]
        if not all(isinstance(code, str) for code in codes):
            raise BadInput(f"{file}, line {number}: a result has no code.")
        answers[data["query"]] = [normalise(str(code)) for code in codes]
    missing = [q.query for q in questions if q.query not in answers]
    if missing:
        raise BadInput(
            f"{file} has no answer for {len(missing)} of {len(questions)} queries, the first is "
            f"{missing[0]!r}."
        )
    return [answers[q.query] for q in questions]


def measure(
    questions: Sequence[Question],
    answers: Sequence[Sequence[str]],
    tabular: TabularList,
    similarity: Similarity | None = None,
) -> dict[str, Any]:
    """Scores answers.

    Args:
        questions: the query set.
        answers: for each the codes, best first.
        tabular: decides which codes exist.
        similarity: BERTScore of pairs of descriptions; None leaves it out.

    Returns:
        The measures over all queries, and apart over the verbatim and the other ones.
    """
    rows = list(zip(questions, answers, strict=True))
    report: dict[str, Any] = {"queries": len(rows), **_block(rows, tabular, similarity)}
    for name, wanted in (("verbatim", True), ("not_verbatim", False)):
        part = [(q, a) for q, a in rows if q.verbatim is wanted]
        if part and len(part) < len(rows):
            report[name] = {"queries": len(part), **_block(part, tabular, None)}
    report["verbatim_share"] = _rate(sum(q.verbatim for q in questions), len(questions))
    report["unknown_right_codes"] = sum(tabular.get(q.code) is None for q in questions)
    report["meteor_stages"] = STAGES
    return report


def _block(
    rows: Sequence[tuple[Question, Sequence[str]]],
    tabular: TabularList,
    similarity: Similarity | None,
) -> dict[str, Any]:
    n = len(rows)
    given = [code for _, codes in rows for code in codes]
    entries = [tabular.get(code) for code in given]
    first = [(q, codes[0]) for q, codes in rows if codes]
    pairs = [(_title(tabular, q.code), _title(tabular, code)) for q, code in first]
    wrong = [pair for pair, (q, code) in zip(pairs, first, strict=True) if code != q.code]
    known = [pair for pair in pairs if all(pair)]
    block: dict[str, Any] = {
        "exact_match": _rate(sum(code == q.code for q, code in first), n),
        "recall": {
            f"@{k}": _rate(sum(q.code in list(codes)[:k] for q, codes in rows), n) for k in RANKS
        },
        "answered": _rate(len(first), n),
        "codes_per_query": round(len(given) / n, 3) if n else 0.0,
        "valid": _rate(sum(e is not None and e.billable for e in entries), len(given)),
        "not_billable": _rate(sum(e is not None and not e.billable for e in entries), len(given)),
        "fabricated": _rate(sum(e is None for e in entries), len(given)),
        "matched_length": _rate(sum(len(q.code) == len(code) for q, code in first), n),
        "matched_digits": _mean(_common(q.code, code) for q, code in first),
        "matched_digits_share": _mean(
            _common(q.code, code) / len(undotted(q.code)) for q, code in first
        ),
        "meteor": _mean(meteor(*pair) for pair in known),
        "meteor_of_wrong": _mean(meteor(*pair) for pair in wrong if all(pair)),
    }
    if similarity is not None:
        values = similarity([a for a, _ in known], [b for _, b in known])
        block["bertscore_f1"] = _mean(values)
    return block


def _common(right: str, answer: str) -> int:
    count = 0
    for a, b in zip(undotted(right), undotted(answer), strict=False):
        if a != b:
            break
        count += 1
    return count


def _title(tabular: TabularList, code: str) -> str:
    entry = tabular.get(code)
    return entry.title if entry else ""


def _rate(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _mean(values: Iterable[float]) -> float:
    rows = list(values)
    return round(mean(rows), 4) if rows else 0.0


def short_titles(order: str | Path, tabular: TabularList, count: int, seed: int) -> list[Question]:
    """Makes a query set of official short titles.

    Args:
        order: an order file, alone or in a zip or folder.
        tabular: codes of the order file that it lacks are left out.
        count: how many; all where there are fewer.
        seed: decides which.

    Raises:
        BadInput: there is no order file.
    """
    parts = [part for part in recognise([Path(order)]) if part.role == "order"]
    if not parts:
        raise BadInput(f"{order} holds no order file; name the one that CMS publishes.")
    problems: list[str] = []
    made = []
    for row in order_rows(parts[0].read(), parts[0].name, problems):
        entry = tabular.get(row.code) if row.billable else None
        if entry is not None and entry.billable:
            verbatim = fold(row.short).lower() == fold(entry.title).lower()
            made.append(Question(row.short, dotted(row.code), verbatim))
    return _sample(made, count, seed)


def inclusion_terms(tabular: TabularList, count: int, seed: int) -> list[Question]:
    """Makes a query set of inclusion terms of billable codes, to be held out of the search.

    Terms that stand at several codes, or are the code's title, are left out.
    """
    codes_of: dict[str, list[str]] = {}
    for entry in tabular.nodes():
        if entry.billable:
            for note in tabular.own_notes(entry):
                if note.kind == "inclusion_term" and fold(note.text) != fold(entry.title):
                    codes_of.setdefault(note.text, []).append(entry.code)
    made = [
        Question(text, codes[0], False, HELD_OUT)
        for text, codes in codes_of.items()
        if len(set(codes)) == 1
    ]
    return _sample(made, count, seed)


def _sample(made: list[Question], count: int, seed: int) -> list[Question]:
    if count >= len(made):
        return made
    chosen = sorted(random.Random(seed).sample(range(len(made)), count))
    return [made[place] for place in chosen]


def question_line(question: Question) -> dict[str, Any]:
    """A question as an object of a query set."""
    line: dict[str, Any] = {"query": question.query, "code": question.code}
    if question.held_out:
        line["held_out"] = question.held_out
    else:
        line["verbatim"] = question.verbatim
    return line


def bert_similarity(model: str | Path, layers: int | None = None) -> Similarity:
    """BERTScore F1 by the package ``bert-score`` with a model on this machine.

    Args:
        model: the folder of a local model; nothing is downloaded.
        layers: which layer's embeddings to take; None for the last.

    Raises:
        BadInput: the folder is not there.
        MissingPrerequisite: ``bert-score`` is not installed.
    """
    folder = Path(model)
    if not (folder / "config.json").is_file():
        raise BadInput(f"There is no model in {folder}; name the folder of a local BERT model.")
    try:
        from bert_score import BERTScorer
    except ModuleNotFoundError:
        raise MissingPrerequisite(
            "BERTScore needs the package bert-score; run `pip install chartcoder[bertscore]`."
        ) from None
    import json

    config: Mapping[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    scorer = BERTScorer(
        model_type=str(folder), num_layers=layers or int(config["num_hidden_layers"]), lang="en"
    )

    def score(references: Sequence[str], answers: Sequence[str]) -> Sequence[float]:
        _, _, f1 = scorer.score(list(answers), list(references))
        return [float(value) for value in f1]

    return score


def query_text(report: Mapping[str, Any]) -> str:
    """The measures for a reader."""
    lines = [f"{report['queries']} queries, {report['verbatim_share']:.1%} verbatim titles", ""]
    parts = [("all", report)]
    parts += [(n.replace("_", " "), report[n]) for n in ("verbatim", "not_verbatim") if n in report]
    lines.append(f"{'':<24}" + "".join(f"{name:>14}" for name, _ in parts))
    for key in (
        "exact_match", "answered", "codes_per_query", "valid", "not_billable", "fabricated",
        "matched_length", "matched_digits", "matched_digits_share", "meteor", "meteor_of_wrong",
        "bertscore_f1",
    ):  # fmt: skip
        if key in report:
            cells = (f"{part[key]:>14.3f}" if key in part else " " * 14 for _, part in parts)
            lines.append(f"{key.replace('_', ' '):<24}" + "".join(cells))
    for k in RANKS:
        cells = (f"{part['recall'][f'@{k}']:>14.3f}" for _, part in parts)
        lines.append(f"{f'right code in first {k}':<24}" + "".join(cells))
    return "\n".join([*lines, "", f"METEOR: {report['meteor_stages']}"])
