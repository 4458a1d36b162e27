"""An answer passes through as it is; what the gateway may add to it is one header, and a whole Allow."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway import Gateway
from tests.support.gateway_apps import ask, fastapi_side, flask_side, gateway_of, nothing_more, scope_of

HEADER_ON = '[gateway]\nserved_by_header = true\n[routes]\n"GET /a" = "new"\n'
SHOUTED = [(b"X-Loud", b"1"), (b"Set-Cookie", b"a=1"), (b"Allow", b"PATCH,GET"), (b"Set-Cookie", b""), (b"x", b"")]


@pytest.mark.parametrize(("path", "side"), [("/a", "new"), ("/b", "legacy"), ("/unknown", "legacy")])
def test_served_by_names_the_side(path: str, side: str) -> None:
    gateway = gateway_of(HEADER_ON, flask_side("GET /b"), fastapi_side("GET /a"))
    reply = ask(gateway, "GET", path)
    assert (reply.all("x-served-by"), reply.all("x-side")) == ([side], [side])


def test_served_by_is_opt_in() -> None:
    gateway = gateway_of(HEADER_ON.replace("true", "false"), flask_side("GET /b"), fastapi_side("GET /a"))
    assert [ask(gateway, "GET", path).all("x-served-by") for path in ("/a", "/b")] == [[], []]


def test_served_by_of_a_canary_is_who_really_answered() -> None:
    new, old = (f'{{ mode = "canary", percent = {percent} }}' for percent in (100, 0))
    text = f'[gateway]\nserved_by_header = true\n[routes]\n"GET /c" = {new}\n"GET /d" = {old}\n'
    gateway = gateway_of(text, flask_side("GET /d"), fastapi_side("GET /c"))
    for path, side in (("/c", "new"), ("/d", "legacy")):
        reply = ask(gateway, "GET", path)
        assert (reply.status, reply.all("x-served-by")) == (200, [side])


MESSAGES: list[Message] = [
    {"type": "http.response.start", "status": 201, "headers": SHOUTED, "trailers": True},
    {"type": "http.response.body", "body": b"one", "more_body": True},
    {"type": "http.response.body"},
    {"type": "http.response.trailers", "headers": [(b"x-end", b"1")]},
]


def test_all_else_of_an_answer_passes_as_it_is() -> None:
    sent: list[Message] = []

    async def new(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in MESSAGES:
            await send(message)

    async def send(message: Message) -> None:
        sent.append(message)

    gateway = gateway_of(HEADER_ON, flask_side(), new)
    asyncio.run(gateway(scope_of("GET", "/a"), nothing_more, send))
    start, *rest = sent
    assert start == {**MESSAGES[0], "headers": [*SHOUTED, (b"x-served-by", b"new")]}
    assert all(message is original for message, original in zip(rest, MESSAGES[1:], strict=True))


def test_an_answer_without_headers_can_carry_ours() -> None:
    async def new(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    assert ask(gateway_of(HEADER_ON, flask_side(), new), "GET", "/a").headers == ((b"x-served-by", b"new"),)


@pytest.mark.parametrize(
    ("own", "whole"),
    [
        ([], "GET, HEAD, POST"),
        ([(b"allow", b"")], "GET, HEAD, POST"),
        ([(b"Allow", b"PATCH,GET ,, OPTIONS")], "GET, HEAD, OPTIONS, PATCH, POST"),
        ([(b"allow", b"PATCH"), (b"x-a", b"1"), (b"ALLOW", b"PUT")], "GET, HEAD, PATCH, POST, PUT"),
    ],
)
def test_allow_joins_both_sides_in_one_header(own: list[tuple[bytes, bytes]], whole: str) -> None:
    async def new(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 405, "headers": own})
        await send({"type": "http.response.body"})

    split: dict[str, Any] = {"GET /a": "new", "POST /a": "legacy"}
    reply = ask(Gateway.of_apps(legacy=flask_side(), new=new, routes=split, default="new"), "DELETE", "/a")
    others = [header for header in own if header[0].lower() != b"allow"]
    assert list(reply.headers) == [*others, (b"allow", whole.encode())]
