"""Database drivers and libraries that connect below Python, where no audit hook sees them: watched, or not imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import URL, Engine, event

from .databases import server_of

UNSEEN = frozenset(
    # Their connections are made in C.
    {"MySQLdb", "confluent_kafka", "cx_Oracle", "grpc", "ibm_db", "oracledb", "psycopg", "psycopg2", "pycurl"}
    | {"pymssql", "pyodbc", "uvloop"}
    # They may ask the side's own server for another database.
    | {"adbc_driver_postgresql", "pg8000", "postgresql.driver", "psqlpy", "psycopg2cffi"}
    # They are SQLite beside the module that is watched.
    | {"apsw", "pysqlite3", "sqlcipher3"}
)
"""Packages whose connections cannot be watched, unless they are there before the app is."""
Check = Callable[[str, Mapping[str, Any]], None]
"""Refuses a text of libpq's (conninfo or DSN) with arguments beside it that names another database."""
_NAMED = ("host", "hostaddr", "port", "dbname", "user")
"""Arguments of psycopg that say where it connects to."""


def same_database(url: URL, given: Mapping[str, Any]) -> bool:
    """Tell whether a driver's arguments name the database of `url`, on its server."""
    host, port = server_of(url)
    return (_database(given), given.get("host") or given.get("hostaddr"), str(given.get("port") or port)) == (
        url.database,
        host,
        port,
    )


def watch_drivers(url: URL, refuse: Callable[[str], None]) -> None:
    """Refuse other databases than the side's own: to every engine of SQLAlchemy, and, as far as they are installed,
    where drivers of PostgreSQL connect by themselves."""

    @event.listens_for(Engine, "do_connect")
    def connecting(dialect: Any, _record: Any, _cargs: Any, cparams: dict[str, Any]) -> None:
        if dialect.name != "sqlite" and not same_database(url, cparams):  # sqlite3 is watched by its audit event
            refuse(_format_url(dialect.name, cparams))

    if url.get_backend_name() != "postgresql":
        return
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    def check(conninfo: str, given: Mapping[str, Any]) -> None:
        named = conninfo_to_dict(conninfo, **{name: value for name, value in given.items() if name in _NAMED})
        if not same_database(url, named):
            refuse(_format_url("postgresql", named))

    for kind in (psycopg.Connection, psycopg.AsyncConnection):
        _watch_psycopg(kind, check)
    psycopg.connect = psycopg.Connection.connect
    _watch_libpq(check)
    with suppress(ImportError):
        _watch_psycopg2(check)
    with suppress(ImportError):
        _watch_asyncpg(url, refuse)


def _watch_libpq(check: Check) -> None:
    """Watch the class below psycopg's connections, which may be asked directly; written in C, it takes no attribute."""
    from psycopg import pq

    unwatched: Any = pq.PGconn

    class PGconn(unwatched):  # type: ignore[misc]
        """A connection of libpq."""

        @classmethod
        def connect(cls, conninfo: bytes) -> Any:
            check(conninfo.decode(), {})
            return unwatched.connect(conninfo)

        @classmethod
        def connect_start(cls, conninfo: bytes) -> Any:
            check(conninfo.decode(), {})
            return unwatched.connect_start(conninfo)

    for module in (pq, sys.modules[unwatched.__module__]):
        module.PGconn = PGconn  # type: ignore[attr-defined]


def _watch_psycopg2(check: Check) -> None:
    import psycopg2.extensions  # type: ignore[import-untyped,unused-ignore]

    connect = psycopg2.connect

    class Connection(psycopg2.extensions.connection):  # type: ignore[misc]
        """Stands for psycopg2's class of connections, of which apps make some, or derive their own."""

        def __init__(self, dsn: str, *args: Any, **given: Any) -> None:
            check(dsn, {})
            super().__init__(dsn, *args, **given)

    @wraps(connect)
    def connected(dsn: str | None = None, connection_factory: Any = None, *args: Any, **given: Any) -> Any:
        check(dsn or "", {**given, "dbname": given.get("dbname") or given.get("database")})
        return connect(dsn, connection_factory or Connection, *args, **given)

    psycopg2.connect = connected
    psycopg2.extensions.connection = Connection


def _watch_psycopg(kind: Any, check: Check) -> None:
    connect = kind.connect.__func__

    @wraps(connect)
    def connected(cls: Any, conninfo: str = "", **given: Any) -> Any:
        check(conninfo, given)
        return connect(cls, conninfo, **given)

    kind.connect = classmethod(connected)  # type: ignore[arg-type]


def _watch_asyncpg(url: URL, refuse: Callable[[str], None]) -> None:
    """Watch the database's name, pools too: another server is refused where the socket connects."""
    import asyncpg  # type: ignore[import-not-found,import-untyped,unused-ignore]

    connect = asyncpg.connection.connect

    @wraps(connect)
    async def connected(dsn: str | None = None, **given: Any) -> Any:
        database = given.get("database")
        if database is None:
            database = unquote(urlsplit(dsn or "").path.removeprefix("/"))
        if database != url.database:
            refuse(_format_url("postgresql", {**given, "database": database}))
        return await connect(dsn, **given)

    asyncpg.connect = asyncpg.connection.connect = connected


def _database(given: Mapping[str, Any]) -> Any:
    return next((given[name] for name in ("dbname", "database", "db") if given.get(name)), None)


def _format_url(name: str, given: Mapping[str, Any]) -> str:
    return f"{name}://{given.get('host') or ''}/{_database(given) or ''}"
