"""Values of single header fields: media types with their parameters, cookies that are sent and cookies that are set."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_PARAMETER = re.compile(r';([^;=]*)=?((?:"(?:[^"\\]|\\.)*"|[^;])*)')
_QUOTES = re.compile(r'\A"(.*)"\Z', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FLAG = "set"
"""Stands for the value of an attribute that has none, like `Secure`."""


def media_type_of(content_type: str) -> str:
    """Return the media type in lower case and without parameters, `application/json`; "" when there is none."""
    return content_type.partition(";")[0].strip().lower()


def parameters_of(value: str, *, keeps_escapes: bool = False) -> tuple[tuple[str, str], ...]:
    """Return (name in lower case, value without quotes) of each parameter, in order (RFC 9110, 5.6.6).

    `keeps_escapes` leaves the backslashes in a quoted value, which servers read in different ways.
    """
    pairs = ((name.strip(" \t").lower(), text.strip(" \t")) for name, text in _PARAMETER.findall(value))
    unquoted = ((name, _QUOTES.sub(r"\1", text)) for name, text in pairs)
    return tuple((name, text if keeps_escapes else _ESCAPE.sub(r"\1", text)) for name, text in unquoted)


def parameter_of(value: str, name: str) -> str:
    """Return the first parameter of this name (in lower case), or "" when there is none."""
    return next((text for key, text in parameters_of(value) if key == name), "")


def boundary_of(content_type: str) -> str:
    """Return the boundary of a multipart media type; "" for any other, and where none is named."""
    return parameter_of(content_type, "boundary") if media_type_of(content_type).startswith("multipart/") else ""


def parse_cookies(line: str) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of each cookie of a Cookie line, in order; quotes are part of a value.

    A cookie without `=` is a value without a name (RFC 6265bis, 5.6), as Starlette reads it.
    """
    pieces = [piece if "=" in piece else f"={piece}" for piece in line.split(";") if piece.strip()]
    pairs = (piece.partition("=") for piece in pieces)
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def replace_cookie_values(line: bytes, change: Callable[[bytes, bytes], bytes]) -> bytes:
    """Return a Cookie line with `change(name, value)` in the place of each value; every other byte stays."""
    pairs = (piece.partition(b"=") for piece in line.split(b";"))
    return b";".join(name + equals + change(name.strip(), value) for name, equals, value in pairs)


@dataclass(frozen=True, slots=True)
class SetCookie:
    """One Set-Cookie line."""

    name: str
    value: str
    attributes: dict[str, str] = field(default_factory=dict)
    """Values by name in lower case; of two of a name the last one counts (RFC 6265, 5.3)."""

    @property
    def is_deletion(self) -> bool:
        """Whether Max-Age ends the cookie at once; it counts before Expires (RFC 6265, 4.1.2.2)."""
        age = self.attributes.get("max-age", "")
        return age == "0" or (age.startswith("-") and age[1:].isdigit())

    def __str__(self) -> str:
        attributes = (f"; {name}" if value == _FLAG else f"; {name}={value}" for name, value in self.attributes.items())
        return f"{self.name}={self.value}{''.join(attributes)}"


def parse_set_cookie(line: str) -> SetCookie:
    """Return the cookie of a Set-Cookie line as a browser reads it (RFC 6265, 5.2); without `=` it is a value alone."""
    (name, equals, value), *rest = ([text.strip(" \t") for text in piece.partition("=")] for piece in line.split(";"))
    attributes = {}
    for attribute, sign, text in rest:
        if attribute or sign:
            key = attribute.lower()
            meant = {"domain": text.lower().removeprefix("."), "samesite": text.lower()}.get(key, text)
            attributes[key] = meant if sign else _FLAG
    return SetCookie(name if equals else "", value if equals else name, attributes)
