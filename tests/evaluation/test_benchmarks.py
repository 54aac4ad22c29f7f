"""The benchmarks: their parts run, give sane numbers, and name what is missing."""

import subprocess
import sys

import pytest

from chartcoder.evaluation.benchmarks import growth, overhead
from chartcoder.evaluation.benchmarks.measure import note_of, peak_memory, run_part, table
from chartcoder.tabular.errors import MissingPrerequisite


@pytest.mark.parametrize("words", [100, 1_000, 10_000])
def test_benchmarks_note_has_about_as_many_words(words: int) -> None:
    assert words <= len(note_of(words).split()) < words + 200


def test_benchmarks_table_is_aligned() -> None:
    text = table(("", "ms", "ratio"), [("a", 1234.5, 1.0), ("longer", 2.0, 1234)])
    assert text == "             ms  ratio\na       1,234.5  1.000\nlonger    2.000  1,234"


def test_benchmarks_memory_is_that_of_this_process() -> None:
    before = peak_memory()
    block = bytearray(64 * 2**20)
    block[::4096] = b"x" * len(block[::4096])
    assert peak_memory() >= before + 32 or before > 500


def test_benchmarks_part_runs_in_a_process_of_its_own() -> None:
    numbers = run_part(growth._MODULE, "words", "100")
    assert numbers["words"] >= 100
    assert numbers["time"] > 0
    assert numbers["memory"] > 10


def test_benchmarks_overhead_holds_the_agents_and_more() -> None:
    numbers = run_part(overhead._MODULE, "graph", "none")
    assert 0 < numbers["inside"] < numbers["whole"]
    assert numbers["nodes"] > 4


def test_benchmarks_failed_part_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MissingPrerequisite, match="part words of growth failed"):
        run_part(growth._MODULE, "words", "many")
    assert "ValueError" in capfd.readouterr().err


def test_benchmarks_unknown_name_lists_those_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chartcoder.evaluation.benchmarks", "speed"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no benchmark 'speed'; there are opening" in done.stderr
