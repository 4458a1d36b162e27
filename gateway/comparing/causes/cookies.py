"""Causes of differences in the cookies that are set and read. Pure."""

from __future__ import annotations

import base64
import json
import re
import zlib

from ...http.headers import SetCookie
from ...http.message import json_value, values_of
from .symptom import Symptom, cause

_OCTAL = re.compile(rb"\\[0-3][0-7][0-7]")
_SESSION_PARTS = frozenset({"value", "max-age", "samesite", "expires", "path", "httponly", "secure"})
_SIGNED = re.compile(r"\.?[\w-]+={0,2}\.[\w-]+\.[\w-]+")


@cause(
    "Flask's and Starlette's `session` cookies are signed in different formats: neither reads the other's, and a "
    "write on one side signs the user out on the other.",
    "Let the new side read and write Flask's: `app.session_interface.get_signing_serializer(app)`.",
)
def session_cookie(symptom: Symptom) -> bool:
    """Tell whether a cookie holds signed JSON on both sides: Flask's without spaces, Starlette's with them."""
    payloads = [_payload(cookie.value) for cookie in _pair(symptom)]
    styles = ((",", ":"), (", ", ": "))
    pairs = zip(payloads, styles, strict=False)
    written = [json.dumps(json_value(payload), separators=style).encode() for payload, style in pairs]
    is_part = symptom.where.rpartition(".")[2] in _SESSION_PARTS
    return is_part and len(payloads) == 2 and payloads == written


@cause(
    "Flask sets no SameSite by default; Starlette sets `SameSite=lax`.",
    "`set_cookie(..., samesite=None)`; or SESSION_COOKIE_SAMESITE in Flask, before the flip.",
)
def cookie_samesite(symptom: Symptom) -> bool:
    return symptom.where.endswith(".samesite") and symptom.texts == (None, "lax")


@cause(
    "`set_cookie(max_age=...)` sends Expires too in Flask; Starlette sends Max-Age alone.",
    "Ignore it (Max-Age counts in every browser), or pass `expires=`.",
)
def cookie_expires(symptom: Symptom) -> bool:
    """Tell whether the control alone has the date, and both have the same age."""
    ages = [cookie.attributes.get("max-age") for cookie in _pair(symptom)]
    is_lone = symptom.where.endswith(".expires") and symptom.is_missing
    return is_lone and len(ages) == 2 and ages[0] == ages[1] is not None


@cause(
    'A deleted cookie is `d=` in Flask, `d=""` in Starlette, there without the HttpOnly and Secure of a session; '
    "it goes in both.",
    "Ignore it for the route.",
)
def cookie_deletion(symptom: Symptom) -> bool:
    """Tell whether both delete the cookie and the location is one that a deletion leaves without meaning."""
    pair = _pair(symptom)
    is_value = symptom.where.endswith(".value") and [cookie.value for cookie in pair] == ["", '""']
    is_flag = symptom.where.endswith((".httponly", ".secure")) and symptom.is_missing
    return (is_value or is_flag) and all(cookie.is_deletion for cookie in pair)


@cause(
    "Flask quotes a cookie value beyond ASCII as octal escapes; Starlette fails with 500.",
    "`set_cookie(name, quote(value))` on both sides, and unquote where it is read.",
)
def cookie_unicode(symptom: Symptom) -> bool:
    """Tell whether the candidate failed to encode a text, where the control sets a cookie with octal escapes."""
    cookies = b"".join(values_of(symptom.control.headers, b"set-cookie"))
    is_refused = symptom.error.startswith("UnicodeEncodeError: 'latin-1'")
    return symptom.is_of_answer and is_refused and _OCTAL.search(cookies) is not None


@cause(
    "A cookie without `=` is a name without value to Flask, and one without a name is none; to Starlette both are "
    'values of the name "".',
    "Ignore it: browsers do not send them for cookies that a server set.",
)
def nameless_cookie(symptom: Symptom) -> bool:
    """Tell whether the candidate alone has a cookie without a name, with the text of a nameless one of the request."""
    bodies = [body for body in symptom.bodies if isinstance(body, dict)]
    odd = {value for name, value in symptom.request.cookies if not name}
    is_of_candidate = len(bodies) == 2 and "" not in bodies[0] and bodies[1].get("") in odd
    return is_of_candidate and symptom.where in ('body[""]', *(f"body.{name}" for name in odd))


def _payload(value: str) -> bytes:
    """Return the JSON of a cookie that itsdangerous signed; empty for any other."""
    payload = value.lstrip(".").partition(".")[0]
    try:
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) if _SIGNED.fullmatch(value) else b""
        return zlib.decompress(raw) if value.startswith(".") else raw
    except (ValueError, zlib.error):
        return b""


def _pair(symptom: Symptom) -> list[SetCookie]:
    """Return the cookie that the location is of, from each side that sets it."""
    if not symptom.where.startswith("cookie."):
        return []
    name = symptom.where.removeprefix("cookie.").rpartition(".")[0]
    sides = (symptom.control, symptom.candidate)
    found = ([cookie for cookie in side.set_cookies if cookie.name == name] for side in sides)
    return [cookies[-1] for cookies in found if cookies]
