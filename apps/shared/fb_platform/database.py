"""One small way to run SQL on SQLite or PostgreSQL.

SQL is written once: named parameters as `:name`, and `/* skip locked */` where PostgreSQL needs it. An
object-relational layer would triple the time a pod needs to start (0.7 s for the import alone), for a dozen
statements.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from fb_platform.settings import SettingError, rooted

Row = tuple[Any, ...]
BUSY = 10.0  # seconds that a statement waits for SQLite's write lock


class Database:
    """Runs single statements, each its own transaction, on one connection per thread."""

    def __init__(self, url: str) -> None:
        """`sqlite:////absolute/path`, `sqlite:///relative/path` or `postgresql://user:password@host/name`."""
        scheme = urlsplit(url).scheme
        if scheme not in ("sqlite", "postgres", "postgresql"):
            raise SettingError("DATABASE_URL must begin with sqlite: or postgresql:")
        self.is_sqlite = scheme == "sqlite"
        self.url = url
        self.local = threading.local()

    def run(self, sql: str, **parameters: Any) -> list[Row]:
        """The rows that the statement returns. A connection that was lost is opened again, once.

        A statement may therefore run twice: each one must be written so that this changes nothing.
        """
        connection = getattr(self.local, "connection", None)
        if connection is not None:
            try:
                return self._run(connection, sql, parameters)
            except Exception:
                lost = getattr(connection, "broken", False)  # psycopg's word for "the server is gone"
                self.close()
                if not lost:
                    raise
        self.local.connection = self._connect()
        return self._run(self.local.connection, sql, parameters)

    def close(self) -> None:
        """Close this thread's connection; the next statement opens another."""
        connection = self.local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def create(self, statements: Sequence[str]) -> None:
        """Run `create ... if not exists` statements; on PostgreSQL, where they race, one by one."""
        if not self.is_sqlite:
            self.run("select pg_advisory_lock(74123)")
        for statement in statements:
            self.run(statement)
        if not self.is_sqlite:
            self.run("select pg_advisory_unlock(74123)")

    def _run(self, connection: Any, sql: str, parameters: dict[str, Any]) -> list[Row]:
        if not self.is_sqlite:
            sql = sql.replace("/* skip locked */", "for update skip locked")
            sql = re.sub(r":([a-z_]+)", r"%(\1)s", sql)
        cursor = connection.execute(sql, parameters)
        try:
            return cast(list[Row], cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()

    def _connect(self) -> Any:
        if self.is_sqlite:
            path = self._path()
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
            _write_ahead(connection)
            connection.execute("pragma synchronous = full")  # an accepted submission survives a power cut
            return connection
        import psycopg  # costs 0.4 s, only where it is used

        # of a database without an encoding (SQL_ASCII) text would come as bytes
        return psycopg.connect(self.url, autocommit=True, connect_timeout=5, client_encoding="utf8")

    def _path(self) -> Path:
        path = self.url.removeprefix("sqlite:///")
        return rooted(path) if path.startswith("/") else Path(path)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have SQLite write ahead, which the first connection to a new file decides for all.

    The others meet its lock meanwhile, and for this one statement SQLite answers "busy" at once, whatever its
    timeout (https://sqlite.org/c3ref/busy_handler.html): the waiting is done here, for as long.
    """
    until = time.monotonic() + BUSY
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


class Tables:
    """What an app keeps in a database: a subclass names its tables and adds the statements on them.

    Safe for several threads and processes. schema: `create ... if not exists` statements, in their order.
    """

    schema: ClassVar[Sequence[str]] = ()

    def __init__(self, database: Database) -> None:
        self.database = database
        self.prepared = False

    def prepare(self) -> None:
        """Create the tables, the first time; raises what the driver says if the database does not answer."""
        if not self.prepared:
            self.database.create(self.schema)
            self.prepared = True
