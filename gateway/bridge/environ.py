"""The environ that gunicorn would build, as far as ASGI carries it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import IO
from urllib.parse import quote, unquote_to_bytes
from wsgiref.types import WSGIEnvironment
from wsgiref.util import FileWrapper

from starlette.types import Scope

HOST = re.compile(r"\[?([^\[\]]+?)\]?(?::(\d+))?")


def build_environ(scope: Scope, body: IO[bytes]) -> WSGIEnvironment:
    """The environ that gunicorn would build, as far as ASGI carries it: an absolute-form target comes as its path."""
    raw_path, path = paths(scope)
    query = scope["query_string"].decode("latin-1")
    target = raw_path.decode("latin-1") + (query and f"?{query}")
    root = scope.get("root_path", "").rstrip("/").encode()
    script_name, path_info = split_script_name(root, path)
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
        **client_variables(scope),
        **headers,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if scope.get("scheme") == "https" else "http",  # uvicorn takes "wss" from a proxy
        "wsgi.input": body,
        "wsgi.input_terminated": True,  # the server knows where the body ends, chunked or not
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.multithread": True,
        # Nothing tells how many processes the server runs. An app that hears False may keep its state in one of them.
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def paths(scope: Scope) -> tuple[bytes, bytes]:
    """The path as it was sent, and decoded; if someone rewrote `path`, both come from there: it is what was routed."""
    raw_path: bytes = scope.get("raw_path") or b""
    path = unquote_to_bytes(raw_path)
    if path.decode("utf-8", "replace") == scope["path"]:
        return raw_path, path
    return quote(scope["path"]).encode(), scope["path"].encode()


def split_script_name(script_name: bytes, path: bytes) -> tuple[bytes, bytes]:
    """The script name ends where a segment ends. A path outside it comes from a proxy that has removed it already."""
    inside = path == script_name or path.startswith(script_name + b"/")
    return script_name, path.removeprefix(script_name) if inside else path


def header_variables(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """CGI variables of the headers; one with an underscore is dropped, as it would pass for the one with a dash."""
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
    """Whether a field that stands once in a message stands twice (RFC 9110, 5.3), so that two readers may read two."""
    names = [name for name, _ in scope["headers"]]
    return names.count(b"host") > 1 or names.count(b"content-type") > 1


@lru_cache(1000)
def header_variable(name: bytes) -> str:
    """`HTTP_` and the name, but for the two that CGI knows without it (RFC 3875, 4.1)."""
    variable = name.upper().replace(b"-", b"_").decode("latin-1")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


def server_address(scope: Scope, host: str) -> tuple[str, str]:
    """SERVER_NAME and SERVER_PORT; a unix socket has neither, so there the Host header has to tell them."""
    name, port = scope.get("server") or (None, None)
    if name is not None and port is not None:
        return name, str(port)
    asked = HOST.fullmatch(host)
    default = "443" if scope.get("scheme") == "https" else "80"
    return (asked[1], asked[2] or default) if asked else ("localhost", default)


def client_variables(scope: Scope) -> dict[str, str]:
    """The client's address; over a unix socket it is empty, but there."""
    if not scope.get("client"):
        return {"REMOTE_ADDR": ""}
    address, port = scope["client"]
    return {"REMOTE_ADDR": address, "REMOTE_PORT": str(port)}
