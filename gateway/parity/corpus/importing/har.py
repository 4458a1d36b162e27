"""HAR 1.2: what a browser or a proxy recorded, a case an entry; one that needs an earlier answer has it as a step.

Only the app's own requests: those to the host that is asked for, else to the first entry's.
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from ....errors import CorpusError, Fault
from ....http.headers import media_type_of
from ....http.message import FORM_TYPE, Exchange, Headers, Request, Response, end_to_end
from ..case import Case
from ..linking import link_each


def read_har(path: Path, host: str | None = None) -> tuple[Case, ...]:
    """The cases of a HAR file, named by it: `shop.har 3: POST /cart`. Raises CorpusError where it is none."""
    exchanges = _exchanges(path, host)
    steps = link_each(tuple(exchanges.values()))
    return tuple(
        Case(
            f"{path.name} {number}: {exchange.request.line.partition('?')[0]}",
            steps[number - 1],
            source="har",
            origin=f"HAR entry {entry} of {path.name}",
        )
        for number, (entry, exchange) in enumerate(exchanges.items(), 1)
    )


def _exchanges(path: Path, host: str | None) -> dict[int, Exchange]:
    """Return the app's own exchanges by the number of their entry, from 1. Raises CorpusError."""
    entries = _entries(path)
    hosts = [urlsplit(entry["request"]["url"]).netloc for entry in entries]
    chosen = host or next(iter(hosts), None)
    own = [(number, entry) for number, entry in enumerate(entries) if hosts[number] == chosen]
    if entries and not own:
        raise _error(path, f'no request to "{chosen}"; there are some to {", ".join(sorted(set(hosts)))}')
    return {number + 1: _exchange(path, number, entry) for number, entry in own}


def _entries(path: Path) -> list[Any]:
    try:
        entries = json.loads(path.read_bytes())["log"]["entries"]
        for entry in entries:
            urlsplit(entry["request"]["url"]).netloc.encode()
    except OSError as error:
        raise _error(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise _error(path, f"not JSON: {error}") from None
    except (KeyError, TypeError, AttributeError):
        raise _error(path, 'not HAR 1.2: there is no list of requests at "log.entries"') from None
    return list(entries)


def _exchange(path: Path, number: int, entry: Any) -> Exchange:
    try:
        return Exchange(end_to_end(_request(entry["request"])), _response(entry["response"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"not as HAR 1.2 has it: {type(error).__name__}: {error}"
        raise _error(path, message, f"log.entries[{number}]") from None


def _request(given: Any) -> Request:
    url = urlsplit(given["url"])
    headers = _headers(given["headers"])
    if not any(name.lower() == b"host" for name, _ in headers):
        headers = ((b"host", url.netloc.encode()), *headers)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return Request(given["method"].upper(), target.encode(), headers, _body(given.get("postData")))


def _headers(given: Any) -> Headers:
    """Without HTTP/2's pseudo-headers, which a browser lists too."""
    pairs = ((header["name"], header["value"]) for header in given)
    return tuple((_bytes(name), _bytes(value)) for name, value in pairs if not name.startswith(":"))


def _body(given: Any) -> bytes:
    if not given:
        return b""
    text: str = given.get("text") or ""
    if given.get("encoding") == "base64":
        return base64.b64decode(text)
    if not text and media_type_of(given.get("mimeType") or "") == FORM_TYPE:
        text = urlencode([(pair["name"], pair.get("value", "")) for pair in given.get("params", ())])
    return text.encode()


def _response(given: Any) -> Response:
    content = given.get("content") or {}
    text = content.get("text") or ""
    try:
        body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
    except binascii.Error:
        body = b""
    return Response(given["status"], _headers(given["headers"]), body)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _error(path: Path, message: str, key: str = "") -> CorpusError:
    return CorpusError((Fault(str(path), None, key, message),))
