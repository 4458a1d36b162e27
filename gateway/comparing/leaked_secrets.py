"""Whether the candidate's error answer repeats a secret of the request, which the control's does not. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

from ..http.message import Request, Response, values_of
from ..http.secret_names import is_secret
from .compared import Compared
from .result import Difference

MIN_SECRET_CHARS = 6
"""Characters of a secret; a shorter value stands in too many pages by chance."""


def find_leaked_secrets(step: Compared) -> Iterator[Difference]:
    """A difference at `secret` for each one that only the candidate's error answer repeats; never its value."""
    candidate = step.candidate.response
    if candidate is None or candidate.status < 400:
        return
    known = {name for name, value in _secrets(step.control_request) if _repeats(step.control.response, value)}
    found = (name for name, value in _secrets(step.candidate_request) if _repeats(candidate, value))
    for name in dict.fromkeys(found):
        if name not in known:
            yield Difference("secret", None, f"echoes {name}")


def _secrets(request: Request) -> Iterator[tuple[str, str]]:
    """(what it is, its value) of everything in a request that nobody should see again."""
    every = (*_of_headers(request), *_of_fields(request))
    return ((name, value) for name, value in every if len(value) >= MIN_SECRET_CHARS)


def _of_headers(request: Request) -> Iterator[tuple[str, str]]:
    for value in values_of(request.headers, b"authorization"):
        scheme, _, credentials = value.decode("latin-1").strip().partition(" ")
        yield "the Authorization header", credentials or scheme
        if scheme.lower() == "basic":
            yield "the Authorization header's password", _basic_password(credentials)
    for name, cookie in request.cookies:
        yield f"cookie {name}", cookie.strip('"')
    for key, header in request.headers:
        title = key.decode("latin-1").lower()
        if title != "authorization" and is_secret(title):
            yield f"the {title} header", header.decode("latin-1")


def _basic_password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode("utf-8", "replace").partition(":")[2]
    except (ValueError, binascii.Error):
        return ""


def _of_fields(request: Request) -> Iterator[tuple[str, str]]:
    fields = (*request.query_pairs, *request.fields, *_leaves("", request.json))
    return ((f"field {name}", value) for name, value in fields if is_secret(name))


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Texts and numbers, each with the key that it is under, however many lists are between."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(name, inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield name, str(value)


def _repeats(response: Response | None, secret: str) -> bool:
    """Whether an answer has the secret in a header or its body: as it is, or escaped for JSON, HTML or a URL."""
    if response is None:
        return False
    texts = [response.body, *(value for _, value in response.headers)]
    plain_and_ascii = json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1]
    forms = {
        secret,
        *plain_and_ascii,
        escape(secret),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
    }
    raw = {form.encode("utf-8", "replace") for form in forms} | {secret.encode("latin-1", "replace")}
    return any(form in text for form in raw for text in texts)
