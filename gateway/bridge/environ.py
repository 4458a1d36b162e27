"""The environ of a WSGI call (PEP 3333, "environ Variables"), as gunicorn builds it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import IO
from urllib.parse import quote, unquote_to_bytes
from wsgiref.types import ErrorStream, WSGIEnvironment
from wsgiref.util import FileWrapper

from starlette.types import Scope

HOST = re.compile(r"\[?([^\[\]]+?)\]?(?::(\d+))?")


def build_environ(scope: Scope, body: IO[bytes], errors: ErrorStream | None = None) -> WSGIEnvironment:
    """Return the environ that gunicorn would build; RAW_URI lacks what ASGI does not carry (docs/bridge.md).

    `errors` is the app's `wsgi.errors`, stderr where it is None.
    """
    raw_path, path = sent_path(scope)
    query = scope["query_string"].decode("latin-1")
    target = raw_path.decode("latin-1") + (query and f"?{query}")
    script_name = scope.get("root_path", "").rstrip("/").encode()
    # It ends where a segment ends. A path outside it comes from a proxy that has removed it already.
    is_inside = path == script_name or path.startswith(script_name + b"/")
    path_info = path.removeprefix(script_name) if is_inside else path
    client = scope.get("client")  # none over a unix socket
    headers = header_variables(scope["headers"])
    server_name, server_port = server_address(scope, headers.get("HTTP_HOST", ""))
    return {
        "asgi.scope": scope,
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": script_name.decode("latin-1"),
        "PATH_INFO": path_info.decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": target,
        "REQUEST_URI": target,
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server_name,
        "SERVER_PORT": server_port,
        "REMOTE_ADDR": client[0] if client else "",
        **({"REMOTE_PORT": str(client[1])} if client else {}),
        **headers,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if scope.get("scheme") == "https" else "http",  # uvicorn takes "wss" from a proxy
        "wsgi.input": body,
        "wsgi.input_terminated": True,  # the server knows where the body ends, chunked or not
        "wsgi.errors": errors or sys.stderr,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.multithread": True,
        # Nothing tells how many processes the server runs. An app that hears False may keep its state in one of them.
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def sent_path(scope: Scope) -> tuple[bytes, bytes]:
    """Return the path as it was sent, and decoded; both from `path` if a middleware rewrote that: it was routed."""
    raw_path: bytes = scope.get("raw_path") or b""
    path = unquote_to_bytes(raw_path) if b"%" in raw_path else raw_path
    if path.decode("utf-8", "replace") == scope["path"]:
        return raw_path, path
    return quote(scope["path"]).encode(), scope["path"].encode()


def header_variables(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the CGI variables of the headers, but for names with an underscore: they pass for names with a dash."""
    values: dict[str, str] = {}
    for name, value in headers:
        if b"_" not in name:
            variable = header_variable(name)
            text = value.strip(b" \t").decode("latin-1")
            if variable in values:
                # HTTP/2 sends a cookie a line (RFC 9113, 8.2.3).
                text = values[variable] + ("; " if variable == "HTTP_COOKIE" else ",") + text
            values[variable] = text
    return values


def is_ambiguous(scope: Scope) -> bool:
    """Tell whether Host or Content-Type stands twice, so that two readers may read two values (RFC 9110, 5.3)."""
    names = [name for name, _ in scope["headers"]]
    return names.count(b"host") > 1 or names.count(b"content-type") > 1


@lru_cache(1000)
def header_variable(name: bytes) -> str:
    """Return the CGI variable of a header: its name after `HTTP_`, which two do without (RFC 3875, 4.1)."""
    variable = name.upper().replace(b"-", b"_").decode("latin-1")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


def server_address(scope: Scope, host: str) -> tuple[str, str]:
    """Return SERVER_NAME and SERVER_PORT; of a unix socket, which has neither, from the Host header."""
    name, port = scope.get("server") or (None, None)
    if name is not None and port is not None:
        return name, str(port)
    asked = HOST.fullmatch(host)
    default = "443" if scope.get("scheme") == "https" else "80"
    return (asked[1], asked[2] or default) if asked else ("localhost", default)
