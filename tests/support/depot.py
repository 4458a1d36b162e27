"""Both sample apps, each behind the same client: what is asked of one can be asked of the other."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI
from flask import Flask
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Scope

from gateway import Gateway
from legacy_flask import create_app as create_legacy
from new_fastapi import create_app as create_new
from new_fastapi.database import open_engine
from new_fastapi.settings import Settings
from tests.support.gateway_apps import scope_of

SIDES = ("legacy", "new")
SECRET_KEY = "a key for tests, with its 32 bytes or more"
ADDRESS = "127.0.0.1"
ADA = {"id": 1, "name": "Ada Morgan", "email": "ada@example.com", "age": 36}


# Building an app takes longer than most tests do with it: a test that is done with one leaves it to the next, and one
# that fails does not.
_FREE_LEGACY: defaultdict[Settings, list[Flask]] = defaultdict(list)
_FREE_NEW: defaultdict[Settings, list[FastAPI]] = defaultdict(list)


@contextmanager
def lend_legacy(url: str, upload_dir: Path) -> Iterator[Flask]:
    """The Flask app on that database, which is prepared, with the environment's settings; nobody else has it."""
    settings, build = _settings(url, upload_dir)
    free = _FREE_LEGACY[build]
    app = free.pop() if free else create_legacy(database_url=url, secret_key=SECRET_KEY)
    app.config["UPLOAD_DIR"] = settings.upload_dir
    app.extensions["engine"].dispose()
    app.extensions["engine"] = open_engine(url, pool_size=settings.pool_size)
    if settings.limit_storage == "memory://":
        for limiter in app.extensions["limiter"]:
            limiter.reset()
    try:
        yield app
    finally:
        app.extensions["engine"].dispose()
    free.append(app)


@contextmanager
def lend_new(url: str, upload_dir: Path) -> Iterator[FastAPI]:
    """The FastAPI app on that database, with the environment's settings; nobody else has it."""
    settings, build = _settings(url, upload_dir)
    free = _FREE_NEW[build]
    app = free.pop() if free else create_new(database_url=url, secret_key=SECRET_KEY)
    app.state.settings = settings  # its lifespan opens what they name
    yield app
    free.append(app)


def _settings(url: str, upload_dir: Path) -> tuple[Settings, Settings]:
    """What a start has chosen, and that part which an app keeps from when it was built."""
    settings = Settings.parse(os.environ, database_url=url, secret_key=SECRET_KEY, upload_dir=upload_dir)
    return settings, replace(settings, database_url="", upload_dir=Path())


@contextmanager
def open_side(side: str, url: str, upload_dir: Path, *, address: str = ADDRESS) -> Iterator[TestClient]:
    """One app on that database, its client at that address. The Flask app answers as behind the gateway."""
    with lend_new(url, upload_dir) if side == "new" else lend_legacy(url, upload_dir) as app:
        served = app if side == "new" else Gateway.of_apps(legacy=app)
        with TestClient(served, raise_server_exceptions=False, client=(address, 50000)) as client:
            yield client


def send_pieces(
    client: TestClient,
    path: str,
    pieces: Iterable[bytes],
    *headers: str,
    cut: bool = False,
    on_answer: Callable[[], object] = lambda: None,
) -> int | None:
    """POSTs a body piece by piece, none of them before it is asked for, to its end or until the client leaves.

    Without a length among the headers it is chunked. `on_answer` is called when the last byte of the answer is there.
    Returns the status, if there was an answer.
    """
    if not any(header.startswith("Content-Length") for header in headers):
        headers = (*headers, "Transfer-Encoding: chunked")
    scope = scope_of("POST", path, *headers, client=(ADDRESS, 50000), state=dict(client.app_state))
    assert client.portal is not None
    return client.portal.call(_post, client.app, scope, _messages(pieces, cut=cut), on_answer)


def _messages(pieces: Iterable[bytes], *, cut: bool) -> Iterator[Message]:
    for piece in pieces:
        yield {"type": "http.request", "body": piece, "more_body": True}
    yield {"type": "http.disconnect"} if cut else {"type": "http.request", "body": b"", "more_body": False}


async def _post(app: ASGIApp, scope: Scope, messages: Iterator[Message], on_answer: Callable[[], object]) -> int | None:
    status: list[int] = []
    answered = asyncio.Event()

    async def receive() -> Message:
        for message in messages:
            return message
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
        elif not message.get("more_body"):
            on_answer()
            answered.set()

    await app(scope, receive, send)
    return status[0] if status else None
