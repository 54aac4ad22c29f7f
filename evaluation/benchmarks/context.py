"""How surely a condition is documented, beside medspaCy's ConText component.

Run it with ``python -m chartcoder.evaluation.benchmarks.context``. The sentences stand in
``assertions.tsv`` with a condition of each and what it says of it; they were written for this
benchmark and labelled by meaning before either system had seen them, and neither was tuned to them
afterwards. Ours are the rules of ``agents/rules/assertion.py`` as the extractor applies them. The
peer is medspaCy's ConText (Eyre et al., 2021) with its own default rules on a blank English model;
each sentence is given to both as one sentence, with the condition to be judged. They take turns in
one process, so that a busy machine slows both alike. 1.0 is the peer's ConText by itself, on tokens
and a target made before.
"""

import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from chartcoder.agents.rules.assertion import assertion_of, is_asked, marks
from chartcoder.evaluation.benchmarks.measure import Numbers, run_benchmark, run_part, table
from chartcoder.tabular.errors import BadInput

_MODULE = "chartcoder.evaluation.benchmarks.context"
FILE = Path(__file__).parent / "assertions.tsv"
CLASSES = ("present", "absent", "possible", "historical", "family", "hypothetical")
ROUNDS = 7
# What is resolved is over; what is planned or screened for is not said to be there.
_OURS = {"resolved": "historical", "planned": "hypothetical", "screening": "hypothetical"}
# Where several hold, in the order in which ours decide.
_THEIRS = {
    "is_family": "family", "is_negated": "absent", "is_hypothetical": "hypothetical",
    "is_historical": "historical", "is_uncertain": "possible",
}  # fmt: skip
ABSENT = (
    "medspacy is not installed, so only ours is shown; install the extra bench: "
    'pip install "chartcoder[bench]".'
)


class Row(NamedTuple):
    """A sentence, a condition as it is written there, and what the sentence says of it."""

    sentence: str
    condition: str
    expected: str


def rows(file: Path = FILE) -> list[Row]:
    """Reads the labelled sentences: tab-separated, a head line, one condition a line.

    Raises:
        BadInput: a line has other columns, another label, or a condition that does not stand
            exactly once in its sentence.
    """
    found = []
    for number, line in enumerate(file.read_text("utf-8").splitlines()[1:], start=2):
        cells = line.split("\t")
        if len(cells) != 3 or cells[2] not in CLASSES or cells[0].count(cells[1]) != 1:
            raise BadInput(
                f"Line {number} of {file} is not a sentence, a condition that stands in it once, "
                f"and one of {', '.join(CLASSES)}; correct the line."
            )
        found.append(Row(*cells))
    return found


def judged(row: Row) -> str:
    """What our rules say of the condition, in the words of the file."""
    start = row.sentence.index(row.condition)
    assertion, _ = assertion_of(marks(row.sentence), start, start + len(row.condition))
    if assertion == "present" and is_asked(row.sentence, start):
        return "possible"
    return _OURS.get(assertion, assertion)


def ours(arguments: Sequence[str]) -> Numbers:
    """Our rules by themselves: what they say of each condition, CPU seconds a sentence."""
    listed = rows()
    said = [judged(row) for row in listed]
    return {"said": said, "seconds": median(_rounds([lambda: [judged(row) for row in listed]])[0])
            / len(listed)}  # fmt: skip


def together(arguments: Sequence[str]) -> Numbers:
    """Ours and medspaCy's in turns in one process; CPU seconds a sentence for each."""
    with warnings.catch_warnings():
        # What medspaCy's own imports warn of is not the benchmark's to say.
        warnings.simplefilter("ignore")
        import spacy
        from medspacy.context import ConText
        from medspacy.target_matcher import TargetMatcher, TargetRule
    listed = rows()
    nlp = spacy.blank("en")
    context = ConText(nlp)
    matchers = []
    for row in listed:
        matcher = TargetMatcher(nlp)
        matcher.add([TargetRule(row.condition, "CONDITION")])
        matchers.append(matcher)

    def ready() -> list[object]:
        made = []
        for row, matcher in zip(listed, matchers, strict=True):
            doc = nlp.make_doc(row.sentence)
            for token in doc:
                token.is_sent_start = token.i == 0
            made.append(matcher(doc))
        return made

    # ConText adds to the targets it has seen: every round needs documents of its own.
    stock = [ready() for _ in range(ROUNDS + 1)]
    said = []
    for row, doc in zip(listed, ready(), strict=True):
        entities = context(doc).ents
        if len(entities) != 1:
            raise BadInput(f"medspaCy found {len(entities)} targets in {row.sentence!r}, not one.")
        flags = (name for flag, name in _THEIRS.items() if getattr(entities[0]._, flag))
        said.append(next(flags, "present"))
    works: list[Callable[[], object]] = [
        lambda: [judged(row) for row in listed],
        lambda: [context(doc) for doc in stock.pop()],
        lambda: [context(doc) for doc in ready()],
    ]
    own, alone, whole = (median(times) / len(listed) for times in _rounds(works))
    return {"said": said, "ours": own, "alone": alone, "whole": whole}


def _rounds(works: Sequence[Callable[[], object]]) -> list[list[float]]:
    """CPU seconds of each piece of work in every round, in turns; a first round does not count."""
    took: list[list[float]] = [[] for _ in works]
    for number in range(ROUNDS + 1):
        for work, times in zip(works, took, strict=True):
            began = time.process_time()
            work()
            if number:
                times.append(time.process_time() - began)
    return took


def agreement(said: Sequence[str], expected: Sequence[str]) -> dict[str, float]:
    """The share of the labels that were met: overall under ``all``, and of each class."""
    met = [a == b for a, b in zip(said, expected, strict=True)]
    shares = {"all": sum(met) / len(met)}
    for name in CLASSES:
        own = [hit for hit, label in zip(met, expected, strict=True) if label == name]
        shares[name] = sum(own) / len(own) if own else 0.0
    return shares


def main() -> None:
    """Prints the tables."""
    expected = [row.expected for row in rows()]
    mine = run_part(_MODULE, "ours")
    shares = {"ours": agreement(mine["said"], expected)}
    peer = run_part(_MODULE, "together") if importlib.util.find_spec("medspacy") else None
    if peer:
        shares["medspaCy"] = agreement(peer["said"], expected)
    print(f"{len(expected)} sentences; the share of the labels met")
    lines = [("all", len(expected)), *((name, expected.count(name)) for name in CLASSES)]
    found = [(name, count, *(s[name] for s in shares.values())) for name, count in lines]
    print(table(("", "sentences", *shares), found))
    print("\nCPU time a sentence")
    if peer is None:
        print(table(("", "µs"), [("ours", mine["seconds"] * 1e6)]))
        print(ABSENT)
        return
    base = peer["alone"]
    print(table(
        ("", "µs", "ratio"),
        [(name, peer[key] * 1e6, peer[key] / base) for name, key in (
            ("medspaCy, ConText alone", "alone"),
            ("medspaCy with tokens and target", "whole"),
            ("ours", "ours"),
        )],
    ))  # fmt: skip


PARTS = {"ours": ours, "together": together}

if __name__ == "__main__":
    sys.exit(run_benchmark(_MODULE, PARTS, main, "How surely a condition is documented."))
