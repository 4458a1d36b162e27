"""Causes of differences in what a view's return value becomes. Pure."""

from __future__ import annotations

from ..diff.effect_comparison import has_unhandled
from .symptom import Cause, Symptom

_OF_FLASK = {"_status", "_status_code", "direct_passthrough", "response"}
_WHOLE = ("body", "header.content-type")


def _is_text(symptom: Symptom) -> bool:
    """The candidate's JSON string is the control's body."""
    is_json = symptom.candidate.media_type == "application/json" != symptom.control.media_type
    text = symptom.bodies[1] if is_json else None
    return symptom.where in _WHOLE and isinstance(text, str) and text.encode("utf-8", "replace") == symptom.control.body


def _is_generator(symptom: Symptom) -> bool:
    """The candidate's JSON list is the control's body, piece by piece."""
    pieces = symptom.bodies[1]
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        return False
    is_same = "".join(pieces).encode("utf-8", "replace") == symptom.control.body and symptom.control.framing == "stream"
    return is_same and symptom.where in (*_WHOLE, "framing")


def _is_tuple(symptom: Symptom) -> bool:
    """The candidate's JSON is the list of the control's body, its status and perhaps headers."""
    body, returned = symptom.bodies
    if (
        not isinstance(returned, list)
        or returned[:2] != [body, symptom.control.status]
        or symptom.candidate.status != 200
    ):
        return False
    headers = returned[2] if len(returned) == 3 and isinstance(returned[2], dict) else {}
    return symptom.where in ("status", "body", *(f"header.{name.lower()}" for name in headers))


def _is_flask_response(symptom: Symptom) -> bool:
    body = symptom.bodies[1]
    is_dump = isinstance(body, dict) and body.keys() >= _OF_FLASK
    return is_dump and (symptom.is_of_answer or symptom.where.startswith("header."))


def _is_failing(symptom: Symptom) -> bool:
    is_logged = symptom.compared.control.error is None and has_unhandled(symptom.compared.control) is True
    is_failing = symptom.control.status == 500 and is_logged
    return symptom.is_of_answer and is_failing and 200 <= symptom.candidate.status < 300


def _is_refused_by_model(symptom: Symptom) -> bool:
    is_refused = symptom.error.startswith("ResponseValidationError: ")
    return symptom.is_of_answer and is_refused and symptom.was_fine


def _is_empty(symptom: Symptom) -> bool:
    is_empty = not symptom.control.body and not symptom.candidate.body and symptom.request.method != "HEAD"
    is_empty = is_empty and symptom.control.media_type == "text/html"
    return is_empty and symptom.where == "header.content-type" and symptom.statuses[0] == symptom.statuses[1]


def _is_default_type(symptom: Symptom) -> bool:
    """The same text, as text/html for want of another type."""
    is_same = symptom.control.body == symptom.candidate.body and symptom.where == "header.content-type"
    is_html = symptom.control.header("content-type") == "text/html; charset=utf-8"
    return is_same and is_html and symptom.candidate.media_type in ("text/plain", "application/json")


CAUSES = (
    Cause(
        "text-as-json",
        "A `str` or `bytes` that a view returns is Flask's body as it stands, of type text/html; FastAPI dumps it as "
        "JSON.",
        "`response_class=HTMLResponse` (or `PlainTextResponse`) on the route, or return such a response.",
        _is_text,
    ),
    Cause(
        "generator-as-list",
        "A generator that a view returns is streamed by Flask; FastAPI collects it into a JSON list.",
        "Return `StreamingResponse(pieces(), media_type=...)`.",
        _is_generator,
    ),
    Cause(
        "tuple-return",
        "`return body, status, headers` sets status and headers in Flask; FastAPI dumps the tuple as a JSON list "
        "with 200.",
        "`status_code=201` on the route and `response.headers[...]` of a `Response` parameter, or "
        "`JSONResponse(body, 201)`.",
        _is_tuple,
    ),
    Cause(
        "flask-response-returned",
        "A Flask `Response` is Flask's answer; FastAPI does not know it and dumps its attributes as JSON with 200.",
        "Return the `dict` itself, or a `starlette.responses.Response`; look for `jsonify`, `make_response` and "
        "`redirect`.",
        _is_flask_response,
    ),
    Cause(
        "response-model-refused",
        "Flask sends what the view returns; FastAPI validates it against the return annotation and fails with 500.",
        "Correct the annotation or `response_model`, or remove it (`response_model=None`).",
        _is_refused_by_model,
    ),
    Cause(
        "legacy-fails",
        "The Flask view fails with 500, as it does over times, timedeltas, sets, enums and keys of mixed types in JSON "
        "and over None, True and 5 as an answer; FastAPI answers.",
        "Read the legacy log and decide what clients should get; where 500 was never meant, ignore it with a reason.",
        _is_failing,
    ),
    Cause(
        "empty-answer-type",
        "An answer without a body has `Content-Type: text/html` in Flask; in FastAPI that of its response class, or "
        "none.",
        "Ignore `header.content-type` for the route: no client reads the type of an empty body.",
        _is_empty,
    ),
    Cause(
        "default-media-type",
        "Text is text/html unless a Flask view says otherwise; in FastAPI it is what the response class says.",
        "`response_class=HTMLResponse`, or `media_type=...` on the response.",
        _is_default_type,
    ),
)
