"""Values of answers for later requests of the same case. Pure."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from ...http.message import Request, Response, values_of
from ..corpus.case import Step, fill, used_names

_KEY = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")


class Captures:
    """Keeps what one side's answers have given to one case so far."""

    def __init__(self, side: str) -> None:
        self._side = side
        self._values: dict[str, str] = {}
        self._absent: dict[str, str] = {}
        """Name to why it has no value."""

    def take(self, step: Step, request: Request, response: Response | None) -> None:
        """Capture what the step wants of its answer; `request` is as it was asked."""
        for name, location in step.captures:
            value = None if response is None else value_at(response, location)
            if value is not None:
                self._values[name] = value
            else:
                self._values.pop(name, None)  # who signs in a second time and fails is not the first one
                line = request.line
                self._absent[name] = f'the {self._side}\'s answer to "{line}" has nothing to capture at {location}'

    def lacks(self, request: Request) -> str:
        """Return why the request cannot be asked, "" when every value that it needs is there."""
        absent = (why for name, why in self._absent.items() if name in used_names(request) - self._values.keys())
        return next(absent, "")

    def fill(self, request: Request) -> Request:
        """Return the request with the captured values in it."""
        return fill(request, self._values)


def value_at(response: Response, location: str) -> str | None:
    """Return what stands at `body.items[0].id`, `header.etag`, `cookie.session`, `body` or `status`, if anything does.

    In an HTML page `body.csrf_token` is the value of the field of that name.
    """
    kind, _, rest = location.partition(".")
    if kind == "header":
        found = values_of(response.headers, rest.lower().encode("latin-1"))
        return found[0].decode("latin-1") if found else None
    if kind == "cookie":
        return {cookie.name: cookie.value for cookie in response.set_cookies}.get(rest)
    if location in ("status", "body"):
        return str(response.status) if location == "status" else response.body.decode("utf-8", "surrogateescape")
    if not location.startswith("body"):
        return None
    if response.media_type == "text/html":
        name = location.removeprefix("body.").encode()
        values = (value.decode("utf-8", "surrogateescape") for key, value in response.inputs if key == name)
        return next(map(html.unescape, values), None)
    return _json_value(response.json, location.removeprefix("body"))


def _json_value(found: Any, path: str) -> str | None:
    try:
        for name, index, quoted in _KEY.findall(path):
            found = found[int(index) if index else name or json.loads(quoted)]
    except (ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else json.dumps(found)
