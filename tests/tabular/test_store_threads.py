"""The Tabular List asked by several threads at once, as the graph asks it."""

import sys
import threading
from collections.abc import Iterator

import pytest

from chartcoder.tabular.release import Release
from chartcoder.tabular.store import TabularList

CODES = ["R91.1", "E11.65", "J18.9", "M17.11", "S93.401A", "Z79.4", "N63.10"]


@pytest.fixture
def switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_store_gives_every_thread_the_whole_page(bundled: Release, switching: None) -> None:
    file = bundled.tabular.file
    for _ in range(40):
        fresh = TabularList(file, lambda: None)
        together = threading.Barrier(6)
        wrong: list[str] = []

        def ask(
            book: TabularList = fresh, start: threading.Barrier = together,
            found: list[str] = wrong,
        ) -> None:  # fmt: skip
            start.wait()
            for code in CODES:
                entry = book.get(code)
                if entry is None or not book.children(code[:3]) or not book.notes(code):
                    found.append(code)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        fresh.close()
