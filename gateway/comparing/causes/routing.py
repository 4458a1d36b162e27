"""Causes of differences in which view answers a path and a method, and in redirects. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from uuid import UUID

from .symptom import Symptom, cause

_CANONICAL = re.compile(r"\d{1,19}|\d+\.\d+|[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}", re.ASCII)


@cause(
    "Flask answers HEAD wherever it answers GET; FastAPI answers 405.",
    '`@app.head(path)` beside `@app.get(path)`: `app.api_route(path, methods=["GET", "HEAD"])`.',
)
def head_method(symptom: Symptom) -> bool:
    return symptom.request.method == "HEAD" and _is_refused_method(symptom)


@cause(
    "Flask answers OPTIONS with 200 and Allow on every route; FastAPI answers 405.",
    '`app.api_route(path, methods=["OPTIONS"])` that answers Allow, if any client asks.',
)
def options_method(symptom: Symptom) -> bool:
    is_preflight = symptom.request.header("access-control-request-method")
    return symptom.request.method == "OPTIONS" and not is_preflight and _is_refused_method(symptom)


@cause(
    "A path that ends in %0A is no route of Flask's; Starlette's patterns end in `$`, which lets a newline pass.",
    'Refuse control characters in `scope["path"]` in a pure ASGI middleware.',
)
def trailing_newline(symptom: Symptom) -> bool:
    """Tell whether the candidate took the path without the newline: its view did something, or the answer says so."""
    control, candidate = symptom.statuses
    is_done = symptom.where.startswith("effect.") and symptom.is_added and candidate < 400
    is_answered = symptom.is_of_answer and (candidate != 404 or symptom.is_of_body)
    return control == 404 and symptom.request.path.endswith("\n") and (is_done or is_answered)


@cause(
    "Werkzeug merges repeated slashes of a path; Starlette takes them as they are.",
    "A pure ASGI middleware that redirects to the path with single slashes.",
)
def merged_slashes(symptom: Symptom) -> bool:
    """Tell whether Flask alone took the path for one with single slashes."""
    control, candidate = symptom.statuses
    if not symptom.is_of_answer or "//" not in symptom.request.path or control == candidate:
        return False
    merged = re.sub("/+", "/", symptom.request.path)
    is_redirected = control == 308 and symptom.redirects[0].partition("?")[0] == merged
    return is_redirected or (control not in (404, 405) and candidate == 404)


@cause(
    "Flask answers 404 for a slash too many or too few here; Starlette redirects with 307.",
    "`FastAPI(redirect_slashes=False)`, also on each `APIRouter`.",
)
def redirect_slashes(symptom: Symptom) -> bool:
    control, candidate = symptom.statuses
    return symptom.is_of_answer and control in (404, 405) and candidate == 307 and _adds_or_drops_slash(symptom, 1)


@cause(
    "Flask redirects to the trailing slash with 308 and an HTML body; Starlette with 307 and an empty one.",
    "Leave it to clients, which treat both alike, with an ignore rule; or add a route that answers "
    "`RedirectResponse(url, 308)`.",
)
def slash_redirect(symptom: Symptom) -> bool:
    is_redirected = symptom.is_of_answer and symptom.statuses == (308, 307)
    return is_redirected and _adds_or_drops_slash(symptom, 0) and _adds_or_drops_slash(symptom, 1)


@cause(
    "Flask redirects to the trailing slash with 308; in FastAPI a route with another method has the path without it, "
    "and answers 405.",
    "Declare the view at both paths: a second `@app.get(path, include_in_schema=False)` without the slash.",
)
def slash_taken(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.statuses == (308, 405) and _adds_or_drops_slash(symptom, 0)


@cause(
    "`redirect()` is 302 with an HTML body in Flask; `RedirectResponse` is 307, with which clients repeat a POST.",
    "`RedirectResponse(url, status_code=302)`.",
)
def redirect_status(symptom: Symptom) -> bool:
    is_same = symptom.redirects[0] == symptom.redirects[1] and symptom.where != "header.location"
    return symptom.is_of_answer and is_same and symptom.statuses == (302, 307)


@cause(
    "Werkzeug's converter decides which paths a rule takes (digits alone are an int), else 404; pydantic parses what "
    "comes after (-1, 1_000, 1.0, a UUID without dashes), else 422.",
    "Starlette's converters, `/{n:int}`, `/{id:uuid}`; `Path(pattern=...)` and an exception handler for the rest.",
)
def path_converter(symptom: Symptom) -> bool:
    """Tell whether Werkzeug's converter refuses a path that pydantic parses, or the other way about."""
    control, candidate = symptom.statuses
    if not symptom.is_of_answer:
        return False
    if symptom.refuses("path", "body") and control == 404:
        return any(error["loc"][0] == "path" for error in symptom.refusals)
    if symptom.refuses("path"):
        return symptom.is_control_fine and all(_is_value(str(error.get("input"))) for error in symptom.refusals)
    segments = symptom.request.path.split("/")
    is_parsed = any(_is_value(segment) and not _CANONICAL.fullmatch(segment) for segment in segments)
    return control == 404 and (candidate < 300 or candidate == 500) and symptom.has_werkzeug_page and is_parsed


@cause(
    "Flask has a rule that takes this segment (a static rule wins over a dynamic one); in FastAPI the first route "
    "that matches answers, and its parameter refuses the segment.",
    "Register `/order/new` before `/order/{n}`, use `/order/{n:int}`, or declare the parameter `str`.",
)
def route_order(symptom: Symptom) -> bool:
    """Tell whether FastAPI's dynamic route refuses a segment of the path for which Flask has a rule."""
    segments = symptom.request.path.split("/")
    is_shadowed = symptom.refuses("path") and all(error.get("input") in segments for error in symptom.refusals)
    return symptom.is_of_answer and symptom.is_control_fine and is_shadowed


@cause(
    "Flask answers 404 for this path with a slash at its end, as a parameter is never empty there; a FastAPI route "
    "takes it, as `{name:path}` does.",
    "`Path(min_length=1)` with 404, or `{name}` instead of `{name:path}`.",
)
def empty_path_parameter(symptom: Symptom) -> bool:
    is_taken = symptom.control.status == 404 and symptom.candidate.status < 300
    return symptom.is_of_answer and is_taken and symptom.request.path.endswith("/")


@cause(
    "Allow has every method of the path, with HEAD and OPTIONS, in Flask; in FastAPI those of the first route that "
    "has the path.",
    "Usually an ignore rule for `header.allow`; where clients read it, one `api_route` with all methods.",
)
def allow_header(symptom: Symptom) -> bool:
    """Tell whether the candidate names some of the control's methods and no other."""
    control, candidate = (set(re.findall(r"\w+", text or "")) for text in symptom.texts)
    is_location = symptom.where == "header.allow" and symptom.candidate.status == 405
    return is_location and set() < candidate < control


def _is_refused_method(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.control.status != 405 and symptom.candidate.status == 405


def _adds_or_drops_slash(symptom: Symptom, side: int) -> bool:
    """Tell whether a side (0 the control, 1 the candidate) redirects to the path with a slash more or less."""
    path, target = symptom.request.path, symptom.redirects[side].partition("?")[0]
    return path != target and path.rstrip("/") == target.rstrip("/")


def _is_value(segment: str) -> bool:
    """Tell whether Python reads a segment as a number or a UUID."""
    for kind in (float, UUID):
        with suppress(ValueError):
            kind(segment)
            return True
    return False
