"""A difference with the request and the two observations around it, read as far as a cause needs to know. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from ...http.message import Pairs, Request, Response, json_value
from ..compared import Compared
from ..result import Difference

_NOTHING = Response(0)
_ANSWER = re.compile(
    r"status|error|framing|body\b.*"
    r"|header\.(content-.*|etag|last-modified|cache-control|accept-ranges|allow|location|www-authenticate|repr-digest)"
)


@dataclass(frozen=True)
class Symptom:
    """What a cause is known by."""

    difference: Difference
    compared: Compared
    interpretations: tuple[str, ...] = ()
    """Names of the causes that an experiment has confirmed (experiments.py)."""

    @property
    def where(self) -> str:
        return self.difference.where

    @property
    def request(self) -> Request:
        """The request as the control was asked."""
        return self.compared.control_request

    @property
    def control(self) -> Response:
        """The control's answer; one with status 0 when there is none."""
        return self.compared.control.response or _NOTHING

    @property
    def candidate(self) -> Response:
        """The candidate's answer; one with status 0 when there is none."""
        return self.compared.candidate.response or _NOTHING

    @property
    def error(self) -> str:
        """`ValueError: text` of the exception that left the candidate; empty when none did."""
        return self.compared.candidate.error or ""

    @property
    def statuses(self) -> tuple[int, int]:
        return self.control.status, self.candidate.status

    @property
    def was_fine(self) -> bool:
        """Whether the control answered with success or a redirect."""
        return 200 <= self.control.status < 400

    @property
    def is_of_answer(self) -> bool:
        """Whether the place is one that a whole other answer has another value at; not an app-wide header.

        A cookie is one where the candidate's view did not come to set it.
        """
        if self.where.startswith("cookie."):
            return self.difference.candidate is None and self.was_fine and self.candidate.status >= 400
        return _ANSWER.fullmatch(self.where) is not None

    @property
    def is_of_body(self) -> bool:
        return self.where.startswith("body")

    @cached_property
    def values(self) -> tuple[Any, Any]:
        """Both texts as JSON values; None where absent or none (so does null)."""
        return json_value(self.difference.control), json_value(self.difference.candidate)

    @cached_property
    def bodies(self) -> tuple[Any, Any]:
        """Both bodies as JSON values; None for what is no JSON."""
        return self.control.json, self.candidate.json

    @cached_property
    def detail(self) -> Any:
        """`detail` of FastAPI's error answer; None where the candidate has none."""
        body = self.bodies[1]
        return body.get("detail") if self.candidate.status >= 400 and isinstance(body, dict) else None

    @cached_property
    def refusals(self) -> tuple[dict[str, Any], ...]:
        """The errors of FastAPI's validation; empty for any other answer."""
        errors = self.detail if self.candidate.status == 422 and isinstance(self.detail, list) else []
        return tuple(errors) if all(map(_is_refusal, errors)) else ()

    def refuses(self, *sources: str) -> bool:
        """Whether the candidate's validation refuses the request for one of these alone: `query`, `path`, `body` ..."""
        return bool(self.refusals) and all(error["loc"][0] in sources for error in self.refusals)

    @property
    def has_page(self) -> bool:
        """Whether the control's body is one of Werkzeug's error pages."""
        return self.control.status >= 400 and self.control.body.startswith(
            b"<!doctype html>\n<html lang=en>\n<title>%d " % self.control.status
        )

    @cached_property
    def fields(self) -> Pairs:
        """(name, value) of the query, the form in either encoding and the cookies, in order."""
        return (*self.request.query_pairs, *self.request.fields, *self.request.cookies)

    @property
    def locations(self) -> tuple[str, str]:
        """Both redirects' targets without scheme and host; empty where there is none."""
        return _location(self.control), _location(self.candidate)


Sign = Callable[[Symptom], bool]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the frameworks answer differently."""

    name: str
    title: str
    """One sentence with both frameworks' behaviour."""
    advice: str
    """What to write, on the new side unless it says otherwise."""
    sign: Sign = field(repr=False, compare=False)
    """Whether a difference has this cause, told by its values."""


def _location(response: Response) -> str:
    value = response.header("location")
    try:
        return urlsplit(value)._replace(scheme="", netloc="").geturl()
    except ValueError:
        return value


def _is_refusal(error: Any) -> bool:
    loc = error.get("loc") if isinstance(error, dict) else None
    return isinstance(loc, list) and bool(loc) and all(isinstance(step, str | int) for step in loc) and "type" in error
