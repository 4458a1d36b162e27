"""Requests and responses as they are read: headers, query, cookies, forms, JSON; and bodies that change."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from gateway.http.message import (
    FORM_TYPE,
    Headers,
    Request,
    Response,
    end_to_end,
    json_bytes,
    json_leaves,
    json_value,
    pair_name,
    values_of,
)
from gateway.http.multipart import Part

HOST = (b"host", b"a.test")
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n\xe9\r\n--x--\r\n'


def of_type(content_type: str, body: bytes = b"") -> Request:
    return Request("POST", b"/", ((b"Content-Type", content_type.encode("latin-1")),), body)


@pytest.mark.parametrize(
    ("headers", "first", "values"),
    [
        ((), "", ()),
        (((b"X-A", b"1"), (b"x-a", b"2"), (b"x-b", b"3")), "1", (b"1", b"2")),
        (((b"x-a", b""),), "", (b"",)),
        (((b"x-a", b"\xe9\xff"),), "é\xff", (b"\xe9\xff",)),
    ],
)
def test_headers(headers: Headers, first: str, values: tuple[bytes, ...]) -> None:
    assert Request("GET", b"/", headers).header("x-a") == Response(200, headers).header("x-a") == first
    assert values_of(headers, b"x-a") == values


def test_the_first_media_type_counts() -> None:
    headers = ((b"CONTENT-TYPE", b"Text/HTML; charset=utf-8"), (b"content-type", b"application/json"))
    assert Request("GET", b"/", headers).media_type == Response(200, headers).media_type == "text/html"
    assert Request("GET", b"/").media_type == Response(200).media_type == ""


@pytest.mark.parametrize(
    ("target", "path", "pairs"),
    [
        (b"/", "/", ()),
        (b"/?", "/", ()),
        (b"/%C3%A9%2F?a=1&b=%C3%A9+x", "/é/", (("a", "1"), ("b", "é x"))),
        (b"/?a=1&a=2&&a", "/", (("a", "1"), ("a", "2"), ("a", ""))),
        (b"/?a=1;b=2&=3", "/", (("a", "1;b=2"), ("", "3"))),
        (b"/?a=b=c?d", "/", (("a", "b=c?d"),)),
        (b"/%FF?a=%FF&b=\xff&c=%zz", "/\ufffd", (("a", "\ufffd"), ("b", "\xff"), ("c", "%zz"))),
    ],
)
def test_targets(target: bytes, path: str, pairs: tuple[tuple[str, str], ...]) -> None:
    request = Request("GET", target)
    assert (request.path, request.query_pairs) == (path, pairs)
    assert request.line == f"GET {target.decode('latin-1')}"


def test_cookies_of_every_line() -> None:
    headers = ((b"Cookie", b"a=1; b"), HOST, (b"cookie", b"a=\xff"))
    assert Request("GET", b"/", headers).cookies == (("a", "1"), ("", "b"), ("a", "\xff"))


def test_set_cookies_are_never_folded() -> None:
    response = Response(200, ((b"Set-Cookie", b"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), (b"set-cookie", b"b=2")))
    assert [str(cookie) for cookie in response.set_cookies] == ["a=1; expires=Thu, 01 Jan 1970 00:00:00 GMT", "b=2"]


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (of_type(FORM_TYPE, b"a=1&b=%C3%A9+x&a=&c"), (("a", "1"), ("b", "é x"), ("a", ""), ("c", ""))),
        (of_type("Application/X-WWW-Form-Urlencoded; charset=utf-8", b"a=1"), (("a", "1"),)),
        (of_type(FORM_TYPE, "a=é".encode() + b"\xff&b=%FF"), (("a", "é\ufffd"), ("b", "\ufffd"))),
        (of_type(FORM_TYPE), ()),
        (of_type("multipart/form-data; boundary=x", MULTIPART), (("a", "\ufffd"),)),
        (of_type("multipart/form-data; boundary=y", MULTIPART), ()),
        (of_type("multipart/form-data", MULTIPART), ()),
        (of_type("text/plain; boundary=x", b"a=1"), ()),
        (Request("POST", b"/", (), b"a=1"), ()),
    ],
)
def test_fields_of_a_form(request_: Request, fields: tuple[tuple[str, str], ...]) -> None:
    assert request_.fields == fields


def test_parts_keep_their_bytes() -> None:
    assert of_type('multipart/form-data; boundary="x"', MULTIPART).parts == (Part("a", b"\xe9", "f"),)
    assert of_type(FORM_TYPE, MULTIPART).parts == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, 2.5, "\xc3\xa9", null, true]}', {"a": [1, 2.5, "é", None, True]}),
        (b"\xef\xbb\xbf[1]", [1]),
        ("[1]".encode("utf-16"), [1]),
        ('"x"', "x"),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'["\\ud800"]', ["\ud800"]),
        (b"null", None),
        (b"", None),
        (None, None),
        (b"{", None),
        (b"{} {}", None),
        (b'"\xff"', None),
        ("\ufeff[1]", None),
        (b"[" * 100_000 + b"]" * 100_000, None),
        (b"1" * 5_000, None),
    ],
)
def test_json_or_not(text: bytes | str | None, value: Any) -> None:
    assert json_value(text) == value
    if isinstance(text, bytes):
        assert Request("POST", b"/", (), text).json == Response(200, (), text).json == value


@pytest.mark.parametrize(
    ("value", "leaves"),
    [
        ({"a": [1, {"b": True}, ["x"]], "c": None, "d": {}}, [("a", 1), ("b", True), ("a", "x")]),
        (["x", 1.5], [("", "x"), ("", 1.5)]),
        ("x", [("", "x")]),
        (None, []),
    ],
)
def test_leaves_of_json(value: Any, leaves: list[tuple[str, Any]]) -> None:
    assert list(json_leaves(value)) == leaves


def test_leaves_of_json_as_deep_as_it_can_be_read() -> None:
    deepest = next(value for depth in range(2_000, 0, -1) if (value := json_value("[" * depth + "1" + "]" * depth)))
    assert list(json_leaves(deepest)) == [("", 1)]


def test_numbers_that_json_has_not() -> None:
    value = json_value(b"[NaN, Infinity, -Infinity]")
    assert isnan(value[0])
    assert value[1:] == [float("inf"), float("-inf")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, "é"]}, '{"a":[1,"é"]}'.encode()),
        (["\ud800é"], b'["\\ud800\\u00e9"]'),
        (float("nan"), b"NaN"),
    ],
)
def test_json_is_written_without_spaces(value: Any, text: bytes) -> None:
    assert json_bytes(value) == text


@pytest.mark.parametrize(
    ("pair", "name"),
    [(b"a=1", "a"), (b"a", "a"), (b"", ""), (b"=1", ""), (b"a+b%5B%5D=1=2", "a b[]"), ("é%C3%A9".encode(), "éé")],
)
def test_name_of_a_pair(pair: bytes, name: str) -> None:
    assert pair_name(pair) == name


def test_names_of_different_bytes_stay_different() -> None:
    assert len({pair_name(pair) for pair in (b"%FF", b"%FE", b"\xfd", b"%EF%BF%BD")}) == 4


@pytest.mark.parametrize(("before", "after"), [("3", "5"), ("03", "03"), ("4", "4")])
def test_only_a_right_length_stays_right(before: str, after: str) -> None:
    request = Request("PUT", b"/x", ((b"Content-Length", before.encode()), HOST), b"abc")
    assert request.with_body(b"abcde") == Request("PUT", b"/x", ((b"Content-Length", after.encode()), HOST), b"abcde")


@pytest.mark.parametrize(
    ("headers", "framing"),
    [(((b"Content-Length", b"0"),), "length"), (((b"transfer-encoding", b"chunked"),), "stream")],
)
def test_framing(headers: Headers, framing: str) -> None:
    assert Response(200, headers).framing == framing


EMPTY = (b"Content-Length", b"0")
CHUNKED = (
    *((b"Content-Type", b"text/plain"), (b"Connection", b"keep-alive"), (b"Transfer-Encoding", b"chunked")),
    *((b"X-A", b"1"), (b"Host", b"a.test"), (b"x-a", b"2")),
)


@pytest.mark.parametrize(
    ("request_", "headers"),
    [
        (
            Request("POST", b"/", CHUNKED, b"abc"),
            (HOST, (b"x-a", b"1"), (b"x-a", b"2"), (b"content-type", b"text/plain"), (b"content-length", b"3")),
        ),
        (Request("GET", b"/", (EMPTY,)), ()),
        (Request("POST", b"/", (EMPTY,)), ((b"content-length", b"0"),)),
        (Request("POST", b"/"), ()),
        (Request("GET", b"/", ((b"Content-Type", b""), (b"Upgrade", b"h2c"), (b"TE", b"trailers")), b""), ()),
        (Request("GET", b"/", (), b"abc"), ((b"content-length", b"3"),)),
    ],
)
def test_what_is_between_two_hops_is_left_out(request_: Request, headers: Headers) -> None:
    assert end_to_end(request_).headers == headers
