"""The value at a place of an answer, for a later request of the same case. Pure."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from ..exchange import Response, values_of

PART = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")
INPUT = re.compile(rb"<input\b[^>]{0,1000}>", re.IGNORECASE)
ATTRIBUTE = re.compile(rb"""\b(name|value)=["']([^"']*)["']""", re.IGNORECASE)


def value_at(response: Response, place: str) -> str | None:
    """`body.items[0].id`, `header.etag`, `cookie.session`, `body`, `status`; None when nothing stands there.

    In an HTML page `body.csrf_token` is the value of the field of that name.
    """
    kind, _, rest = place.partition(".")
    if kind == "header":
        found = values_of(response.headers, rest.lower().encode("latin-1"))
        return found[0].decode("latin-1") if found else None
    if kind == "cookie":
        return _cookie(response, rest)
    if place == "status":
        return str(response.status)
    return _body(response, place) if place.startswith("body") else None


def _body(response: Response, place: str) -> str | None:
    if place == "body":
        return response.body.decode("utf-8", "surrogateescape")
    if response.media_type == "text/html":
        return _field(response.body, place.removeprefix("body."))
    return _json(response.body, place.removeprefix("body"))


def _cookie(response: Response, name: str) -> str | None:
    pairs = (value.partition(b";")[0].partition(b"=") for value in values_of(response.headers, b"set-cookie"))
    found = [value.strip() for key, _, value in pairs if key.strip() == name.encode("latin-1")]
    return found[-1].decode("latin-1") if found else None


def _field(body: bytes, name: str) -> str | None:
    for found in INPUT.finditer(body):
        given = {key.lower(): value for key, value in ATTRIBUTE.findall(found[0])}
        if given.get(b"name") == name.encode():
            return html.unescape(given.get(b"value", b"").decode("utf-8", "surrogateescape"))
    return None


def _json(body: bytes, path: str) -> str | None:
    try:
        found: Any = json.loads(body)
        for name, index, quoted in PART.findall(path):
            found = found[int(index) if index else name or json.loads(quoted)]
    except (ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else json.dumps(found)
