"""The few things that the gateway reads from an ASGI scope, which it never writes to."""

from __future__ import annotations

from starlette.types import Scope


def path_of(scope: Scope) -> str:
    """The decoded path below `root_path`, which is stripped on a segment boundary only."""
    path: str = scope["path"]
    root = scope.get("root_path", "").rstrip("/")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        return path[len(root) :] or "/"
    return path


def first_header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a header, its name in lower case."""
    return next((value for key, value in scope["headers"] if key == name), None)


def client_address(scope: Scope) -> str | None:
    """The client's address as the server knows it, without the port."""
    client = scope.get("client")
    return client[0] if client else None
