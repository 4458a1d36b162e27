"""A body is compared as what both sides say that it is; where they are not of one kind, by its bytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from gateway.comparing.diff.body_comparison import compare_bodies
from gateway.http.message import Response
from tests.comparing.answers import JSON, Found, answer, plain

HTML = "text/html; charset=utf-8"
EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
GZIP = "Content-Encoding: gzip"
DEFLATE = "Content-Encoding: deflate"
BR = "Content-Encoding: br"
ZSTD = "Content-Encoding: zstd"
BOM = b"\xef\xbb\xbf"


def zipped(*members: str) -> bytes:
    return b"".join(gzip.compress(member.encode(), mtime=0) for member in members)


def brotlied(text: str) -> bytes:
    return brotli.compress(text.encode())


def zstandarded(*frames: str) -> bytes:
    return b"".join(zstandard.compress(frame.encode()) for frame in frames)


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
        (answer("event: a\ndata: 1\n\n", EVENTS), answer("event: a\r\ndata: 1\r\n\r\n", EVENTS)),
        (answer("data: 1\n\n\ndata: 2\n\n", EVENTS), answer("data: 1\r\rdata: 2\r\r", EVENTS)),
        (answer('{"a":1}\n{"b":2}\n', LINES), answer('{ "a":1}\n\n{"b":2}', LINES)),
        (
            answer(gzip.compress(b"{}", mtime=1), JSON, "Content-Encoding: gzip"),
            answer(gzip.compress(b"{ }", 1, mtime=2), JSON, "Content-Encoding: gzip"),
        ),
        (answer(zipped("a", "", "b"), "text/plain", GZIP), answer(zipped("ab"), "text/plain", GZIP)),
        (answer(zlib.compress(b"a", 1), "text/plain", DEFLATE), answer(zlib.compress(b"a"), "text/plain", DEFLATE)),
        (answer(brotlied('{"a": 1}'), JSON, BR), answer(brotlied('{"a":1}\n'), JSON, BR)),
        (answer(zstandarded('{"a": ', "1}"), JSON, ZSTD), answer(zstandarded('{"a":1}\n'), JSON, ZSTD)),
        (answer(zstandarded("a"), "text/plain", ZSTD), answer(brotlied("a"), "text/plain", BR)),
        (answer(zipped("a")[:-8], "text/plain", GZIP), answer(zipped("a")[:-8], "text/plain", GZIP)),
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
        (
            answer("event: a\r\ndata: 1\r\n\r\n", EVENTS),
            answer("event: a\r\n\r\ndata: 1\r\n\r\n", EVENTS),
            [("body", "(1 item)", "(2 items)"), ("body[0].data", '"1"', None)],
        ),
        (
            answer("data: {\0}\0\n\n", EVENTS),
            answer("data: {}\n\n", EVENTS),
            [("body[0].data", r'"{\u0000}\u0000"', "{}")],
        ),
        (answer('{"a":1}\n[2]', LINES), answer('{"a":1}\n[3]', LINES), [("body[1][0]", "2", "3")]),
        (answer("{}\nx", LINES), answer("{}\ny", LINES), [("body", "{}\nx", "{}\ny")]),
        (answer(b"1\n" + BOM + b"2", LINES), answer("1\n2", LINES), [("body", "1\n\ufeff2", "1\n2")]),
        (answer("1\n\v\n", LINES), answer("1\n", LINES), [("body", "1\n\v\n", "1\n")]),
        (answer("[" * 5_000 + "1" + "]" * 5_000), answer("[" * 5_000 + "2" + "]" * 5_000), None),
        (answer("<p>" + "<b>" * 5_000 + "1", HTML), answer("<p>" + "<b>" * 5_000 + "2", HTML), None),
        (answer(brotlied('{"a":1}'), JSON, BR), answer(brotlied('{"a":2}'), JSON, BR), [("body.a", "1", "2")]),
        (
            answer(zstandarded('{"a":1}'), JSON, ZSTD),
            answer(zstandarded('{"a":2}'), JSON, ZSTD),
            [("body.a", "1", "2")],
        ),
        (answer(brotlied("a" * 99)[:-1], "text/plain", BR), answer(brotlied("a" * 99), "text/plain", BR), None),
        (answer(zstandarded("a" * 99)[:-1], "text/plain", ZSTD), answer(b"a" * 99, "text/plain", ZSTD), None),
        (answer(b"\x1f\x8b\x00", "image/png", "Content-Encoding: gzip"), answer(b"\x1f\x8b\x01", "image/png"), None),
    ],
)
def test_every_difference_has_its_place(control: Response, candidate: Response, expected: Found | None) -> None:
    """None: one difference at `body`, whatever its words."""
    found = differences(control, candidate)
    assert found == expected or (expected is None and [where for where, *_ in found] == ["body"])


@pytest.mark.parametrize(
    ("control", "candidate", "coding"),
    [
        (zipped("a", "b"), zipped("a", "c"), GZIP),
        (zipped("a", "b"), zipped("a"), GZIP),
        (zipped("a"), zipped("a")[:-8], GZIP),
        (zipped("a", "b"), zipped("a", "b")[:-8], GZIP),
        (zipped("a"), zipped("a") + b"x", GZIP),
        (zipped("a"), zipped("a") + b"\0", GZIP),
        (zipped("a"), zlib.compress(b"a"), GZIP),
        (zipped("plain text"), b"plain text", GZIP),
        (zlib.compress(b"a"), zlib.compress(b"a")[:-4], DEFLATE),
        (zlib.compress(b"a"), zlib.compress(b"a") + zlib.compress(b""), DEFLATE),
        (zlib.compress(b"a"), zipped("a"), DEFLATE),
    ],
)
def test_what_a_client_cannot_inflate_is_not_what_it_can(control: bytes, candidate: bytes, coding: str) -> None:
    for pair in ((control, candidate), (candidate, control)):
        found = differences(*(answer(body, "text/plain", coding) for body in pair))
        assert [where for where, *_ in found] == ["body"]


@pytest.mark.parametrize("json_mode", ["typed", "canonical", "bytes"])
@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ('{"a":1}'.encode("utf-16"), "utf-16"),
        ('{"a":1}'.encode("utf-16-be"), "utf-16-be"),
        (BOM + b'{"a":1}', "utf-8-sig"),
    ],
)
def test_json_in_another_encoding_is_another_body(body: bytes, encoding: str, json_mode: str) -> None:
    expected = ("body", "(JSON in utf-8)", f"(JSON in {encoding})")
    assert differences(answer('{"a":1}'), answer(body), json_mode) == [expected]
    assert differences(answer('{"a":2}'), answer(body), json_mode) == [expected, ("body.a", "2", "1")]


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        (answer('{"a":1}\n'), answer('{"a": 1}'), [("body.bytes", '{"a":1}\n', '{"a": 1}')]),
        (answer('{"a":1}\n'), answer('{"a": 2}'), [("body.a", "1", "2")]),
        (answer('{"a":1}'), answer('{"a":1}'), []),
        (answer("<p>a</p>", HTML), answer("<p>a", HTML), []),
        (
            answer("data: 1\n\n", EVENTS),
            answer("data: 1\r\n\r\n", EVENTS),
            [("body.bytes", "data: 1\n\n", "data: 1\r\n\r\n")],
        ),
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


def test_of_a_compressed_body_that_was_cut_only_the_common_part_counts() -> None:
    whole, other = (answer(zipped(f"{word} " * 99, "b"), "text/plain", GZIP) for word in ("a", "c"))
    for length in range(len(whole.body)):
        cut = answer(whole.body[:length], "text/plain", GZIP, is_cut=True)
        assert differences(cut, whole) == differences(whole, cut) == []
    assert differences(answer(whole.body[:-12], "text/plain", GZIP, is_cut=True), other) != []


@pytest.mark.parametrize(
    ("coding", "compress"), [(GZIP, gzip.compress), (BR, brotli.compress), (ZSTD, zstandard.compress)]
)
def test_a_body_that_inflates_beyond_all_measure_stays_as_it_came(
    coding: str, compress: Callable[[bytes], bytes]
) -> None:
    bomb = compress(b"\0" * (65 * 1024 * 1024))
    sides = (answer(bomb + tail, "text/plain", coding) for tail in (b"", b"x"))
    assert [where for where, *_ in differences(*sides)] == ["body"]
