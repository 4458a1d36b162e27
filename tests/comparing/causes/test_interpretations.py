"""Requests that the frameworks read in two ways, and each way as a plain request."""

from __future__ import annotations

import pytest

from gateway.comparing.causes.interpretations import interpretations_of
from gateway.http.message import Request, values_of
from tests.comparing.causes.facts.requests import form, get, multipart

PLAIN = (
    get("/items"),
    get("/items?"),
    get("/items?a=1&b=1&&c"),
    get("/items?a=1.5&b=1.0.0&c=.0&d=v1.0"),
    get("/items", [("cookie", "a=1; b=1")]),
    form("a=1&b=2"),
    form("a=1&a=2", "text/plain"),
    form("a=1&a=2", "multipart/form-data"),
    multipart(('name="a"', b"1"), ('name="a"; filename="a"', b"2")),
    multipart(('name="a"', b"1"), end=b""),
)


@pytest.mark.parametrize("request_", PLAIN, ids=repr)
def test_most_requests_can_be_read_in_one_way_only(request_: Request) -> None:
    assert list(interpretations_of(request_)) == []


TARGETS = (
    ("/items?a=1&b=2&a=3", "repeated-parameter", "/items?a=1&b=2", "/items?b=2&a=3"),
    ("/items?%61=1&a=2&a", "repeated-parameter", "/items?%61=1", "/items?a"),
    ("/items?a+b=1&a%20b=2", "repeated-parameter", "/items?a+b=1", "/items?a%20b=2"),
    ("/items?n=1.0", "lenient-parameter", "/items", "/items?n=1"),
    ("/items?n=-2.00&m=1.5", "lenient-parameter", "/items?m=1.5", "/items?n=-2&m=1.5"),
)


@pytest.mark.parametrize(("target", "cause", "control", "candidate"), TARGETS)
def test_a_query(target: str, cause: str, control: str, candidate: str) -> None:
    (found,) = interpretations_of(get(target))
    assert (found.cause, found.control, found.candidate) == (cause, get(control), get(candidate))


def test_each_way_is_an_interpretation_of_its_own() -> None:
    first, second = interpretations_of(get("/items?n=1.0&n=2"))
    assert (first.cause, first.control, first.candidate) == (
        "repeated-parameter",
        get("/items?n=1.0"),
        get("/items?n=2"),
    )
    assert (second.cause, second.control, second.candidate) == (
        "lenient-parameter",
        get("/items?n=2"),
        get("/items?n=1&n=2"),
    )


def test_a_form_keeps_its_length_right() -> None:
    (found,) = interpretations_of(form("a=1&b=2&a=34"))
    assert (found.control, found.candidate) == (form("a=1&b=2"), form("b=2&a=34"))


def test_files_of_one_name() -> None:
    one, two, three = ('name="f"; filename="1"', b"x"), ('name="f"; filename="2"', b"xy"), ('name="g"', b"z")
    (found,) = interpretations_of(multipart(one, two, three))
    assert (found.control, found.candidate) == (multipart(one, three), multipart(two, three))


def test_crumbs_of_one_name() -> None:
    (found,) = interpretations_of(get("/", [("cookie", "a=1; b=2; a=3")]))
    assert [values_of(one.headers, b"cookie") for one in (found.control, found.candidate)] == [
        (b"a=1; b=2",),
        (b" b=2; a=3",),
    ]
