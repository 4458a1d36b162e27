"""Causes of differences between two JSON bodies: how each framework writes the same value. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ..diff.json_comparison import is_one_number
from .symptom import Symptom, cause

_SURROGATE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")
_NO_NUMBER = re.compile(rb"[\[:,\s](NaN|-?Infinity)[\],}\s]")
_HTTP_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


@cause(
    "`jsonify` indents by 2 in debug mode; FastAPI never does.",
    "Run legacy without FLASK_DEBUG, or set `app.json.compact = True`.",
)
def json_indented(symptom: Symptom) -> bool:
    is_indented = symptom.where == "body.bytes" and symptom.control.body.startswith((b"{\n  ", b"[\n  "))
    return is_indented and b"\n" not in symptom.candidate.body


@cause(
    "`jsonify` escapes everything beyond ASCII as \\uXXXX; FastAPI sends UTF-8.",
    "`JSONResponse` subclass whose `render` calls `json.dumps(content, ensure_ascii=True)`; JSON parsers see no "
    "difference.",
)
def json_ascii(symptom: Symptom) -> bool:
    return symptom.where == "body.bytes" and symptom.control.body.isascii() and not symptom.candidate.body.isascii()


@cause(
    "`jsonify` sorts keys and ends with a newline; FastAPI keeps the order of insertion and ends without one.",
    "`JSONResponse` subclass as `default_response_class`, whose `render` is `(json.dumps(content, sort_keys=True, "
    'separators=(",", ":")) + "\\n").encode()`; clients that parse JSON need nothing.',
)
def json_layout(symptom: Symptom) -> bool:
    """Tell whether the control's bytes are how `jsonify` writes the candidate's value."""
    control, candidate = symptom.bodies
    is_same = symptom.where == "body.bytes" and control == candidate
    return is_same and symptom.control.body == json.dumps(control, separators=(",", ":")).encode() + b"\n"


@cause(
    "`jsonify` escapes a lone surrogate; FastAPI cannot encode it as UTF-8 and fails with 500, also where its 422 "
    "repeats one of the request.",
    "`JSONResponse` subclass with `ensure_ascii=True`, or clean the text where it comes in.",
)
def json_surrogate(symptom: Symptom) -> bool:
    """Tell whether the candidate failed over a surrogate that the control's answer or the request has."""
    if "surrogates not allowed" not in symptom.error:
        return False
    is_sent = _SURROGATE.search(symptom.request.body) is not None
    is_shown = is_sent or _SURROGATE.search(symptom.control.body) is not None
    return is_shown and (symptom.is_of_answer or (is_sent and symptom.is_lost_header))


@cause(
    "`jsonify` writes dates as HTTP-dates in GMT, without fractions; FastAPI as ISO 8601.",
    "Annotate the field with a `PlainSerializer` that calls `werkzeug.http.http_date`, or change the clients.",
)
def http_date(symptom: Symptom) -> bool:
    """Tell whether an HTTP-date and an ISO 8601 text are of one second; without an offset it is UTC, as in Flask."""
    control, candidate = symptom.strings
    if not _HTTP_DATE.fullmatch(control):
        return False
    try:
        instant = datetime.fromisoformat(candidate).replace(microsecond=0)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) == parsedate_to_datetime(control)
    except ValueError:
        return False


@cause(
    "Flask sends this number as text (a Decimal, or text that was kept as it came); FastAPI as a JSON number.",
    "Return annotation with `Decimal` fields (pydantic writes them as text), or `str` where it is text.",
)
def number_as_text(symptom: Symptom) -> bool:
    control, candidate = symptom.values
    is_written_otherwise = isinstance(control, str) and _is_number(candidate)
    return symptom.is_of_body and is_written_otherwise and is_one_number(control, str(candidate))


@cause(
    "Flask reads and writes NaN and Infinity; FastAPI fails with 500, or writes null where the return is annotated.",
    "Send null or refuse such numbers on both sides: they are no JSON. `Field(allow_inf_nan=False)` refuses them.",
)
def nan(symptom: Symptom) -> bool:
    """Tell whether null stands where the control has no number, or the candidate failed over such a number."""
    control, candidate = symptom.texts
    if control in ("NaN", "Infinity", "-Infinity"):
        return symptom.is_of_body and candidate == "null"
    is_refused = "Out of range float values are not JSON compliant" in symptom.error
    return symptom.is_of_answer and is_refused and _NO_NUMBER.search(symptom.control.body) is not None


@cause(
    "The same number is written otherwise: Python's `json` writes `1e-07` and `3`, pydantic `1e-7`, and `3.0` for a "
    "float.",
    'Declare the field `int`, or `int | float`; for exponents `json_mode = "canonical"` in `[parity]`.',
)
def number_format(symptom: Symptom) -> bool:
    """Tell whether the candidate's number is the control's text with `.0`, or with a shorter exponent."""
    control, candidate = symptom.texts
    is_number = symptom.is_of_body and all(map(_is_number, symptom.values))
    return is_number and candidate in (f"{control}.0", re.sub(r"e\+?(-?)0*", r"e\1", control or ""))


@cause(
    "Flask sends the keys that the view returns; a FastAPI response model its fields' names, or their aliases.",
    "`Field(serialization_alias=...)` with the key that clients know, or `response_model_by_alias=False`.",
)
def model_renames_key(symptom: Symptom) -> bool:
    """Tell whether the value of a key of one side alone is under another spelling on the other: `unitPrice`."""
    key, control, candidate = _object_around(symptom)
    own, other = (control, candidate) if key in control else (candidate, control)
    if key not in own or key in other:
        return False
    return any(_spelling(name) == _spelling(key) and other[name] == own[key] for name in other.keys() - own.keys())


@cause(
    "Flask sends the keys that the view returns; a FastAPI response model adds its defaults as null.",
    "`response_model_exclude_unset=True` on the route.",
)
def model_adds_null(symptom: Symptom) -> bool:
    is_null = symptom.is_added and symptom.difference.candidate == "null"
    return is_null and symptom.is_of_body and symptom.has_one_status and symptom.control.status < 300


@cause(
    "Flask sends the keys that the view returns; a FastAPI response model drops those that it does not declare.",
    'Declare the field, or `model_config = ConfigDict(extra="allow")`.',
)
def model_drops_key(symptom: Symptom) -> bool:
    """Tell whether a key is missing from an object of a response model: it has a null that the view did not return."""
    key, control, candidate = _object_around(symptom)
    is_dropped = symptom.is_missing and key in control and key not in candidate and max(symptom.statuses) < 300
    return is_dropped and any(candidate[name] is None for name in candidate.keys() - control.keys())


@cause(
    "Flask's `url_for` gives a path with a query of the surplus arguments; Starlette's an absolute URL without them.",
    '`str(app.url_path_for(name, n=5)) + "?" + urlencode(query)`.',
)
def url_for(symptom: Symptom) -> bool:
    """Tell whether the control has a path, and the candidate an absolute URL of the request's host with this path."""
    control, candidate = (text.partition("?")[0] for text in symptom.strings)
    origin = re.match(r"https?://" + re.escape(symptom.request.header("host")) + "(?=/)", candidate)
    return symptom.is_of_body and origin is not None and candidate[origin.end() :] == control


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _object_around(symptom: Symptom) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the key that the location ends with, and the object of each body that it is in; empty where there is none.

    For `body.items[2].price` it is `price` and what each body has at `body.items[2]`.
    """
    path = symptom.where.removeprefix("body") if symptom.is_of_body else ""
    found = re.findall(r'\.([A-Za-z_]\w*)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]', path)
    keys = [name or (json.loads(quoted) if quoted else int(index)) for name, quoted, index in found]
    control, candidate = (_object_at(body, keys[:-1]) for body in symptom.bodies)
    return str(keys[-1]) if keys else "", control, candidate


def _object_at(body: Any, keys: list[str | int]) -> dict[str, Any]:
    for key in keys:
        try:
            body = body[key]
        except (LookupError, TypeError):
            return {}
    return body if isinstance(body, dict) else {}


def _spelling(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())
