"""A view's source -> the parameters that it reads."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, g, session

from gateway.parity.generating.parameters import Parameter, merged
from gateway.parity.generating.view_reading import read_hooks, read_view
from tests.parity.generating import views

P = Parameter
WHOLE_JSON = P("", "json")

READINGS: list[tuple[Any, str, list[Parameter], list[int]]] = [
    (
        views.query,
        "GET",
        [
            P("page", "query", "int", 1),
            P("q", "query", required=True),
            P("tag", "query", "list"),
            P("exact", "query", "bool"),
        ],
        [],
    ),
    (
        views.limits,
        "GET",
        [
            P("age", "query", "int", interesting=(17, 18, 19)),
            P("sort", "query", "text", "name", interesting=("name", "price")),
        ],
        [403, 400],
    ),
    (views.own_type, "GET", [P("row", "query", "int")], []),
    (
        views.json_keys,
        "POST",
        [
            WHOLE_JSON,
            P("title", "json", required=True, interesting=("xx", "xxx", "xxxx")),
            P("done", "json", "bool", default=False),
            P("note", "json"),
        ],
        [422],
    ),
    (views.json_property, "POST", [WHOLE_JSON, P("count", "json", "int", required=True)], [400]),
    (views.json_loop, "POST", [WHOLE_JSON, P("one", "json"), P("two", "json")], [400]),
    (
        views.followed,
        "POST",
        [
            WHOLE_JSON,
            P("name", "json", "text", interesting=("", "x", "xx", "xxx", "xxxx")),
            P("role", "json"),
        ],
        [400],
    ),
    (
        views.form_and_file,
        "POST",
        [
            P("color", "form", required=True, interesting=("blue", "red")),
            P("photo", "file", required=True),
            P("size", "form", "text", "m"),
        ],
        [],
    ),
    (
        views.headers,
        "GET",
        [
            P("X-Region", "header", "text", "eu"),
            P("theme", "cookie", "text", ""),
            P("user_id", "session", "text", required=True),
        ],
        [],
    ),
    (views.queries, "GET", [P("title", "query", required=True)], []),
    (views.raw, "POST", [P("", "body")], []),
    (views.guarded, "GET", [P("Authorization", "header"), P("depth", "query", "int", 2)], [401]),
    (views.wrapped, "GET", [P("inside", "query", required=True)], []),
    (views.recursive, "GET", [P("again", "query")], []),
    (views.uses_user, "GET", [P("user", "g", "read")], []),
    (views.reads_nothing, "GET", [], []),
    (views.Things.as_view("things"), "GET", [P("since", "query")], []),
    (
        views.Things.as_view("things"),
        "POST",
        [WHOLE_JSON, P("weight", "json", "float", required=True, interesting=(0.5, 1.5, 2.5))],
        [],
    ),
    (
        views.schema,
        "POST",
        [
            WHOLE_JSON,
            P("amount", "json", "int", required=True, interesting=(0, 1, 2, 8, 9, 10)),
            P("remark", "json", "text"),
        ],
        [],
    ),
    (
        views.model,
        "POST",
        [
            WHOLE_JSON,
            P("name", "json", "text", required=True, interesting=("xxx", "xxxx", "xxxxx")),
            P("price", "json", "float", 1.0),
            P("stock", "json", "int"),
        ],
        [],
    ),
    (
        views.form_class,
        "POST",
        [
            P("csrf_token", "form", "text", required=True),
            P("kind", "form", "text", interesting=("a", "b")),
            P("photo", "file", "text"),
            P("rating", "form", "int", interesting=(0, 1, 2, 4, 5, 6)),
            P("title", "form", "text", required=True, interesting=("x", "xx", "xxx")),
        ],
        [],
    ),
]


@pytest.mark.parametrize(("view", "method", "parameters", "statuses"), READINGS)
def test_what_a_view_reads(view: Any, method: str, parameters: list[Parameter], statuses: list[int]) -> None:
    reading = read_view(view, method)
    assert list(reading.parameters) == parameters
    assert list(reading.statuses) == statuses


@pytest.mark.parametrize("view", [len, lambda: "", Flask("app").send_static_file, object()])
def test_what_has_no_source_of_its_own_reads_nothing(view: Any) -> None:
    assert read_view(view).parameters == ()


def test_whatever_a_view_names_costs_the_guesses_after_it_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert [one.name for one in read_view(views.calls_an_odd_thing).parameters] == ["title"]
    (line,) = caplog.messages
    assert "views.calls_an_odd_thing reads of its request is known in part: RuntimeError: nobody asks for" in line


def test_a_hook_leaves_something_for_the_views() -> None:
    def load_user() -> None:
        g.user = session.get("user_id")

    assert read_hooks([load_user, len]).parameters == (P("user_id", "session"), P("user", "g", "set"))


def test_what_is_read_once_with_a_default_is_not_required() -> None:
    read = [
        P("a", "json", required=True),
        P("a", "json", "int", 1, interesting=(1,)),
        P("a", "json", interesting=(1, 2)),
    ]
    assert merged(read) == (P("a", "json", "int", 1, interesting=(1, 2)),)
