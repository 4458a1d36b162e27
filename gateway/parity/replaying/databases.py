"""What sides' databases of every kind share: what a URL says, and rows before and after, by their keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import URL, make_url

from ...comparing.observation import Row, RowChange

Rows = dict[tuple[str, ...], Row]
_ALIKE = "(rows alike)"
"""A column that a table without a key has besides its own: how many rows are equal."""


class LockedError(Exception):
    """The app holds what has to be put back: its process has to be started again."""


def rows_by_key(columns: Sequence[str], key: Sequence[str], found: Iterable[Iterable[str]]) -> Rows:
    """Return rows of a table by the values of its key.

    Without a key by all their values, which have one more behind them: how many rows are alike.
    """
    rows: Rows = {}
    for values in found:
        row = dict(zip(columns if key else (*columns, _ALIKE), values, strict=True))
        rows[tuple(row[column] for column in key or columns)] = tuple(row.items())
    return rows


def compare_rows(table: str, before: Rows, after: Rows) -> Iterator[RowChange]:
    """Yield each row that is not the same, in the order of the keys."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, ()), after.get(key, ())
        if old != new:
            kind = "inserted" if not old else "deleted" if not new else "updated"
            yield RowChange(table, kind, key, old, new)


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
    found: list[object] = []
    host, port = server_of(make_url(url))
    hosts, ports = str(host or "localhost").split(","), str(port).split(",")  # libpq takes several, tried in turn
    for number, name in enumerate(hosts):
        at = int(ports[number if len(ports) > 1 else 0])
        if name.startswith("/"):
            found.append(f"{name}/.s.PGSQL.{at}")
        else:
            found += [(name, at), *([("127.0.0.1", at), ("::1", at)] if name == "localhost" else [])]
    return tuple(found)


def server_of(url: URL) -> tuple[str | None, str]:
    """Return host, None for the driver's own choice, and port of a URL, which may stand in its query as well."""
    given = {"host": url.host, "port": url.port, **url.query}
    host = given.get("host") or given.get("hostaddr")
    return None if host is None else str(host), str(given.get("port") or 5432)
