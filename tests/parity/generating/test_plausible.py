"""A parameter -> a valid value, odd ones, and what a case's name shows of them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.parity.generating.parameters import Parameter
from gateway.parity.generating.plausible import fits, format_text, format_value, odd_values, valid_text, valid_value

P = Parameter
RUNS = ("xx", "xxx", "xxxx")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (P("page", "query", "int", default=2), 2),
        (P("age", "json", "int", default=-1, interesting=(17, 18, 19)), 18),
        (P("sort", "query", default="name", interesting=("price", "title")), "price"),
        (P("age", "json", "text", interesting=(17, 18, 19)), "A age"),
        (P("limit", "query", "text", interesting=("ten",)), "ten"),
        (P("email_count", "json"), 1),
        (P("done", "json"), True),
        (P("tags", "json", default=[]), ["a"]),
        (P("email", "json"), "parity.check@example.org"),
        (P("title", "json", default=""), "A title"),
        (P("title", "json", interesting=RUNS), "A t"),
        (P("", "query"), "A text"),
    ],
)
def test_the_first_source_that_gives_a_value_decides(parameter: P, value: Any) -> None:
    assert valid_value(parameter) == value
    assert type(valid_value(parameter)) is type(value)


def test_a_text_has_the_words_of_json_for_truth() -> None:
    assert [valid_text(P(name, "query")) for name in ("done", "count", "city")] == ["true", "1", "A city"]


def test_odd_values_begin_at_the_limits_and_come_once() -> None:
    found = odd_values(P("age", "json", "int", interesting=(0, 1.0)))
    assert found[:3] == (0, 1.0, None)
    assert len({(type(value), repr(value)) for value in found}) == len(found)


@pytest.mark.parametrize(
    ("value", "parameter", "is_so"),
    [
        ("Bonn", P("city", "query"), True),
        (" ", P("city", "query"), False),
        ("name", P("sort", "query", interesting=("name", "price")), True),
        ("id", P("sort", "query", interesting=("name", "price")), False),
        ("anything", P("title", "json", interesting=RUNS), True),
        (True, P("age", "json", "int"), False),
        ("1", P("age", "query", "int"), True),
    ],
)
def test_what_a_sample_sent_may_be_valid(value: Any, parameter: P, is_so: bool) -> None:
    assert fits(value, parameter) is is_so


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        ("", "''"),
        ("a\nb", r"'a\nb'"),
        ("x" * 31, "31 characters"),
        (10**50, "1" + 39 * "0"),
    ],
)
def test_a_value_in_a_name(value: Any, shown: str) -> None:
    assert format_value(value) == shown


def test_a_text_in_a_name_is_bare_where_that_can_be_read() -> None:
    assert [format_text(text) for text in ("abc", "a b", "é", "")] == ["abc", "'a b'", r"'\xe9'", "''"]
