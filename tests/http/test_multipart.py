"""Multipart bodies, read leniently, and taken apart without a byte changed."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.formparser import MultiPartParser

from gateway.http.multipart import (
    Part,
    encode_multipart,
    join_parts,
    read_part,
    read_parts,
    split_parts,
)

HEAD = b'--x\r\nContent-Disposition: form-data; name="a"'
END = b"\r\n--x--\r\n"
ONE = HEAD + b"\r\n\r\n1" + END
A = Part("a", b"1")

BODIES = (
    # body, what a server reads, whether the encoder could have written it
    (ONE, (A,), True),
    (b"--x--\r\n", (), True),
    (HEAD + b"\r\n\r\n" + END, (Part("a", b""),), True),
    (HEAD + b"\r\n\r\n1\r\n" + ONE, (A, A), True),
    (HEAD + b"\r\n\r\n--y\r\n--" + END, (Part("a", b"--y\r\n--"),), True),
    (HEAD + b'; filename=""\r\nContent-Type: a/b; c=d\r\n\r\n1' + END, (Part("a", b"1", "", "a/b; c=d"),), True),
    (HEAD + b'; filename="C:\\d\\x%22.txt"\r\n\r\n1' + END, (Part("a", b"1", r"C:\d\x%22.txt"),), True),
    (HEAD + b'; filename="a\\"b"\r\n\r\n1' + END, (Part("a", b"1", r"a\"b"),), False),
    (HEAD + b"; filename*=UTF-8''%C3%A9\r\n\r\n1" + END, (A,), False),
    (b"before\r\n" + ONE + b"after\r\n", (A,), False),
    (ONE + b"\r\n" + ONE, (A,), False),
    (ONE.replace(b"\r\n", b"\n"), (A,), False),
    (HEAD + b"\r\n\r\n1", (A,), False),
    (HEAD, (Part("a", b""),), False),
    (b"--x\r\ncontent-disposition:form-data;name=a\r\nX-Other: 1\r\n\r\n1\r\n--x--", (A,), False),
    (b"--x \t\r\n" + HEAD[5:] + b"\r\n\r\n1" + END, (A,), False),
    (b"--x\r\n\r\nno head" + END, (), False),
    (b"--x\r\nContent-Disposition: form-data\r\n\r\nno name" + END, (), False),
    (HEAD + b"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==" + END, (Part("a", b"MQ=="),), False),
    (HEAD.replace(b'"a"', b'"\xff"') + b"\r\n\r\n\xff" + END, (Part("\ufffd", b"\xff"),), False),
    (HEAD + b'; name="b"\r\n\r\n1' + END, (A,), False),
    (b"a=1", (), False),
    (b"", (), False),
)  # fmt: skip


@pytest.mark.parametrize(("body", "parts", "is_written"), BODIES)
def test_parts(body: bytes, parts: tuple[Part, ...], is_written: bool) -> None:
    assert read_parts(body, "x") == parts
    assert join_parts(split_parts(body, "x")) == body
    assert (encode_multipart(parts, "x") == body) == is_written


@pytest.mark.parametrize("boundary", ["a b", "x.y", "(+)", "-", "x--", "\xe9"])
def test_any_boundary(boundary: str) -> None:
    body = encode_multipart([A, Part("b", b"2")], boundary)
    assert read_parts(body, boundary) == (A, Part("b", b"2"))


def test_a_part_can_be_left_out() -> None:
    body = b"before\r\n" + encode_multipart([A, Part("b", b"\xff\r\n"), A], "x") + b"after"
    pieces = split_parts(body, "x")
    assert [read_part(piece) for piece in pieces] == [None, A, Part("b", b"\xff\r\n"), A, None]
    left = encode_multipart([Part("b", b"\xff\r\n"), A], "x")
    assert join_parts(pieces[:1] + pieces[2:]) == b"before\r\n" + left + b"after"


TEXTS = st.text(st.characters(exclude_categories=["C"], exclude_characters='"\\;'), max_size=8)
PARTS = st.builds(Part, TEXTS, st.binary(max_size=20), st.none() | TEXTS.filter(bool), st.just("text/plain"))


@given(st.lists(PARTS, max_size=4))
def test_werkzeug_reads_the_same_parts(parts: list[Part]) -> None:
    boundary = "gateway-boundary"
    body = encode_multipart(parts, boundary)
    assert read_parts(body, boundary) == tuple(parts)
    form, files = MultiPartParser(stream_factory=lambda **_: BytesIO()).parse(
        BytesIO(body), boundary.encode(), len(body)
    )
    fields = [(part.name, part.content.decode("utf-8", "replace")) for part in parts if part.filename is None]
    assert sorted(form.items(multi=True)) == sorted(fields)
    uploads = [(part.name, part.filename, part.content) for part in parts if part.filename is not None]
    assert sorted((name, file.filename, file.read()) for name, file in files.items(multi=True)) == sorted(uploads)
