"""How the sample apps start: of what parts, from which settings, without the other's framework, within the pool."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.to_thread import current_default_thread_limiter
from fastapi.routing import iter_route_contexts
from flask import Flask
from sqlalchemy import make_url
from starlette.testclient import TestClient

from legacy_flask import create_app as create_legacy
from new_fastapi import create_app as create_new
from new_fastapi.settings import DEVELOPMENT_DATABASE_URL, DEVELOPMENT_SECRET_KEY, Settings
from tests.support.depot import SECRET_KEY
from tests.support.stores import Store

RULES = {
    "GET /",
    "GET /dashboard",
    "GET /employees",
    "GET /employees/<int:employee_id>",
    "GET /events",
    "GET /feedback",
    "GET /hello",
    "GET /me",
    "GET /products",
    "GET /products/<int:product_id>",
    "GET /report.csv",
    "GET /routes/<int:route_id>",
    "GET /static/<path:filename>",
    "GET /stops/<int:stop_id>",
    "GET /todos",
    "GET /todos/<int:todo_id>",
    "GET /trips/<int:trip_id>/stops",
    "GET /token/me",
    "GET /uploads/<path:filename>",
    "GET /users/",
    "GET /users/<int:user_id>",
    "GET /whoami",
    "POST /feedback",
    "POST /login",
    "POST /logout",
    "POST /todos",
    "POST /token",
    "POST /uploads/<path:filename>",
    "POST /users",
    "PUT /todos/<int:todo_id>",
    "DELETE /todos/<int:todo_id>",
}
PATHS = {
    "/": {"GET"},
    "/dashboard": {"GET"},
    "/employees": {"GET"},
    "/employees/{employee_id}": {"GET"},
    "/events": {"GET"},
    "/hello": {"GET"},
    "/products": {"GET"},
    "/products/{product_id}": {"GET"},
    "/report.csv": {"GET"},
    "/routes/{route_id}": {"GET"},
    "/stops/{stop_id}": {"GET"},
    "/todos": {"GET", "POST"},
    "/todos/{todo_id}": {"GET", "PUT", "DELETE"},
    "/token": {"POST"},
    "/token/me": {"GET"},
    "/trips/{trip_id}/stops": {"GET"},
    "/uploads/{filename}": {"GET", "POST"},
    "/users": {"POST"},
    "/users/": {"GET"},
    "/users/{user_id}": {"GET"},
    "/whoami": {"GET"},
}


@contextmanager
def make_app(url: str | None = None, secret_key: str | None = SECRET_KEY) -> Iterator[Flask]:
    app = create_legacy(database_url=url, secret_key=secret_key)
    try:
        yield app
    finally:
        app.extensions["engine"].dispose()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with store.new_database() as url:
        yield url


@pytest.fixture
def flask_app(url: str) -> Iterator[Flask]:
    with make_app(url) as app:
        yield app


def test_the_rules_of_flask(flask_app: Flask) -> None:
    rules = {
        f"{method} {rule.rule}"
        for rule in flask_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/admin/")
    }
    assert rules == RULES


def test_the_routes_of_fastapi(url: str) -> None:
    app = create_new(database_url=url)
    with TestClient(app) as client:
        paths = client.get("/openapi.json").json()["paths"]
        assert [client.get(path).status_code for path in ("/docs", "/redoc")] == [200, 200]
    assert {path: {method.upper() for method in methods} for path, methods in paths.items()} == PATHS
    assert {"/admin", "/live", "/static"} <= {context.path for context in iter_route_contexts(app.routes)}


def test_settings_argument_then_environment_then_default() -> None:
    environ = {
        "DEPOT_DATABASE_URL": "sqlite:///e",
        "DEPOT_SECRET_KEY": "e",
        "DEPOT_POOL_SIZE": "3",
        "DEPOT_UPLOAD_DIR": "/e",
        "DEPOT_LOGIN_LIMIT": "5",
        "DEPOT_LIMIT_STORAGE": "redis://:secret@e",
    }
    chosen = Settings("sqlite:///e", "e", 3, Path("/e"), 5, "redis://:secret@e")
    assert Settings.parse(environ) == chosen
    assert Settings.parse(environ, database_url="sqlite:///a", secret_key="a", upload_dir="a") == replace(
        chosen, database_url="sqlite:///a", secret_key="a", upload_dir=Path("a").absolute()
    )
    assert Settings.parse({}) == Settings(
        DEVELOPMENT_DATABASE_URL, DEVELOPMENT_SECRET_KEY, 10, Path("uploads").absolute(), 10, "memory://"
    )
    assert "secret" not in repr((Settings.parse({}), chosen))


def test_an_argument_beats_the_environment(url: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.new_database() as other_url:
        monkeypatch.setenv("DEPOT_DATABASE_URL", other_url)
        monkeypatch.setenv("DEPOT_SECRET_KEY", "from the environment")
        for arguments, secret_key, database_url in (
            ((url, "from the argument"), "from the argument", url),
            ((None, None), "from the environment", other_url),
        ):
            with make_app(*arguments) as app:
                assert app.secret_key == secret_key
                assert app.extensions["engine"].url.database == make_url(database_url).database


@pytest.mark.process
def test_importing_the_package_imports_no_framework() -> None:
    script = (
        "import sys\n"
        "from new_fastapi import admin_tables, limits, resources, seed, settings, tokens, uploads\n"
        "print(sorted({'fastapi', 'starlette', 'pydantic', 'flask'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("[]\n", "")


@pytest.mark.process
def test_it_runs_where_no_fastapi_is_installed(url: str) -> None:
    script = (
        "import sys\n"
        "for name in ('fastapi', 'starlette', 'pydantic', 'pydantic_core', 'sqladmin', 'uvicorn', 'a2wsgi'):\n"
        "    sys.modules[name] = None\n"
        "from legacy_flask import create_app\n"
        f"app = create_app(database_url={url!r})\n"
        "print([app.test_client().get(path).status_code for path in ('/', '/todos', '/routes/1')])\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("[200, 200, 200]\n", "")


@pytest.mark.process
def test_it_runs_where_no_flask_is_installed(url: str) -> None:
    script = (
        "import sys\n"
        "for name in ('flask', 'werkzeug', 'marshmallow', 'flask_cors', 'flask_wtf', 'flask_limiter', 'a2wsgi'):\n"
        "    sys.modules[name] = None\n"
        "from new_fastapi import create_app\n"
        "from starlette.testclient import TestClient\n"
        f"with TestClient(create_app(database_url={url!r})) as client:\n"
        "    print([client.get(path).status_code for path in ('/', '/todos', '/routes/1')])\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("[200, 200, 200]\n", "")


def test_a_later_start_leaves_the_data_alone(url: str) -> None:
    for status in (204, 404):
        with TestClient(create_new(database_url=url)) as client:
            assert client.delete("/todos/1").status_code == status


def test_two_apps_in_one_process_share_nothing(flask_app: Flask, store: Store) -> None:
    with store.new_database() as other_url, make_app(other_url) as other:
        one, two = flask_app.test_client(), other.test_client()
        one.delete("/todos/1")
        assert [client.get("/todos/1").status_code for client in (one, two)] == [404, 200]


def test_a_request_takes_a_connection_only_if_it_reads_and_gives_it_back(flask_app: Flask) -> None:
    client, pool = flask_app.test_client(), flask_app.extensions["engine"].pool
    client.get("/hello")
    assert (pool.checkedin(), pool.checkedout()) == (0, 0)
    client.get("/todos")
    assert (pool.checkedin(), pool.checkedout()) == (1, 0)


def test_more_requests_than_threads_share_one_connection(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPOT_POOL_SIZE", "1")

    def leave_two_threads() -> None:
        current_default_thread_limiter().total_tokens = 2

    with TestClient(create_new(database_url=url)) as client, ThreadPoolExecutor(20) as clients:
        client.portal.call(leave_two_threads)
        answers = clients.map(client.get, ["/todos/1"] * 100)
        assert [answer.status_code for answer in answers] == [200] * 100
