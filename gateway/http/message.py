"""One request and its response, as bytes and header pairs as they came, and everything that is read from them. Pure.

Readers are lenient, as servers and browsers are. What rewrites a body in place keeps each byte that it does not mean to
change, and so works on pieces of the bytes: `with_body`, `pair_name`, `multipart.split_parts`,
`headers.replace_cookie_values`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qsl, unquote_plus, unquote_to_bytes

from .headers import SetCookie, boundary_of, media_type_of, parse_cookies, parse_set_cookie
from .multipart import Part, read_parts

Headers = tuple[tuple[bytes, bytes], ...]
Pairs = tuple[tuple[str, str], ...]
FORM_TYPE = "application/x-www-form-urlencoded"
HOP_BY_HOP = frozenset(
    {b"connection", b"expect", b"http2-settings", b"keep-alive", b"proxy-connection", b"te", b"trailer"}
    | {b"transfer-encoding", b"upgrade"}
)
"""Headers that are between two hops alone (RFC 9110, 7.6.1), and those of HTTP/2 and of the body's transfer."""
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
"""Methods for which a client that says `Content-Length: 0` says nothing."""
_INPUT = re.compile(rb"<input\b[^>]{0,1000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""\b(name|value)=["']([^"']*)["']""", re.IGNORECASE)


def values_of(headers: Headers, name: bytes) -> tuple[bytes, ...]:
    """Return every value of a header, in order; `name` is in lower case."""
    return tuple(value for key, value in headers if key.lower() == name)


def first_value(headers: Headers, name: bytes) -> str:
    """Return the first value of a header as Latin-1 text, or "" when it is absent; `name` is in lower case."""
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def with_length(headers: Headers, before: bytes, after: bytes) -> Headers:
    """Return the headers of a body that has changed: a Content-Length that was right stays right, a wrong one wrong."""
    was = str(len(before)).encode()
    return tuple(
        (name, str(len(after)).encode() if name.lower() == b"content-length" and value == was else value)
        for name, value in headers
    )


def json_value(text: str | bytes | None) -> Any:
    """Return the value of a JSON text, or None for what is not JSON or too deep to read; so is null.

    NaN and Infinity are read, and bytes in UTF-8, -16 or -32, with a byte order mark or without.
    """
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return None


def json_leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) of each text, number and boolean in a JSON value; items of a list have its key."""
    pending = [("", value)]
    while pending:  # not recursive: a value may be as deep as Python could read it
        key, inner = pending.pop()
        if isinstance(inner, dict):
            pending += reversed(inner.items())
        elif isinstance(inner, list):
            pending += [(key, one) for one in reversed(inner)]
        elif inner is not None:
            yield key, inner


def json_bytes(value: Any) -> bytes:
    """Return a value as JSON without spaces; texts beyond ASCII as they are, but a lone surrogate is escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def query_pairs(text: str) -> Pairs:
    """Return the name-value pairs of a query or an urlencoded form, decoded; a name without `=` has the value ""."""
    return tuple(parse_qsl(text, keep_blank_values=True))


def pair_name(pair: bytes) -> str:
    """Return the decoded name of one pair of a query or an urlencoded form; names of different bytes stay different."""
    return unquote_plus(pair.partition(b"=")[0].decode("utf-8", "surrogateescape"), errors="surrogateescape")


class _Message:
    """Read what a request and a response have alike."""

    __slots__ = ()
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """Return the first value of a header as Latin-1 text, or "" when it is absent; `name` is in lower case."""
        return first_value(self.headers, name.encode("latin-1"))

    @property
    def media_type(self) -> str:
        """`application/json`, lower case, without parameters; "" when there is none."""
        return media_type_of(self.header("content-type"))

    @property
    def boundary(self) -> str:
        """The boundary of a multipart body; "" when there is none."""
        return boundary_of(self.header("content-type"))

    @property
    def json(self) -> Any:
        """The value of a JSON body, whatever its media type; None for a body that is not JSON, and for null."""
        return json_value(self.body)


@dataclass(frozen=True, slots=True)
class Request(_Message):
    """One request. Nothing is added to it: what is not here, the app does not see."""

    method: str
    target: bytes
    """Origin form, raw: `b"/todos/7?full=1"`."""
    headers: Headers = ()
    body: bytes = b""

    @property
    def line(self) -> str:
        """`GET /todos/7?full=1`."""
        return f"{self.method} {self.target.decode('latin-1')}"

    @property
    def path(self) -> str:
        """Decoded, as ASGI has it and as the map's rules match it."""
        return unquote_to_bytes(self.target.partition(b"?")[0]).decode("utf-8", "replace")

    @property
    def query(self) -> bytes:
        """Return what follows the first `?` of the target, raw."""
        return self.target.partition(b"?")[2]

    @property
    def query_pairs(self) -> Pairs:
        """(name, value) of the query, decoded, in order."""
        return query_pairs(self.query.decode("latin-1"))

    @property
    def cookies(self) -> Pairs:
        """(name, value) of every cookie, in order; quotes are part of a value, and one without `=` has the name ""."""
        lines = values_of(self.headers, b"cookie")
        return tuple(pair for line in lines for pair in parse_cookies(line.decode("latin-1")))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The named parts of a multipart body, as servers read them; empty for any other."""
        return read_parts(self.body, self.boundary) if self.boundary else ()

    @property
    def fields(self) -> Pairs:
        """(name, value) of a form in either encoding, in order, files too; bytes that are not UTF-8 become U+FFFD."""
        if self.media_type == FORM_TYPE:
            return query_pairs(self.body.decode("utf-8", "replace"))
        return tuple((part.name, part.content.decode("utf-8", "replace")) for part in self.parts)

    def with_body(self, body: bytes) -> Self:
        """Return the request with another body; a Content-Length that was right stays right."""
        return replace(self, headers=with_length(self.headers, self.body, body), body=body)


@dataclass(frozen=True, slots=True)
class Response(_Message):
    """One answer. `date` and `server` are the server's, so an app called in process has neither."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    is_cut: bool = False
    """Whether reading stopped at a limit of time or size: the body is the beginning of an endless one."""

    @property
    def set_cookies(self) -> tuple[SetCookie, ...]:
        """The cookie of every Set-Cookie line, in order."""
        return tuple(parse_set_cookie(line.decode("latin-1")) for line in values_of(self.headers, b"set-cookie"))

    @property
    def inputs(self) -> Iterator[tuple[bytes, bytes]]:
        """(name, value) of each named input of an HTML page, in order, as they stand there; a lacking value is b""."""
        for found in _INPUT.finditer(self.body):
            given = {key.lower(): value for key, value in _ATTRIBUTE.findall(found[0])}
            if b"name" in given:
                yield given[b"name"], given.get(b"value", b"")

    @property
    def framing(self) -> str:
        """`length`, or `stream` for a body whose head does not say where it ends."""
        return "length" if values_of(self.headers, b"content-length") else "stream"


@dataclass(frozen=True, slots=True)
class Exchange:
    """Keep what was asked and what was answered."""

    request: Request
    response: Response


def end_to_end(request: Request) -> Request:
    """Return a recorded request as a case sends it: without what is between two hops (RFC 9110, 7.6.1).

    Host comes first, type and length of the body last, and names of headers are in lower case: the order of headers of
    different names means nothing (RFC 9110, 5.3). A chunked body gets its length.
    """
    headers = [(name.lower(), value) for name, value in request.headers if name.lower() not in HOP_BY_HOP]
    first = [header for header in headers if header[0] == b"host"]
    types = [header for header in headers if header[0] == b"content-type" and header[1]]
    rest = [header for header in headers if header[0] not in {b"host", b"content-type", b"content-length"}]
    is_measured = request.body or (values_of(request.headers, b"content-length") and request.method not in _BODILESS)
    length = [(b"content-length", str(len(request.body)).encode())] if is_measured else []
    return replace(request, headers=(*first, *rest, *types, *length))
