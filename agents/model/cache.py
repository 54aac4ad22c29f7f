"""Answers kept on disk, so that an identical call is never paid for twice.

One SQLite file in write-ahead mode, safe across processes. A call is identical when model, server,
every word of the prompt, the demanded form, the parameters and the release are. What a server can
do is remembered in the same file. A cache that cannot be opened or is damaged costs calls, never
a chart.
"""

import hashlib
import json
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any, NamedTuple

from chartcoder.tabular.home import home

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answer(key TEXT PRIMARY KEY, text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS server(key TEXT PRIMARY KEY, ability TEXT NOT NULL);
"""
_BUSY_SECONDS = 10.0


class Kept(NamedTuple):
    """An answer as it was kept."""

    text: str
    prompt_tokens: int
    completion_tokens: int


def call_key(**parts: object) -> str:
    """The key of a call: a hash over everything that may change its answer."""
    packed = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()


class AnswerCache:
    """Answers and servers' abilities, remembered.

    Args:
        file: the SQLite file; None for the one under ``CHARTCODER_HOME``.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = home() / "cache" / "model" / "answers.db" if file is None else file
        self.problem = ""
        self._local = threading.local()

    def get(self, key: str) -> Kept | None:
        """The answer to an identical call; None where there is none."""
        row = self._one(
            "SELECT text, prompt_tokens, completion_tokens FROM answer WHERE key=?", key
        )
        return None if row is None else Kept(*row)

    def put(self, key: str, kept: Kept) -> None:
        """Keeps an answer."""
        self._write("INSERT OR REPLACE INTO answer VALUES(?,?,?,?)", (key, *kept))

    def ability(self, key: str) -> dict[str, object]:
        """What was found out about a server; empty for nothing."""
        row = self._one("SELECT ability FROM server WHERE key=?", key)
        if row is None:
            return {}
        try:
            value = json.loads(row[0])
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def remember(self, key: str, ability: dict[str, object]) -> None:
        """Remembers what a server can do."""
        packed = json.dumps(ability, sort_keys=True)
        self._write("INSERT OR REPLACE INTO server VALUES(?,?)", (key, packed))

    def _one(self, query: str, key: str) -> tuple[Any, ...] | None:
        try:
            database = self._open()
            return None if database is None else database.execute(query, (key,)).fetchone()
        except sqlite3.Error as error:
            self._failed(error)
            return None

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            database = self._open()
            if database is not None:
                with database:
                    database.execute(statement, values)
        except sqlite3.Error as error:
            self._failed(error)

    def _open(self) -> sqlite3.Connection | None:
        # A connection may cross neither threads nor a fork.
        owner = (os.getpid(), self.file)
        if getattr(self._local, "owner", None) == owner:
            return self._local.database  # type: ignore[no-any-return]
        database = None
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self.file, timeout=_BUSY_SECONDS)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            self._failed(error)
            database = None
        self._local.owner, self._local.database = owner, database
        return database

    def _failed(self, error: Exception) -> None:
        self.problem = f"The cache of model answers {self.file} cannot be used: {error}."

    def close(self) -> None:
        """Closes the connection of this thread."""
        database = getattr(self._local, "database", None)
        if database is not None:
            database.close()
        self._local.owner = self._local.database = None
