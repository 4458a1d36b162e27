"""Cookies by name, path and domain; every attribute has its own place."""

from __future__ import annotations

import pytest

from gateway.comparing.diff.header_comparison import compare_cookies
from gateway.http.message import Response
from tests.comparing.answers import Found, headers, plain

EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"


def differences(control: list[str], candidate: list[str]) -> Found:
    sides = (Response(200, headers(*(f"Set-Cookie: {line}" for line in side))) for side in (control, candidate))
    return plain(compare_cookies(*(side.set_cookies for side in sides)))


@pytest.mark.parametrize(
    ("control", "candidate"),
    [
        (["a=b; Path=/; HttpOnly"], ["a=b; httponly; path=/"]),
        (["a=b; SameSite=Strict"], ["a=b; samesite=strict"]),
        (["a=b", "c=d"], ["c=d", "a=b"]),
        (["a=b; Domain=.Example.com"], ["a=b; domain=example.com"]),
        (["a=b; Expires=Tue, 02 Jan 2024 03:04:05 GMT"], ["a=b; expires=Tue, 02-Jan-2024 03:04:05 GMT"]),
        ([f"a=; Max-Age=0; Expires={EPOCH}"], ["a=; Max-Age=0; Expires=Tue, 02 Jan 2024 03:04:05 GMT"]),
        (["a=1; Path=/x", "a=2; Path=/y"], ["a=2; Path=/y", "a=1; Path=/x"]),
        (["a=b; Path=/"], ["a = b\t;\tPath = /"]),
        (["=a"], ["a"]),
    ],
)
def test_no_difference(control: list[str], candidate: list[str]) -> None:
    assert differences(control, candidate) == []


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        (["a=b; Path=/"], [], [("cookie.a", "a=b; path=/", None)]),
        ([], ["a=b; Secure"], [("cookie.a", None, "a=b; secure")]),
        (["a=b"], ["A=b"], [("cookie.A", None, "A=b"), ("cookie.a", "a=b", None)]),
        (["a=1"], ["a=2"], [("cookie.a.value", "1", "2")]),
        (["a="], ['a=""'], [("cookie.a.value", "", '""')]),
        (["a=b; Path=/"], ["a=b; Path=/; SameSite=lax"], [("cookie.a.samesite", None, "lax")]),
        (["a=b; Secure"], ["a=b"], [("cookie.a.secure", "set", None)]),
        (["a=b; HttpOnly"], ["a=b"], [("cookie.a.httponly", "set", None)]),
        (["a=b; Path=/"], ["a=b; Path=/x"], [("cookie.a.path", "/", "/x")]),
        (["a=b; Domain=x.test"], ["a=b"], [("cookie.a.domain", "x.test", None)]),
        (["a=b; Max-Age=60"], ["a=b; Max-Age=61"], [("cookie.a.max-age", "60", "61")]),
        (["a=b; Max-Age=60"], ["a=b"], [("cookie.a.max-age", "60", None)]),
        ([f"a=b; Expires={EPOCH}"], ["a=b"], [("cookie.a.expires", EPOCH, None)]),
        (
            [f"a=b; Expires={EPOCH}"],
            ["a=b; Expires=Thu, 01 Jan 1970 00:00:01 GMT"],
            [("cookie.a.expires", EPOCH, "Thu, 01 Jan 1970 00:00:01 GMT")],
        ),
        (["a=b; Expires=soon"], ["a=b; Expires=late"], [("cookie.a.expires", "soon", "late")]),
        (["a=1; Path=/x", "a=2; Path=/y"], ["a=1; Path=/x"], [("cookie.a", "a=2; path=/y", None)]),
        (["a=1", "a=2"], ["a=1, a=2"], [("cookie.a.value", "1", "1, a=2"), ("cookie.a", "a=2", None)]),
        (["a"], ["a="], [("cookie.", "=a", None), ("cookie.a", None, "a=")]),
        (["a=Ã\xa0"], ["a=Ã"], [("cookie.a.value", "Ã\xa0", "Ã")]),
        (["a=b; Path=/\xa0"], ["a=b; Path=/"], [("cookie.a.path", "/\xa0", "/")]),
        (
            [f"a=b; Expires={EPOCH}"],
            ["a=b; Expires=Thu, 01 Jan 1970 01:00:00 +0100"],
            [("cookie.a.expires", EPOCH, "Thu, 01 Jan 1970 01:00:00 +0100")],
        ),
        (["a=b; Partitioned"], ["a=b"], [("cookie.a.partitioned", "set", None)]),
    ],
)
def test_every_difference_has_its_place(control: list[str], candidate: list[str], expected: Found) -> None:
    assert differences(control, candidate) == expected
