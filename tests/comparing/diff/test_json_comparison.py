"""JSON by value and by type, place by place, with numbers as they were written."""

from __future__ import annotations

from itertools import combinations

import pytest

from gateway.comparing.diff.json_comparison import compare_json, read_json
from tests.comparing.answers import Found, plain


def differences(control: str, candidate: str, *, canonical: bool = False) -> Found:
    values = read_json(control.encode()), read_json(candidate.encode())
    return plain(compare_json("body", *values, canonical=canonical))


VALUES = ("1", "1.0", "1e0", "true", '"1"', "null", "[1]", '{"1": 1}', "NaN", '"NaN"', "-0")


@pytest.mark.parametrize(("one", "other"), tuple(combinations(VALUES, 2)))
def test_values_that_a_client_tells_apart_differ(one: str, other: str) -> None:
    assert differences(one, other) == [("body", one, other)]
    assert differences(one, one) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1,"b":[]}', ' { "b" : [ ],\n"a" : 1 }\n'),
        (r'"\u00e9\u2028\ud83d\ude00\/"', '"é\u2028😀/"'),
        (r'"\ud800"', r'"\uD800"'),
        ("NaN", "NaN"),
        ("1" * 5_000, "1" * 5_000),
        ('{"a":1,"a":2}', '{"a":1,"a":2}'),
    ],
)
def test_how_a_value_is_written_does_not_count(one: str, other: str) -> None:
    assert differences(one, other) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ('{"a":null}', "{}", [("body.a", "null", None)]),
        ("{}", '{"a":null}', [("body.a", None, "null")]),
        ('{"u":{"id":1}}', '{"u":{"id":2}}', [("body.u.id", "1", "2")]),
        ('{"items":[{"p":1},{"p":2}]}', '{"items":[{"p":1},{"p":2.0}]}', [("body.items[1].p", "2", "2.0")]),
        ("[1,2,3]", "[1,9]", [("body", "(3 items)", "(2 items)"), ("body[1]", "2", "9")]),
        ("[]", "[1]", [("body", "(0 items)", "(1 item)")]),
        ('{"a":{"b":[1,"x"]}}', '{"a":5}', [("body.a", '{"b": [1, "x"]}', "5")]),
        ('{"a b":1}', '{"a b":2}', [('body["a b"]', "1", "2")]),
        ('{"a":1,"a":2}', '{"a":2}', [("body.a", "1 and again 2", "2")]),
        ('{"a":1,"a":2}', '{"a":2,"a":1}', [("body.a", "1 and again 2", "2 and again 1")]),
        ('{"a":[1,2]}', '{"a":1,"a":2}', [("body.a", "[1, 2]", "1 and again 2")]),
        ("1e400", "Infinity", [("body", "1e400", "Infinity")]),
        (f"1{'0' * 30}", f"1{'0' * 29}1", [("body", f"1{'0' * 30}", f"1{'0' * 29}1")]),
        (r'"\ud800"', '"?"', [("body", r'"\ud800"', '"?"')]),
    ],
)
def test_every_difference_has_its_place(one: str, other: str, expected: Found) -> None:
    assert differences(one, other) == expected


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1.0"), ("1e0", "1"), ("1e-07", "1e-7"), ("-0", "0"), ("10", "1E1"), ("100", "1e2")]
)
def test_in_canonical_mode_numbers_agree_by_value(one: str, other: str) -> None:
    assert differences(one, other, canonical=True) == []
    assert differences(one, other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "2"),
        ("1", '"1"'),
        ("1", "true"),
        ("NaN", "Infinity"),
        ("1e99999999999999999999", "1"),
        ("0.1", "0.10000000001"),
    ],
)
def test_in_canonical_mode_other_values_differ_still(one: str, other: str) -> None:
    assert differences(one, other, canonical=True) == [("body", one, other)]


@pytest.mark.parametrize("body", [b"", b"{", b"nope", b"{} {}", b'"\xff"', b'"\xed\xa0\x80"', b"{'a': 1}"])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_json(body)


def test_utf_16_and_a_byte_order_mark_are_read() -> None:
    assert read_json('"é"'.encode("utf-16")) == read_json(b'\xef\xbb\xbf"\xc3\xa9"') == "é"
