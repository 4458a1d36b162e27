"""Which servers take the gateway for what it is, and what one that speaks WSGI gets."""

from __future__ import annotations

import asyncio
import inspect
import logging
from pathlib import Path

import pytest
import uvicorn
from werkzeug.test import Client

from gateway import Gateway
from gateway.serving import asgi_only
from gateway.serving.asgi_only import ADVICE
from tests.support.gateway_apps import ask as ask_app
from tests.support.gateway_apps import flask_side, running
from tests.support.servers import ROOT, ask, raw, request, serve


@pytest.fixture
def gateway() -> Gateway:
    return Gateway.of_apps(legacy=flask_side("GET /a"))


def test_servers_that_look_find_a_coroutine_function(gateway: Gateway) -> None:
    async def look_while_it_runs() -> None:
        async with running(gateway):
            assert inspect.iscoroutinefunction(gateway.__call__)

    assert callable(gateway)
    assert inspect.iscoroutinefunction(gateway.__call__)
    assert asyncio.iscoroutinefunction(gateway.__call__)
    config = uvicorn.Config(gateway)
    config.load()
    assert config.interface == "asgi3"
    asyncio.run(look_while_it_runs())


def test_an_asgi_server_calls_it_by_names_too(gateway: Gateway) -> None:
    assert (
        ask_app(lambda scope, receive, send: gateway(scope=scope, receive=receive, send=send), "GET", "/a").body
        == b"legacy"
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_wsgi_server_gets_one_sentence(gateway: Gateway, method: str) -> None:
    answer = Client(gateway).open("/a", method=method)
    assert (answer.status_code, answer.text) == (500, "" if method == "HEAD" else f"{ADVICE}\n")


def test_the_sentence_is_logged_once(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    asgi_only.log_advice.cache_clear()
    with caplog.at_level(logging.ERROR, "gateway"):
        for _ in range(3):
            Client(gateway).get("/a")
    assert [record.getMessage() for record in caplog.records] == [ADVICE]


# --- real servers ---


@pytest.fixture
def app_directory(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text('[gateway]\nlegacy = "tests.support.gateway_apps:legacy"\n')
    (tmp_path / "asgi.py").write_text('from gateway import create_app\n\napp = create_app("map.toml")\n')
    return tmp_path


@pytest.mark.process
def test_gunicorn_with_its_own_worker_is_told(app_directory: Path) -> None:
    env = {"PYTHONPATH": f"{ROOT}"}
    with serve("gunicorn", "asgi:app", "-k", "sync", env=env, cwd=app_directory) as server:
        for target in ("/_gateway/ready", "/items/"):
            answer = ask(server, request(target))
            assert (answer.status, answer.body.decode()) == (500, f"{ADVICE}\n")
        assert raw(server, request("/"))
    assert server.log().count(ADVICE) == 1
    assert "Traceback" not in server.log()


@pytest.mark.process
def test_gunicorn_with_the_worker_that_is_advised_serves(app_directory: Path) -> None:
    worker = "uvicorn.workers.UvicornWorker"
    assert worker in ADVICE
    with serve("gunicorn", "asgi:app", "-k", worker, cwd=app_directory) as server:
        assert ask(server, request("/_gateway/ready")).status == 200
        assert ask(server, request("/items/")).body.decode() == "all items, <b>é</b>"
