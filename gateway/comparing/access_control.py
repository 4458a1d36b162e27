"""Whether the candidate lets in whom the control refuses. Pure."""

from __future__ import annotations

import re

from ..http.message import Request, Response, values_of
from .causes.errors import NO_JSON
from .compared import Compared
from .result import Difference

_REFUSED = frozenset({401, 403, 407})
_REFUSED_TOKEN = frozenset({400, 419})
"""How a missing CSRF token is refused; a mere bad request too, so that only a success is looser."""
_NOT_ASKED = frozenset({404, 405, 410, 413, 414, 429, 431, 501, 503})
"""Answers from before any view, which let nobody in."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOGIN = re.compile(r"/(?:log|sign)[-_]?(?:in|on)\b|/sso\b|/authori[sz]e\b", re.IGNORECASE)


def find_looseness(step: Compared) -> Difference | None:
    """The difference at `authentication`, where the control refuses the request and the candidate does not.

    A refusal is 401, 403, 407 or a redirect to a login page, and 400 or 419 for `no-csrf`.
    """
    control, candidate = step.control.response, step.candidate.response
    if control is None or candidate is None or refuses(candidate, step.candidate_request):
        return None
    if refuses(control, step.control_request):
        is_looser = candidate.status not in _NOT_ASKED and not _is_invalid(step)
    else:
        is_looser = step.credential == "no-csrf" and control.status in _REFUSED_TOKEN and candidate.status < 400
    if not is_looser:
        return None
    return Difference("authentication", f"refused ({control.status})", f"answered ({candidate.status})")


def _is_invalid(step: Compared) -> bool:
    """Whether the candidate found the request itself wrong, and did nothing: whoever sent it got nothing by it."""
    response = step.candidate.response
    if response is None or step.candidate.effects.rows:
        return False
    return response.status == 422 or (response.status == 400 and NO_JSON.encode() in response.body)


def refuses(response: Response, request: Request) -> bool:
    """Whether it is a refusal for want of a credential: 401, 403, 407 or a redirect to a login page."""
    if response.status in _REFUSED:
        return True
    location = b"".join(values_of(response.headers, b"location")[:1]).decode("latin-1").partition("?")[0]
    is_elsewhere = not _LOGIN.search(request.path)  # a login page that redirects to itself refuses nobody
    return response.status in _REDIRECTS and is_elsewhere and _LOGIN.search(location) is not None
