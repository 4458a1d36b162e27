"""Choose the side of a canary that a client falls on: one in every process, and never back when the percent rises."""

from __future__ import annotations

import hashlib

from starlette.types import Scope

from ..http.scope import client_address, first_cookie, first_header

BUCKETS = 10_000


def takes_new(bucket: int, percent: float) -> bool:
    """Tell whether a bucket is among the first `percent` (0 to 100) of all, which the new side answers."""
    return bucket < percent * BUCKETS / 100


def bucket_of(rule: str, key: str) -> int:
    """Return the bucket of a sticky key, 0 to 9999, evenly spread and the same in every process.

    It hangs on the rule, not on the methods, so that a client reads where it has written.
    """
    digest = hashlib.blake2b(f"{rule}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % BUCKETS


def sticky_key(sticky: str, scope: Scope) -> str:
    """Return what `client`, `cookie:NAME` or `header:NAME` gives for a request, else the client's address."""
    kind, _, name = sticky.partition(":")
    value = None
    if kind == "header":
        value = first_header(scope, name.lower().encode("latin-1"))
    elif kind == "cookie":
        value = first_cookie(scope, name.encode("latin-1"))
    return value.decode("latin-1") if value else client_address(scope) or ""
