"""A request in the making: what a generated case asks, part by part, until it becomes the bytes of a step. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote

from ...http.message import FORM_TYPE, Headers, Request, json_bytes
from ...http.multipart import BOUNDARY, MULTIPART_TYPE, Part, encode_multipart
from ..corpus.bodies import JSON_TYPE
from ..corpus.case import Step
from ..corpus.case_reading import HOST


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """One request, easy to change in one place."""

    method: str
    path: str
    """Percent-encoded."""
    query: str = ""
    """Percent-encoded."""
    headers: Headers = ()
    body: bytes | None = None
    content_type: str | None = None

    def with_query(self, pairs: Iterable[tuple[str, str]]) -> Self:
        """Return the request with this query."""
        return replace(self, query=_encoded(pairs))

    def with_header(self, name: str, value: str) -> Self:
        """Return the request with one header more, in UTF-8."""
        return replace(self, headers=(*self.headers, (name.encode(), value.encode())))

    def with_json(self, value: Any) -> Self:
        """Return the request with any JSON value as its body."""
        return replace(self, body=json_bytes(value), content_type=JSON_TYPE)

    def with_form(self, pairs: Iterable[tuple[str, str]]) -> Self:
        """Return the request with these pairs as an urlencoded body."""
        return replace(self, body=_encoded(pairs).encode(), content_type=FORM_TYPE)

    def with_parts(self, parts: Iterable[Part]) -> Self:
        """Return the request with a multipart body."""
        body = encode_multipart(parts, BOUNDARY)
        return replace(self, body=body, content_type=f"{MULTIPART_TYPE}; boundary={BOUNDARY}")

    def step(self, *captures: tuple[str, str]) -> Step:
        """Return the step that asks this, with a host, and with type and length of the body."""
        given = [HOST, *self.headers]
        if self.content_type is not None:
            given.append((b"content-type", self.content_type.encode()))
        if self.body is not None:
            given.append((b"content-length", str(len(self.body)).encode()))
        target = f"{self.path}?{self.query}" if self.query else self.path
        return Step(Request(self.method, target.encode(), tuple(given), self.body or b""), captures)


def _encoded(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the pairs percent-encoded, but for braces: `{{csrf}}` is a captured value."""
    return "&".join(f"{quote(name, safe='')}={quote(text, safe='{}')}" for name, text in pairs)
