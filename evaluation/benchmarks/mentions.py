"""Finding the book's phrases in a note, beside flashtext and pyahocorasick.

Run it with ``python -m chartcoder.evaluation.benchmarks.mentions``. The peers look for every
wording of the Index and every title, literally and in lower case. Ours are ``spots`` (whole
wordings whatever the order and form of their words, abbreviations written out) and ``mentions``
(what the extractor does: also sections, negation, history, who says so). 1.0 is pyahocorasick.
"""

import importlib.util
import sys
import time
from collections.abc import Callable, Sequence

from chartcoder.evaluation.benchmarks.measure import (
    Numbers,
    cpu_of,
    note_of,
    peak_memory,
    run_benchmark,
    run_part,
    table,
)

_MODULE = "chartcoder.evaluation.benchmarks.mentions"
WORDS = 1500
PEERS = {"pyahocorasick": "ahocorasick", "flashtext": "flashtext"}


def phrases() -> list[str]:
    """Every wording of the Index and every title, in lower case, sorted."""
    from chartcoder.index.store import open_index
    from chartcoder.tabular.release import open_release

    release = open_release("bundled")
    index = open_index(release)
    found = {entry.title.lower() for entry in release.tabular.nodes() if entry.kind == "code"}
    for term in index.all_terms():
        path = [step.title.strip().lower() for step in index.path(term.id)]
        found.add(" ".join(path))
        found.add(" ".join([*path[1:], path[0]]))
    return sorted(p for p in found if len(p) > 2)


def spots(arguments: Sequence[str]) -> Numbers:
    """Our spotter of whole wordings."""
    began = time.process_time()
    from chartcoder.agents.book import Book
    from chartcoder.agents.rules.lookup import Lookup
    from chartcoder.agents.rules.spots import find_spots
    from chartcoder.tabular.release import open_release

    book = Book(open_release("bundled"))
    note = note_of(WORDS)
    find_spots("gout", 0, 4, Lookup(book))
    built = time.process_time() - began
    return _numbers(
        built, lambda: len(find_spots(note, 0, len(note), Lookup(book, note)))
    )  # fmt: skip


def mentions(arguments: Sequence[str]) -> Numbers:
    """Our extractor with the rules judge."""
    began = time.process_time()
    from chartcoder.agents.book import Book
    from chartcoder.agents.rules.judge import RulesJudge
    from chartcoder.agents.values import Chart
    from chartcoder.tabular.release import open_release

    book = Book(open_release("bundled"))
    RulesJudge().which_mentions(Chart.model_validate({"text": "Gout."}), book)
    built = time.process_time() - began
    chart = Chart.model_validate({"text": note_of(WORDS)})
    return _numbers(built, lambda: _marked(RulesJudge().which_mentions(chart, book)))


def _marked(answer: object) -> int:
    return len(answer.evidence) + len(answer.passed_over)  # type: ignore[attr-defined]


def pyahocorasick(arguments: Sequence[str]) -> Numbers:
    """The automaton of pyahocorasick; whole words are checked afterwards."""
    import ahocorasick

    listed = phrases()
    note = note_of(WORDS).lower()
    began = time.process_time()
    automaton = ahocorasick.Automaton()
    for phrase in listed:
        automaton.add_word(phrase, len(phrase))
    automaton.make_automaton()
    built = time.process_time() - began

    def find() -> int:
        found = 0
        for end, length in automaton.iter_long(note):
            before, after = note[end - length : end - length + 1], note[end + 1 : end + 2]
            found += not before.isalnum() and not after.isalnum()
        return found

    return _numbers(built, find, len(listed))


def flashtext(arguments: Sequence[str]) -> Numbers:
    """The keyword processor of flashtext."""
    from flashtext import KeywordProcessor

    listed = phrases()
    note = note_of(WORDS)
    began = time.process_time()
    processor = KeywordProcessor()
    for phrase in listed:
        processor.add_keyword(phrase, phrase)
    built = time.process_time() - began
    return _numbers(built, lambda: len(processor.extract_keywords(note)), len(listed))


def _numbers(built: float, find: Callable[[], int], listed: int = 0) -> Numbers:
    found = find()
    return {
        "built": built, "find": cpu_of(find), "found": found, "memory": peak_memory(),
        "phrases": listed,
    }  # fmt: skip


def main() -> None:
    """Prints the table."""
    present = [name for name, module in PEERS.items() if importlib.util.find_spec(module)]
    took = {name: run_part(_MODULE, name) for name in (*present, "spots", "mentions")}
    base = took.get("pyahocorasick") or next(iter(took.values()))
    rows = [
        (name, n["built"], n["built"] / base["built"], n["find"] * 1000, n["find"] / base["find"],
         n["memory"], n["memory"] / base["memory"], n["found"])
        for name, n in took.items()
    ]  # fmt: skip
    head = ("", "ready s", "ratio", "find ms", "ratio", "MiB", "ratio", "found")
    print(f"a note of {WORDS} words; CPU time; the peers hold "
          f"{max(n['phrases'] for n in took.values()):,} phrases")  # fmt: skip
    print(table(head, rows))
    for name in PEERS:
        if name not in present:
            print(f"{name} is not installed: pip install chartcoder[bench]")


PARTS = {
    "spots": spots, "mentions": mentions, "pyahocorasick": pyahocorasick, "flashtext": flashtext,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(run_benchmark(_MODULE, PARTS, main, "Finding phrases in a note."))
