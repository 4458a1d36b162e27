"""Read an ASGI scope, which the gateway never writes to.

Header names of a scope are in lower case already (ASGI, HTTP connection scope), so these cost a request less than the
readers of message.py.
"""

from __future__ import annotations

import re

from starlette.types import Scope


def path_of(scope: Scope) -> str:
    """Return the decoded path below `root_path`, which is stripped on a segment boundary only."""
    path: str = scope["path"]
    root = scope.get("root_path", "").rstrip("/")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        return path[len(root) :] or "/"
    return path


def host_of(scope: Scope) -> str:
    """Return the name in the Host header, in lower case and without a port; "" where there is none."""
    host = (first_header(scope, b"host") or b"").decode("latin-1").lower()
    return re.sub(r":\d*\Z", "", host)


def first_header(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a header, or None when it is absent; `name` is in lower case."""
    return next((value for key, value in scope["headers"] if key == name), None)


def first_cookie(scope: Scope, name: bytes) -> bytes | None:
    """Return the value of the first cookie of this name, quotes included, or None when there is none."""
    for header, value in scope["headers"]:
        if header == b"cookie":
            for pair in value.split(b";"):
                key, _, content = pair.strip().partition(b"=")
                if key == name:
                    return bytes(content)
    return None


def client_address(scope: Scope) -> str | None:
    """Return the client's address without its port, as the server knows it; None over a Unix socket."""
    client = scope.get("client")
    return client[0] if client else None
