"""A difference with the request and the answers around it, read as far as a cause needs to know. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from ...http.message import Pairs, Response, json_value
from ..observation import Compared
from ..result import Difference

_NOTHING = Response(0)
_ANSWER = re.compile(
    r"status|error|framing|body\b.*"
    r"|header\.(content-.*|etag|last-modified|cache-control|accept-ranges|allow|location|www-authenticate|repr-digest)"
)


class Symptom:
    """Read what a cause is known by; each pair is (of the control, of the candidate)."""

    def __init__(
        self, difference: Difference, compared: Compared, interpretations: tuple[str, ...], bodies: tuple[Any, Any]
    ) -> None:
        self.difference = difference
        self.compared = compared
        self.interpretations = interpretations
        """Names of the causes that an experiment has confirmed (interpretations.py)."""
        self.where = difference.where
        """The location of the difference."""
        self.texts = difference.control, difference.candidate
        """The texts that stand there; None where a side has nothing."""
        self.is_missing = difference.candidate is None
        """Whether the candidate has nothing there."""
        self.is_added = difference.control is None
        """Whether the control has nothing there."""
        self.is_of_body = self.where.startswith("body")
        """Whether the location is the body or in it."""
        self.is_page_or_type = self.where in ("body", "header.content-type")
        """Whether the location is a body that has no locations of its own, or its media type."""
        self.is_lost_header = self.where.startswith("header.") and self.is_missing
        """Whether the location is a header that only the control sends."""
        self.request = compared.control_request
        """The request as the control was asked."""
        self.control = compared.control.response or _NOTHING
        """The control's answer; one with status 0 when there is none."""
        self.candidate = compared.candidate.response or _NOTHING
        """The candidate's answer; one with status 0 when there is none."""
        self.bodies = bodies
        """Each answer's body as a JSON value; None for what is no JSON."""
        self.statuses = self.control.status, self.candidate.status
        """Status of each answer; 0 when there is none."""
        self.has_one_status = self.control.status == self.candidate.status
        """Whether both sides answered with the same status."""
        self.is_control_fine = 200 <= self.control.status < 400
        """Whether the control answered with success or a redirect."""
        self.error = compared.candidate.error or ""
        """`ValueError: text` of the exception that left the candidate; empty when none did."""

    @cached_property
    def values(self) -> tuple[Any, Any]:
        """Return what stands there, as JSON values; None where there is nothing or no JSON (so is null)."""
        return json_value(self.difference.control), json_value(self.difference.candidate)

    @property
    def strings(self) -> tuple[str, str]:
        """Return what stands there, as JSON strings; two empty ones where either is something else."""
        control, candidate = self.values
        return (control, candidate) if isinstance(control, str) and isinstance(candidate, str) else ("", "")

    @property
    def is_of_answer(self) -> bool:
        """Whether another answer as a whole has another value there, unlike at a header that is the app's for all.

        At a cookie that is so where the candidate's view did not come to set it.
        """
        if self.where.startswith("cookie."):
            return self.is_missing and self.is_control_fine and self.candidate.status >= 400
        return _ANSWER.fullmatch(self.where) is not None

    @cached_property
    def fields(self) -> Pairs:
        """(name, value) of the query, the form in either encoding and the cookies, in order."""
        return (*self.request.query_pairs, *self.request.fields, *self.request.cookies)

    @property
    def has_werkzeug_page(self) -> bool:
        """Whether the control's body is one of Werkzeug's error pages."""
        start = b"<!doctype html>\n<html lang=en>\n<title>%d " % self.control.status
        return self.control.status >= 400 and self.control.body.startswith(start)

    @property
    def redirects(self) -> tuple[str, str]:
        """Target of each redirect without scheme and host; empty where there is none."""
        return _target(self.control), _target(self.candidate)

    @cached_property
    def detail(self) -> Any:
        """`detail` of FastAPI's error answer; None where the candidate has none."""
        body = self.bodies[1]
        return body.get("detail") if self.candidate.status >= 400 and isinstance(body, dict) else None

    @cached_property
    def refusals(self) -> tuple[Mapping[str, Any], ...]:
        """The errors of FastAPI's validation, as they were seen or as its own answer has them; else empty."""
        if seen := self.compared.candidate.refusals:
            return seen if self.candidate.status >= 400 else ()
        errors = self.detail if self.candidate.status == 422 and isinstance(self.detail, list) else []
        for error in errors:
            loc = error.get("loc") if isinstance(error, dict) and "type" in error else None
            if not isinstance(loc, list) or not loc or not all(isinstance(step, str | int) for step in loc):
                return ()
        return tuple(errors)

    def refuses(self, *sources: str) -> bool:
        """Tell whether the candidate's validation refuses the request for these sources alone: `query`, `body` ..."""
        return bool(self.refusals) and all(error["loc"][0] in sources for error in self.refusals)


Sign = Callable[[Symptom], bool]


@dataclass(frozen=True, slots=True)
class Cause:
    """Say why the frameworks answer differently."""

    name: str
    title: str
    """One sentence with both frameworks' behaviour."""
    advice: str
    """The remedy, on the new side unless it says otherwise."""
    sign: Sign = field(repr=False, compare=False)
    """Whether a difference has this cause, told by its values."""


def cause(title: str, advice: str) -> Callable[[Sign], Cause]:
    """Return a decorator that makes a cause of a sign, with its name: that of `def text_as_json` is `text-as-json`."""
    return lambda sign: Cause(sign.__name__.replace("_", "-"), title, advice, sign)


def _target(response: Response) -> str:
    value = response.header("location")
    try:
        return urlsplit(value)._replace(scheme="", netloc="").geturl()
    except ValueError:
        return value
