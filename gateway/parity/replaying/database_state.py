"""A side's database, whatever keeps it: put back to the baseline before a case, asked what a request changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import make_url

from .sqlite_state import SqliteState

if TYPE_CHECKING:
    from .postgresql_state import PostgresqlState  # needs psycopg, which only some have

DatabaseState: TypeAlias = "SqliteState | PostgresqlState"


def open_state(database: str, baseline: str, release: Callable[[], bool]) -> DatabaseState:
    """Return the state of a database; what is there now becomes the baseline if there is none yet.

    `release` has the app give up idle connections, and tells whether they are closed.
    """
    if is_sqlite(database):
        return SqliteState(database_name(database), database_name(baseline))
    from .postgresql_state import PostgresqlState

    return PostgresqlState(database, baseline, release)


def is_sqlite(url: str) -> bool:
    """Tell whether a URL of SQLAlchemy names a SQLite database, whatever its driver."""
    return make_url(url).get_backend_name() == "sqlite"


def database_name(url: str) -> str:
    """Return the name of the database in a URL; of a SQLite URL that is its path."""
    return make_url(url).database or ""


def with_database(url: str, database: str) -> str:
    """Return the URL of another database by the same driver, on the same server."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def addresses_of(url: str) -> tuple[object, ...]:
    """Return where the driver of a URL connects to, as a socket is given it."""
    if is_sqlite(url):
        return ()
    parsed = make_url(url)
    host, port = str(parsed.query.get("host") or parsed.host or "localhost"), parsed.port or 5432
    if host.startswith("/"):
        return (f"{host}/.s.PGSQL.{port}",)
    return ((host, port), ("127.0.0.1", port), ("::1", port)) if host == "localhost" else ((host, port),)
