"""What all tests share: where the release files and charts are, and opened releases."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chartcoder.tabular.release import Release, open_release

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("CHARTCODER_TEST_DATA", ROOT.parent / "shared"))


def shared(*parts: str) -> Path:
    """A file of the shared test data; the test is skipped where it is not there."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"test data {path} is not there")
    return path


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keeps the caches of a test run to itself, shared by its workers."""
    folder = tmp_path_factory.getbasetemp().parent / "chartcoder-home"
    folder.mkdir(exist_ok=True)
    before = os.environ.get("CHARTCODER_HOME")
    os.environ["CHARTCODER_HOME"] = str(folder)
    yield folder
    if before is None:
        del os.environ["CHARTCODER_HOME"]
    else:
        os.environ["CHARTCODER_HOME"] = before


@pytest.fixture(scope="session")
def bundled(own_home: Path) -> Release:
    """The bundled release, which every checkout has."""
    return open_release("bundled")


@pytest.fixture(scope="session")
def official(own_home: Path) -> Release:
    """The official 2026 release with its index; skips where the test data is missing."""
    return open_release(shared("icd10cm", "icd10cm-table-index-2026.zip"))
