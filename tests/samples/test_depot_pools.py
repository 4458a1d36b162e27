"""Under load, each side of one gateway process holds as many connections to PostgreSQL as its pool has, and no more."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support.servers import PATIENCE_SECONDS, serve_gateway

pytestmark = [pytest.mark.long, pytest.mark.process]

POOL_SIZE = 3
CLIENTS = 30
LIMITS = httpx.Limits(max_connections=CLIENTS)
PATHS = {
    "legacy": ("/dashboard", "/employees", "/stops/1"),
    "new": ("/todos", "/products", "/routes/1"),
}
MAP = """
[gateway]
legacy = "sides:legacy"
new = "sides:new"
served_by_header = true

[routes]
"GET /todos" = "new"
"GET /products" = "new"
"GET /routes/<int:route_id>" = "new"
"""
# Each side's connections say whose they are.
SIDES = """
import os
import legacy_flask, new_fastapi

def legacy():
    return legacy_flask.create_app(database_url=os.environ["DEPOT_DATABASE_URL"] + "&application_name=legacy")

def new():
    return new_fastapi.create_app(database_url=os.environ["DEPOT_DATABASE_URL"] + "&application_name=new")
"""
OPEN = "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@contextmanager
def most_connections(url: str) -> Iterator[Counter[str]]:
    """The most connections that each application name has had at one moment, asked again and again."""
    most: Counter[str] = Counter()
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(0.002):
                most |= Counter(name for (name,) in connection.execute(OPEN))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def test_each_side_keeps_to_its_pool(postgresql_url: str, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "sides.py").write_text(SIDES)
    env = {"DEPOT_DATABASE_URL": postgresql_url, "DEPOT_POOL_SIZE": str(POOL_SIZE)}
    with (
        serve_gateway(tmp_path / "map.toml", env=env) as server,
        most_connections(postgresql_url) as most,
        httpx.Client(
            base_url=server.url, timeout=PATIENCE_SECONDS, limits=httpx.Limits(max_connections=CLIENTS)
        ) as client,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        answers = list(clients.map(client.get, 50 * [path for paths in PATHS.values() for path in paths]))
    served = {(answer.status_code, answer.headers["x-served-by"], answer.url.path) for answer in answers}
    assert served == {(200, side, path) for side, paths in PATHS.items() for path in paths}
    assert most == dict.fromkeys(PATHS, POOL_SIZE)
