"""A request's body as a case file writes it, and its bytes: each form gives the same bytes every time. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, time
from itertools import chain, count
from typing import Any
from urllib.parse import urlencode

from ...http.headers import boundary_of, media_type_of
from ...http.message import FORM_TYPE, query_pairs
from ...http.multipart import BOUNDARY, MULTIPART_TYPE, Part, encode_multipart, read_parts

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
_ESCAPED_NAME = re.compile(r"%7B%7B([\w.-]+)%7D%7D")
_NAME = re.compile(r"\{\{[\w.-]+\}\}")


def encode_body(form: str, value: Any, content_type: str) -> tuple[bytes, str | None]:
    """Return the bytes of a body written as `form`, and the Content-Type that follows from it.

    `content_type` is the step's own or ""; a multipart body takes its boundary. Raises ValueError with what is wrong.
    """
    return _ENCODERS[form](value, content_type)


def describe_body(body: bytes, content_type: str) -> Iterator[tuple[str, Any]]:
    """Yield (form, value) in which these bytes can be written, the most readable first.

    Bodies are read leniently; what does not encode to each of the same bytes again is left out.
    """
    for form, parse in _PARSERS.items():
        with suppress(ValueError, RecursionError):
            value = parse(body, content_type)
            if value is not None and encode_body(form, value, content_type)[0] == body:
                yield form, value


# --- what a file says, to bytes ---


def _encode_json(value: Any, _type: str) -> tuple[bytes, str]:
    """Return a text as it stands, which is JSON; any other value without spaces, beyond ASCII as it is."""

    def refuse(value: Any) -> Any:
        if isinstance(value, date | time):
            raise ValueError(f'JSON has no dates; write "{value.isoformat()}" in quotes')
        raise ValueError(f"{value!r} is no JSON value")

    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=refuse).encode(), JSON_TYPE
    try:
        json.loads(_NAME.sub("0", value))
    except (ValueError, RecursionError) as error:
        message = 'a text here is JSON as it stands (a JSON string is \'"so"\'); what is broken on purpose is "text"'
        raise ValueError(f"not JSON: {error}; {message}") from None
    return value.encode(), JSON_TYPE


def _encode_form(value: Any, _type: str) -> tuple[bytes, str]:
    """Return the body of `{ a = "1", b = ["2", "3"] }` or `[["a", "1"], ["b", "2"]]`; `{{name}}` stays as it is."""
    if isinstance(value, Mapping):
        pairs = [(name, one) for name, many in value.items() for one in (many if isinstance(many, list) else [many])]
    elif isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        pairs = [(name, given) for name, given in value]
    else:
        raise ValueError('write { name = "value" }, or [["name", "value"], ["name", "other"]] where a name repeats')
    for name, given in pairs:
        if not isinstance(name, str) or not isinstance(given, str):
            raise ValueError(f"{given!r} is not a text; every name and value stands in quotes")
    return _ESCAPED_NAME.sub(r"{{\1}}", urlencode(pairs)).encode(), FORM_TYPE


def _encode_base64(value: Any, _type: str) -> tuple[bytes, None]:
    try:
        return base64.b64decode("".join(_required_text(value).split()), validate=True), None
    except binascii.Error as error:
        raise ValueError(f"not Base64: {error}") from None


def _encode_parts(value: Any, content_type: str) -> tuple[bytes, str]:
    if not isinstance(value, list):
        raise ValueError('write a list of parts: [{ name = "note", text = "hello" }]')
    parts = tuple(map(_read_part, value))
    free = chain([BOUNDARY], (f"{BOUNDARY}-{number}" for number in count(1)))
    boundary = boundary_of(content_type) or next(
        one for one in free if not any(one.encode() in part.content for part in parts)
    )
    return encode_multipart(parts, boundary), f"{MULTIPART_TYPE}; boundary={boundary}"


def _read_part(entry: Any) -> Part:
    example = '{ name = "file", filename = "a.txt", type = "text/plain", text = "..." }, or with base64 = "..."'
    if not isinstance(entry, dict) or not set(entry) <= {"name", "filename", "type", "text", "base64"}:
        raise ValueError(f"a part is {example}")
    if "name" not in entry or ("text" in entry) is ("base64" in entry):
        raise ValueError(f'a part has a name, and either "text" or "base64": {example}')
    if not all(isinstance(given, str) for given in entry.values()):
        raise ValueError(f"every value of a part is a text in quotes: {example}")
    content = entry["text"].encode() if "text" in entry else _encode_base64(entry["base64"], "")[0]
    return Part(entry["name"], content, entry.get("filename"), entry.get("type"))


def _required_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text; write it in quotes")
    return value


# --- bytes, to what a file says ---


def _parse_json(body: bytes, content_type: str) -> Any:
    """Return the value where TOML has it (it has no null) and its bytes come back from it, else the text."""
    if not media_type_of(content_type).endswith("json"):
        return None
    text = body.decode()
    try:
        value = json.loads(text)
    except ValueError:
        return text  # JSON once `{{name}}` is filled in, or not: encoding it tells
    is_table = not isinstance(value, str) and not _has_null(value) and _encode_json(value, "")[0] == body
    return value if is_table else text


def _has_null(value: Any) -> bool:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(_has_null, below))


def _parse_form(body: bytes, content_type: str) -> Any:
    if media_type_of(content_type) != FORM_TYPE or not body:
        return None
    pairs = query_pairs(body.decode())
    return table if len(table := dict(pairs)) == len(pairs) else list(map(list, pairs))


def _parse_parts(body: bytes, content_type: str) -> Any:
    boundary = boundary_of(content_type)
    if not boundary or not body:
        return None
    entries = []
    for part in read_parts(body, boundary):
        text = _parse_text(part.content, "")
        content = {"text": text} if text is not None else {"base64": base64.b64encode(part.content).decode()}
        entry = {"name": part.name, "filename": part.filename, "type": part.media_type, **content}
        entries.append({key: value for key, value in entry.items() if value is not None})
    return entries


def _parse_text(body: bytes, _type: str) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text) else text


_ENCODERS: dict[str, Callable[[Any, str], tuple[bytes, str | None]]] = {
    "json": _encode_json,
    "text": lambda value, _: (_required_text(value).encode(), TEXT_TYPE),
    "form": _encode_form,
    "base64": _encode_base64,
    "multipart": _encode_parts,
}
FORMS = tuple(_ENCODERS)
"""The keys of a step that give its body, of which it has one at most."""
_PARSERS: dict[str, Callable[[bytes, str], Any]] = {
    "json": _parse_json,
    "form": _parse_form,
    "multipart": _parse_parts,
    "text": _parse_text,
    "base64": lambda body, _: base64.b64encode(body).decode(),
}
