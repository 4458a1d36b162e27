"""A request as another tool wrote it becomes a step that a case can have. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from urllib.parse import quote

from ....http.message import Headers, Request, end_to_end
from ..case import Step
from ..case_reading import HOST, read_step

_PATH = "/%:@!$&'()*+,;=~{}[]"
_QUERY = "=&%+/:;,@!$'()*~?{}[]"


def target_of(path: str, query: str = "") -> bytes:
    """Return a target, what no URL may have percent-encoded; what is encoded already stays so."""
    return (quote(path or "/", safe=_PATH) + (f"?{quote(query, safe=_QUERY)}" if query else "")).encode()


def step_of(method: str, target: bytes, headers: Iterable[tuple[str, str]], body: bytes = b"") -> Step:
    """Return the step that sends a request end to end: with one host, and with the length that its body has.

    Raises ValueError for one that HTTP does not have.
    """
    pairs: Headers = tuple((header_bytes(name.strip()), header_bytes(value.strip())) for name, value in headers)
    hosts = [value for name, value in pairs if name.lower() == b"host" and value] or [HOST[1]]
    rest = tuple(header for header in pairs if header[0] and header[0].lower() != b"host")
    request = end_to_end(Request(method.strip().upper(), target, ((HOST[0], hosts[0]), *rest), body))
    return read_step(
        {
            "request": request.line,
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers],
            "base64": base64.b64encode(body).decode(),
            "exact": True,
        }
    )


def reason_of(error: Exception) -> str:
    """Return in plain words why a member could not become a step."""
    if isinstance(error, UnicodeError):
        return "a character in it cannot be sent"
    return "it is too deep to be read" if isinstance(error, RecursionError) else str(error)


def header_bytes(text: str) -> bytes:
    """Return a name or value of a header: Latin-1, as HTTP has it, or UTF-8 where that has not all of it."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
