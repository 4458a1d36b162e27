"""A recorded request as a case sends it: what is between two hops (RFC 9110, 7.6.1) belongs to no case. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..message import Request, values_of

HOP_BY_HOP = frozenset(
    {b"connection", b"expect", b"http2-settings", b"keep-alive", b"proxy-connection", b"te", b"trailer"}
    | {b"transfer-encoding", b"upgrade"}
)


def end_to_end(request: Request) -> Request:
    """The request with host first, type and length of its body last, and the names of its headers in lower case.

    The order of headers of different names means nothing (RFC 9110, 5.3). A chunked body gets its length.
    """
    headers = [(name.lower(), value) for name, value in request.headers if name.lower() not in HOP_BY_HOP]
    first = [header for header in headers if header[0] == b"host"]
    types = [header for header in headers if header[0] == b"content-type" and header[1]]
    edges = {b"host", b"content-type", b"content-length"}
    rest = [header for header in headers if header[0] not in edges]
    is_measured = request.body or (values_of(request.headers, b"content-length") and request.method not in _BODILESS)
    length = [(b"content-length", str(len(request.body)).encode())] if is_measured else []
    return replace(request, headers=(*first, *rest, *types, *length))


_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
"""Methods for which a client that says `Content-Length: 0` says nothing."""
