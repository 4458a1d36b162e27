"""Texts of differences are bounded, can be encoded, and never look equal when they are not."""

from __future__ import annotations

import pytest

from gateway.comparing.diff.difference_text import (
    MAX_TEXT_CHARS,
    described,
    is_whole,
    quoted,
    unequal,
    unequal_bytes,
)


def test_equal_texts_are_no_difference() -> None:
    assert list(unequal("body", "a", "a")) == []
    assert list(unequal("body", None, None)) == []


def test_a_long_text_is_kept_as_its_beginning_with_a_digest() -> None:
    (one,) = unequal("body", "x" * 5_000, "x" * 4_999 + "y")
    assert one.control == f"{'x' * MAX_TEXT_CHARS} ... (5,000 characters, sha256 c59d3c0480cc)"
    assert one.candidate is not None
    assert one.candidate != one.control
    assert not is_whole(one.control)
    assert is_whole("x" * MAX_TEXT_CHARS)


@pytest.mark.parametrize(("text", "shown"), [("é", '"é"'), ("\ud800", r'"\ud800"'), ('a"\n', r'"a\"\n"')])
def test_a_json_string_is_escaped_only_where_it_must_be(text: str, shown: str) -> None:
    assert quoted(text) == shown
    shown.encode()


def test_a_text_that_cannot_be_encoded_is_escaped() -> None:
    (one,) = unequal("error", "ValueError: \ud800", None)
    assert one.control == r"ValueError: \ud800"


@pytest.mark.parametrize(
    ("control", "candidate", "shown"),
    [
        (b"a,b\n", b"a;b\n", ("a,b\n", "a;b\n")),
        (b"", b"x", ("", "x")),
        (
            b"\x00ab",
            b"\x00aCd",
            (
                "(3 bytes, sha256 0bd1da9a5f5b, other from byte 2 on)",
                "(4 bytes, sha256 9e87095f5b91, other from byte 2 on)",
            ),
        ),
        (
            b"\xff",
            b"\xff\xff",
            (
                "(1 bytes, sha256 a8100ae6aa19, other from byte 1 on)",
                "(2 bytes, sha256 ca2fd00fa001, other from byte 1 on)",
            ),
        ),
    ],
)
def test_bodies_are_texts_or_digests(control: bytes, candidate: bytes, shown: tuple[str, str]) -> None:
    (one,) = unequal_bytes("body", control, candidate)
    assert (one.control, one.candidate) == shown
    assert list(unequal_bytes("body", control, control)) == []


def test_a_description_is_known_as_one() -> None:
    assert not is_whole(described("3 items"))
    assert is_whole('"(3 items"')
