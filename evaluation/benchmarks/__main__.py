"""Runs every benchmark: ``python -m chartcoder.evaluation.benchmarks [NAME ...]``.

Each runs as a process of its own and prints its table with ratios. Those that ask a model run only
by themselves.
"""

import argparse
import importlib.util
import subprocess
import sys

BENCHMARKS = {
    "opening": "opening a release, beside simple_icd_10_cm",
    "checking": "checking a code set",
    "searching": "searching codes, beside bm25s and rapidfuzz",
    "mentions": "finding phrases in a note, beside flashtext and pyahocorasick",
    "context": "saying how surely a condition is documented, beside medspaCy",
    "coding": "coding one chart",
    "overhead": "the graph beside the agents, with and without checkpointers",
    "growth": "growth with charts and words",
}


def main() -> int:
    """Runs the benchmarks named, or all; 1 where one failed."""
    parser = argparse.ArgumentParser(prog="python -m chartcoder.evaluation.benchmarks",
                                     description="Runs benchmarks and prints ratios.")  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    failed = []
    for name in names:
        module = f"chartcoder.evaluation.benchmarks.{name}"
        print(f"== {name}: {BENCHMARKS[name]}", flush=True)
        if importlib.util.find_spec(module) is None:
            print("not part of this installation", flush=True)
        elif subprocess.run([sys.executable, "-m", module], check=False).returncode != 0:
            failed.append(name)
        print(flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
