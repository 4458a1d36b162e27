"""Find out whether the candidate lets in whom the control refuses. Pure."""

from __future__ import annotations

import re

from ..http.message import Request, Response
from .causes.errors import NO_JSON
from .observation import Access, Compared
from .result import Difference

_REFUSED = frozenset({401, 403, 407})
_REFUSED_TOKEN = frozenset({400, 419})
"""How a missing CSRF token is refused; a mere bad request too, so that only a success counts as let in."""
_NOT_ASKED = frozenset({404, 405, 410, 413, 414, 429, 431, 501, 503})
"""Statuses of answers from before any view, which let nobody in."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOGIN = re.compile(r"/(?:log|sign)[-_]?(?:in|on)\b|/sso\b|/authori[sz]e\b", re.IGNORECASE)


def find_weaker_access(compared: Compared) -> Difference | None:
    """Return the difference at `authentication`, where the control refuses the request and the candidate lets it in.

    A refusal is one that was observed, 401, 403, 407 or a redirect to a login page, and 400 or 419 for `no-csrf`. Where
    nobody watched the candidate's guards or effects, an answer of the view's counts as let in.
    """
    control, candidate = compared.control.response, compared.candidate.response
    refused, let_in = compared.control.access, compared.candidate.access
    if control is None or candidate is None or refuses(candidate, compared.candidate_request, let_in):
        return None
    if refuses(control, compared.control_request, refused):
        # A request that was found wrong, and is known to have written nothing, gave nobody anything.
        is_bad = candidate.status == 422 or (candidate.status == 400 and NO_JSON.encode() in candidate.body)
        effects = compared.candidate.effects
        is_rejected = is_bad and effects is not None and not effects.rows
        is_weaker = let_in is not None or (candidate.status not in _NOT_ASKED and not is_rejected)
    else:
        is_weaker = compared.credential == "no-csrf" and control.status in _REFUSED_TOKEN and candidate.status < 400
    if not is_weaker:
        return None
    return Difference(
        "authentication",
        f"refused ({control.status}{f', by {refused.by}' if refused and refused.is_refused else ''})",
        f"answered ({candidate.status}{f', let in by {let_in.by}' if let_in else ''})",
    )


def refuses(response: Response, request: Request, access: Access | None = None) -> bool:
    """Tell whether a request lacks a credential: a guard refuses it, or it gets 401, 403, 407 or a login page."""
    if response.status in _REFUSED or (access is not None and access.is_refused):
        return True
    location = response.header("location").partition("?")[0]
    is_elsewhere = not _LOGIN.search(request.path)  # a login page that redirects to itself refuses nobody
    return response.status in _REDIRECTS and is_elsewhere and _LOGIN.search(location) is not None
