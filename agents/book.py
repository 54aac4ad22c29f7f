"""The book on the desk: the Tabular List and the Alphabetic Index of one release, opened."""

from functools import cached_property

from chartcoder.index.navigate import Navigator
from chartcoder.index.store import IndexStore, open_index
from chartcoder.tabular.release import Release
from chartcoder.tabular.store import TabularList


class Book:
    """What every agent looks things up in.

    Attributes:
        release: the opened release.
    """

    def __init__(self, release: Release) -> None:
        self.release = release

    @cached_property
    def tabular(self) -> TabularList:
        """The Tabular List."""
        return self.release.tabular

    @cached_property
    def index(self) -> IndexStore:
        """The Alphabetic Index."""
        return open_index(self.release)

    @cached_property
    def navigator(self) -> Navigator:
        """Walks the Index."""
        return Navigator(self.index)
