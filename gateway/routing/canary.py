"""Which side of a canary a client falls on: the same in every process, and never back when the percent rises."""

from __future__ import annotations

import hashlib

from starlette.types import Scope

from ..http.scope import client_address, first_header
from .route import Backend, Route

BUCKETS = 10_000


def choose(route: Route, scope: Scope) -> Backend:
    """The backend that answers this request of a canary route."""
    return Backend.NEW if takes_new(route.rule, sticky_key(route.sticky, scope), route.percent) else Backend.LEGACY


def takes_new(rule: str, key: str, percent: float) -> bool:
    """Whether this key is among the first `percent` (0 to 100) of the buckets."""
    return bucket(rule, key) < percent * BUCKETS / 100


def bucket(rule: str, key: str) -> int:
    """0 to 9999, evenly spread. All methods of a rule agree, so that a client reads where it has written."""
    digest = hashlib.blake2b(f"{rule}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % BUCKETS


def sticky_key(sticky: str, scope: Scope) -> str:
    """What `client`, `cookie:NAME` or `header:NAME` says of this request; the client's address where it is absent."""
    kind, _, name = sticky.partition(":")
    value = None
    if kind == "header":
        value = first_header(scope, name.lower().encode("latin-1"))
    elif kind == "cookie":
        value = _cookie(scope, name.encode("latin-1"))
    return value.decode("latin-1") if value else client_address(scope) or ""


def _cookie(scope: Scope, name: bytes) -> bytes | None:
    for header, value in scope["headers"]:
        if header == b"cookie":
            for pair in value.split(b";"):
                key, _, content = pair.strip().partition(b"=")
                if key == name:
                    return bytes(content)
    return None
