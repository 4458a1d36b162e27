"""Each kind of difference is found, at its place; equal answers have none."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.parity.compare import ABSENT, Difference, compare, compare_json


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
    control = httpx.Response(200, content=b'{"a": 1, "b": 2}\n', headers={"content-type": "application/json"})
    candidate = httpx.Response(200, content=b'{"b":2,"a":1}', headers={"content-type": "application/json"})
    assert compare(control, candidate) == []


def test_status_headers_cookies_and_bytes() -> None:
    control = httpx.Response(
        200,
        content=b"a",
        headers=[("allow", "GET, HEAD"), ("set-cookie", "session=1"), ("cache-control", "no-store"), ("date", "now")],
        request=httpx.Request("GET", "http://a.test/"),
    )
    candidate = httpx.Response(
        201, content=b"b", headers=[("allow", "HEAD,GET")], request=httpx.Request("GET", "http://a.test/")
    )
    assert compare(control, candidate) == [
        Difference("status", 200, 201),
        Difference("header.cache-control", "no-store", ABSENT),
        Difference("cookie.session", True, False),
        Difference("body", b"a", b"b"),
    ]
