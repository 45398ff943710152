"""The SQLite file that holds every object, written before a request is answered.

Write-ahead log with synchronous=NORMAL: what was answered survives kill -9 of the process. A power cut may
lose the last writes, never the file's consistency.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    version INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS latest (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL);
INSERT OR IGNORE INTO latest VALUES (1, 0);
"""


class StateError(Exception):
    """The state on disk cannot be used; the text is one sentence: what, where, and the way out."""


class DamagedDatabase(StateError):
    """The file is not a database, or not this one's. `path` can be given to `set_aside`."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The sandbox's database {path} is damaged ({why}); `python -m sandbox reset` starts afresh."
        )
        self.path = path


class DatabaseInUse(StateError):
    """Another process has it open: two servers on one state would contradict each other."""


def set_aside(path: Path) -> Path:
    """Renames a damaged database (and its log) to make way for an empty one; returns the new name."""
    kept = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
    path.rename(kept)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept


class Database:
    """One connection, held exclusively for the life of the server. Raises StateError when opened in vain."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise DatabaseInUse(
                    f"Another sandbox is using {path}; stop it with `python -m sandbox down`."
                ) from None
            raise DamagedDatabase(path, str(error)) from None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=0, check_same_thread=False)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, SCHEMA_VERSION):
                raise DamagedDatabase(
                    self.path, f"its format is {version}, this version knows {SCHEMA_VERSION}"
                )
            connection.executescript(
                f"BEGIN IMMEDIATE;{_SCHEMA};PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def load(self) -> Iterator[tuple[str, str, str, int, bytes]]:
        """Every object as (resource, namespace, name, version, JSON)."""
        try:
            yield from self._connection.execute(
                "SELECT resource, namespace, name, version, data FROM objects"
            )
        except sqlite3.DatabaseError as error:
            raise DamagedDatabase(self.path, str(error)) from None

    def version(self) -> int:
        """The highest resourceVersion that was ever written."""
        query = "SELECT max((SELECT version FROM latest), (SELECT coalesce(max(version), 0) FROM objects))"
        try:
            (version,) = self._connection.execute(query).fetchone()
        except sqlite3.DatabaseError as error:
            raise DamagedDatabase(self.path, str(error)) from None
        return int(version)

    def put(self, resource: str, namespace: str, name: str, version: int, data: bytes) -> None:
        """Writes one object. sqlite3.Error (a full disk, say) leaves everything as it was."""
        row = (resource, namespace, name, version, data)
        self._connection.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", row)

    def delete(self, resource: str, namespace: str, name: str, version: int) -> None:
        """Removes one object and remembers the version of its removal."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            where = (resource, namespace, name)
            connection.execute("DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?", where)
            connection.execute("UPDATE latest SET version = ?", (version,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Folds the log into the file and closes it."""
        self._connection.close()
