"""Find out whether the candidate's error answer repeats a secret of the request, which the control's does not. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from urllib.parse import quote, quote_plus

from ..http.message import Request, Response, json_leaves, values_of
from ..http.secret_names import is_secret
from .observation import Compared
from .result import Difference

MIN_SECRET_CHARS = 6
"""Characters that a secret has at least; a shorter value stands in too many pages by chance."""


def find_leaked_secrets(compared: Compared) -> Iterator[Difference]:
    """Yield a difference at `secret` for each one that only the candidate's error answer repeats; never its value."""
    control, candidate = compared.control.response, compared.candidate.response
    if candidate is None or candidate.status < 400:
        return
    known = {name for name, value in _secrets(compared.control_request) if control and _repeats(control, value)}
    found = (name for name, value in _secrets(compared.candidate_request) if _repeats(candidate, value))
    for name in dict.fromkeys(found):
        if name not in known:
            yield Difference("secret", None, f"echoes {name}")


def _secrets(request: Request) -> Iterator[tuple[str, str]]:
    """Yield (what it is, its value) of everything in a request that nobody should see again."""
    for value in values_of(request.headers, b"authorization"):
        scheme, _, credentials = value.decode("latin-1").strip().partition(" ")
        yield "the Authorization header", credentials or scheme
        if scheme.lower() == "basic":
            with suppress(ValueError):
                password = base64.b64decode(credentials, validate=True).decode("utf-8", "replace").partition(":")[2]
                yield "the Authorization header's password", password
    for name, cookie in request.cookies:
        yield f"cookie {name}", cookie.strip('"')
    for key, header in request.headers:
        title = key.decode("latin-1").lower()
        if title != "authorization" and is_secret(title):
            yield f"the {title} header", header.decode("latin-1")
    of_json = ((name, str(leaf)) for name, leaf in json_leaves(request.json))
    for name, text in (*request.query_pairs, *request.fields, *of_json):
        if is_secret(name):
            yield f"field {name}", text


def _repeats(response: Response, secret: str) -> bool:
    """Tell whether an answer has the secret in a header or its body: as it is, or escaped for JSON, HTML or a URL."""
    if len(secret) < MIN_SECRET_CHARS:
        return False
    texts = [response.body, *(value for _, value in response.headers)]
    in_json = {json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1]}
    in_url = {quote(secret, errors="replace"), quote_plus(secret, errors="replace")}
    forms = {form.encode("utf-8", "replace") for form in {secret, escape(secret)} | in_json | in_url}
    return any(form in text for form in forms | {secret.encode("latin-1", "replace")} for text in texts)
