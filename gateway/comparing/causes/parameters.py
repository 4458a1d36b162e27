"""Causes of differences in how the query, forms, files and JSON bodies of a request are read. Pure."""

from __future__ import annotations

import re
from typing import Any

from ...http.message import FORM_TYPE, json_leaves
from ...http.multipart import MULTIPART_TYPE
from .errors import NO_JSON
from .symptom import Symptom, cause

_TOO_LARGE = ("Part exceeded maximum size of ", "Too many fields. ", "Too many files. ")
_UNREADABLE = ("Missing boundary in multipart.", "Invalid multipart data.")
_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "off", "f", "false", "n", "no"})
"""Words for a boolean to pydantic, in lower case."""
_FORMS = (FORM_TYPE, MULTIPART_TYPE)


@cause(
    "Of a name given twice Flask reads the first value; FastAPI the last.",
    '`a: list[str] = Query()` and take `a[0]`; `request.query_params.getlist("a")[0]`.',
)
def repeated_parameter(symptom: Symptom) -> bool:
    return "repeated-parameter" in symptom.interpretations


@cause(
    "`args.get(name, default, type=...)` gives the default for what its type refuses, and `type=bool` is true for any "
    "text; FastAPI answers 422, or parses what Flask's type does not.",
    "`Annotated[int, BeforeValidator(...)]` with the old rule, or decide that bad input is an error and list it.",
)
def lenient_parameter(symptom: Symptom) -> bool:
    """Tell whether the control answers what the candidate's validation refuses, or both read one text otherwise.

    A word that is true to `bool`, as any text is, may be false to pydantic.
    """
    if symptom.refuses("query", "header", "cookie"):
        is_missing = any(error["type"] == "missing" for error in symptom.refusals)
        return symptom.is_of_answer and symptom.is_control_fine and not is_missing
    is_other_bool = symptom.texts == ("true", "false") and any(value.lower() in _FALSE for _, value in symptom.fields)
    return "lenient-parameter" in symptom.interpretations or (symptom.is_of_body and is_other_bool)


@cause(
    "Bytes of an URL-encoded value that are not UTF-8 stay percent-encoded in Flask; in FastAPI they become U+FFFD.",
    "Read `request.url.query` and decode it with `werkzeug.urls`, if such requests come at all.",
)
def percent_bytes(symptom: Symptom) -> bool:
    """Tell whether the control kept percent-encoded bytes where the candidate has U+FFFD."""
    control, candidate = symptom.strings
    replaced = re.sub(r"(?:%[89A-Fa-f][0-9A-Fa-f])+", "\ufffd", control)
    return symptom.is_of_body and replaced != control and replaced == re.sub("\ufffd+", "\ufffd", candidate)


@cause(
    "A JSON body that is no text (not UTF-8) is to Flask as any that is no JSON; FastAPI answers it with 400 and "
    "words of its own, before its validation.",
    "An ignore rule: such requests are broken clients.",
)
def json_bytes(symptom: Symptom) -> bool:
    is_of_answer = symptom.is_of_answer and symptom.statuses == (400, 400)
    return is_of_answer and symptom.detail == NO_JSON and not symptom.has_werkzeug_page


@cause(
    "A body beyond MAX_CONTENT_LENGTH is answered by Flask as any other error; FastAPI's `max_body_size` answers in "
    "plain text, outside every middleware and so without the headers that they add.",
    "Leave the limit to the proxy, or ignore it: status and meaning are the same.",
)
def body_limit(symptom: Symptom) -> bool:
    """Tell whether both refuse the size, and the candidate in plain text, which lacks what middleware adds."""
    is_plain = symptom.candidate.media_type == "text/plain" and symptom.has_werkzeug_page
    return symptom.statuses == (413, 413) and is_plain and (symptom.is_of_answer or symptom.is_lost_header)


@cause(
    "Flask refuses forms by MAX_FORM_MEMORY_SIZE (500 kB) and 1,000 multipart parts with 413; Starlette parts beyond "
    "1 MB and 1,000 fields with 400.",
    "`request.form(max_fields=..., max_part_size=...)` in a dependency, and an exception handler for the status.",
)
def form_limits(symptom: Symptom) -> bool:
    is_beyond = isinstance(symptom.detail, str) and symptom.detail.startswith(_TOO_LARGE)
    is_refused = symptom.control.status == 413 and symptom.has_werkzeug_page
    is_form = symptom.request.media_type in _FORMS and not symptom.has_one_status
    return symptom.is_of_answer and is_form and (is_beyond or is_refused)


@cause(
    "A multipart body that cannot be read is an empty form in Flask; Starlette answers 400.",
    "An ignore rule: such requests are broken clients.",
)
def multipart_refused(symptom: Symptom) -> bool:
    is_other = symptom.is_control_fine or symptom.control.status == 400
    return symptom.is_of_answer and is_other and symptom.detail in _UNREADABLE


@cause(
    "Flask refuses a form with bytes that are not UTF-8 with 400; Starlette reads them as Latin-1.",
    "Refuse such a body in a dependency: `(await request.body()).decode()`.",
)
def form_bytes(symptom: Symptom) -> bool:
    is_refused = symptom.control.status == 400 and symptom.candidate.status not in (400, 422, 500)
    is_utf8 = symptom.request.body.decode("utf-8", "ignore").encode() == symptom.request.body
    return symptom.is_of_answer and is_refused and symptom.request.media_type in _FORMS and not is_utf8


@cause(
    "A part with `filename*` or an empty `filename` is a file in Flask; for Starlette it is text, so "
    "FastAPI answers 422.",
    "Read `await request.form()` and take both kinds of part; or ask clients for a plain `filename`.",
)
def file_part(symptom: Symptom) -> bool:
    """Tell whether the candidate took a part for text, or for nothing, that the control took for a file."""
    if not symptom.refuses("body") or not symptom.is_of_answer or not symptom.is_control_fine:
        return False
    nameless = {part.name for part in symptom.request.parts if part.filename == ""}
    return all(
        "Expected UploadFile" in error.get("msg", "") or (error["type"] == "missing" and error["loc"][-1] in nameless)
        for error in symptom.refusals
    )


@cause(
    "An empty form field is an empty text in Flask; FastAPI takes it for missing: the default, or 422.",
    '`form = await request.form()` and `form.get("a", "")`, or a default of "".',
)
def empty_form_value(symptom: Symptom) -> bool:
    """Tell whether an empty field was refused as missing, taken where the control refuses it, or became a default."""
    empty = {name for name, value in symptom.fields if not value}
    if symptom.request.media_type not in _FORMS or not empty:
        return False
    if symptom.refuses("body"):
        missing = {error["loc"][-1] for error in symptom.refusals if error["type"] == "missing"}
        return symptom.is_of_answer and symptom.is_control_fine and bool(missing) and missing <= empty
    is_taken = symptom.is_of_answer and symptom.control.status == 400 and symptom.candidate.status < 300
    return is_taken or (symptom.is_of_body and symptom.has_one_status and symptom.difference.control == '""')


@cause(
    "Flask reads raw UTF-8 in forms and quoted cookies as UTF-8; Starlette as Latin-1.",
    '`value.encode("latin-1").decode()` where it is read, or percent-encoding in the clients.',
)
def latin_1_text(symptom: Symptom) -> bool:
    control, candidate = symptom.strings
    is_same = control.encode("utf-8", "replace") == candidate.encode("latin-1", "replace")
    return symptom.is_of_body and control != candidate and is_same


@cause(
    "Werkzeug and python-multipart unescape an upload's filename differently: `C:\\dir\\x.txt` and `a%22b`.",
    "Never use a client's filename as a path: normalise it on both sides, `secure_filename(name)`.",
)
def upload_filename(symptom: Symptom) -> bool:
    """Tell whether both texts are one filename of the request, unescaped as Werkzeug does and as python-multipart."""
    control, candidate = symptom.values
    names = [part.filename for part in symptom.request.parts if part.filename is not None]
    return symptom.is_of_body and any(
        control in (name.replace("\\", ""), name.replace("%22", '"')) and candidate in (name, name.rpartition("\\")[2])
        for name in names
    )


@cause(
    "`request.get_json()` answers 415 when the body is not declared as JSON; FastAPI passes it on as text, so that "
    "models answer 422 and `Body(Any)` 200.",
    "A dependency that raises `HTTPException(415)` unless the Content-Type is JSON.",
)
def json_content_type(symptom: Symptom) -> bool:
    is_json = symptom.request.media_type == "application/json" or symptom.request.media_type.endswith("+json")
    return symptom.is_of_answer and symptom.control.status == 415 != symptom.candidate.status and not is_json


@cause(
    'Flask takes JSON values as they are sent; pydantic coerces them to the declared type ("1", 1.0 and true to 1, '
    '"yes" to true).',
    "`model_config = ConfigDict(strict=True)`, or `StrictInt` and its like.",
)
def coerced_value(symptom: Symptom) -> bool:
    """Tell whether the control has a value as the request's JSON has it, the candidate what pydantic makes of it."""
    control, candidate = symptom.values
    is_kept = any(type(leaf) is type(control) and leaf == control for _, leaf in json_leaves(symptom.request.json))
    is_coerced = type(candidate) is not type(control) and _is_coerced(control, candidate)
    return symptom.is_of_body and is_kept and is_coerced


@cause(
    "Flask takes what the app's own pattern takes for an e-mail address, as it was sent; pydantic's `EmailStr` "
    "refuses more, and writes the domain in lower case.",
    "`Annotated[str, AfterValidator(...)]` with the old pattern, or list the stricter form as deliberate.",
)
def email_address(symptom: Symptom) -> bool:
    """Tell whether the candidate refuses an address for its form alone, or has its domain in lower case."""
    if symptom.refuses("body"):
        messages = [str(error.get("msg", "")) for error in symptom.refusals]
        is_form = all(message.startswith("value is not a valid email address") for message in messages)
        return symptom.is_of_answer and symptom.is_control_fine and is_form
    control, candidate = symptom.strings
    name, at, domain = control.rpartition("@")
    return at == "@" and control != candidate == f"{name}@{domain.lower()}"


@cause(
    "The Flask view takes a body that the FastAPI model refuses with 422.",
    "Widen the field (`int | float | None`, a default), or list the refusal as deliberate.",
)
def strict_body(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.is_control_fine and symptom.refuses("body")


@cause(
    "The Flask view reads the body unchecked and fails with 500; FastAPI validates it and answers 422.",
    "Nothing: it is better so. Ignore it with a reason.",
)
def unchecked_body(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.control.status == 500 and symptom.refuses("body")


def _is_coerced(sent: Any, value: Any) -> bool:
    """Tell whether pydantic makes this boolean or number of the value that was sent."""
    if isinstance(value, bool):
        return str(sent).lower() in (_TRUE if value else _FALSE)
    try:
        number = float(sent) if isinstance(sent, str) else sent
    except ValueError:
        return False
    return isinstance(value, int | float) and isinstance(number, int | float) and number == value
