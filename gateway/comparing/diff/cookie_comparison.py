"""Set-Cookie lines, never folded: cookies by name, path and domain, every attribute a location of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import zip_longest

from ...http.headers import SetCookie
from ..result import Difference
from .difference_text import unequal

SetCookies = tuple[SetCookie, ...]


def compare_cookies(control: SetCookies, candidate: SetCookies) -> Iterator[Difference]:
    """Yield `cookie.<name>` for one that only one side sets, `cookie.<name>.<attribute>` for what differs in it."""
    for name in sorted({cookie.name for cookie in (*control, *candidate)}):
        pairs = _paired([one for one in control if one.name == name], [one for one in candidate if one.name == name])
        for one, other in pairs:
            if one is None or other is None:
                yield from unequal(f"cookie.{name}", *(str(cookie) if cookie else None for cookie in (one, other)))
            else:
                yield from _compare(one, other)


def _paired(
    control: list[SetCookie], candidate: list[SetCookie]
) -> Iterator[tuple[SetCookie | None, SetCookie | None]]:
    """Yield cookies of one name: those of the same scope together, then the rest in order."""
    alone, rest = [], [*candidate]
    for one in control:
        other = next((other for other in rest if other.scope == one.scope), None)
        if other is None:
            alone.append(one)
        else:
            rest.remove(other)
            yield one, other
    yield from zip_longest(alone, rest)


def _compare(control: SetCookie, candidate: SetCookie) -> Iterator[Difference]:
    where = f"cookie.{control.name}"
    yield from unequal(f"{where}.value", control.value, candidate.value)
    for name in sorted({*control.attributes, *candidate.attributes}):
        before, after = control.attributes.get(name), candidate.attributes.get(name)
        if name == "expires" and before and after:
            if control.is_deletion and candidate.is_deletion:
                continue  # gone at once on both sides, whatever the date
            if (instant := _instant(before)) is not None and instant == _instant(after):
                continue
        yield from unequal(f"{where}.{name}", before, after)


def _instant(date: str) -> tuple[datetime, timedelta] | None:
    """Return the date with its offset from UTC, which browsers do not heed (RFC 6265, 5.1.1) and others do."""
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found.replace(tzinfo=None), found.utcoffset() or timedelta()
