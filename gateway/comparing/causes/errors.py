"""Causes of differences in error answers, and in who gets them. Pure."""

from __future__ import annotations

import re

from .symptom import Symptom, cause

NO_JSON = "There was an error parsing the body"
"""FastAPI's answer to a JSON body that is not UTF-8."""
_ABORT = re.compile(r"\w+: (\d{3}) ")


@cause(
    "Flask refuses this credential and FastAPI answers: no `before_request` hook or login decorator of Flask runs for "
    "a FastAPI route.",
    "`dependencies=[Depends(require_user)]` on the `APIRouter`, so that no route can be without it.",
)
def lost_authentication(symptom: Symptom) -> bool:
    return symptom.where == "authentication" and 200 <= symptom.candidate.status < 300


@cause(
    "A Flask hook refuses before the body is read; FastAPI parses the body first, and answers malformed JSON with 422 "
    "to anyone.",
    "Authenticate in a pure ASGI middleware, or read `await request.json()` in the view after its `Depends`.",
)
def body_before_authentication(symptom: Symptom) -> bool:
    is_refused = symptom.control.status in (401, 403) and symptom.refuses("body")
    return is_refused and (symptom.is_of_answer or symptom.where == "authentication")


@cause(
    "Flask's error pages repeat nothing of the body; FastAPI's 422 echoes the submitted `input`, passwords included.",
    "`@app.exception_handler(RequestValidationError)` that leaves `input` and `ctx` out.",
)
def validation_echo(symptom: Symptom) -> bool:
    return symptom.where == "secret" and any("input" in error for error in symptom.refusals)


@cause(
    "`werkzeug.abort()` and Werkzeug's exceptions are answers in Flask; FastAPI does not know them and fails with 500.",
    "`@app.exception_handler(werkzeug.exceptions.HTTPException)`, or raise FastAPI's `HTTPException`.",
)
def werkzeug_abort(symptom: Symptom) -> bool:
    """Tell whether the exception that left the app is one of Werkzeug's, with the status that Flask answered."""
    found = _ABORT.match(symptom.error)
    is_status = found is not None and int(found[1]) == symptom.control.status
    return symptom.is_of_answer and is_status and not symptom.has_one_status


@cause(
    "The Flask app words its own 401; FastAPI's HTTPBearer, HTTPBasic, APIKey and OAuth2 schemes answer "
    '`{"detail":"Not authenticated"}` with WWW-Authenticate.',
    "`HTTPBearer(auto_error=False)` and raise the app's own answer where it gives None.",
)
def security_scheme(symptom: Symptom) -> bool:
    is_refused = symptom.control.status in (401, 403) and symptom.candidate.status in (401, 403)
    is_of_scheme = symptom.detail == "Not authenticated" and symptom.candidate.header("www-authenticate") != ""
    return symptom.is_of_answer and is_refused and is_of_scheme


@cause(
    "An unhandled exception is an HTML page in Flask and passes `after_request`; in FastAPI it is plain text, written "
    "outside every middleware and so without CORS and other headers.",
    "`@app.exception_handler(Exception)` for the page; raise `HTTPException` where headers matter.",
)
def crash_page(symptom: Symptom) -> bool:
    """Tell whether both failed and the candidate in plain text, which lacks what middleware and hooks add."""
    is_plain = symptom.candidate.body == b"Internal Server Error" and symptom.error != ""
    is_page = symptom.has_werkzeug_page and symptom.is_page_or_type
    return symptom.statuses == (500, 500) and is_plain and (symptom.is_lost_header or is_page)


@cause(
    "Flask's errors are HTML pages of Werkzeug's; FastAPI's are JSON, `{\"detail\": ...}`.",
    "`@app.exception_handler(StarletteHTTPException)` that renders what clients know, or JSON error handlers in Flask "
    "first.",
)
def error_page(symptom: Symptom) -> bool:
    is_json = symptom.has_one_status and isinstance(symptom.detail, str | list)
    return is_json and symptom.has_werkzeug_page and symptom.is_page_or_type


@cause(
    "The Flask app's own refusals have their text at a key of their own, `{\"error\": ...}`; FastAPI's "
    "`HTTPException` has it at `detail`.",
    "`@app.exception_handler(StarletteHTTPException)` that answers in the form that clients know.",
)
def error_key(symptom: Symptom) -> bool:
    """Tell whether the text at `detail` is one that the control's error object has at a key of its own."""
    text, error = symptom.detail, symptom.bodies[0]
    if not symptom.has_one_status or not isinstance(text, str) or not isinstance(error, dict):
        return False
    keys = [key for key, value in error.items() if value == text and key != "detail"]
    return bool(keys) and symptom.where in ("body.detail", *(f"body.{key}" for key in keys))


@cause(
    "The Flask view looks the row up first and answers 404; FastAPI validates the body first, and answers 422.",
    "Nothing, where clients send either a good body or a known id; else read the body in the view.",
)
def body_before_row(symptom: Symptom) -> bool:
    is_refused = symptom.refuses("body") or (symptom.candidate.status == 400 and symptom.detail == NO_JSON)
    return symptom.is_of_answer and symptom.control.status in (404, 410) and is_refused


@cause(
    "Bad input is 400 in Flask; FastAPI's validation answers 422 with a list of its errors.",
    "`@app.exception_handler(RequestValidationError)` that answers 400 in the form that clients know.",
)
def validation_status(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.control.status == 400 and bool(symptom.refusals)
