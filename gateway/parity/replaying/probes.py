"""Watch what a request does besides answering: on SQLAlchemy, sqlite3 and logging, before the app is imported."""

from __future__ import annotations

import logging
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from ...comparing.observation import Observation
from .client import format_error
from .statements import shape_of

HARMLESS = ("SELECT", "PRAGMA", "COMMIT", "ROLLBACK", "--")
ATTACHING = ("ATTACH", "VACUUM")
"""Statements for which SQLite opens another file; a VACUUM that names none, too, for its work."""
ATTACH = "gateway.sqlite3.attach"
"""Name of our audit event for a statement that SQLite will refuse: SQLite raises none."""
FACTORY = 5
"""Position of the class among the arguments of `sqlite3.connect`."""


class Probes:
    """Collects what requests did besides answering, since the last `clear`."""

    def __init__(self, on_sqlite: Callable[[sqlite3.Connection], None] | None, own_file: Callable[[Any], Any]) -> None:
        """Call `on_sqlite`, if it is given, with each SQLite connection that the app opens, however it does.

        `own_file` takes what the app would open and returns what it opens instead.
        """
        self._on_sqlite = on_sqlite
        self._own_file = own_file
        self.statements: list[str] = []
        self.errors: list[str] = []
        self._engines: WeakSet[Engine] = WeakSet()
        self.may_lock = False
        """Whether a statement may have locked the database; whoever has looked resets it."""
        self.taken: set[int] = set()
        """Pooled connections that are out, by their record."""
        self.failure = ""
        """The last exception that was logged as an error."""
        self.refusals: list[dict[str, Any]] = []
        """Errors that FastAPI's validation has found."""
        self.by_view: bool | None = None
        """Whether a Flask app that was asked has called a view; None where none was asked, or none is watched."""

    def clear(self) -> None:
        """Forget what was seen."""
        self.statements.clear()
        self.errors.clear()
        self.taken.clear()
        self.failure = ""
        self.refusals.clear()
        self.by_view = None

    def seen_beside(self, observation: Observation) -> Observation:
        """Return what was observed, with what is only seen inside the process."""
        return replace(observation, failure=self.failure, refusals=tuple(self.refusals), by_view=self.by_view)

    def release(self) -> bool:
        """Have every engine give up the connections that it does not use; tell whether they are closed already."""
        engines = tuple(self._engines)
        for engine in engines:
            engine.dispose(close=not engine.dialect.is_async)  # an async driver's wait for the event loop
        return not any(engine.dialect.is_async for engine in engines)

    def install(self) -> None:
        """Set every probe, for good."""

        @event.listens_for(Engine, "before_cursor_execute")
        def executed(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            self._note(statement)
            if connection.dialect.name == "sqlite":
                _audit_attaching(statement)

        @event.listens_for(Pool, "connect")
        def connected(connection: Any, record: Any) -> None:
            _set_trace(connection, record, _audit_attaching)  # the app's own listeners come after this one

        @event.listens_for(Pool, "checkout")
        def checked_out(connection: Any, record: Any, _fairy: Any) -> None:
            _set_trace(connection, record, None)  # the engine's own event has its statements
            self.taken.add(id(record))

        event.listen(Engine, "engine_connect", lambda connection: self._engines.add(connection.engine))
        for name in ("checkin", "close", "detach"):
            event.listen(Pool, name, lambda _connection, record: self.taken.discard(id(record)))
        event.listen(Pool, "invalidate", lambda _connection, record, _exception: self.taken.discard(id(record)))
        self._watch_sqlite()
        call = logging.Logger.callHandlers

        def called(logger: logging.Logger, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                self.errors.append(f"{record.name}: {record.getMessage()}")
                if record.exc_info and record.exc_info[1] is not None:
                    self.failure = format_error(record.exc_info[1]).partition("\n")[0]
            call(logger, record)

        logging.Logger.callHandlers = called  # type: ignore[method-assign,assignment]  # also what does not reach the root

    def watch_views(self) -> None:
        """Note from now on whether Flask calls a view, in every Flask app of the process."""
        from flask import Flask, request  # a side of the other framework starts sooner without
        from werkzeug.routing import RequestRedirect

        dispatch, dispatch_with_hooks = Flask.dispatch_request, Flask.full_dispatch_request

        @wraps(dispatch)
        def dispatched(app: Flask, *args: Any) -> Any:
            self.by_view = self.by_view or request.routing_exception is None
            return dispatch(app, *args)

        @wraps(dispatch_with_hooks)
        def entered(app: Flask, *args: Any) -> Any:
            # A way to views of the app's own may be another one, and some rules have no view but redirect.
            is_plain = type(app).dispatch_request is dispatched and "dispatch_request" not in vars(app)
            redirects = isinstance(request.routing_exception, RequestRedirect) and any(
                map(_redirects, app.url_map.iter_rules())
            )
            if is_plain and not redirects:
                self.by_view = self.by_view or False
            return dispatch_with_hooks(app, *args)

        Flask.dispatch_request = dispatched  # type: ignore[method-assign,assignment]
        Flask.full_dispatch_request = entered  # type: ignore[method-assign,assignment]

    def watch_validation(self) -> None:
        """Note from now on what FastAPI's validation finds wrong, whatever the app makes of it."""
        from fastapi.exceptions import RequestValidationError

        make = RequestValidationError.__init__

        @wraps(make)
        def made(error: RequestValidationError, *args: Any, **kwargs: Any) -> None:
            make(error, *args, **kwargs)
            self.refusals += filter(None, map(refusal_of, error.errors()))

        RequestValidationError.__init__ = made  # type: ignore[method-assign,assignment]

    def _note(self, statement: str) -> None:
        shape = shape_of(statement)
        if shape is not None:
            self.statements.append(shape)
        self.may_lock = self.may_lock or not (shape or statement.upper()).startswith(HARMLESS)

    def _watch_sqlite(self) -> None:
        connect, on_sqlite, own_file = sqlite3.connect, self._on_sqlite, self._own_file

        def trace(statement: str) -> None:
            self._note(statement)
            _audit_attaching(statement)

        class Connection(sqlite3.Connection):
            """Watched also where the app makes one by its class, or derives its own class from it."""

            def __init__(self, database: Any, *args: Any, **kwargs: Any) -> None:
                super().__init__(own_file(database), *args, **kwargs)
                if on_sqlite is not None:
                    on_sqlite(self)
                self.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
                self.set_trace_callback(trace)

        @wraps(connect)
        def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            if len(args) <= FACTORY:
                kwargs.setdefault("factory", Connection)
            connection: sqlite3.Connection = connect(*args, **kwargs)
            return connection

        sqlite3.connect = sqlite3.dbapi2.connect = connected  # type: ignore[assignment]
        sqlite3.Connection = sqlite3.dbapi2.Connection = Connection  # type: ignore[misc]


def refusal_of(error: Any) -> dict[str, Any] | None:
    """Return of one error of a validation what tells its cause, be its input endless or no value of JSON.

    None for one that an app has made up without a type or a place.
    """
    loc = error.get("loc") if isinstance(error, dict) else None
    if not loc or "type" not in error or not all(isinstance(step, str | int) for step in loc):
        return None
    found: dict[str, Any] = {"type": str(error["type"]), "loc": list(loc)}
    if "input" in error:
        found["input"] = error["input"] if isinstance(error["input"], str) else None
    return found


def _redirects(rule: Any) -> bool:
    return rule.redirect_to is not None or rule.alias


def _set_trace(connection: Any, record: Any, trace: Callable[[str], None] | None) -> None:
    raw = getattr(record.driver_connection, "_conn", connection)  # aiosqlite's
    if isinstance(raw, sqlite3.Connection):
        raw.set_trace_callback(trace)


def _audit_attaching(statement: str) -> None:
    if (shape_of(statement) or "").startswith(ATTACHING):
        sys.audit(ATTACH, statement)
