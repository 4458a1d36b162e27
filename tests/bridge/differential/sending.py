"""The bytes of requests, kept alive unless they say otherwise."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tests.bridge.differential.wire import Case


def head(method: str, target: str, *headers: str, version: str = "HTTP/1.1") -> bytes:
    return "\r\n".join([f"{method} {target} {version}", "Host: a.test", *headers, "", ""]).encode("latin-1")


def ask(method: str, target: str, *headers: str, version: str = "HTTP/1.1") -> Case:
    return Case((head(method, target, *headers, version=version),), is_head=method == "HEAD")


def get(target: str, *headers: str) -> Case:
    return ask("GET", target, *headers)


def post_bytes(target: str, body: bytes, *headers: str, method: str = "POST") -> bytes:
    return head(method, target, f"Content-Length: {len(body)}", *headers) + body


def post(target: str, body: bytes, *headers: str, method: str = "POST") -> Case:
    return Case((post_bytes(target, body, *headers, method=method),))


def chunked_bytes(target: str, framed: bytes, *headers: str) -> bytes:
    return head("POST", target, "Transfer-Encoding: chunked", *headers) + framed


def chunked(target: str, framed: bytes, *headers: str, half_close: bool = False) -> Case:
    """`framed` is the body as it goes over the wire, its chunk sizes and end too."""
    return Case((chunked_bytes(target, framed, *headers),), half_close=half_close)


def frame(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def pipeline(*requests: bytes, replies: int | None = None) -> Case:
    """All of them in one piece."""
    return Case((b"".join(requests),), replies=len(requests) if replies is None else replies)


def answer(**wanted: Any) -> str:
    """The target at which the app answers so: status, headers, write, chunks, as."""
    return "/answer?" + quote(json.dumps(wanted))


def calls(*wanted: list[Any]) -> str:
    """The target that answers what wsgi.input gave to these calls."""
    return "/call_input?" + quote(json.dumps(wanted))
