"""Causes of differences in error answers, and in who gets them. Pure."""

from __future__ import annotations

import re

from .symptom import Cause, Symptom

NO_JSON = "There was an error parsing the body"
"""What FastAPI answers to a JSON body that is not UTF-8."""
_ABORT = re.compile(r"\w+: (\d{3}) ")


def _is_lost_authentication(symptom: Symptom) -> bool:
    return symptom.where == "authentication" and 200 <= symptom.statuses[1] < 300


def _is_body_first(symptom: Symptom) -> bool:
    is_refused = symptom.statuses[0] in (401, 403) and symptom.refuses("body")
    return is_refused and (symptom.is_of_answer or symptom.where == "authentication")


def _is_echo(symptom: Symptom) -> bool:
    return symptom.where == "secret" and any("input" in error for error in symptom.refusals)


def _is_abort(symptom: Symptom) -> bool:
    """The exception that left the app is one of Werkzeug's, with the status that Flask answered."""
    found = _ABORT.match(symptom.error)
    return (
        symptom.is_of_answer
        and found is not None
        and int(found[1]) == symptom.control.status != symptom.candidate.status
    )


def _is_scheme(symptom: Symptom) -> bool:
    is_refused = symptom.statuses[0] in (401, 403) and symptom.statuses[1] in (401, 403)
    is_schemes = symptom.detail == "Not authenticated" and symptom.candidate.header("www-authenticate")
    return bool(is_refused and is_schemes) and symptom.is_of_answer


def _is_page(symptom: Symptom) -> bool:
    is_same = symptom.statuses[0] == symptom.statuses[1] and symptom.has_page
    return is_same and isinstance(symptom.detail, str | list) and symptom.where in ("body", "header.content-type")


def _is_crash(symptom: Symptom) -> bool:
    """Both failed; what the candidate's plain text lacks is what middleware and hooks add."""
    is_plain = symptom.candidate.body == b"Internal Server Error" and symptom.error != ""
    if symptom.statuses != (500, 500) or not is_plain:
        return False
    is_lost = symptom.where.startswith("header.") and symptom.difference.candidate is None
    return is_lost or (symptom.has_page and symptom.where in ("body", "header.content-type"))


def _is_error_key(symptom: Symptom) -> bool:
    """The same status, and the text at `detail` is one that the control's error object has at a key of its own."""
    text, error = symptom.detail, symptom.bodies[0]
    if symptom.statuses[0] != symptom.statuses[1] or not isinstance(text, str) or not isinstance(error, dict):
        return False
    keys = [key for key, value in error.items() if value == text and key != "detail"]
    return bool(keys) and symptom.where in ("body.detail", *(f"body.{key}" for key in keys))


def _is_body_before_row(symptom: Symptom) -> bool:
    is_refused = symptom.refuses("body") or (symptom.candidate.status == 400 and symptom.detail == NO_JSON)
    return symptom.is_of_answer and symptom.control.status in (404, 410) and is_refused


def _is_validation(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.control.status == 400 and bool(symptom.refusals)


CAUSES = (
    Cause(
        "lost-authentication",
        "Flask refuses this credential and FastAPI answers: no `before_request` hook or login decorator of Flask "
        "runs for a FastAPI route.",
        "`dependencies=[Depends(require_user)]` on the `APIRouter`, so that no route can be without it.",
        _is_lost_authentication,
    ),
    Cause(
        "body-before-authentication",
        "A Flask hook refuses before the body is read; FastAPI parses the body first, and answers malformed JSON "
        "with 422 to anyone.",
        "Authenticate in a pure ASGI middleware, or read `await request.json()` in the view after its `Depends`.",
        _is_body_first,
    ),
    Cause(
        "validation-echo",
        "Flask's error pages repeat nothing of the body; FastAPI's 422 echoes the submitted `input`, passwords "
        "included.",
        "`@app.exception_handler(RequestValidationError)` that leaves `input` and `ctx` out.",
        _is_echo,
    ),
    Cause(
        "werkzeug-abort",
        "`werkzeug.abort()` and Werkzeug's exceptions are answers in Flask; FastAPI does not know them and fails "
        "with 500.",
        "`@app.exception_handler(werkzeug.exceptions.HTTPException)`, or raise FastAPI's `HTTPException`.",
        _is_abort,
    ),
    Cause(
        "security-scheme",
        "The Flask app words its own 401; FastAPI's HTTPBearer, HTTPBasic, APIKey and OAuth2 schemes answer "
        '`{"detail":"Not authenticated"}` with WWW-Authenticate.',
        "`HTTPBearer(auto_error=False)` and raise the app's own answer where it gives None.",
        _is_scheme,
    ),
    Cause(
        "crash-page",
        "An unhandled exception is an HTML page in Flask and passes `after_request`; in FastAPI it is plain text, "
        "written outside every middleware and so without CORS and other headers.",
        "`@app.exception_handler(Exception)` for the page; raise `HTTPException` where headers matter.",
        _is_crash,
    ),
    Cause(
        "error-page",
        "Flask's errors are HTML pages of Werkzeug's; FastAPI's are JSON, `{\"detail\": ...}`.",
        "`@app.exception_handler(StarletteHTTPException)` that renders what clients know, or JSON error handlers in "
        "Flask first.",
        _is_page,
    ),
    Cause(
        "error-key",
        "The Flask app's own refusals have their text at a key of their own, `{\"error\": ...}`; FastAPI's "
        "`HTTPException` has it at `detail`.",
        "`@app.exception_handler(StarletteHTTPException)` that answers in the form that clients know.",
        _is_error_key,
    ),
    Cause(
        "body-before-row",
        "The Flask view looks the row up first and answers 404; FastAPI validates the body first, and answers 422.",
        "Nothing, where clients send either a good body or a known id; else read the body in the view.",
        _is_body_before_row,
    ),
    Cause(
        "validation-status",
        "Bad input is 400 in Flask; FastAPI's validation answers 422 with a list of its errors.",
        "`@app.exception_handler(RequestValidationError)` that answers 400 in the form that clients know.",
        _is_validation,
    ),
)
