"""Causes of differences between two JSON bodies: how each framework writes the same value. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from email.utils import parsedate_to_datetime
from typing import Any

from .symptom import Cause, Symptom

_SURROGATE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")
_NO_NUMBER = re.compile(rb"[\[:,\s](NaN|-?Infinity)[\],}\s]")
_HTTP_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def _is_indented(symptom: Symptom) -> bool:
    is_indented = symptom.where == "body.bytes" and symptom.control.body.startswith((b"{\n  ", b"[\n  "))
    return is_indented and b"\n" not in symptom.candidate.body


def _is_ascii(symptom: Symptom) -> bool:
    return symptom.where == "body.bytes" and symptom.control.body.isascii() and not symptom.candidate.body.isascii()


def _is_layout(symptom: Symptom) -> bool:
    """The control's bytes are how `jsonify` writes the candidate's value."""
    if symptom.where != "body.bytes":
        return False
    ours = json.dumps(symptom.bodies[0], separators=(",", ":"))
    return symptom.control.body == ours.encode() + b"\n" and symptom.bodies[0] == symptom.bodies[1]


def _is_surrogate(symptom: Symptom) -> bool:
    is_refused = "surrogates not allowed" in symptom.error
    is_sent = _SURROGATE.search(symptom.request.body) is not None
    is_lost = is_sent and symptom.where.startswith("header.") and symptom.difference.candidate is None
    is_shown = is_sent or _SURROGATE.search(symptom.control.body) is not None
    return (symptom.is_of_answer or is_lost) and is_refused and is_shown


def _is_http_date(symptom: Symptom) -> bool:
    """An HTTP-date and an ISO 8601 text of the same second; a text without an offset is UTC, as Flask takes it."""
    ours, theirs = symptom.values
    if not isinstance(ours, str) or not isinstance(theirs, str) or not _HTTP_DATE.fullmatch(ours):
        return False
    try:
        instant = datetime.fromisoformat(theirs)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).replace(
            microsecond=0
        ) == parsedate_to_datetime(ours)
    except ValueError:
        return False


def _is_number_as_text(symptom: Symptom) -> bool:
    ours, theirs = symptom.values
    return (
        symptom.is_of_body and isinstance(ours, str) and _is_number(theirs) and _decimal(ours) == Decimal(str(theirs))
    )


def _is_nan(symptom: Symptom) -> bool:
    if symptom.difference.control in ("NaN", "Infinity", "-Infinity"):
        return symptom.is_of_body and symptom.difference.candidate == "null"
    is_refused = "Out of range float values are not JSON compliant" in symptom.error
    return symptom.is_of_answer and is_refused and _NO_NUMBER.search(symptom.control.body) is not None


def _is_number_format(symptom: Symptom) -> bool:
    ours, theirs = symptom.values
    if not symptom.is_of_body or not _is_number(ours) or not _is_number(theirs):
        return False
    text = symptom.difference.control or ""
    return symptom.difference.candidate in (f"{text}.0", re.sub(r"e\+?(-?)0*", r"e\1", text))


def _is_renamed(symptom: Symptom) -> bool:
    """A key of one side alone, whose value the other has under another spelling: `unit_price`, `unitPrice`."""
    parent, key = _place(symptom)
    ours, theirs = (_object_at(body, parent) for body in symptom.bodies)
    own, other = (ours, theirs) if key in ours else (theirs, ours)
    if key not in own or key in other:
        return False
    return any(_spelling(name) == _spelling(key) and other[name] == own[key] for name in other.keys() - own.keys())


def _is_null_added(symptom: Symptom) -> bool:
    is_null = symptom.difference.control is None and symptom.difference.candidate == "null"
    return is_null and symptom.is_of_body and symptom.statuses[0] == symptom.statuses[1] < 300


def _is_key_dropped(symptom: Symptom) -> bool:
    """A key is missing from an object that a response model made: it has a null that the view did not return."""
    parent, key = _place(symptom)
    ours, theirs = (_object_at(body, parent) for body in symptom.bodies)
    is_missing = symptom.difference.candidate is None and key in ours and key not in theirs
    return (
        is_missing and max(symptom.statuses) < 300 and any(theirs[name] is None for name in theirs.keys() - ours.keys())
    )


def _is_url(symptom: Symptom) -> bool:
    """A path, and an absolute URL of the request's own host with the same path."""
    ours, theirs = symptom.values
    if not symptom.is_of_body or not isinstance(ours, str) or not isinstance(theirs, str) or not ours.startswith("/"):
        return False
    origin = re.match(r"https?://" + re.escape(symptom.request.header("host")) + "(?=/)", theirs)
    return origin is not None and theirs[origin.end() :].partition("?")[0] == ours.partition("?")[0]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decimal(text: str | None) -> Decimal | None:
    try:
        return Decimal(text or "x")
    except DecimalException:
        return None


def _place(symptom: Symptom) -> tuple[list[str | int], str]:
    """`body.items[2].price` -> (["items", 2], "price")."""
    found = re.findall(r'\.([A-Za-z_]\w*)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]', symptom.where.removeprefix("body"))
    keys = [name or (json.loads(quoted) if quoted else int(index)) for name, quoted, index in found]
    return keys[:-1], str(keys[-1]) if keys else ""


def _object_at(body: Any, keys: list[str | int]) -> dict[str, Any]:
    """The object at a place of a body; an empty one where there is none."""
    for key in keys:
        try:
            body = body[key]
        except (LookupError, TypeError):
            return {}
    return body if isinstance(body, dict) else {}


def _spelling(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


CAUSES = (
    Cause(
        "json-indented",
        "`jsonify` indents by 2 in debug mode; FastAPI never does.",
        "Run legacy without FLASK_DEBUG, or set `app.json.compact = True`.",
        _is_indented,
    ),
    Cause(
        "json-ascii",
        "`jsonify` escapes everything beyond ASCII as \\uXXXX; FastAPI sends UTF-8.",
        "`JSONResponse` subclass whose `render` calls `json.dumps(content, ensure_ascii=True)`; JSON parsers see no "
        "difference.",
        _is_ascii,
    ),
    Cause(
        "json-layout",
        "`jsonify` sorts keys and ends with a newline; FastAPI keeps the order of insertion and ends without one.",
        "`JSONResponse` subclass as `default_response_class`, whose `render` is `(json.dumps(content, "
        'sort_keys=True, separators=(",", ":")) + "\\n").encode()`; clients that parse JSON need nothing.',
        _is_layout,
    ),
    Cause(
        "json-surrogate",
        "`jsonify` escapes a lone surrogate; FastAPI cannot encode it as UTF-8 and fails with 500, also where its 422 "
        "repeats one of the request.",
        "`JSONResponse` subclass with `ensure_ascii=True`, or clean the text where it comes in.",
        _is_surrogate,
    ),
    Cause(
        "http-date",
        "`jsonify` writes dates as HTTP-dates in GMT, without fractions; FastAPI as ISO 8601.",
        "Annotate the field with a `PlainSerializer` that calls `werkzeug.http.http_date`, or change the clients.",
        _is_http_date,
    ),
    Cause(
        "number-as-text",
        "Flask sends this number as text (a Decimal, or text that was kept as it came); FastAPI as a JSON number.",
        "Return annotation with `Decimal` fields (pydantic writes them as text), or `str` where it is text.",
        _is_number_as_text,
    ),
    Cause(
        "nan",
        "Flask reads and writes NaN and Infinity; FastAPI fails with 500, or writes null where the return is "
        "annotated.",
        "Send null or refuse such numbers on both sides: they are no JSON. `Field(allow_inf_nan=False)` refuses them.",
        _is_nan,
    ),
    Cause(
        "number-format",
        "The same number is written otherwise: Python's `json` writes `1e-07` and `3`, pydantic `1e-7`, and `3.0` "
        "for a float.",
        'Declare the field `int`, or `int | float`; for exponents `json_mode = "canonical"` in `[parity]`.',
        _is_number_format,
    ),
    Cause(
        "model-renames-key",
        "Flask sends the keys that the view returns; a FastAPI response model its fields' names, or their aliases.",
        "`Field(serialization_alias=...)` with the key that clients know, or `response_model_by_alias=False`.",
        _is_renamed,
    ),
    Cause(
        "model-adds-null",
        "Flask sends the keys that the view returns; a FastAPI response model adds its defaults as null.",
        "`response_model_exclude_unset=True` on the route.",
        _is_null_added,
    ),
    Cause(
        "model-drops-key",
        "Flask sends the keys that the view returns; a FastAPI response model drops those that it does not declare.",
        'Declare the field, or `model_config = ConfigDict(extra="allow")`.',
        _is_key_dropped,
    ),
    Cause(
        "url-for",
        "Flask's `url_for` gives a path with a query of the surplus arguments; Starlette's an absolute URL without "
        "them.",
        '`str(app.url_path_for(name, n=5)) + "?" + urlencode(query)`.',
        _is_url,
    ),
)
