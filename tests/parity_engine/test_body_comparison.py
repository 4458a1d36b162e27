"""A body is compared as what both sides say that it is; where they are not of one kind, by its bytes."""

from __future__ import annotations

import gzip

import pytest

from gateway.parity.comparing.body_comparison import compare_bodies
from gateway.parity.exchange import Response
from tests.parity_engine.answers import JSON, Found, answer, plain

HTML = "text/html; charset=utf-8"
EVENTS = "text/event-stream"
LINES = "application/x-ndjson"


def differences(control: Response, candidate: Response, json_mode: str = "typed") -> Found:
    return plain(compare_bodies(control, candidate, json_mode))


@pytest.mark.parametrize(
    ("control", "candidate"),
    [
        (answer('{"a":2,"b":1}\n'), answer('{"b":1,"a":2}')),
        (answer('{"a":1}'), answer('{"a": 1}', "application/problem+json")),
        (answer('{"a":1}\n', "text/html"), answer('{"a":1}')),
        (answer("<p>a</p>", HTML), answer("<p>a</p>\n", "text/html")),
        (answer("data: 1\n\n", EVENTS), answer(": ping\n\ndata:1\r\n\r\n", EVENTS)),
        (answer('data: {"a":1,\ndata: "b":2}\n\n', EVENTS), answer('data: {"b":2,"a":1}\n\n', EVENTS)),
        (answer('{"a":1}\n{"b":2}\n', LINES), answer('{ "a":1}\n\n{"b":2}', LINES)),
        (
            answer(gzip.compress(b"{}", mtime=1), JSON, "Content-Encoding: gzip"),
            answer(gzip.compress(b"{ }", 1, mtime=2), JSON, "Content-Encoding: gzip"),
        ),
        (
            answer("--x\r\na\r\n--x--", "multipart/mixed; boundary=x"),
            answer("--y\r\na\r\n--y--", "multipart/mixed; boundary=y"),
        ),
    ],
)
def test_no_difference(control: Response, candidate: Response) -> None:
    assert differences(control, candidate) == []


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        (answer("hi", HTML), answer('"hi"'), [("body", "hi", '"hi"')]),
        (answer("", HTML), answer('""'), [("body", "", '""')]),
        (answer("a,b\n", "text/csv"), answer("a,b\r\n", "text/csv"), [("body", "a,b\n", "a,b\r\n")]),
        (answer("<p>a", HTML), answer("<p>a", "text/plain"), []),
        (answer("<p>a", HTML), answer("<p> a", "text/plain"), [("body", "<p>a", "<p> a")]),
        (answer("{"), answer("{ "), [("body", "{", "{ ")]),
        (answer('data: {"a":1}\n\n', EVENTS), answer('data: {"a":2}\n\n', EVENTS), [("body[0].data.a", "1", "2")]),
        (answer("id: 1\ndata: x\n\n", EVENTS), answer("data: x\n\n", EVENTS), [("body[0].id", '"1"', None)]),
        (answer("data: x\n\n", EVENTS), answer("data: x\n", EVENTS), [("body", "(1 item)", "(0 items)")]),
        (answer("data:  x\n\n", EVENTS), answer("data: x\n\n", EVENTS), [("body[0].data", '" x"', '"x"')]),
        (answer('{"a":1}\n[2]', LINES), answer('{"a":1}\n[3]', LINES), [("body[1][0]", "2", "3")]),
        (answer("{}\nx", LINES), answer("{}\ny", LINES), [("body", "{}\nx", "{}\ny")]),
        (answer("[" * 5_000 + "1" + "]" * 5_000), answer("[" * 5_000 + "2" + "]" * 5_000), None),
        (answer("<p>" + "<b>" * 5_000 + "1", HTML), answer("<p>" + "<b>" * 5_000 + "2", HTML), None),
        (answer(b"\x1f\x8b\x00", "image/png", "Content-Encoding: gzip"), answer(b"\x1f\x8b\x01", "image/png"), None),
    ],
)
def test_every_difference_has_its_place(control: Response, candidate: Response, expected: Found | None) -> None:
    """None: one difference at `body`, whatever its words."""
    found = differences(control, candidate)
    assert found == expected or (expected is None and [where for where, *_ in found] == ["body"])


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        (answer('{"a":1}\n'), answer('{"a": 1}'), [("body.bytes", '{"a":1}\n', '{"a": 1}')]),
        (answer('{"a":1}\n'), answer('{"a": 2}'), [("body.a", "1", "2")]),
        (answer('{"a":1}'), answer('{"a":1}'), []),
        (answer("<p>a</p>", HTML), answer("<p>a", HTML), []),
    ],
)
def test_in_bytes_mode_json_that_agrees_by_value_may_differ(
    control: Response, candidate: Response, expected: Found
) -> None:
    assert differences(control, candidate, "bytes") == expected


def test_in_canonical_mode_numbers_agree_by_value() -> None:
    assert differences(answer('{"a":1}'), answer('{"a":1.0}'), "canonical") == []


@pytest.mark.parametrize("kind", [EVENTS, LINES, "text/plain", "application/octet-stream"])
def test_of_a_body_that_was_cut_only_the_common_part_counts(kind: str) -> None:
    whole = "data: 1\n\ndata: 2\n\n" if kind == EVENTS else "1\n23\n"
    for length in range(len(whole)):
        cut = answer(whole[:length], kind, is_cut=True)
        assert differences(cut, answer(whole, kind)) == []
        assert differences(answer(whole, kind, is_cut=True), cut) == []
    other = whole.replace("1", "9")
    assert differences(answer(whole, kind, is_cut=True), answer(other, kind, is_cut=True)) != []


def test_a_body_that_inflates_beyond_all_measure_stays_as_it_came() -> None:
    bomb = gzip.compress(b"\0" * (65 * 1024 * 1024))
    sides = (answer(bomb + tail, "text/plain", "Content-Encoding: gzip") for tail in (b"", b"x"))
    assert [where for where, *_ in differences(*sides)] == ["body"]
