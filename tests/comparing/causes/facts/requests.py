"""Requests as bytes, in the few forms that the rows need."""

from __future__ import annotations

from gateway.http.message import Request

HOST = (b"host", b"facts.test")
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
Pairs = list[tuple[str, str | bytes]]


def ask(method: str, target: str, headers: Pairs | None = None) -> Request:
    """A request without a body."""
    return Request(method, target.encode(), (HOST, *_encoded(headers or [])))


def get(target: str, headers: Pairs | None = None) -> Request:
    return ask("GET", target, headers)


def value(name: str) -> Request:
    """The view that returns one of `VALUES`."""
    return get(f"/value/{name}")


def annotated(name: str) -> Request:
    """The same with a return annotation on the FastAPI side."""
    return get(f"/annotated/{name}")


def returned(name: str) -> Request:
    """The view whose answer is one of `RETURNED` as it stands."""
    return get(f"/returned/{name}")


def post(target: str, body: str | bytes, content_type: str | None, headers: Pairs | None = None) -> Request:
    raw = body.encode() if isinstance(body, str) else body
    head: Pairs = [("content-length", str(len(raw)))]
    if content_type is not None:
        head.insert(0, ("content-type", content_type))
    return Request("POST", target.encode(), (HOST, *_encoded(head + (headers or []))), raw)


def json_post(
    target: str, body: str | bytes, content_type: str | None = "application/json", headers: Pairs | None = None
) -> Request:
    return post(target, body, content_type, headers)


def form(body: str | bytes, content_type: str | None = FORM, target: str = "/form") -> Request:
    return post(target, body, content_type)


def multipart(*parts: tuple[str, bytes], target: str = "/upload", end: bytes = b"--b--\r\n") -> Request:
    """Parts by their Content-Disposition; `end` is what stands after the last one."""
    framed = (
        b"--b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (head.encode(), body) for head, body in parts
    )
    return post(target, b"".join(framed) + end, MULTIPART)


def preflight(origin: str) -> Request:
    asked: Pairs = [("access-control-request-method", "GET"), ("access-control-request-headers", "content-type")]
    return ask("OPTIONS", "/cors/item", [("origin", origin), *asked])


def _encoded(pairs: Pairs) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), raw if isinstance(raw, bytes) else raw.encode()) for name, raw in pairs)
