"""Find what the candidate gives away and the control does not: access, and secrets in an error answer. Pure."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from ..http.message import Request, Response, json_leaves, values_of
from ..http.redaction.secret_texts import forms_of
from ..http.secret_names import is_secret
from .causes.errors import NO_JSON
from .observation import Access, Compared
from .result import Difference

MIN_SECRET_CHARS = 6
"""Characters that a secret has at least; a shorter value stands in too many pages by chance."""
_REFUSED = frozenset({401, 403, 407})
_REFUSED_TOKEN = frozenset({400, 419})
"""How a missing CSRF token is refused; a mere bad request too, so that only a success counts as let in."""
_NOT_ASKED = frozenset({404, 405, 410, 413, 414, 429, 431, 501, 503})
"""Statuses of answers from before any view, which let nobody in."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOGIN = re.compile(r"/(?:log|sign)[-_]?(?:in|on)\b|/sso\b|/authori[sz]e\b", re.IGNORECASE)


def find_weaker_access(compared: Compared) -> Iterator[Difference]:
    """Yield the difference at `authentication`, where the control refuses the request and the candidate lets it in.

    A refusal is one that was observed, 401, 403, 407 or a redirect to a login page, and 400 or 419 for `no-csrf`. Where
    nobody watched the candidate's guards or effects, an answer of the view's counts as let in.
    """
    control, candidate = compared.control.response, compared.candidate.response
    refused, let_in = compared.control.access, compared.candidate.access
    if control is None or candidate is None or refuses(candidate, compared.candidate_request, let_in):
        return
    if refuses(control, compared.control_request, refused):
        # A request that was found wrong, and is known to have written no more than legacy, gave nobody anything.
        is_bad = candidate.status == 422 or (candidate.status == 400 and NO_JSON.encode() in candidate.body)
        is_bad = is_bad or (candidate.status >= 400 and bool(compared.candidate.refusals))
        is_rejected = is_bad and _writes_no_more(compared)
        is_weaker = let_in is not None or (candidate.status not in _NOT_ASKED and not is_rejected)
    else:
        is_weaker = compared.credential == "no-csrf" and control.status in _REFUSED_TOKEN and candidate.status < 400
    if is_weaker:
        yield Difference(
            "authentication",
            f"refused ({control.status}{f', by {refused.by}' if refused and refused.is_refused else ''})",
            f"answered ({candidate.status}{f', let in by {let_in.by}' if let_in else ''})",
        )


def _writes_no_more(compared: Compared) -> bool:
    """Tell whether the candidate is known to have changed rows of those tables alone, in the way, that legacy has."""
    control, candidate = compared.control.effects, compared.candidate.effects
    if candidate is None:
        return False
    own = Counter((row.table, row.kind) for row in candidate.rows)
    return own <= Counter((row.table, row.kind) for row in (control.rows if control else ()))


def refuses(response: Response, request: Request, access: Access | None = None) -> bool:
    """Tell whether a request lacks a credential: a guard refuses it, or it gets 401, 403, 407 or a login page."""
    if response.status in _REFUSED or (access is not None and access.is_refused):
        return True
    location = response.header("location").partition("?")[0]
    is_elsewhere = not _LOGIN.search(request.path)  # a login page that redirects to itself refuses nobody
    return response.status in _REDIRECTS and is_elsewhere and _LOGIN.search(location) is not None


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
    forms = {form.encode("utf-8", "replace") for form in forms_of(secret)} | {secret.encode("latin-1", "replace")}
    return any(form in text for form in forms for text in texts)
