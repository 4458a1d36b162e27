"""Causes of differences in what a view's return value becomes. Pure."""

from __future__ import annotations

from ..diff.comparison import has_unhandled
from .symptom import Symptom, cause


@cause(
    "A `str` or `bytes` that a view returns is Flask's body as it stands, of type text/html; FastAPI dumps it as JSON.",
    "`response_class=HTMLResponse` (or `PlainTextResponse`) on the route, or return such a response.",
)
def text_as_json(symptom: Symptom) -> bool:
    """Tell whether the candidate's JSON string is the control's body."""
    is_json = symptom.candidate.media_type == "application/json" != symptom.control.media_type
    text = symptom.bodies[1] if is_json and symptom.is_page_or_type else None
    return isinstance(text, str) and text.encode("utf-8", "replace") == symptom.control.body


@cause(
    "A generator that a view returns is streamed by Flask; FastAPI collects it into a JSON list.",
    "Return `StreamingResponse(pieces(), media_type=...)`.",
)
def generator_as_list(symptom: Symptom) -> bool:
    """Tell whether the candidate's JSON list is the control's body, piece by piece."""
    pieces = symptom.bodies[1]
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        return False
    is_same = "".join(pieces).encode("utf-8", "replace") == symptom.control.body and symptom.control.framing == "stream"
    return is_same and (symptom.is_page_or_type or symptom.where == "framing")


@cause(
    "`return body, status, headers` sets status and headers in Flask; FastAPI dumps the tuple as a JSON list with 200.",
    "`status_code=201` on the route and `response.headers[...]` of a `Response` parameter, or "
    "`JSONResponse(body, 201)`.",
)
def tuple_return(symptom: Symptom) -> bool:
    """Tell whether the candidate's JSON is the list of the control's body, its status and perhaps headers."""
    body, returned = symptom.bodies
    if not isinstance(returned, list) or symptom.candidate.status != 200:
        return False
    headers = returned[2] if len(returned) == 3 and isinstance(returned[2], dict) else {}
    is_location = symptom.where in ("status", "body", *(f"header.{name.lower()}" for name in headers))
    return is_location and returned[:2] == [body, symptom.control.status]


@cause(
    "A Flask `Response` is Flask's answer; FastAPI does not know it and dumps its attributes as JSON with 200.",
    "Return the `dict` itself, or a `starlette.responses.Response`; look for `jsonify`, `make_response` and "
    "`redirect`.",
)
def flask_response_returned(symptom: Symptom) -> bool:
    """Tell whether the candidate's JSON has attributes that Flask's response class has."""
    body = symptom.bodies[1]
    is_dump = isinstance(body, dict) and body.keys() >= {"_status", "_status_code", "direct_passthrough", "response"}
    return is_dump and (symptom.is_of_answer or symptom.where.startswith("header."))


@cause(
    "Flask sends what the view returns; FastAPI validates it against the return annotation and fails with 500.",
    "Correct the annotation or `response_model`, or remove it (`response_model=None`).",
)
def response_model_refused(symptom: Symptom) -> bool:
    is_refused = symptom.error.startswith("ResponseValidationError: ")
    return symptom.is_of_answer and is_refused and symptom.is_control_fine


@cause(
    "The Flask view fails with 500, as it does over times, timedeltas, sets, enums and keys of mixed types in JSON "
    "and over None, True and 5 as an answer; FastAPI answers.",
    "Read the legacy log and decide what clients should get; where 500 was never meant, ignore it with a reason.",
)
def legacy_fails(symptom: Symptom) -> bool:
    is_logged = symptom.compared.control.error is None and has_unhandled(symptom.compared.control) is True
    is_answered = symptom.control.status == 500 and 200 <= symptom.candidate.status < 300
    return symptom.is_of_answer and is_logged and is_answered


@cause(
    "An answer without a body has `Content-Type: text/html` in Flask; in FastAPI that of its response class, or none.",
    "Ignore `header.content-type` for the route: no client reads the type of an empty body.",
)
def empty_answer_type(symptom: Symptom) -> bool:
    is_empty = not symptom.control.body and not symptom.candidate.body and symptom.request.method != "HEAD"
    is_type = symptom.where == "header.content-type" and symptom.control.media_type == "text/html"
    return is_empty and is_type and symptom.has_one_status


@cause(
    "Text is text/html unless a Flask view says otherwise; in FastAPI it is what the response class says.",
    "`response_class=HTMLResponse`, or `media_type=...` on the response.",
)
def default_media_type(symptom: Symptom) -> bool:
    """Tell whether both send one text, and Flask as text/html for want of another type."""
    is_same = symptom.control.body == symptom.candidate.body and symptom.where == "header.content-type"
    is_html = symptom.control.header("content-type") == "text/html; charset=utf-8"
    return is_same and is_html and symptom.candidate.media_type in ("text/plain", "application/json")
