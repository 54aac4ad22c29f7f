import subprocess
import sys
from pathlib import Path

import pytest

from chartcoder.agents.model.cache import AnswerCache, Kept, call_key

KEPT = Kept('{"items": []}', 120, 8)


def test_cache_gives_back_what_was_kept(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "a" / "answers.db")
    assert cache.get("k") is None
    cache.put("k", KEPT)
    assert cache.get("k") == KEPT
    assert AnswerCache(cache.file).get("k") == KEPT
    cache.remember("s", {"form": "tools"})
    assert cache.ability("s") == {"form": "tools"}
    assert cache.ability("other") == {}


@pytest.mark.parametrize(
    "changed",
    ["model", "base_url", "system", "user", "schema", "temperature", "seed", "release"],
)
def test_cache_any_part_of_a_call_changes_its_key(changed: str) -> None:
    parts = dict.fromkeys(
        ["model", "base_url", "system", "user", "schema", "temperature", "seed", "release"], "x"
    )
    assert call_key(**parts) == call_key(**dict(reversed(parts.items())))
    assert call_key(**parts) != call_key(**{**parts, changed: "y"})


def test_cache_damaged_file_costs_calls_and_no_chart(tmp_path: Path) -> None:
    file = tmp_path / "answers.db"
    file.write_bytes(b"this is no database, " * 400)
    cache = AnswerCache(file)
    cache.put("k", KEPT)
    assert cache.get("k") is None
    assert str(file) in cache.problem


def test_cache_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = AnswerCache(tmp_path / "file" / "answers.db")
    assert cache.get("k") is None
    assert cache.problem


def test_cache_is_safe_across_processes(tmp_path: Path) -> None:
    file = tmp_path / "answers.db"
    script = (
        "import sys; from pathlib import Path\n"
        "from chartcoder.agents.model.cache import AnswerCache, Kept\n"
        "cache = AnswerCache(Path(sys.argv[1]))\n"
        "for n in range(60): cache.put(f'{n % 20}', Kept(f'answer {n % 20}', n, 1))\n"
        "sys.exit(bool(cache.problem))"
    )
    workers = [subprocess.Popen([sys.executable, "-c", script, str(file)]) for _ in range(4)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0, 0]
    cache = AnswerCache(file)
    answers = [cache.get(f"{n}") for n in range(20)]
    assert [a.text for a in answers if a] == [f"answer {n}" for n in range(20)]
