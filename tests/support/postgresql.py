"""A PostgreSQL cluster for one test run: in a directory of its own, on a Unix socket, stopped by its own pg_ctl."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

SUPERUSER = "postgres"
DEBIAN = Path("/usr/lib/postgresql")  # a directory for each version, none of them on the PATH
# Nothing here outlives the run, so nothing has to reach the disk.
SETTINGS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server, by the directory of its socket."""

    directory: Path

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self.directory}"

    def create_database(self, name: str, *, template: str = "template0") -> None:
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)

    def drop_database(self, name: str) -> None:
        """Also one that is still in use."""
        self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def programs() -> Path | None:
    """The directory of initdb and pg_ctl."""
    found = shutil.which("pg_ctl")
    if found is not None:
        return Path(found).parent
    versions = (path.parent for path in DEBIAN.glob("*/bin/pg_ctl"))
    return max(versions, key=lambda path: int(path.parent.name), default=None)


@contextmanager
def private_cluster(programs: Path) -> Iterator[Cluster]:
    # The path of a socket has at most 107 characters, and pytest's directories are long.
    with tempfile.TemporaryDirectory(prefix="depot-postgresql-") as name:
        directory = Path(name)
        if os.getuid() == 0:
            shutil.chown(directory, SUPERUSER)
        cluster, log = directory / "cluster", directory / "log"
        options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"unix_socket_directories={directory}"))
        pg_ctl = (programs / "pg_ctl", "-D", cluster, "-w")
        _run(directory, programs / "initdb", "-D", cluster, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C")
        _run(directory, *pg_ctl, "-l", log, "-o", options, "start")
        try:
            yield Cluster(directory)
        finally:
            _run(directory, *pg_ctl, "-m", "immediate", "stop")


def _run(directory: Path, *command: str | Path) -> None:
    """As the user that owns the cluster: PostgreSQL refuses to run as root."""
    as_owner = ("runuser", "-u", SUPERUSER, "--") if os.getuid() == 0 else ()
    done = subprocess.run(
        [*as_owner, *command], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
