"""Do what HTTP lets a client do with any route: methods, slashes, conditions, ranges, origins. Pure."""

from __future__ import annotations

from dataclasses import replace

from .request_builder import RequestBuilder
from .variation import Group, Variation, Variations

_METHODS = ("PATCH", "DELETE", "PUT", "POST", "GET")


def path_cases(valid: RequestBuilder) -> Variations:
    """Yield the valid request with slashes and queries that nobody asked for."""
    path, paths = valid.path, {}
    if path != "/":
        paths = {"no slash at the end": path[:-1]} if path.endswith("/") else {"a slash at the end": f"{path}/"}
        paths["a double slash within"] = path[:1] + path[1:].replace("/", "//", 1)
        paths["a line feed at the end"] = f"{path}%0A"
    paths["a double slash at the beginning"] = f"/{path}"
    for label, odd in paths.items():
        yield Variation.named(Group.PATH, label, replace(valid, path=odd).step())
    unknown = replace(valid, query=f"{valid.query}&unknown=1".lstrip("&"))
    yield Variation.named(Group.PATH, "an unknown query", unknown.step())


def method_cases(valid: RequestBuilder, taken: frozenset[str]) -> Variations:
    """Yield HEAD, OPTIONS, a preflight, and a method that no route takes at this path, which has `taken`."""
    without_body = replace(valid, body=None, content_type=None)
    options = replace(without_body, method="OPTIONS")
    preflight = options.with_header("Origin", "https://example.org")
    requests = {"HEAD": replace(without_body, method="HEAD")} if valid.method == "GET" else {}
    requests["OPTIONS"] = options
    requests["a preflight"] = preflight.with_header("Access-Control-Request-Method", valid.method)
    if wrong := next((method for method in _METHODS if method not in taken), None):
        requests[f"{wrong}, which it does not take"] = replace(without_body, method=wrong)
    for label, request in requests.items():
        yield Variation.named(Group.METHOD, label, request.step())


def negotiation_cases(valid: RequestBuilder) -> Variations:
    """Yield the valid request with each header that a client may always send."""
    headers = [
        ("Accept", "text/html"),
        ("Accept", "application/json"),
        ("Origin", "https://example.org"),
        ("Accept-Language", "de"),
        ("X-Requested-With", "XMLHttpRequest"),
        ("X-Forwarded-Proto", "https"),
    ]
    if valid.method == "GET":
        headers += (("Range", span) for span in ("bytes=0-3", "bytes=0-1,4-5", "bytes=999983-", "lines=1-2"))
        headers.append(("If-None-Match", "*"))
    for name, value in headers:
        yield Variation.odd(Group.CLIENT_HEADER, name, f"is {value}", valid.with_header(name, value))


def conditional_cases(valid: RequestBuilder) -> Variations:
    """Yield a GET that asks for its answer again, if that has changed."""
    if valid.method == "GET":
        again = valid.with_header("If-None-Match", "{{etag}}").step()
        first = valid.step(("etag", "header.etag"))
        yield Variation.named(Group.CONDITIONAL, "asked again with its ETag", first, again)
