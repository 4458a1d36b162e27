"""One small comparison of two answers: status, headers that matter, body. JSON is compared by value and type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

HEADERS = (
    "content-type",
    "content-disposition",
    "location",
    "www-authenticate",
    "cache-control",
    "etag",
    "last-modified",
    "accept-ranges",
    "content-range",
    "repr-digest",
    "retry-after",
    "x-content-type-options",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
)
SETS = ("allow", "vary")
ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the candidate is not as the control."""

    where: str
    """`status`, `header.content-type`, `cookie.session`, `body`, or `body.items[2].price`."""
    control: Any
    candidate: Any


def compare(control: httpx.Response, candidate: httpx.Response) -> list[Difference]:
    """Every difference, in the order of the message."""
    return [
        *_unequal("status", control.status_code, candidate.status_code),
        *_headers(control, candidate),
        *_bodies(control, candidate),
    ]


def _headers(control: httpx.Response, candidate: httpx.Response) -> Iterator[Difference]:
    for name in HEADERS:
        values = (response.headers.get(name, ABSENT) for response in (control, candidate))
        yield from _unequal(f"header.{name}", *values)
    for name in SETS:
        members = (_members(response.headers.get(name, "")) for response in (control, candidate))
        yield from _unequal(f"header.{name}", *members)
    for name in sorted({*control.cookies, *candidate.cookies}):
        there = (name in response.cookies for response in (control, candidate))
        yield from _unequal(f"cookie.{name}", *there)


def _members(value: str) -> tuple[str, ...]:
    return tuple(sorted({member.strip().lower() for member in value.split(",")} - {""}))


def _bodies(control: httpx.Response, candidate: httpx.Response) -> Iterator[Difference]:
    if _is_json(control) and _is_json(candidate):
        yield from compare_json("body", json.loads(control.content), json.loads(candidate.content))
    else:
        yield from _unequal("body", control.content, candidate.content)


def _is_json(response: httpx.Response) -> bool:
    return response.headers.get("content-type", "").startswith("application/json") and response.content != b""


def compare_json(where: str, control: Any, candidate: Any) -> Iterator[Difference]:
    """`1`, `1.0`, `true` and `"1"` all differ; an absent key is not null; the order of keys does not count."""
    if isinstance(control, dict) and isinstance(candidate, dict):
        for key in dict.fromkeys((*control, *candidate)):
            yield from compare_json(f"{where}.{key}", control.get(key, ABSENT), candidate.get(key, ABSENT))
    elif isinstance(control, list) and isinstance(candidate, list) and len(control) == len(candidate):
        for index, (ours, theirs) in enumerate(zip(control, candidate, strict=True)):
            yield from compare_json(f"{where}[{index}]", ours, theirs)
    elif type(control) is not type(candidate):
        yield Difference(where, control, candidate)
    else:
        yield from _unequal(where, control, candidate)


def _unequal(where: str, control: Any, candidate: Any) -> Iterator[Difference]:
    if control != candidate:
        yield Difference(where, control, candidate)
