"""Access logs: each target that was read, once. A log has no bodies, so only GET and HEAD.

A line is read wherever its request stands in it, so that what others write before it (a virtual host, a container's
name, a date of journald) and after it does not matter:

| a line has | as written by |
|---|---|
| `"GET /path HTTP/1.1" 200` | Apache, nginx, Traefik, gunicorn, Werkzeug, uvicorn, hypercorn, HAProxy, load balancers |
| `GET /path => generated 12 bytes in 3 msecs (HTTP/1.1 200)` | uWSGI |
| a JSON object with a method and a target, or with such a line | Caddy, Traefik, nginx, ECS, Docker, the gateway |
| `method=GET path=/path status=200` | Heroku's router, logfmt |
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ....http.message import json_leaves
from ..case import Case
from .files import fault_of
from .imported import Imported, Remarks, printable
from .steps import step_of

MAX_CASES = 1000
"""Distinct requests that are taken from one log."""
MAX_LINE_CHARS = 65_536
"""A longer line is passed over: no server takes such a target."""
SAFE = ("GET", "HEAD")
_METHOD = r"(?P<method>[A-Z][A-Z_-]*)"
_COLOUR = re.compile(r"(?:\x1b|\^\[|#033)\[[0-9;]*m")  # as it is, as `cat -v` and as syslog write it
_STATUS = r"(?P<status>\d{3})"
_QUOTED = re.compile(rf'"{_METHOD} (?P<target>(?:[^"\\]|\\.)+?)(?: (?:HTTP/)?\d(?:\.\d)?)?"(?:\s+{_STATUS}\b)?')
_UWSGI = re.compile(rf"\] {_METHOD} (?P<target>\S+) => generated \d+ bytes in \d+ \w+ \(HTTP/[\d.]+ {_STATUS}\)")
_OUTBOUND = re.compile(r'\w://[^\s"]+ "[A-Z]+ /')  # `https://api.test:443 "GET /a HTTP/1.1" 200`, as urllib3 logs it
_LOGFMT = re.compile(r'(?<![\w.-])([\w.-]+)=("(?:[^"\\]|\\.)*"|\S+)')
_OBJECT = re.compile(r'\{\s*"')
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_ORIGIN = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_REQUEST_LINE = re.compile(rf"{_METHOD} (?P<target>.+?)(?: HTTP/[\d.]+)?")
_VISIBLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\')
_METHODS = ("requestmethod", "method", "httpmethod", "clientrequestmethod", "verb")
_TARGETS = ("requesturi", "uri", "requesturl", "original", "clientrequesturi", "requestpath", "target", "url", "path")
_QUERIES = ("args", "querystring", "requestquery", "query")
_STATUSES = ("status", "statuscode", "downstreamstatus", "edgeresponsestatus", "responsecode", "httpstatus", "code")
_LINES = ("request", "requestline", "log", "message", "msg", "textpayload")


@dataclass(frozen=True, slots=True)
class _Line:
    """A request of a log, its target as the client sent it."""

    method: str
    target: str
    status: str


def read_access_log(path: Path, limit: int = MAX_CASES) -> Imported:
    """Return at most `limit` cases, in the order of their first line. The status there is part of a case's origin.

    Raises CorpusError for a file that cannot be read, and where nothing of it can be taken.
    """
    found: dict[tuple[str, bytes], Case] = {}
    passed_over, altered, name = Remarks(), Remarks(), printable(path.name)
    try:
        for number, line in _requests(path):
            place = f"line {number}"
            if line is None:
                passed_over.add(place, "no request is known in it")
            elif line.method not in SAFE:
                passed_over.add(place, "not GET or HEAD: a log has no bodies")
            elif (target := _encoded(line.target)) is None:
                passed_over.add(place, "its target is no path")
            elif (line.method, target) not in found:
                if len(found) == limit:
                    altered.add(place, f"read up to here: there are more than {limit} distinct requests (--limit)")
                    break
                answer = f", answered {line.status}" if line.status else ""
                step, origin = step_of(line.method, target, ()), f"access log {place} of {name}{answer}"
                case = Case(f"{name}: {step.request.line}", (step,), source="access-log", origin=origin)
                found[line.method, target] = case
    except OSError as error:
        raise fault_of(path, f"cannot be read: {error.strerror}") from None
    if not found:
        example = 'a line is like 127.0.0.1 - - [date] "GET /path HTTP/1.1" 200 12'
        first = next(iter(passed_over.first.items()), None)
        message = f"{first[0]}; {example}" if first else "it is empty"
        raise fault_of(path, f"nothing can be taken of it: {message}", first[1] if first else "")
    return Imported(tuple(found.values()), passed_over, altered)


def _requests(path: Path) -> Iterator[tuple[int, _Line | None]]:
    """Yield the number of each line that is not blank with each request in it, or None for none."""
    with path.open("rb") as file:  # once: it may be a pipe
        is_wide = file.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        encoding = "utf-16" if is_wide else "latin-1"
        lines = io.TextIOWrapper(file, encoding, errors="replace", newline="\n")
        number, is_rest = 0, False
        while piece := lines.readline(MAX_LINE_CHARS):
            number += not is_rest
            is_cut = len(piece) == MAX_LINE_CHARS and not piece.endswith("\n")
            if not is_rest and (text := piece.strip()):  # from here on a character is a byte
                text = text.encode("utf-8", "replace").decode("latin-1") if is_wide else text
                found: list[_Line | None] = [] if is_cut else [*_read(text)]
                yield from ((number, line) for line in found or [None])
            is_rest = not piece.endswith("\n")


def _read(text: str) -> list[_Line]:
    """Return the request of a line, or those of several JSON objects in it."""
    text = _COLOUR.sub("", text)
    if "{" in text and (lines := [line for tree in _objects(text) for line in _read_object(tree)]):
        return lines
    if _OUTBOUND.search(text):
        return []
    if (match := _QUOTED.search(text) or _UWSGI.search(text)) is not None:
        return [_Line(match["method"], _ESCAPE.sub(_unescaped, match["target"]), match["status"] or "")]
    return _read_members((key, value.strip('"')) for key, value in _LOGFMT.findall(text))


def _objects(text: str) -> Iterator[Any]:
    """Yield each JSON object of a line, up to one that is broken."""
    text, at, decoder = text.encode("latin-1").decode("utf-8", "replace"), 0, json.JSONDecoder()
    while (found := _OBJECT.search(text, at)) is not None:
        try:
            tree, at = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            return
        yield tree


def _read_object(tree: dict[str, Any]) -> list[_Line]:
    """Return the request that a JSON object says, as its members or as a line of a log in it."""
    message = tree.get("MESSAGE")
    if isinstance(message, list):  # how journald writes what is no plain text, colours too
        return _read("".join(chr(byte) for byte in message if type(byte) is int and 0 <= byte < 256))
    texts = [(key, str(value).encode("utf-8", "replace").decode("latin-1")) for key, value in json_leaves(tree)]
    nested = (value for key, value in texts if _plain(key) in _LINES)
    return _read_members(texts) or next(filter(None, map(_read, nested)), [])


def _read_members(members: Iterable[tuple[str, str]]) -> list[_Line]:
    """Return the request that members name: `method` and `uri`, or `request` for its first line."""
    given: dict[str, str] = {}
    for key, value in members:
        if value not in ("", "-"):
            given.setdefault(_plain(key), value)
    method, target, query, status = (
        next((given[name] for name in names if name in given), "")
        for names in (_METHODS, _TARGETS, _QUERIES, _STATUSES)
    )
    status = status if re.fullmatch(r"[1-5]\d\d", status) else ""
    if match := _REQUEST_LINE.fullmatch(given.get("request") or given.get("requestline") or ""):
        return [_Line(match["method"], match["target"], status)]
    if not re.fullmatch(_METHOD, method) or not target:
        return []
    return [_Line(method, f"{target}?{query.removeprefix('?')}" if query and "?" not in target else target, status)]


@lru_cache(maxsize=1024)
def _plain(key: str) -> str:
    """Return the last part of a key in small letters alone: `http.request.method` is `method`."""
    return re.sub("[^a-z]", "", key.rpartition(".")[2].lower())


def _unescaped(found: re.Match[str]) -> str:
    """Return the character of an escape of nginx (`\\x22`) or Apache (`\\"`)."""
    if found[1]:
        return chr(int(found[1], 16))
    return found[2] if found[2] in '"\\' else _CONTROLS.get(found[2], found[0])


def _encoded(target: str) -> bytes | None:
    """Return a target in origin form, percent-encoded where a request line needs that; None for another kind."""
    path = _ORIGIN.sub("", target, count=1)
    if not path.startswith(("/", "?")) and path:
        return None
    path = path if path.startswith("/") else f"/{path}"
    return quote(path.encode("latin-1"), safe=_VISIBLE).replace("{{", "%7B%7B").encode()
