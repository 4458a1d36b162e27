"""Causes of differences in which view answers a path and a method, and in redirects. Pure."""

from __future__ import annotations

import re
from uuid import UUID

from .symptom import Cause, Symptom

_CANONICAL = re.compile(r"\d{1,19}|\d+\.\d+|[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}", re.ASCII)


def _is_head(symptom: Symptom) -> bool:
    return symptom.request.method == "HEAD" and _is_refused_method(symptom)


def _is_options(symptom: Symptom) -> bool:
    is_preflight = symptom.request.header("access-control-request-method")
    return symptom.request.method == "OPTIONS" and not is_preflight and _is_refused_method(symptom)


def _is_refused_method(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.statuses[0] != 405 and symptom.statuses[1] == 405


def _is_trailing_newline(symptom: Symptom) -> bool:
    """The candidate found the path without the newline and did what its view does, or speaks of it so."""
    ours, theirs = symptom.statuses
    is_done = symptom.where.startswith("effect.") and symptom.difference.control is None and theirs < 400
    is_told = symptom.is_of_answer and (theirs != 404 or symptom.is_of_body)
    return ours == 404 and symptom.request.path.endswith("\n") and (is_done or is_told)


def _is_merged(symptom: Symptom) -> bool:
    """Of the two, only Flask took the path for one with single slashes."""
    ours, theirs = symptom.statuses
    if not symptom.is_of_answer or "//" not in symptom.request.path or ours == theirs:
        return False
    merged = re.sub("/+", "/", symptom.request.path)
    is_redirected = ours == 308 and symptom.locations[0].partition("?")[0] == merged
    return is_redirected or (ours not in (404, 405) and theirs == 404)


def _is_redirected_slash(symptom: Symptom) -> bool:
    ours, theirs = symptom.statuses
    return symptom.is_of_answer and ours in (404, 405) and theirs == 307 and _adds_or_drops_slash(symptom, 1)


def _is_slash_redirect(symptom: Symptom) -> bool:
    is_both = symptom.statuses == (308, 307) and _adds_or_drops_slash(symptom, 0) and _adds_or_drops_slash(symptom, 1)
    return symptom.is_of_answer and is_both


def _is_slash_taken(symptom: Symptom) -> bool:
    is_redirected = symptom.statuses == (308, 405) and _adds_or_drops_slash(symptom, 0)
    return is_redirected and symptom.is_of_answer


def _adds_or_drops_slash(symptom: Symptom, side: int) -> bool:
    path, target = symptom.request.path, symptom.locations[side].partition("?")[0]
    return path != target and path.rstrip("/") == target.rstrip("/")


def _is_redirect_status(symptom: Symptom) -> bool:
    is_same = symptom.locations[0] == symptom.locations[1] and symptom.where != "header.location"
    return symptom.is_of_answer and is_same and symptom.statuses == (302, 307)


def _is_converter(symptom: Symptom) -> bool:
    """A path that Werkzeug's converter refuses and pydantic parses, or the other way about."""
    ours, theirs = symptom.statuses
    if not symptom.is_of_answer:
        return False
    if symptom.refuses("path", "body") and ours == 404:
        return any(error["loc"][0] == "path" for error in symptom.refusals)
    if symptom.refuses("path"):
        return symptom.was_fine and all(_is_value(str(error.get("input"))) for error in symptom.refusals)
    segments = symptom.request.path.split("/")
    is_parsed = any(_is_value(segment) and not _CANONICAL.fullmatch(segment) for segment in segments)
    return ours == 404 and (theirs < 300 or theirs == 500) and symptom.has_page and is_parsed


def _is_value(segment: str) -> bool:
    """Whether Python reads it as a number or a UUID."""
    for kind in (float, UUID):
        try:
            kind(segment)
        except ValueError:
            continue
        return True
    return False


def _is_order(symptom: Symptom) -> bool:
    """FastAPI's dynamic route refuses a segment that is a word of the path; Flask has a rule for the word."""
    segments = symptom.request.path.split("/")
    is_shadowed = symptom.refuses("path") and all(error.get("input") in segments for error in symptom.refusals)
    return symptom.is_of_answer and symptom.was_fine and is_shadowed


def _is_empty_parameter(symptom: Symptom) -> bool:
    is_taken = symptom.statuses[0] == 404 and symptom.statuses[1] < 300
    return symptom.is_of_answer and is_taken and symptom.request.path.endswith("/")


def _is_allow(symptom: Symptom) -> bool:
    pair = symptom.difference.control, symptom.difference.candidate
    if symptom.where != "header.allow" or symptom.candidate.status != 405:
        return False
    ours, theirs = (set(re.findall(r"\w+", text or "")) for text in pair)
    return bool(theirs) and theirs < ours


CAUSES = (
    Cause(
        "head-method",
        "Flask answers HEAD wherever it answers GET; FastAPI answers 405.",
        '`@app.head(path)` beside `@app.get(path)`: `app.api_route(path, methods=["GET", "HEAD"])`.',
        _is_head,
    ),
    Cause(
        "options-method",
        "Flask answers OPTIONS with 200 and Allow on every route; FastAPI answers 405.",
        '`app.api_route(path, methods=["OPTIONS"])` that answers Allow, if any client asks.',
        _is_options,
    ),
    Cause(
        "trailing-newline",
        "A path that ends in %0A is no route of Flask's; Starlette's patterns end in `$`, which lets a newline pass.",
        'Refuse control characters in `scope["path"]` in a pure ASGI middleware.',
        _is_trailing_newline,
    ),
    Cause(
        "merged-slashes",
        "Werkzeug merges repeated slashes of a path; Starlette takes them as they are.",
        "A pure ASGI middleware that redirects to the path with single slashes.",
        _is_merged,
    ),
    Cause(
        "redirect-slashes",
        "Flask answers 404 for a slash too many or too few here; Starlette redirects with 307.",
        "`FastAPI(redirect_slashes=False)`, also on each `APIRouter`.",
        _is_redirected_slash,
    ),
    Cause(
        "slash-redirect",
        "Flask redirects to the trailing slash with 308 and an HTML body; Starlette with 307 and an empty one.",
        "Leave it to clients, which treat both alike, with an ignore rule; or add a route that answers "
        "`RedirectResponse(url, 308)`.",
        _is_slash_redirect,
    ),
    Cause(
        "slash-taken",
        "Flask redirects to the trailing slash with 308; in FastAPI a route with another method has the path without "
        "it, and answers 405.",
        "Declare the view at both paths: a second `@app.get(path, include_in_schema=False)` without the slash.",
        _is_slash_taken,
    ),
    Cause(
        "redirect-status",
        "`redirect()` is 302 with an HTML body in Flask; `RedirectResponse` is 307, with which clients repeat a POST.",
        "`RedirectResponse(url, status_code=302)`.",
        _is_redirect_status,
    ),
    Cause(
        "path-converter",
        "Werkzeug's converter decides which paths a rule takes (digits alone are an int), else 404; pydantic parses "
        "what comes after (-1, 1_000, 1.0, a UUID without dashes), else 422.",
        "Starlette's converters, `/{n:int}`, `/{id:uuid}`; `Path(pattern=...)` and an exception handler for the rest.",
        _is_converter,
    ),
    Cause(
        "route-order",
        "Flask has a rule that takes this segment (a static rule wins over a dynamic one); in FastAPI the first route "
        "that matches answers, and its parameter refuses the segment.",
        "Register `/order/new` before `/order/{n}`, use `/order/{n:int}`, or declare the parameter `str`.",
        _is_order,
    ),
    Cause(
        "empty-path-parameter",
        "Flask answers 404 for this path with a slash at its end, as a parameter is never empty there; a FastAPI route "
        "takes it, as `{name:path}` does.",
        "`Path(min_length=1)` with 404, or `{name}` instead of `{name:path}`.",
        _is_empty_parameter,
    ),
    Cause(
        "allow-header",
        "Allow has every method of the path, with HEAD and OPTIONS, in Flask; in FastAPI those of the first route "
        "that has the path.",
        "Usually an ignore rule for `header.allow`; where clients read it, one `api_route` with all methods.",
        _is_allow,
    ),
)
