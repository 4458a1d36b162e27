"""Multipart bodies (RFC 7578): written in one way, read as leniently as servers do, and rewritten in place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, takewhile

from .headers import parameters_of

BOUNDARY = "gateway-boundary"
"""The boundary of every multipart body that the gateway writes, so that it is the same each time."""
MULTIPART_TYPE = "multipart/form-data"
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^(content-disposition|content-type):[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart form; with a file name it is a file."""

    name: str
    content: bytes
    filename: str | None = None
    """Text between the quotes, escapes as they were sent: frameworks unescape them in different ways."""
    media_type: str | None = None
    """Value of the part's Content-Type, parameters included."""


def encode_multipart(parts: Iterable[Part], boundary: str) -> bytes:
    """Return a body with these parts, as WHATWG's "multipart/form-data encoding algorithm" writes them."""
    pieces = []
    for part in parts:
        filename = b"" if part.filename is None else b'; filename="%b"' % _escaped(part.filename)
        media_type = b"" if part.media_type is None else b"Content-Type: %b\r\n" % part.media_type.encode("latin-1")
        head = b'Content-Disposition: form-data; name="%b"%b\r\n%b' % (_escaped(part.name), filename, media_type)
        pieces.append(b"\r\n%b\r\n%b\r\n" % (head, part.content))
    delimiter = b"--" + boundary.encode("latin-1")
    return delimiter + delimiter.join([*pieces, b"--\r\n"])


def _escaped(name: str) -> bytes:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()


def read_parts(body: bytes, boundary: str) -> tuple[Part, ...]:
    """Return the parts that have a name, as servers read them; the last one may be cut.

    Lines may end in LF alone, a name that is not UTF-8 gets U+FFFD, and a content is as it was sent, whatever its
    Content-Transfer-Encoding says. What stands before the first delimiter or after the closing one counts for nothing.
    """
    end = b"--%b--" % boundary.encode("latin-1")
    pieces = takewhile(lambda piece: not piece.lstrip(b"\r\n").startswith(end), split_parts(body, boundary)[1:])
    return tuple(part for piece in pieces if (part := read_part(piece)) is not None)


def split_parts(body: bytes, boundary: str) -> list[bytes]:
    """Return the preamble, each part and the end of a multipart body, each with the delimiter that it begins with.

    `join_parts` of them is the body; a rewriting leaves out those that it does not want, and no other byte changes.
    """
    delimiter = rb"\r?\n--%b(?:--)?[ \t]*(?=\r?\n|\Z)" % re.escape(boundary.encode("latin-1"))
    whole = b"\r\n" + body
    starts = (found.start() for found in re.finditer(delimiter, whole))
    return [whole[start:end] for start, end in pairwise([0, *starts, len(whole)])]


def join_parts(pieces: Iterable[bytes]) -> bytes:
    """Return the body of pieces that `split_parts` gave."""
    return b"".join(pieces).removeprefix(b"\r\n")


def read_part(piece: bytes) -> Part | None:
    """Return the part that a piece of `split_parts` is, or None for one without a name."""
    head, *content = _EMPTY_LINE.split(piece, 1)
    fields = {key.lower(): value for key, value in reversed(_FIELD.findall(head))}
    disposition = fields.get(b"content-disposition", b"").decode("utf-8", "replace")
    parameters = dict(reversed(parameters_of(disposition, keeps_escapes=True)))
    media_type = fields[b"content-type"].decode("latin-1") if b"content-type" in fields else None
    name = parameters.get("name")
    return None if name is None else Part(name, b"".join(content), parameters.get("filename"), media_type)
