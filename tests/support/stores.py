"""Where the sample apps' databases come from: each test, and each side of a comparison, has one of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

from sqlalchemy import update
from werkzeug.security import generate_password_hash

from new_fastapi.database import open_engine
from new_fastapi.models import User
from new_fastapi.seed import PASSWORD, prepare
from tests.support.postgresql import Cluster

QUICK_HASH = generate_password_hash(PASSWORD, method="scrypt:256:8:1")
"""The hash of everybody's password: checked in a hundredth of the time that the samples' own takes."""


class Store(Protocol):
    """Makes databases and removes them."""

    def new_database(self, *, seeded: bool = True) -> AbstractContextManager[str]:
        """The URL of a database that nobody else has; it is gone when the context ends."""


class SqliteStore:
    """A database is a file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._template = directory / "template.sqlite3"
        seed(f"sqlite:///{self._template}")

    @contextmanager
    def new_database(self, *, seeded: bool = True) -> Iterator[str]:
        with tempfile.TemporaryDirectory(dir=self._directory) as directory:
            path = Path(directory, "depot.sqlite3")
            if seeded:
                shutil.copy(self._template, path)
            yield f"sqlite:///{path}"


class PostgresqlStore:
    """A database is a copy of a template, in a cluster that only this test run knows."""

    TEMPLATE = "depot"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._numbers = count(1)
        cluster.create_database(self.TEMPLATE)
        seed(cluster.url(self.TEMPLATE))

    @contextmanager
    def new_database(self, *, seeded: bool = True) -> Iterator[str]:
        name = f"{self.TEMPLATE}_{next(self._numbers)}"
        self._cluster.create_database(name, template=self.TEMPLATE if seeded else "template0")
        try:
            yield self._cluster.url(name)
        finally:
            self._cluster.drop_database(name)


def seed(url: str) -> None:
    """Fill a database as a first start does, but for the hashes; nothing holds it afterwards."""
    engine = open_engine(url, pool_size=1)
    prepare(engine)
    with engine.begin() as connection:
        connection.execute(update(User).values(password_hash=QUICK_HASH))
    engine.dispose()
