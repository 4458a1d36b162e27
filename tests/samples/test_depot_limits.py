"""How often a password may be tried: on each side, on both together, and what counts it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import time_machine
from anyio.to_thread import current_default_thread_limiter
from limits.storage import MemoryStorage, storage_from_string
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from new_fastapi.database import open_engine
from new_fastapi.limits import storage_options
from new_fastapi.models import LimitCount
from new_fastapi.seed import PASSWORD
from tests.support.depot import ADA, ADDRESS, SIDES, open_side
from tests.support.stores import Store

LIMIT = 3
ATTEMPTS = {
    "POST /login": {"json": {"email": ADA["email"], "password": "wrong"}},
    "POST /token": {"data": {"username": ADA["email"], "password": "wrong"}},
    "POST /admin/login": {"data": {"username": ADA["email"], "password": "wrong"}},
}
ROUTES = [("legacy", "POST /login"), ("legacy", "POST /token"), ("new", "POST /token"), ("new", "POST /admin/login")]


@pytest.fixture(autouse=True)
def an_endless_minute() -> Iterator[None]:
    """The clock stands, so that on a slow machine too all attempts are made within the minute that is counted."""
    with time_machine.travel(time.time(), tick=False):
        yield


@pytest.fixture
def url(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("DEPOT_LOGIN_LIMIT", str(LIMIT))
    with store.new_database() as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url, pool_size=4)
    yield engine
    engine.dispose()


@pytest.fixture(params=["memory://", "database://"])
def storage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DEPOT_LIMIT_STORAGE", request.param)
    uri: str = request.param
    return uri


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPOT_LIMIT_STORAGE", "database://")


def attempt(client: TestClient, route: str = "POST /token") -> int:
    method, path = route.split()
    return client.request(method, path, **ATTEMPTS[route]).status_code


def leave_two_threads() -> None:
    current_default_thread_limiter().total_tokens = 2


@pytest.mark.parametrize(("side", "route"), ROUTES)
@pytest.mark.usefixtures("storage")
def test_one_attempt_too_many(side: str, route: str, url: str, tmp_path: Path) -> None:
    with open_side(side, url, tmp_path) as client:
        refused = [attempt(client, route) for _ in range(LIMIT)]
        assert set(refused) <= {400, 401}
        method, path = route.split()
        over = client.request(method, path, **ATTEMPTS[route])
        assert over.status_code == 429
        if route != "POST /admin/login":  # sqladmin answers with a page
            assert "too many attempts" in over.json().values()
            assert 0 < int(over.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.usefixtures("storage")
def test_the_right_password_does_not_help_then_and_other_pages_are_not_limited(
    side: str, url: str, tmp_path: Path
) -> None:
    with open_side(side, url, tmp_path) as client:
        for _ in range(LIMIT):
            attempt(client)
        assert client.post("/token", data={"username": ADA["email"], "password": PASSWORD}).status_code == 429
        assert {client.get("/hello").status_code for _ in range(LIMIT * 2)} == {200}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.usefixtures("storage")
def test_each_address_has_its_own_count(side: str, url: str, tmp_path: Path) -> None:
    for address in ("192.0.2.1", "2001:db8::1"):
        with open_side(side, url, tmp_path, address=address) as client:
            assert [attempt(client) for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]


def test_both_sides_count_together_where_both_can_reach_it(url: str, storage: str, tmp_path: Path) -> None:
    with open_side("legacy", url, tmp_path) as legacy, open_side("new", url, tmp_path) as new:
        assert [attempt(legacy), attempt(new), attempt(legacy)] == [401] * LIMIT
        later = [attempt(legacy), attempt(new)]
        # Memory is each app's own, also in one process.
        assert later == ([429, 429] if storage == "database://" else [401, 401])


@pytest.mark.usefixtures("shared")
def test_the_key_of_the_count(url: str, engine: Engine, tmp_path: Path) -> None:
    for side in SIDES:
        with open_side(side, url, tmp_path) as client:
            attempt(client)
    with Session(engine) as session:
        count = session.get_one(LimitCount, f"LIMITER/{ADDRESS}/token/{LIMIT}/1/minute")
    assert count.hits == 2
    assert 0 < count.expires_at - time.time() <= 60


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.usefixtures("shared")
def test_a_minute_later_the_count_begins_anew(side: str, url: str, engine: Engine, tmp_path: Path) -> None:
    with open_side(side, url, tmp_path) as client:
        assert [attempt(client) for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]
        with engine.begin() as connection:
            connection.execute(update(LimitCount).values(expires_at=time.time()))
        assert attempt(client) == 401


@pytest.mark.usefixtures("shared")
def test_attempts_at_the_same_moment_are_all_counted(url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(open_side(side, url, tmp_path)) for side in SIDES]
        threads = stack.enter_context(ThreadPoolExecutor(8))
        statuses = Counter(threads.map(attempt, clients * 10))
    assert statuses == {401: LIMIT, 429: 20 - LIMIT}


@pytest.mark.parametrize(("side", "route"), ROUTES)
@pytest.mark.usefixtures("shared")
def test_one_connection_is_enough(
    side: str, route: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPOT_POOL_SIZE", "1")
    monkeypatch.setenv("DEPOT_LOGIN_LIMIT", "15")
    with open_side(side, url, tmp_path) as client, ThreadPoolExecutor(10) as clients:
        if side == "legacy":  # from now on a request begins with reading its user
            client.post("/login", json={"email": ADA["email"], "password": PASSWORD})
        else:
            assert client.portal is not None
            client.portal.call(leave_two_threads)
        refused = 401 if route != "POST /admin/login" else 400
        assert set(clients.map(attempt, [client] * 20, [route] * 20)) == {refused, 429}


def test_the_database_counts_as_memory_does(engine: Engine) -> None:
    ours = storage_from_string("database://", **storage_options("database://", engine.begin))
    memory = MemoryStorage()
    keys, amounts = ("a", "b", "a/é"), (1, 1, 5)
    for counts in (ours, memory):
        assert counts.check()
        counts.reset()
    for key in (*keys, "a"):
        for amount in amounts:
            assert ours.incr(key, 60, amount) == memory.incr(key, 60, amount)
    for key in (*keys, "never"):
        assert ours.get(key) == memory.get(key)
        assert ours.get_expiry(key) == pytest.approx(memory.get_expiry(key), abs=5)
    for counts in (ours, memory):
        counts.clear("a")
        assert [counts.get(key) for key in keys] == [0, 7, 7]
    assert ours.reset() == 2
    assert [ours.get(key) for key in keys] == [0, 0, 0]
    assert [ours.incr("over at once", 0) for _ in range(2)] == [1, 1]
