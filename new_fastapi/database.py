"""The one place that knows how the database is opened. It imports SQLAlchemy only: both sides use it."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

SQLITE_PATIENCE = 30.0  # seconds that a connection waits for another process's lock

# What lets one transaction in at a time, to its end.
LOCKS = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(20240102)"}


def open_engine(url: str, *, pool_size: int) -> Engine:
    """An engine that holds at most `pool_size` connections; a thread that wants one more waits for it."""
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    return engine


@contextmanager
def exclusive(engine: Engine) -> Iterator[Connection]:
    """A transaction in which no other caller of this function is at the same time, in whatever process."""
    with engine.begin() as connection:
        connection.exec_driver_sql(LOCKS[engine.dialect.name])
        yield connection


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
