"""Headers by name as lists of values; sets as sets; only the connection's and the server's own are not compared."""

from __future__ import annotations

import pytest

from gateway.comparing.diff.header_comparison import compare_headers, compare_length
from gateway.http.message import Response
from tests.comparing.answers import Found, headers, plain


def differences(control: list[str], candidate: list[str]) -> Found:
    return plain(compare_headers(headers(*control), headers(*candidate)))


@pytest.mark.parametrize(
    ("control", "candidate"),
    [
        (["ETag: a", "X-One: 1"], ["x-one: 1", "etag: a"]),
        (["Date: Mon", "Server: gunicorn", "Connection: close"], ["Date: Tue", "Keep-Alive: 5"]),
        (["Transfer-Encoding: chunked"], []),
        (["Allow: GET, HEAD, OPTIONS"], ["allow: OPTIONS,HEAD , GET"]),
        (["Allow: GET", "Allow: HEAD"], ["Allow: HEAD, GET"]),
        (["Vary: Cookie, Origin"], ["vary: origin", "vary: cookie"]),
        (["Access-Control-Allow-Headers: X-A, content-type"], ["Access-Control-Allow-Headers: Content-Type, x-a"]),
        (["Content-Type: text/html; charset=utf-8"], ['content-type: Text/HTML;charset="UTF-8"']),
        (["Content-Type: text/csv; a=x"], ['Content-Type: text/csv ; A="\\x"']),
        (["Content-Type: text/csv; a=1; b=2"], ["Content-Type: text/csv; b=2; a=1"]),
        (["Content-Type: multipart/mixed; boundary=x"], ["Content-Type: multipart/mixed; boundary=y"]),
        (["Set-Cookie: a=b", "Content-Length: 5"], []),
    ],
)
def test_no_difference(control: list[str], candidate: list[str]) -> None:
    assert differences(control, candidate) == []
    assert differences(candidate, control) == []


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        (["X-One: 1"], [], [("header.x-one", "1", None)]),
        ([], ["X-One: "], [("header.x-one", None, "")]),
        (["Link: a, b"], ["Link: a", "Link: b"], [("header.link", "a, b", '["a", "b"]')]),
        (["Link: a", "Link: b"], ["Link: b", "Link: a"], [("header.link", '["a", "b"]', '["b", "a"]')]),
        (["Allow: GET, HEAD"], ["Allow: GET"], [("header.allow", "GET, HEAD", "GET")]),
        (["Allow: "], [], [("header.allow", "", None)]),
        (["Vary: Cookie"], ["Vary: Origin"], [("header.vary", "Cookie", "Origin")]),
        (['ETag: "a"'], ['ETag: W/"a"'], [("header.etag", '"a"', 'W/"a"')]),
        (["Location: /n"], ["Location: http://t.test/n"], [("header.location", "/n", "http://t.test/n")]),
        (["WWW-Authenticate: Basic"], ["WWW-Authenticate: Bearer"], [("header.www-authenticate", "Basic", "Bearer")]),
        (
            ["Content-Type: text/html"],
            ["Content-Type: text/plain"],
            [("header.content-type", "text/html", "text/plain")],
        ),
        (
            ["Content-Type: text/html; charset=utf-8"],
            ["Content-Type: text/html"],
            [("header.content-type", "text/html; charset=utf-8", "text/html")],
        ),
        (
            ["Content-Type: text/csv; header=present"],
            ["Content-Type: text/csv; header=Present"],
            [("header.content-type", "text/csv; header=present", "text/csv; header=Present")],
        ),
        (["X-A: é"], ["X-A: e"], [("header.x-a", "é", "e")]),
        (
            ["Content-Type: text/csv; charset=utf-8; charset=latin-1"],
            ["Content-Type: text/csv; charset=latin-1"],
            [("header.content-type", "text/csv; charset=utf-8; charset=latin-1", "text/csv; charset=latin-1")],
        ),
        (
            ["Content-Type: text/csv; charset*=utf-8''a"],
            ["Content-Type: text/csv; charset=a"],
            [("header.content-type", "text/csv; charset*=utf-8''a", "text/csv; charset=a")],
        ),
        (
            ["Content-Type: multipart/mixed; boundary=x"],
            ["Content-Type: multipart/mixed"],
            [("header.content-type", "multipart/mixed; boundary=x", "multipart/mixed")],
        ),
    ],
)
def test_every_difference_has_its_name(control: list[str], candidate: list[str], expected: Found) -> None:
    assert differences(control, candidate) == expected


@pytest.mark.parametrize(
    ("control", "candidate", "method", "expected"),
    [
        ((200, ["Content-Length: 2"], b"{}"), (200, ["Content-Length: 3"], b"{}\n"), "GET", []),
        ((200, ["Content-Length: 2"], b"{}"), (200, [], b"{}"), "GET", [("framing", "length", "stream")]),
        (
            (200, ["Content-Length: 2"], b""),
            (200, ["Content-Length: 3"], b""),
            "HEAD",
            [("header.content-length", "2", "3")],
        ),
        ((200, ["Content-Length: 2"], b""), (200, [], b""), "HEAD", [("header.content-length", "2", None)]),
        ((304, [], b""), (304, ["Content-Length: 0"], b""), "GET", [("header.content-length", None, "0")]),
        ((204, [], b""), (204, [], b""), "DELETE", []),
        (
            (200, ["Content-Length: 2"], b"{}"),
            (200, ["Content-Length: 9"], b"{}"),
            "GET",
            [("header.content-length", "2", "9, of a body of 2")],
        ),
        (
            (200, ["Content-Length: 2"], b"{}"),
            (200, ["Content-Length: 2"], b"{ }"),
            "GET",
            [("header.content-length", "2", "2, of a body of 3")],
        ),
        ((200, ["Content-Length: 9"], b"{}"), (200, ["Content-Length: 9"], b"{ }"), "GET", []),
    ],
)
def test_the_length_counts_where_no_body_implies_it(
    control: tuple[int, list[str], bytes], candidate: tuple[int, list[str], bytes], method: str, expected: Found
) -> None:
    sides = (Response(status, headers(*lines), body) for status, lines, body in (control, candidate))
    assert plain(compare_length(*sides, method)) == expected


@pytest.mark.parametrize(("other", "differs"), [("19", False), ("0", True), (None, True)])
def test_a_length_without_its_body_counts_only_where_bodies_are_compared_byte_for_byte(
    other: str | None, differs: bool
) -> None:
    sides = [Response(200, headers(*[f"Content-Length: {one}"] if one else [])) for one in ("20", other)]
    for pair in (sides, sides[::-1]):
        assert bool(plain(compare_length(*pair, "HEAD", is_by_meaning=True))) is differs
        assert plain(compare_length(*pair, "HEAD"))
