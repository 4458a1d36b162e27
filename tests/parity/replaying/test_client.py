"""A side is asked as behind `gateway serve`: scheme and client are what a proxy on the loopback says."""

from __future__ import annotations

import pytest

from gateway.http.message import Request
from gateway.parity.replaying.client import scope_of


@pytest.mark.parametrize(
    ("headers", "scheme", "client"),
    [
        ((), "http", "127.0.0.1"),
        (((b"X-Forwarded-Proto", b"https"),), "https", "127.0.0.1"),
        (((b"X-Forwarded-Proto", b"gopher"),), "http", "127.0.0.1"),
        (((b"X-Forwarded-For", b"10.1.2.3, 10.9.9.9"),), "http", "10.9.9.9"),
        (((b"X-Forwarded-For", b"10.1.2.3"), (b"X-Forwarded-Proto", b"https")), "https", "10.1.2.3"),
        (((b"X-Forwarded-Host", b"shop.test"),), "http", "127.0.0.1"),
    ],
)
def test_forwarded_headers_are_read_as_uvicorn_reads_them(
    headers: tuple[tuple[bytes, bytes], ...], scheme: str, client: str
) -> None:
    scope = scope_of(Request("GET", b"/a", headers), {})
    assert (scope["scheme"], scope["client"][0]) == (scheme, client)
