"""Causes of differences in how the query, forms, files and JSON bodies of a request are read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .errors import NO_JSON
from .symptom import Cause, Symptom

_TOO_LARGE = ("Part exceeded maximum size of ", "Too many fields. ", "Too many files. ")
_UNREADABLE = ("Missing boundary in multipart.", "Invalid multipart data.")
_FALSE = frozenset({"0", "off", "f", "false", "n", "no"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _is_lenient(symptom: Symptom) -> bool:
    """What the candidate's validation refuses the control answers, or both read one text otherwise."""
    if symptom.refuses("query", "header", "cookie"):
        is_missing = any(error["type"] == "missing" for error in symptom.refusals)
        return symptom.is_of_answer and symptom.was_fine and not is_missing
    return "lenient-parameter" in symptom.interpretations or (symptom.is_of_body and _is_other_bool(symptom))


def _is_other_bool(symptom: Symptom) -> bool:
    """A word that is true to `bool` as any text is, and false to pydantic."""
    pair = symptom.difference.control, symptom.difference.candidate
    return pair == ("true", "false") and any(value.lower() in _FALSE for _, value in symptom.fields)


def _is_percent(symptom: Symptom) -> bool:
    """Percent-encoded bytes that the control kept, where the candidate has U+FFFD."""
    ours, theirs = symptom.values
    if not symptom.is_of_body or not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    replaced = re.sub(r"(?:%[89A-Fa-f][0-9A-Fa-f])+", "\ufffd", ours)
    return replaced != ours and replaced == re.sub("\ufffd+", "\ufffd", theirs)


def _is_empty_field(symptom: Symptom) -> bool:
    """An empty form field: refused as missing, or replaced by a default where the control may refuse it."""
    empty = {name for name, value in symptom.fields if not value} if symptom.request.media_type in _FORMS else set()
    if symptom.refuses("body"):
        missing = {error["loc"][-1] for error in symptom.refusals if error["type"] == "missing"}
        return symptom.is_of_answer and symptom.was_fine and bool(missing) and missing <= empty
    if symptom.control.status == 400 and symptom.candidate.status < 300:
        return symptom.is_of_answer and bool(empty)
    is_replaced = symptom.difference.control == '""' and symptom.statuses[0] == symptom.statuses[1]
    return symptom.is_of_body and bool(empty) and is_replaced


def _is_latin(symptom: Symptom) -> bool:
    ours, theirs = symptom.values
    if not symptom.is_of_body or not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    return ours != theirs and ours.encode("utf-8", "replace") == theirs.encode("latin-1", "replace")


def _is_form_bytes(symptom: Symptom) -> bool:
    is_refused = symptom.control.status == 400 and symptom.candidate.status not in (400, 422, 500)
    is_odd = symptom.request.media_type in _FORMS and not _is_utf8(symptom.request.body)
    return symptom.is_of_answer and is_refused and is_odd


def _is_no_json(symptom: Symptom) -> bool:
    is_detail = symptom.statuses == (400, 400) and symptom.detail == NO_JSON
    return is_detail and symptom.is_of_answer and not symptom.has_page


def _is_too_large(symptom: Symptom) -> bool:
    """Both refuse the size; the candidate's plain text lacks what middleware adds."""
    is_plain = symptom.candidate.media_type == "text/plain" and symptom.has_page
    is_lost = symptom.where.startswith("header.") and symptom.difference.candidate is None
    return symptom.statuses == (413, 413) and is_plain and (symptom.is_of_answer or is_lost)


def _is_limit(symptom: Symptom) -> bool:
    is_beyond = isinstance(symptom.detail, str) and symptom.detail.startswith(_TOO_LARGE)
    is_refused = symptom.control.status == 413 and symptom.has_page
    is_form = symptom.request.media_type in _FORMS and symptom.statuses[0] != symptom.statuses[1]
    return symptom.is_of_answer and is_form and (is_beyond or is_refused)


def _is_unreadable(symptom: Symptom) -> bool:
    is_other = symptom.was_fine or symptom.control.status == 400
    return symptom.is_of_answer and is_other and symptom.detail in _UNREADABLE


def _is_file_part(symptom: Symptom) -> bool:
    """The candidate took a part for text, or for nothing, that the control took for a file."""
    if not symptom.refuses("body") or not symptom.is_of_answer or not symptom.was_fine:
        return False
    nameless = {part.name for part in symptom.request.parts if part.filename == ""}
    return all(
        "Expected UploadFile" in error.get("msg", "") or (error["type"] == "missing" and error["loc"][-1] in nameless)
        for error in symptom.refusals
    )


def _is_filename(symptom: Symptom) -> bool:
    """Both texts come from one filename of the request, unescaped as Werkzeug does and as python-multipart."""
    ours, theirs = symptom.values
    names = [part.filename for part in symptom.request.parts if part.filename is not None]
    return symptom.is_of_body and any(
        ours in (name.replace("\\", ""), name.replace("%22", '"')) and theirs in (name, name.rpartition("\\")[2])
        for name in names
    )


def _is_content_type(symptom: Symptom) -> bool:
    is_json = symptom.request.media_type == "application/json" or symptom.request.media_type.endswith("+json")
    return symptom.is_of_answer and symptom.control.status == 415 != symptom.candidate.status and not is_json


def _is_coerced(symptom: Symptom) -> bool:
    """The control has a value as the request's JSON has it, the candidate what pydantic makes of it."""
    ours, theirs = symptom.values
    is_kept = any(type(leaf) is type(ours) and leaf == ours for leaf in _leaves(symptom.request.json))
    return symptom.is_of_body and is_kept and type(theirs) is not type(ours) and _coerced(ours, theirs)


def _coerced(sent: Any, value: Any) -> bool:
    if isinstance(value, bool):
        words = {"1", "on", "t", "true", "y", "yes"} if value else _FALSE
        return str(sent).lower() in words
    if isinstance(value, int | float):
        number = _number(str(sent)) if isinstance(sent, str) else sent
        return isinstance(number, int | float) and number == value
    return False


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif value is not None:
        yield value


def _is_email(symptom: Symptom) -> bool:
    """The candidate refuses an address for its form alone, or has it with the domain in lower case."""
    if symptom.refuses("body"):
        messages = [str(error.get("msg", "")) for error in symptom.refusals]
        is_form = all(message.startswith("value is not a valid email address") for message in messages)
        return symptom.is_of_answer and symptom.was_fine and is_form
    ours, theirs = symptom.values
    name, at, domain = ours.rpartition("@") if isinstance(ours, str) else ("", "", "")
    return bool(at) and ours != theirs and theirs == f"{name}@{domain.lower()}"


def _is_strict(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.was_fine and symptom.refuses("body")


def _is_unchecked(symptom: Symptom) -> bool:
    return symptom.is_of_answer and symptom.control.status == 500 and symptom.refuses("body")


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


CAUSES = (
    Cause(
        "repeated-parameter",
        "Of a name given twice Flask reads the first value; FastAPI the last.",
        '`a: list[str] = Query()` and take `a[0]`; `request.query_params.getlist("a")[0]`.',
        lambda symptom: "repeated-parameter" in symptom.interpretations,
    ),
    Cause(
        "lenient-parameter",
        "`args.get(name, default, type=...)` gives the default for what its type refuses, and `type=bool` is true "
        "for any text; FastAPI answers 422, or parses what Flask's type does not.",
        "`Annotated[int, BeforeValidator(...)]` with the old rule, or decide that bad input is an error and list it.",
        _is_lenient,
    ),
    Cause(
        "percent-bytes",
        "Bytes of an URL-encoded value that are not UTF-8 stay percent-encoded in Flask; in FastAPI they become "
        "U+FFFD.",
        "Read `request.url.query` and decode it with `werkzeug.urls`, if such requests come at all.",
        _is_percent,
    ),
    Cause(
        "json-bytes",
        "A JSON body that is no text (not UTF-8) is to Flask as any that is no JSON; FastAPI answers it with 400 and "
        "words of its own, before its validation.",
        "An ignore rule: such requests are broken clients.",
        _is_no_json,
    ),
    Cause(
        "body-limit",
        "A body beyond MAX_CONTENT_LENGTH is answered by Flask as any other error; FastAPI's `max_body_size` answers "
        "in plain text, outside every middleware and so without the headers that they add.",
        "Leave the limit to the proxy, or ignore it: status and meaning are the same.",
        _is_too_large,
    ),
    Cause(
        "form-limits",
        "Flask refuses forms by MAX_FORM_MEMORY_SIZE (500 kB) and 1,000 multipart parts with 413; Starlette parts "
        "beyond 1 MB and 1,000 fields with 400.",
        "`request.form(max_fields=..., max_part_size=...)` in a dependency, and an exception handler for the status.",
        _is_limit,
    ),
    Cause(
        "multipart-refused",
        "A multipart body that cannot be read is an empty form in Flask; Starlette answers 400.",
        "An ignore rule: such requests are broken clients.",
        _is_unreadable,
    ),
    Cause(
        "form-bytes",
        "Flask refuses a form with bytes that are not UTF-8 with 400; Starlette reads them as Latin-1.",
        "Refuse such a body in a dependency: `(await request.body()).decode()`.",
        _is_form_bytes,
    ),
    Cause(
        "file-part",
        "A part with `filename*` or an empty `filename` is a file in Flask; for Starlette it is text, so FastAPI "
        "answers 422.",
        "Read `await request.form()` and take both kinds of part; or ask clients for a plain `filename`.",
        _is_file_part,
    ),
    Cause(
        "empty-form-value",
        "An empty form field is an empty text in Flask; FastAPI takes it for missing: the default, or 422.",
        '`form = await request.form()` and `form.get("a", "")`, or a default of "".',
        _is_empty_field,
    ),
    Cause(
        "latin-1-text",
        "Flask reads raw UTF-8 in forms and quoted cookies as UTF-8; Starlette as Latin-1.",
        '`value.encode("latin-1").decode()` where it is read, or percent-encoding in the clients.',
        _is_latin,
    ),
    Cause(
        "upload-filename",
        "Werkzeug and python-multipart unescape an upload's filename differently: `C:\\dir\\x.txt` and `a%22b`.",
        "Never use a client's filename as a path: normalise it on both sides, `secure_filename(name)`.",
        _is_filename,
    ),
    Cause(
        "json-content-type",
        "`request.get_json()` answers 415 when the body is not declared as JSON; FastAPI passes it on as text, so "
        "that models answer 422 and `Body(Any)` 200.",
        "A dependency that raises `HTTPException(415)` unless the Content-Type is JSON.",
        _is_content_type,
    ),
    Cause(
        "coerced-value",
        'Flask takes JSON values as they are sent; pydantic coerces them to the declared type ("1", 1.0 and true to '
        '1, "yes" to true).',
        "`model_config = ConfigDict(strict=True)`, or `StrictInt` and its like.",
        _is_coerced,
    ),
    Cause(
        "email-address",
        "Flask takes what the app's own pattern takes for an e-mail address, as it was sent; pydantic's `EmailStr` "
        "refuses more, and writes the domain in lower case.",
        "`Annotated[str, AfterValidator(...)]` with the old pattern, or list the stricter form as deliberate.",
        _is_email,
    ),
    Cause(
        "strict-body",
        "The Flask view takes a body that the FastAPI model refuses with 422.",
        "Widen the field (`int | float | None`, a default), or list the refusal as deliberate.",
        _is_strict,
    ),
    Cause(
        "unchecked-body",
        "The Flask view reads the body unchecked and fails with 500; FastAPI validates it and answers 422.",
        "Nothing: it is better so. Ignore it with a reason.",
        _is_unchecked,
    ),
)
