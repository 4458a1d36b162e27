"""What a request does besides answering: probes on SQLAlchemy, sqlite3 and logging, set before the app is imported."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from .statements import shape_of

HARMLESS = ("SELECT", "PRAGMA", "COMMIT", "ROLLBACK", "--")


class Probes:
    """Everything that was seen since the last `clear`."""

    def __init__(self, on_sqlite: Callable[[sqlite3.Connection], None]) -> None:
        """`on_sqlite` is called with each SQLite connection that the app opens, however it does."""
        self._on_sqlite = on_sqlite
        self.statements: list[str] = []
        self.errors: list[str] = []
        self._engines: WeakSet[Engine] = WeakSet()
        self.may_lock = False
        """Whether a statement may have locked the database; only who has looked forgets it."""
        self.taken: set[int] = set()
        """Pooled connections that are out, by their record."""

    def clear(self) -> None:
        self.statements.clear()
        self.errors.clear()
        self.taken.clear()

    def release(self) -> bool:
        """Have every engine give up the connections that it does not use; whether they are closed already."""
        engines = tuple(self._engines)
        for engine in engines:
            engine.dispose(close=not engine.dialect.is_async)  # an async driver's wait for the event loop
        return not any(engine.dialect.is_async for engine in engines)

    def install(self) -> None:
        self._watch_engines()
        self._watch_pools()
        self._watch_sqlite()
        self._watch_logs()

    def _watch_engines(self) -> None:
        @event.listens_for(Engine, "before_cursor_execute")
        def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            self._note(statement)

        event.listen(Engine, "engine_connect", lambda connection: self._engines.add(connection.engine))

    def _note(self, statement: str) -> None:
        shape = shape_of(statement)
        if shape is not None:
            self.statements.append(shape)
        self.may_lock = self.may_lock or not (shape or statement.upper()).startswith(HARMLESS)

    def _watch_pools(self) -> None:
        @event.listens_for(Pool, "connect")
        def connected(connection: Any, record: Any) -> None:
            raw = getattr(record.driver_connection, "_conn", connection)  # aiosqlite's
            if isinstance(raw, sqlite3.Connection):
                raw.set_trace_callback(None)  # the engine tells its statements

        event.listen(Pool, "checkout", lambda _connection, record, _fairy: self.taken.add(id(record)))
        for name in ("checkin", "invalidate", "close", "detach"):
            event.listen(Pool, name, self._given_back(name))

    def _given_back(self, name: str) -> Callable[..., None]:
        if name == "invalidate":
            return lambda _connection, record, _exception: self.taken.discard(id(record))
        return lambda _connection, record: self.taken.discard(id(record))

    def _watch_sqlite(self) -> None:
        connect = sqlite3.connect

        @wraps(connect)
        def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **kwargs)
            self._on_sqlite(connection)
            connection.set_trace_callback(self._note)
            return connection

        sqlite3.connect = sqlite3.dbapi2.connect = connected  # type: ignore[assignment]

    def _watch_logs(self) -> None:
        call = logging.Logger.callHandlers

        def called(logger: logging.Logger, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                self.errors.append(f"{record.name}: {record.getMessage()}")
            call(logger, record)

        logging.Logger.callHandlers = called  # type: ignore[method-assign,assignment]  # also what does not reach the root
