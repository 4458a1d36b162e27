"""Requests and verdicts as text for people, with control characters made visible. Pure."""

from __future__ import annotations

import re

from ...comparing.result import Disposition, Verdict
from ...http.message import Request

MAX_BODY_BYTES = 2_000
"""Of a request that is shown; what is beyond is only counted."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that a terminal would obey, or that no file of text can hold."""


def visible(text: str) -> str:
    r"""Return a text with control characters as `\x1b`, newline and tab aside, and lone surrogates as `\ud800`."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1].replace(r"\r", r"\x0d"), text)


def format_request(request: Request) -> str:
    """Return the request as one would write it down, its body cut where it is long."""
    head = [request.line]
    head += [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in request.headers]
    if request.body:
        text = request.body[:MAX_BODY_BYTES].decode("utf-8", "backslashreplace")
        more = f" ... {len(request.body) - MAX_BODY_BYTES:,} bytes more" if len(request.body) > MAX_BODY_BYTES else ""
        head += ["", text + more]
    return visible("\n".join(head))


def format_verdict(verdict: Verdict) -> str:
    """Return a difference and what was made of it: `status: 200 -> 422 (validation)`."""
    found = verdict.difference
    sides = [side if side is not None else "(absent)" for side in (found.control, found.candidate)]
    known = f" ({verdict.cause})" if verdict.cause else ""
    is_mismatch = verdict.disposition is Disposition.MISMATCH
    disposition = "" if is_mismatch else f" [{verdict.disposition.value}: {verdict.reason}]"
    return visible(f"{found.where}: {sides[0]} -> {sides[1]}{known}{disposition}")
