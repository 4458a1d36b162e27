"""HAR 1.2: what a browser or a proxy recorded, a case an entry; one that needs an earlier answer has it as a step.

Only the app's own requests: those to the host that is asked for, else to the first entry's.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from ....http.headers import media_type_of
from ....http.message import FORM_TYPE, Exchange, Headers, Request, Response, end_to_end
from ..case import Case
from ..linking import link_each
from .files import fault_of, read_json


def read_har(path: Path, host: str | None = None) -> tuple[Case, ...]:
    """Return the cases of a HAR file, named by it: `shop.har 3: POST /cart`. Raises CorpusError where it is none."""
    tree = read_json(path)
    try:
        entries = list(tree["log"]["entries"])
        hosts = [urlsplit(entry["request"]["url"]).netloc for entry in entries]
        "".join(hosts).encode()
    except ValueError as error:
        raise fault_of(path, f"not JSON: {error}") from None
    except (KeyError, TypeError, AttributeError):
        raise fault_of(path, 'not HAR 1.2: there is no list of requests at "log.entries"') from None
    chosen = host or next(iter(hosts), None)
    exchanges: dict[int, Exchange] = {}
    for at, entry in enumerate(entries):
        if hosts[at] == chosen:
            try:
                exchanges[at] = Exchange(end_to_end(_request(entry["request"])), _response(entry["response"]))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                message = f"not as HAR 1.2 has it: {type(error).__name__}: {error}"
                raise fault_of(path, message, f"log.entries[{at}]") from None
    if entries and not exchanges:
        raise fault_of(path, f'no request to "{chosen}"; there are some to {", ".join(sorted(set(hosts)))}')
    linked = zip(exchanges.items(), link_each(tuple(exchanges.values())), strict=True)
    return tuple(
        Case(
            f"{path.name} {number}: {exchange.request.line.partition('?')[0]}",
            steps,
            source="har",
            origin=f"HAR entry {at + 1} of {path.name}",
        )
        for number, ((at, exchange), steps) in enumerate(linked, 1)
    )


def _request(given: Any) -> Request:
    url = urlsplit(given["url"])
    headers = _headers(given["headers"])
    if not any(name.lower() == b"host" for name, _ in headers):
        headers = ((b"host", url.netloc.encode()), *headers)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    posted = given.get("postData") or {}
    text: str = posted.get("text") or ""
    if posted.get("encoding") == "base64":
        body = base64.b64decode(text)
    elif not text and media_type_of(posted.get("mimeType") or "") == FORM_TYPE:
        body = urlencode([(pair["name"], pair.get("value", "")) for pair in posted.get("params", ())]).encode()
    else:
        body = text.encode()
    return Request(given["method"].upper(), target.encode(), headers, body)


def _response(given: Any) -> Response:
    content = given.get("content") or {}
    text = content.get("text") or ""
    try:
        body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
    except binascii.Error:
        body = b""
    return Response(given["status"], _headers(given["headers"]), body)


def _headers(given: Any) -> Headers:
    """Return the headers without HTTP/2's pseudo-headers, which a browser lists too."""
    pairs = ((header["name"], header["value"]) for header in given)
    return tuple((_bytes(name), _bytes(value)) for name, value in pairs if not name.startswith(":"))


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
