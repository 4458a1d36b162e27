"""Places have one notation, in which no key can pass for a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.comparing.result import field_of, member


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("price", "body.price"),
        ("_a1", "body._a1"),
        ("a b", 'body["a b"]'),
        ("a.b", 'body["a.b"]'),
        ("x-y", 'body["x-y"]'),
        ("1", 'body["1"]'),
        ("", 'body[""]'),
        ('"', r'body["\""]'),
        ("é", r'body["\u00e9"]'),
        ("\ud800", r'body["\ud800"]'),
        ("a\n", r'body["a\n"]'),
    ],
)
def test_a_key_that_is_no_identifier_stands_in_brackets(key: str, where: str) -> None:
    assert member("body", key) == where


@given(st.text(), st.text())
def test_two_keys_never_share_a_place(one: str, other: str) -> None:
    assert (member("body", one) == member("body", other)) == (one == other)


@pytest.mark.parametrize(
    ("where", "field"),
    [
        ("body.items[2].price", "body.items[*].price"),
        ("body[0][11]", "body[*][*]"),
        ("header.vary", "header.vary"),
        (r'body["a[1]"][1]', r'body["a[1]"][*]'),
        (r'body["\"[1]"].x[3]', r'body["\"[1]"].x[*]'),
    ],
)
def test_an_outline_has_no_index(where: str, field: str) -> None:
    assert field_of(where) == field
