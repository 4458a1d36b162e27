"""Each kind of difference is found, at its place; equal answers have none."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.parity.compare import ABSENT, Difference, compare, compare_json


def response(status: int, content: bytes, headers: list[tuple[str, str]]) -> httpx.Response:
    return httpx.Response(status, content=content, headers=headers, request=httpx.Request("GET", "http://a.test/"))


@pytest.mark.parametrize(
    ("control", "candidate", "where"),
    [
        (1, 1.0, "body"),
        (1, True, "body"),
        (1, "1", "body"),
        ({"a": None}, {}, "body.a"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "body.a[0].b"),
        ([1, 2], [1], "body"),
        ([], {}, "body"),
        (None, False, "body"),
    ],
)
def test_json_of_another_value_or_type_differs(control: Any, candidate: Any, where: str) -> None:
    assert [difference.where for difference in compare_json("body", control, candidate)] == [where]


def test_the_order_of_keys_and_white_space_do_not_count() -> None:
    json = [("content-type", "application/json")]
    assert compare(response(200, b'{"a": 1, "b": 2}\n', json), response(200, b'{"b":2,"a":1}', json)) == []


def test_status_headers_cookies_and_bytes() -> None:
    cookie = ("set-cookie", "session=1")
    control = response(200, b"a", [("allow", "GET, HEAD"), cookie, ("cache-control", "no-store"), ("date", "now")])
    candidate = response(201, b"b", [("allow", "HEAD,GET")])
    assert compare(control, candidate) == [
        Difference("status", 200, 201),
        Difference("header.cache-control", "no-store", ABSENT),
        Difference("cookie.session", True, False),
        Difference("body", b"a", b"b"),
    ]
