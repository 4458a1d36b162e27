"""What is read from an ASGI scope."""

from __future__ import annotations

import pytest

from gateway.http.scope import client_address, first_cookie, first_header, path_of


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [
        ("/a", "", "/a"),
        ("/root/a", "/root", "/a"),
        ("/root/a", "/root/", "/a"),
        ("/root", "/root", "/"),
        ("/rooted/a", "/root", "/rooted/a"),
        ("/a", "/root", "/a"),
    ],
)
def test_path(path: str, root: str, below: str) -> None:
    assert path_of({"path": path, "root_path": root}) == below


HEADERS = [(b"cookie", b"a; b=1;c =x; b=2"), (b"x-a", b"1"), (b"x-a", b"2"), (b"cookie", b'd="q"; b=3; e==')]


@pytest.mark.parametrize(("name", "value"), [(b"x-a", b"1"), (b"x-b", None), (b"X-A", None)])
def test_first_header(name: bytes, value: bytes | None) -> None:
    assert first_header({"headers": HEADERS}, name) == value


@pytest.mark.parametrize(
    ("name", "value"), [(b"a", b""), (b"b", b"1"), (b"d", b'"q"'), (b"e", b"="), (b"x", None), (b"c", None)]
)
def test_first_cookie(name: bytes, value: bytes | None) -> None:
    assert first_cookie({"headers": HEADERS}, name) == value


def test_client_address() -> None:
    assert client_address({"client": ("127.0.0.1", 80)}) == "127.0.0.1"
    assert client_address({"client": None}) is client_address({}) is None
