"""The cache file of an index: the same bytes every time, safe, rebuilt when damaged."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chartcoder.index.build import build_index
from chartcoder.index.paths import kin_of, stem, words_of
from chartcoder.index.store import open_index
from chartcoder.index.terms import Term
from chartcoder.tabular.release import Release
from tests.index.small import small_store, small_terms

_BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.index.small import small_store
small_store(Path(sys.argv[2]))
"""


def test_build_makes_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    digests = set()
    root = Path(__file__).resolve().parents[2]
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", _BUILD, str(root), str(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
        )  # fmt: skip
        digests.add(hashlib.sha256((folder / "index.db").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_build_by_two_at_once_leaves_one_whole_file(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    running = [
        subprocess.Popen([sys.executable, "-c", _BUILD, str(root), str(tmp_path)]) for _ in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["index.db"]


def test_build_leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    broken = small_terms()
    terms = [broken.terms[0]._replace(cells=((1, object()),))]  # type: ignore[arg-type]
    terms[0] = terms[0]._replace(title=None)  # type: ignore[arg-type]
    with pytest.raises((TypeError, AttributeError)):
        build_index(broken._replace(terms=terms), tmp_path / "index.db")
    assert list(tmp_path.iterdir()) == []


def test_build_is_done_again_for_a_damaged_file(
    bundled: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A home of its own: other tests read the shared one at the same time.
    monkeypatch.setenv("CHARTCODER_HOME", str(tmp_path / "home"))
    file = open_index(bundled).file
    whole = file.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], b"x" * 5000):
        copy = tmp_path / "copy.db"
        copy.write_bytes(damage)
        copy.replace(file)
        assert open_index(bundled).posting("pneumonia") is not None
    assert file.read_bytes() == whole


def test_build_paths_demand_their_titles_and_allow_their_modifiers() -> None:
    main = words_of(Term(0, -1, 3, "index", "Infarct, infarction", ("acute",)))
    assert (main.demanded, main.allowed) == (("infarct",), ("infarction", "acute"))
    below = words_of(Term(1, 0, 2, "index", "heart without rupture, left"), main)
    assert below.demanded == ("infarct", "heart")
    assert below.denied == ("rupture",)
    assert below.side == "left"
    again = words_of(Term(2, 1, 3, "index", "acute"), below)
    assert "acute" in again.demanded
    assert "acute" not in again.allowed


def test_build_kin_are_words_of_one_family() -> None:
    assert stem("obstructed") == stem("obstruction") == "obstruct"
    kin = kin_of({"obstructed": 0, "obstruction": 1, "lung": 2, "cervical": 3, "neck": 4})
    assert kin["obstructed"] == ("obstruction",)
    assert kin["cervical"] == ("neck",)
    assert kin["neck"] == ("cervical",)


def test_build_store_answers_as_the_files_say(tmp_path: Path) -> None:
    store = small_store(tmp_path)
    ketoacidosis = store.posting("ketoacidosis")
    assert ketoacidosis is not None
    assert [store.term(n).code for n in ketoacidosis.lines] == ["E11.10", "E10.10", "E10.11"]
    assert store.posting("nowhere") is None
    term = store.leading_to("I25.110")[0]
    assert [t.title for t in store.path(term.id)][-1] == "with unstable angina"
    assert [t.title for t in store.children(store.path(term.id)[0].id)] == ["coronary"]
    assert store.span("drug")[1] - store.span("drug")[0] == 1
    assert store.headings[("drug", 7)] == "Underdosing"
    assert [t.title for t in store.main_terms()][:2] == [
        "Angina", "Arteriosclerosis, arteriosclerotic",
    ]  # fmt: skip
