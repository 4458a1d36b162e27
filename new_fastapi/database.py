"""The one place that knows how the database is opened. It imports SQLAlchemy only: both sides use it."""

import sqlite3
import time

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

SQLITE_PATIENCE = 30.0  # seconds that a connection waits for another process's lock


def open_engine(url: str, *, pool_size: int) -> Engine:
    """An engine that holds at most `pool_size` connections; a thread that wants one more waits for it."""
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute(f"PRAGMA busy_timeout = {SQLITE_PATIENCE * 1000:.0f}")
    connection.execute("PRAGMA foreign_keys = ON")
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Readers and a writer side by side; the file remembers it.

    The busy timeout does not cover this change, so starters of a new file wait for each other here.
    """
    deadline = time.monotonic() + SQLITE_PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
