"""One count of attempts for both sides: the keys and storages are those of the library below Flask-Limiter.

Imports `limits` and SQLAlchemy only. A storage in memory is each app's own, also where both run in one process.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from limits import WindowStats
from limits.storage import Storage
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from new_fastapi.models import LimitCount

INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

Begin = Callable[[], AbstractContextManager[Connection]]


def storage_options(uri: str, begin: Begin) -> dict[str, Any]:
    """What `limits` passes on to the storage of the URI: to ours, a way to begin a transaction."""
    return {"begin": begin} if uri.startswith("database:") else {}


def retry_after(window: WindowStats) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil(window.reset_time - time.time())))}


class DatabaseStorage(Storage):
    """Counts in Depot's own database, for all processes and both sides."""

    STORAGE_SCHEME: ClassVar = ["database"]
    base_exceptions = SQLAlchemyError

    def __init__(self, uri: str, *, begin: Begin, **options: Any) -> None:
        super().__init__(uri, **options)
        self._begin = begin

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        with self._begin() as connection:
            connection.execute(delete(LimitCount).where(LimitCount.expires_at <= now))
            insert = INSERT[connection.dialect.name](LimitCount)
            one_more = {"hits": LimitCount.hits + insert.excluded.hits}
            statement = (
                insert.values(key=key, hits=amount, expires_at=now + expiry)
                .on_conflict_do_update(index_elements=[LimitCount.key], set_=one_more)
                .returning(LimitCount.hits)
            )
            return connection.execute(statement).scalar_one()

    def get(self, key: str) -> int:
        return self._read(LimitCount.hits, key) or 0

    def get_expiry(self, key: str) -> float:
        return self._read(LimitCount.expires_at, key) or time.time()

    def check(self) -> bool:
        with self._begin() as connection:
            return connection.scalar(select(1)) == 1

    def reset(self) -> int:
        with self._begin() as connection:
            return connection.execute(delete(LimitCount)).rowcount

    def clear(self, key: str) -> None:
        with self._begin() as connection:
            connection.execute(delete(LimitCount).where(LimitCount.key == key))

    def _read(self, column: Any, key: str) -> Any:
        query = select(column).where(LimitCount.key == key, LimitCount.expires_at > time.time())
        with self._begin() as connection:
            return connection.scalar(query)
