"""What HTTP lets a client do with any route: methods, slashes, conditions, ranges, origins. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..corpus.case import Step
from .request_builder import Draft

_METHODS = ("PATCH", "DELETE", "PUT", "POST", "GET")


def path_cases(draft: Draft) -> Iterator[tuple[str, Draft]]:
    """The same path with slashes and queries that nobody asked for."""
    path = draft.path
    if path != "/":
        other = path[:-1] if path.endswith("/") else f"{path}/"
        yield ("no slash at the end" if path.endswith("/") else "a slash at the end"), replace(draft, path=other)
        yield "a double slash within", replace(draft, path=path[:1] + path[1:].replace("/", "//", 1))
        yield "a line feed at the end", replace(draft, path=f"{path}%0A")
    yield "a double slash at the beginning", replace(draft, path=f"/{path}")
    yield "an unknown query", replace(draft, query=f"{draft.query}&unknown=1".lstrip("&"))


def method_cases(draft: Draft, taken: frozenset[str]) -> Iterator[tuple[str, Draft]]:
    """HEAD, OPTIONS, a preflight, and a method that no route takes at this path."""
    bare = replace(draft, body=None, content_type=None)
    if draft.method == "GET":
        yield "HEAD", replace(bare, method="HEAD")
    yield "OPTIONS", replace(bare, method="OPTIONS")
    preflight = replace(bare, method="OPTIONS").with_header("Origin", "https://example.org")
    yield "a preflight", preflight.with_header("Access-Control-Request-Method", draft.method)
    wrong = next((method for method in _METHODS if method not in taken), None)
    if wrong:
        yield f"{wrong}, which it does not take", replace(bare, method=wrong)


def negotiation_cases(draft: Draft) -> Iterator[tuple[str, Draft]]:
    """Headers that a client may always send."""
    for name, value in (
        ("Accept", "text/html"),
        ("Accept", "application/json"),
        ("Origin", "https://example.org"),
        ("Accept-Language", "de"),
        ("X-Requested-With", "XMLHttpRequest"),
        ("X-Forwarded-Proto", "https"),
    ):
        yield f"{name} is {value}", draft.with_header(name, value)
    if draft.method == "GET":
        for span in ("bytes=0-3", "bytes=0-1,4-5", "bytes=999983-", "lines=1-2"):
            yield f"Range is {span}", draft.with_header("Range", span)
        yield "If-None-Match is *", draft.with_header("If-None-Match", "*")


def conditional_steps(draft: Draft) -> tuple[Step, ...]:
    """The answer again, if it has changed."""
    again = draft.with_header("If-None-Match", "{{etag}}")
    return draft.step(("etag", "header.etag")), again.step()
