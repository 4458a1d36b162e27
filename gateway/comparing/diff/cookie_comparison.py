"""Set-Cookie lines, never folded: cookies by name, path and domain, every attribute a place of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from ...http.message import Headers, values_of
from ..result import Difference
from .difference_text import unequal

_SET = "set"
"""What stands for an attribute without a value, `Secure`."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """One Set-Cookie line."""

    name: str
    value: str
    attributes: dict[str, str] = field(default_factory=dict)
    """By their names in lower case; the last one counts (RFC 6265, 5.3)."""

    @property
    def scope(self) -> tuple[str | None, str | None]:
        return self.attributes.get("path"), self.attributes.get("domain")

    @property
    def is_deletion(self) -> bool:
        """Whether Max-Age says that the cookie goes at once; it counts before Expires (RFC 6265, 4.1.2.2)."""
        age = self.attributes.get("max-age", "")
        return age == "0" or (age.startswith("-") and age[1:].isdigit())

    def __str__(self) -> str:
        attributes = (f"; {name}" if value == _SET else f"; {name}={value}" for name, value in self.attributes.items())
        return f"{self.name}={self.value}{''.join(attributes)}"


def compare_cookies(control: Headers, candidate: Headers) -> Iterator[Difference]:
    """`cookie.<name>` for one that only one side sets, `cookie.<name>.<attribute>` for what differs in it."""
    ours, theirs = _cookies(control), _cookies(candidate)
    for name in sorted({cookie.name for cookie in (*ours, *theirs)}):
        pairs = _paired([one for one in ours if one.name == name], [one for one in theirs if one.name == name])
        for one, other in pairs:
            if one is None or other is None:
                yield from unequal(f"cookie.{name}", *(str(cookie) if cookie else None for cookie in (one, other)))
            else:
                yield from _compare(one, other)


def parse_cookie(line: bytes) -> Cookie:
    """One Set-Cookie line as a browser reads it (RFC 6265, 5.2); quotes are part of the value.

    One without `=` is a value without a name, where it is taken at all.
    """
    first, *rest = line.decode("latin-1").split(";")
    name, equals, value = map(_trimmed, first.partition("="))
    if not equals:
        name, value = "", name
    return Cookie(name, value, dict(_attribute(part) for part in rest if _trimmed(part)))


def _cookies(headers: Headers) -> list[Cookie]:
    return [parse_cookie(line) for line in values_of(headers, b"set-cookie")]


def _trimmed(text: str) -> str:
    return text.strip(" \t")


def _attribute(part: str) -> tuple[str, str]:
    name, equals, value = map(_trimmed, part.partition("="))
    name = name.lower()
    if name == "domain":
        value = value.lower().removeprefix(".")
    return name, (value.lower() if name == "samesite" else value) if equals else _SET


def _paired(ours: list[Cookie], theirs: list[Cookie]) -> Iterator[tuple[Cookie | None, Cookie | None]]:
    """Cookies of one name: those of the same scope together, the rest in order."""
    alone: list[Cookie] = []
    for one in ours:
        other = next((other for other in theirs if other.scope == one.scope), None)
        if other is None:
            alone.append(one)
        else:
            theirs.remove(other)
            yield one, other
    for at in range(max(len(alone), len(theirs))):
        yield (alone[at] if at < len(alone) else None), (theirs[at] if at < len(theirs) else None)


def _compare(control: Cookie, candidate: Cookie) -> Iterator[Difference]:
    where = f"cookie.{control.name}"
    yield from unequal(f"{where}.value", control.value, candidate.value)
    for name in sorted({*control.attributes, *candidate.attributes}):
        ours, theirs = control.attributes.get(name), candidate.attributes.get(name)
        if name == "expires" and ours and theirs:
            if control.is_deletion and candidate.is_deletion:
                continue  # gone at once on both sides, whatever the date
            if (instant := _instant(ours)) is not None and instant == _instant(theirs):
                continue
        yield from unequal(f"{where}.{name}", ours, theirs)


def _instant(date: str) -> tuple[datetime, timedelta] | None:
    """The date with its distance from UTC, which browsers do not heed (RFC 6265, 5.1.1) and others do."""
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found.replace(tzinfo=None), found.utcoffset() or timedelta()
