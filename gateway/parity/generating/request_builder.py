"""A request in the making: what a generated case asks, part by part, until it becomes the bytes of a step. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote

from ...http.message import FORM_TYPE, Headers, Request, json_bytes
from ...http.multipart import BOUNDARY, MULTIPART_TYPE, Part, encode_multipart
from ..corpus.bodies import JSON_TYPE
from ..corpus.case import Step
from ..corpus.case_reading import HOST

_KEPT = re.compile(r"({{[\w.-]+}})")


@dataclass(frozen=True, slots=True)
class Draft:
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
        """Name-value pairs, to be encoded; a kept value, `{{id}}`, stays as it is."""
        return replace(self, query="&".join(f"{quote(name, safe='')}={_encoded(text)}" for name, text in pairs))

    def with_header(self, name: str, value: str) -> Self:
        """One header more, UTF-8."""
        return replace(self, headers=(*self.headers, (name.encode(), value.encode())))

    def with_json(self, value: Any) -> Self:
        """Any JSON value as the body."""
        return replace(self, body=json_bytes(value), content_type=JSON_TYPE)

    def with_form(self, pairs: Iterable[tuple[str, str]]) -> Self:
        """Name-value pairs as an urlencoded body; what stands in braces, `{{csrf}}`, stays as it is."""
        encoded = (f"{quote(name, safe='')}={quote(text, safe='{}')}" for name, text in pairs)
        return replace(self, body="&".join(encoded).encode(), content_type=FORM_TYPE)

    def with_parts(self, parts: Iterable[Part]) -> Self:
        """A multipart body."""
        body = encode_multipart(parts, BOUNDARY)
        return replace(self, body=body, content_type=f"{MULTIPART_TYPE}; boundary={BOUNDARY}")

    def step(self, *keep: tuple[str, str]) -> Step:
        """With a host, and with type and length of the body."""
        given = [HOST, *self.headers]
        if self.content_type is not None:
            given.append((b"content-type", self.content_type.encode()))
        if self.body is not None:
            given.append((b"content-length", str(len(self.body)).encode()))
        target = f"{self.path}?{self.query}" if self.query else self.path
        return Step(Request(self.method, target.encode(), tuple(given), self.body or b""), keep)


def _encoded(text: str) -> str:
    """Percent-encoded but for the kept values in it."""
    return "".join(part if at % 2 else quote(part, safe="") for at, part in enumerate(_KEPT.split(text)))
