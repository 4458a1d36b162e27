"""Where every side's database and directory come from. The real database is read once and never opened for writing."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from sqlalchemy import make_url

from ...errors import ReplayError
from .database_state import database_name, is_sqlite, with_database
from .sqlite_state import save

NEW = "sqlite:///database.sqlite3"
_WAL = b"\x02\x02"
"""Bytes 18 and 19 of a database whose changes wait in a file beside it."""


def has_idle_journal(path: Path) -> bool:
    """Tell whether nobody has a SQLite file open whose changes wait beside it: to open it would make files there."""
    with path.open("rb") as file:
        is_wal = file.read(20)[18:] == _WAL
    return is_wal and not path.with_name(f"{path.name}-shm").exists()


def real_file(url: str, root: Path) -> Path:
    """Return the path of a SQLite URL; a relative one starts at the map's directory."""
    return root / database_name(url)


class SqliteIsolation:
    """Databases for one run: files below its directory, which goes as a whole."""

    def __init__(self, url: str, real: Path | None, directory: Path) -> None:
        """Copy the `real` file aside; `baseline` is what all sides start from, once a first side has made it."""
        self._url = url
        self._directory = directory
        self._raw = directory / "raw.sqlite3"
        self.baseline = with_database(url, str(directory / "baseline.sqlite3"))
        if real is not None:
            copy_real(real, self._raw)

    def new_database(self, name: str, *, is_first: bool) -> str:
        """Return the URL of a side's own database: a copy of the real one for the first side, else of the baseline."""
        own = self._directory / name / "database"
        own.mkdir(parents=True)
        path = own / "database.sqlite3"
        source = self._raw if is_first else Path(database_name(self.baseline))
        if source.exists():
            shutil.copyfile(source, path)
        else:
            path.touch()
        return with_database(self._url, str(path))

    def close(self) -> None:
        """Do nothing: the files go with their directory."""


class PostgresqlIsolation:
    """Databases for one run: beside the real one, named after the run."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._prefix = f"gateway_parity_{token_hex(6)}"
        self._names = [f"{self._prefix}_baseline"]
        self.baseline = with_database(url, self._names[0])

    def new_database(self, name: str, *, is_first: bool) -> str:
        """Return the URL of a side's own database, as `SqliteIsolation` does. Raises ReplayError."""
        import psycopg

        from . import postgresql_state as server

        own = f"{self._prefix}_{name}".replace("-", "_")
        template = database_name(self._url if is_first else self.baseline)
        try:
            with server.maintaining(make_url(self._url)) as connection:
                self._names.append(own)
                server.remake(connection, own, template)
        except psycopg.Error as error:
            name, text = make_url(self._url).render_as_string(), str(error).strip().replace("\n", " ")
            raise ReplayError(f'[parity] database: "{name}" cannot be copied: {text}') from error
        return with_database(self._url, own)

    def close(self) -> None:
        """Drop every database."""
        import psycopg

        from . import postgresql_state as server

        with suppress(psycopg.OperationalError), server.maintaining(make_url(self._url)) as connection:
            for name in self._names:
                server.drop(connection, name)


def open_isolation(url: str | None, root: Path, directory: Path) -> SqliteIsolation | PostgresqlIsolation:
    """Return the isolation for the settings' `database`; `directory` holds what it makes. Raises ReplayError."""
    if url is None or is_sqlite(url):
        return SqliteIsolation(url or NEW, None if url is None else real_file(url, root), directory)
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return PostgresqlIsolation(url)
    name = parsed.render_as_string()  # without its password
    raise ReplayError(f'[parity] database: "{name}" is neither SQLite nor PostgreSQL; a run cannot copy it')


def copy_real(real: Path, target: Path) -> None:
    """Copy a database file as it is now, also while a service writes to it. Raises ReplayError where there is none."""
    if not real.is_file():
        raise ReplayError(f'no database "{real}"; [parity] database names the one that a parity run copies')
    beside = real.with_name(real.name + "-wal")
    if has_idle_journal(real):
        shutil.copyfile(real, target)
        if beside.exists():
            shutil.copyfile(beside, target.with_name(target.name + "-wal"))
        whole = target.with_name("whole.sqlite3")
        save(str(target), str(whole))
        whole.replace(target)
    else:
        save(str(real), str(target))
