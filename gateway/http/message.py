"""One request and its response, as bytes and header pairs as they came. Values only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

Headers = tuple[tuple[bytes, bytes], ...]
FORM_TYPE = "application/x-www-form-urlencoded"
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)


def values_of(headers: Headers, name: bytes) -> tuple[bytes, ...]:
    """Every value of a field, in order; `name` in lower case."""
    return tuple(value for key, value in headers if key.lower() == name)


def resized(headers: Headers, before: bytes, after: bytes) -> Headers:
    """The headers of a body that has changed: a Content-Length that was right stays right, a wrong one stays wrong."""
    was = str(len(before)).encode()
    return tuple(
        (name, str(len(after)).encode() if name.lower() == b"content-length" and value == was else value)
        for name, value in headers
    )


def boundary_of(content_type: str | None) -> str | None:
    """The boundary that a Content-Type names."""
    found = _BOUNDARY.search(content_type or "")
    return found[1] if found else None


def media_type_of(content_type: str | None) -> str:
    """`application/json`, lower case, without parameters; empty when there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Request:
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
        return self.target.partition(b"?")[2]


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `date` and `server` are the server's, so an app called in process has neither."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    is_cut: bool = False
    """Whether reading stopped at a limit of time or size: the body is the beginning of an endless one."""

    @property
    def media_type(self) -> str:
        """`application/json`, lower case, without parameters; empty when there is none."""
        first = next(iter(values_of(self.headers, b"content-type")), b"")
        return first.decode("latin-1").partition(";")[0].strip().lower()

    @property
    def framing(self) -> str:
        """`length`, or `stream` for a body whose head does not say where it ends."""
        return "length" if values_of(self.headers, b"content-length") else "stream"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked and what was answered."""

    request: Request
    response: Response
