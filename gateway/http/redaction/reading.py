"""Read what may hold a secret: JSON that loses nothing, texts in base64, bodies in their encoding. Pure."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from typing import Any

from ..headers import parameter_of

OPENING = frozenset('{["')
"""Characters that JSON begins with where it is no number and no word."""
_BASE64 = re.compile(r"[\w+/-]+={0,2}", re.ASCII)


def parsed_json(text: str) -> tuple[Any] | None:
    """Return the value of a JSON text; None for no JSON, and where one key stands twice, of which one would be lost."""

    def checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key stands twice")
        return found

    try:
        return (json.loads(text.removeprefix("\ufeff"), object_pairs_hook=checked),)
    except (ValueError, RecursionError):
        return None


def hides_text(text: str) -> bool:
    """Tell whether a text is base64 of JSON, XML, a form or a login."""
    if len(text) < 12 or not _BASE64.fullmatch(text):
        return False
    with suppress(ValueError):
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        return plain.lstrip()[:1] in {*OPENING, "<"} or re.match(r"[\w.@+-]+[=:]\S", plain) is not None
    return False


def text_of(value: bytes) -> str:
    """Return a header's value as text: UTF-8 where it is, else Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def encoding_of(body: bytes, content_type: str) -> str | None:
    """Return one that decodes the body and encodes it again: what the header says, what JSON would be in, else latin-1.

    None where the header names one that does neither. Punycode, IDNA and UTF-7 are encodings of Python's that take the
    square of a body's length, or write its quotes otherwise.
    """
    charset = parameter_of(content_type, "charset").lower()
    if charset in ("punycode", "idna", "utf-7", "utf7"):
        return None
    for encoding in filter(None, (charset, json.detect_encoding(body), "utf-8", "latin-1")):
        with suppress(LookupError, ValueError, TypeError):
            if body.decode(encoding).encode(encoding) == body:
                return encoding
        if encoding == charset:
            return None
    return "latin-1"


def like_before(text: str, value: Any, clean: Any) -> str:
    """Return the clean value, spaced and escaped as the text was, between what stands around it: a line's end, say."""
    bare = text.strip()
    before, after = text[: text.find(bare)], text[text.find(bare) + len(bare) :]
    for separators in ((",", ":"), (", ", ": ")):
        for ensure_ascii in (False, True):
            if json.dumps(value, ensure_ascii=ensure_ascii, separators=separators) == bare:
                return f"{before}{json.dumps(clean, ensure_ascii=ensure_ascii, separators=separators)}{after}"
    return f"{before}{json.dumps(clean)}{after}"
