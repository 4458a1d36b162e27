"""Response headers by name, as lists of values; those that are sets by their members. Pure.

Set-Cookie lines are never folded: cookies by name, path and domain, every attribute a location of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from ...http.headers import SetCookie, media_type_of, parameters_of
from ...http.message import Headers, Response, values_of
from ..result import Difference
from .difference_text import paired, unequal

_SKIPPED = frozenset({b"connection", b"date", b"keep-alive", b"server", b"transfer-encoding"})
"""Headers of the connection and of the server: an app does not say them."""
_ELSEWHERE = frozenset({b"content-length", b"set-cookie"})
_BODILESS = (204, 304)

Values = tuple[bytes, ...]
SetCookies = tuple[SetCookie, ...]


def compare_headers(control: Headers, candidate: Headers) -> Iterator[Difference]:
    """Yield every `header.<name>` that differs, names in lower case and in order; no Set-Cookie or Content-Length."""
    names = {name.lower() for name, _ in (*control, *candidate)} - _SKIPPED - _ELSEWHERE
    for name in sorted(names):
        before, after = values_of(control, name), values_of(candidate, name)
        meaning = _MEANINGS.get(name, tuple)
        if before != after and (not before or not after or meaning(before) != meaning(after)):
            yield from unequal(f"header.{name.decode('latin-1')}", _format_values(before), _format_values(after))


def compare_length(
    control: Response, candidate: Response, method: str, *, is_by_meaning: bool = False
) -> Iterator[Difference]:
    """Yield `framing`, and `header.content-length` where no body implies it: of HEAD, of 304, or where it is wrong.

    `is_by_meaning` says that bodies of their type are not compared byte for byte: then two lengths without a body are
    two ways to write one value, as JSON with and without a last line end, unless one of them says that there is none.
    """
    sides = control, candidate
    lengths = [values_of(side.headers, b"content-length") for side in sides]
    texts = [_format_values(length) for length in lengths]
    if not has_body(control, method) or not has_body(candidate, method):
        if not is_by_meaning or None in texts or "0" in texts:
            yield from unequal("header.content-length", *texts)
        return
    yield from unequal("framing", *(f"{side.framing}, endless" if side.is_cut else side.framing for side in sides))
    wrong = [
        "" if side.is_cut or length == (str(len(side.body)).encode(),) else f", of a body of {len(side.body)}"
        for side, length in zip(sides, lengths, strict=True)
    ]
    if all(lengths) and any(wrong) and (lengths[0] != lengths[1] or not all(wrong)):
        yield from unequal("header.content-length", f"{texts[0]}{wrong[0]}", f"{texts[1]}{wrong[1]}")


def has_body(response: Response, method: str) -> bool:
    """Tell whether an answer to this method can have a body (RFC 9110, 6.4.1)."""
    return method != "HEAD" and response.status not in _BODILESS and response.status >= 200


def _format_values(values: Values) -> str | None:
    """Return one value as text, several as a JSON list, so that `a, b` in one line is not `a` and `b` in two."""
    texts = [value.decode("latin-1") for value in values]
    return None if not texts else texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False)


def _members(values: Values) -> frozenset[bytes]:
    return frozenset(member.strip() for value in values for member in value.split(b",")) - {b""}


def _names(values: Values) -> frozenset[bytes]:
    return _members(tuple(value.lower() for value in values))


def _media_types(values: Values) -> object:
    """Return media types with their parameters; a charset has no case, and the boundary of a multipart is arbitrary."""
    found = []
    for text in (value.decode("latin-1") for value in values):
        kind = media_type_of(text)
        arbitrary = "boundary" if kind.startswith("multipart/") else ""
        pairs = ((name, value.lower() if name == "charset" else value) for name, value in parameters_of(text))
        found.append((kind, sorted((name, "" if name == arbitrary else value) for name, value in pairs)))
    return found


_MEANINGS: dict[bytes, Callable[[Values], object]] = {
    b"access-control-allow-headers": _names,
    b"access-control-allow-methods": _members,
    b"access-control-expose-headers": _names,
    b"allow": _members,
    b"content-type": _media_types,
    b"vary": _names,
}
"""The meaning that two lists of values have to agree in, where it is not every byte."""


def compare_cookies(control: SetCookies, candidate: SetCookies) -> Iterator[Difference]:
    """Yield `cookie.<name>` for one that only one side sets, `cookie.<name>.<attribute>` for what differs in it."""
    for name in sorted({cookie.name for cookie in (*control, *candidate)}):
        of_name = ([cookie for cookie in side if cookie.name == name] for side in (control, candidate))
        # Path and domain are what a browser tells cookies of one name apart by.
        for one, other in paired(
            *of_name, key=lambda each: (each.attributes.get("path"), each.attributes.get("domain"))
        ):
            if one is None or other is None:
                yield from unequal(f"cookie.{name}", *(str(cookie) if cookie else None for cookie in (one, other)))
                continue
            yield from unequal(f"cookie.{name}.value", one.value, other.value)
            for attribute in sorted({*one.attributes, *other.attributes}):
                before, after = one.attributes.get(attribute), other.attributes.get(attribute)
                if attribute == "expires" and before and after:
                    if one.is_deletion and other.is_deletion:
                        continue  # gone at once on both sides, whatever the date
                    if (instant := _instant(before)) is not None and instant == _instant(after):
                        continue
                yield from unequal(f"cookie.{name}.{attribute}", before, after)


def _instant(date: str) -> tuple[datetime, timedelta] | None:
    """Return the date with its offset from UTC, which browsers do not heed (RFC 6265, 5.1.1) and others do."""
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found.replace(tzinfo=None), found.utcoffset() or timedelta()
