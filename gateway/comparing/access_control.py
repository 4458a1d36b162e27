"""Whether the candidate lets in whom the control refuses. Pure."""

from __future__ import annotations

import re

from ..http.message import Request, Response
from .causes.errors import NO_JSON
from .compared import Compared
from .observation import Observation
from .result import Difference

_REFUSED = frozenset({401, 403, 407})
_REFUSED_TOKEN = frozenset({400, 419})
"""How a missing CSRF token is refused; a mere bad request too, so that only a success counts as let in."""
_NOT_ASKED = frozenset({404, 405, 410, 413, 414, 429, 431, 501, 503})
"""Answers from before any view, which let nobody in."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOGIN = re.compile(r"/(?:log|sign)[-_]?(?:in|on)\b|/sso\b|/authori[sz]e\b", re.IGNORECASE)


def find_weaker_access(step: Compared) -> Difference | None:
    """Return the difference at `authentication`, where the control refuses the request and the candidate lets it in.

    A refusal is one that was observed, 401, 403, 407 or a redirect to a login page, and 400 or 419 for `no-csrf`.
    """
    control, candidate = step.control.response, step.candidate.response
    if control is None or candidate is None or _is_refused(step.candidate, candidate, step.candidate_request):
        return None
    if _is_refused(step.control, control, step.control_request):
        is_known = step.candidate.access is not None
        is_weaker = is_known or (candidate.status not in _NOT_ASKED and not _is_invalid(step.candidate, candidate))
    else:
        is_weaker = step.credential == "no-csrf" and control.status in _REFUSED_TOKEN and candidate.status < 400
    if not is_weaker:
        return None
    refused, let_in = step.control.access, step.candidate.access
    return Difference(
        "authentication",
        f"refused ({control.status}{f', by {refused.by}' if refused and refused.is_refused else ''})",
        f"answered ({candidate.status}{f', let in by {let_in.by}' if let_in else ''})",
    )


def refuses(response: Response, request: Request) -> bool:
    """Tell whether an answer is a refusal for want of a credential: 401, 403, 407 or a redirect to a login page."""
    if response.status in _REFUSED:
        return True
    location = response.header("location").partition("?")[0]
    is_elsewhere = not _LOGIN.search(request.path)  # a login page that redirects to itself refuses nobody
    return response.status in _REDIRECTS and is_elsewhere and _LOGIN.search(location) is not None


def _is_refused(observation: Observation, response: Response, request: Request) -> bool:
    is_seen = observation.access is not None and observation.access.is_refused
    return is_seen or refuses(response, request)


def _is_invalid(observation: Observation, response: Response) -> bool:
    """Tell whether the request itself was found wrong, and is known to have written nothing: nobody got anything."""
    if observation.effects is None or observation.effects.rows:
        return False
    return response.status == 422 or (response.status == 400 and NO_JSON.encode() in response.body)
