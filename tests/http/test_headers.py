"""Values of single header fields: media types, parameters, cookies sent and set."""

from __future__ import annotations

import pytest

from gateway.http.headers import (
    SetCookie,
    boundary_of,
    media_type_of,
    parameter_of,
    parameters_of,
    parse_cookies,
    parse_set_cookie,
    replace_cookie_values,
)


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("", ""),
        (";charset=utf-8", ""),
        ("application/json", "application/json"),
        (" Application/JSON ; Charset=UTF-8", "application/json"),
        ("application/vnd.api+json;a;b", "application/vnd.api+json"),
        ("nonsense", "nonsense"),
    ],
)
def test_media_type(content_type: str, media_type: str) -> None:
    assert media_type_of(content_type) == media_type


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        ("text/html", ()),
        ("text/html;", (("", ""),)),
        ("text/html; Charset=UTF-8", (("charset", "UTF-8"),)),
        ('a/b; x="1; y=2" ;z = 3', (("x", "1; y=2"), ("z", "3"))),
        (r'a/b; x="a\"b\\c"', (("x", r'a"b\c'),)),
        ('a/b; x="open; y=1', (("x", '"open'), ("y", "1"))),
        ('a/b; x="', (("x", '"'),)),
        ('a/b; x=""', (("x", ""),)),
        ("a/b; x=1; X=2; flag", (("x", "1"), ("x", "2"), ("flag", ""))),
        ("a/b; x=1=2", (("x", "1=2"),)),
    ],
)
def test_parameters(value: str, parameters: tuple[tuple[str, str], ...]) -> None:
    assert parameters_of(value) == parameters
    assert all(parameter_of(value, name) == dict(reversed(parameters))[name] for name, _ in parameters)
    assert parameter_of(value, "absent") == ""


def test_escapes_can_stay_as_they_were_sent() -> None:
    assert parameters_of(r'form-data; filename="C:\dir\a\"b.txt"', keeps_escapes=True) == (
        ("filename", r"C:\dir\a\"b.txt"),
    )


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=x", "x"),
        ("Multipart/Form-Data; charset=utf-8; BOUNDARY=x", "x"),
        ('multipart/mixed; boundary="a b,c:d"', "a b,c:d"),
        ("multipart/form-data; boundary=a; boundary=b", "a"),
        ("multipart/form-data; boundary=", ""),
        ("multipart/form-data; otherboundary=x", ""),
        ("multipart/form-data", ""),
        ("application/json; boundary=x", ""),
        ("", ""),
    ],
)
def test_boundary(content_type: str, boundary: str) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    ("line", "cookies"),
    [
        ("", ()),
        ("; ;", ()),
        ("a=1", (("a", "1"),)),
        ("a=1;b=2 ; c = 3", (("a", "1"), ("b", "2"), ("c", "3"))),
        ("a=1; a=2", (("a", "1"), ("a", "2"))),
        ('a="x y"', (("a", '"x y"'),)),
        ("a=b=c", (("a", "b=c"),)),
        ("a=", (("a", ""),)),
        ("alone", (("", "alone"),)),
        ("=alone", (("", "alone"),)),
        ("==x", (("", "=x"),)),
        ("é=\xff", (("é", "\xff"),)),
    ],
)
def test_cookies(line: str, cookies: tuple[tuple[str, str], ...]) -> None:
    assert parse_cookies(line) == cookies


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (b"", b"<>"),
        (b"a=1", b"a=<a 1>"),
        (b"a=1;  b=2; ;c", b"a=<a 1>;  b=<b 2>; <>;c<c>"),
        (b"a=b=c; =d", b"a=<a b=c>; =<d>"),
        (b"\xff=\xfe", b"\xff=<\xff \xfe>"),
    ],
)
def test_values_of_cookies_are_replaced_in_place(line: bytes, after: bytes) -> None:
    assert replace_cookie_values(line, lambda name, value: b"<%b>" % b" ".join(filter(None, (name, value)))) == after


@pytest.mark.parametrize(
    ("line", "cookie"),
    [
        ("", SetCookie("", "")),
        ("a=b", SetCookie("a", "b")),
        (" a = b\t;\tPath = / ", SetCookie("a", "b", {"path": "/"})),
        ('a="b c"', SetCookie("a", '"b c"')),
        ("alone; Secure", SetCookie("", "alone", {"secure": "set"})),
        ("=b", SetCookie("", "b")),
        ("a=b=c;;; HttpOnly", SetCookie("a", "b=c", {"httponly": "set"})),
        ("a=; Path=/x; path=/y", SetCookie("a", "", {"path": "/y"})),
        ("a=b; Domain=.Example.COM; SameSite=LAX", SetCookie("a", "b", {"domain": "example.com", "samesite": "lax"})),
        ("a=b; Path=", SetCookie("a", "b", {"path": ""})),
    ],
)
def test_set_cookie(line: str, cookie: SetCookie) -> None:
    assert parse_set_cookie(line) == cookie


@pytest.mark.parametrize(
    ("age", "is_deletion"), [("0", True), ("-1", True), ("-", False), ("", False), ("60", False), ("00", False)]
)
def test_max_age_deletes(age: str, is_deletion: bool) -> None:
    assert parse_set_cookie(f"a=b; Max-Age={age}").is_deletion == is_deletion


def test_a_cookie_as_text() -> None:
    assert str(parse_set_cookie("a=b; Secure; Path=/x")) == "a=b; secure; path=/x"
