"""Both sample apps, each behind the same client: what is asked of one can be asked of the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Scope

from gateway import Gateway
from legacy_flask import create_app as create_legacy
from new_fastapi import create_app as create_new
from tests.support.gateway_apps import scope_of

SIDES = ("legacy", "new")
SECRET_KEY = "a key for tests, with its 32 bytes or more"
ADDRESS = "127.0.0.1"
ADA = {"id": 1, "name": "Ada Morgan", "email": "ada@example.com", "age": 36}


@contextmanager
def open_side(side: str, url: str, upload_dir: Path, *, address: str = ADDRESS) -> Iterator[TestClient]:
    """One app on that database, its client at that address. The Flask app answers as behind the gateway."""
    chosen = {"database_url": url, "secret_key": SECRET_KEY, "upload_dir": str(upload_dir)}
    if side == "new":
        with TestClient(create_new(**chosen), raise_server_exceptions=False, client=(address, 50000)) as client:
            yield client
        return
    app = create_legacy(**chosen)
    gateway = Gateway.of_apps(legacy=app)
    try:
        with TestClient(gateway, raise_server_exceptions=False, client=(address, 50000)) as client:
            yield client
    finally:
        app.extensions["engine"].dispose()


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
