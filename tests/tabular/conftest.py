"""Releases and files that the tests of the Tabular List share."""

from pathlib import Path

import pytest

from chartcoder.tabular.release import Release, open_files, open_release
from chartcoder.tabular.store import TabularList
from tests.conftest import shared

SMALL = Path(__file__).parent / "small.xml"


@pytest.fixture
def fresh_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for caches and added releases."""
    home = tmp_path / "home"
    monkeypatch.setenv("CHARTCODER_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def small(own_home: Path) -> TabularList:
    """A cut of the Tabular List with every oddity, which needs no release."""
    return open_files([SMALL]).tabular


@pytest.fixture(scope="session")
def official_2021(own_home: Path) -> Release:
    """The official 2021 release with its order file."""
    return open_release(shared("icd10cm", "icd10cm-table-index-2021.zip"))
