"""HAR 1.2: what a browser or a proxy recorded, a case an entry; one that needs an earlier answer has it as a step.

Only the app's own HTTP requests: those to the host that is asked for, else to the first one's. Ports 80 and 443 are the
same as none, so that a redirect to https leads to no other app.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from ....http.headers import boundary_of, media_type_of
from ....http.message import FORM_TYPE, Exchange, Request, Response
from ....http.multipart import BOUNDARY, MULTIPART_TYPE, Part, encode_multipart
from ....http.redaction.redaction import ids_given_out
from ..case import Case
from ..linking import link_each
from .files import fault_of, read_json, required
from .imported import MAX_REASONS, Imported, Remarks, printable
from .members import list_of, pairs_of, table_of, text_of
from .steps import header_bytes, reason_of, step_of, target_of


def read_har(path: Path, host: str | None = None) -> Imported:
    """Return the cases of a HAR file, named by it: `shop.har 3: POST /cart`.

    Raises CorpusError where it is none, and where nothing of it can be taken.
    """
    entries = table_of(table_of(read_json(path)).get("log")).get("entries")
    if not isinstance(entries, list):
        raise fault_of(path, 'not HAR 1.2: there is no list of requests at "log.entries"')
    passed_over, altered = Remarks(), Remarks()
    urls: dict[int, SplitResult] = {}
    for at, entry in enumerate(entries):
        try:
            urls[at] = _url_of(table_of(entry))
        except ValueError as error:
            passed_over.add(f"log.entries[{at}]", reason_of(error))
    sites = {at: _site(url) for at, url in urls.items()}
    chosen = _chosen(path, host, tuple(sites.values()))
    exchanges: dict[int, Exchange] = {}
    for at, url in urls.items():
        place, entry = f"log.entries[{at}]", entries[at]
        if sites[at] != chosen:
            passed_over.add(f"{place}, {sites[at]}", f"to another host than {chosen}; --host names the one to take")
            continue
        try:
            exchanges[at] = Exchange(_request(url, entry["request"], altered, place), _response(entry.get("response")))
        except (ValueError, RecursionError) as error:
            passed_over.add(place, reason_of(error))
    linked = zip(exchanges.items(), link_each(tuple(exchanges.values())), strict=True)
    name = printable(path.name)
    cases = (
        Case(
            f"{name} {number}: {exchange.request.line.partition('?')[0]}",
            steps,
            source="har",
            origin=f"HAR entry {at + 1} of {name}",
        )
        for number, ((at, exchange), steps) in enumerate(linked, 1)
    )
    return required(path, Imported(tuple(cases), passed_over, altered, ids_given_out(exchanges.values())))


def _chosen(path: Path, host: str | None, sites: tuple[str, ...]) -> str:
    """Return the site to take: that of a host or a URL that is given, else the first. Raises CorpusError for no one."""
    if not host:
        return next(iter(sites), "")
    try:
        chosen = _site(urlsplit(host if "//" in host else f"//{host}"))
    except ValueError as error:
        raise fault_of(path, f'"{host}" is no host: {error}') from None
    if chosen not in sites:
        some = ", ".join(sorted(set(sites))[:MAX_REASONS]) or "none"
        raise fault_of(path, f'no request to "{chosen}"; there are some to {some}')
    return chosen


def _site(url: SplitResult) -> str:
    """Return host and port of a URL as one text; the usual ports are none."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    return host if url.port in (None, 80, 443) else f"{host}:{url.port}"


def _url_of(entry: dict[str, Any]) -> SplitResult:
    """Return the URL of an entry. Raises ValueError for one that is no HTTP request of an app."""
    request = table_of(entry.get("request"))
    url = urlsplit(text_of(request.get("url")))
    if text_of(request.get("method")).upper() == "CONNECT":
        raise ValueError("CONNECT is a request to a proxy")
    if url.scheme in ("ws", "wss") or table_of(entry.get("response")).get("status") == 101:
        raise ValueError("a websocket")
    if url.scheme not in ("http", "https"):
        kind = f"a URL of {url.scheme}:, not of http: or https:" if url.scheme else "a URL without a scheme"
        raise ValueError(kind if request.get("url") else "no URL")
    if not _site(url):
        raise ValueError("a URL without a host")
    return url


def _request(url: SplitResult, given: dict[str, Any], altered: Remarks, place: str) -> Request:
    if not text_of(given.get("method")).strip():
        raise ValueError("no method")
    query = url.query or urlencode([(name, value or "") for name, value in pairs_of(given.get("queryString"))])
    # HTTP/2's pseudo-headers a browser lists too. A header of the URL comes last: the first one counts.
    headers = [(name, value or "") for name, value in pairs_of(given.get("headers")) if not name.startswith(":")]
    names = {name.strip().lower() for name, _ in headers}
    cookies = "; ".join(f"{name}={value or ''}" for name, value in pairs_of(given.get("cookies")))
    if cookies and "cookie" not in names:
        headers.append(("cookie", cookies))
    own_type = next((value for name, value in headers if name.strip().lower() == "content-type"), "")
    content_type, body = _body(table_of(given.get("postData")), own_type, altered, place)
    if body and content_type != own_type:
        headers = [header for header in headers if header[0].strip().lower() != "content-type"]
        headers.append(("content-type", content_type))
    headers.append(("host", url.netloc.rpartition("@")[2]))
    return step_of(text_of(given["method"]), target_of(url.path, query), headers, body).request


def _body(given: dict[str, Any], content_type: str, altered: Remarks, place: str) -> tuple[str, bytes]:
    """Return the media type and the bytes of a request's body; of its text, else of its fields."""
    text, content_type = text_of(given.get("text")), content_type or text_of(given.get("mimeType"))
    fields = [field for field in map(table_of, list_of(given.get("params"))) if field.get("name") is not None]
    media_type = media_type_of(content_type)
    if given.get("encoding") == "base64":
        return content_type, base64.b64decode(text)
    if text or not fields:
        return content_type, text.encode()
    if media_type in ("", FORM_TYPE):
        pairs = [(text_of(field["name"]), text_of(field.get("value"))) for field in fields]
        return content_type or FORM_TYPE, urlencode(pairs).encode()
    if media_type != MULTIPART_TYPE:
        raise ValueError(f"a body of {media_type} of which there are fields and no text")
    boundary = boundary_of(content_type) or boundary_of(text_of(given.get("mimeType")))
    if not boundary:
        boundary, content_type = BOUNDARY, f"{MULTIPART_TYPE}; boundary={BOUNDARY}"
    parts = []
    for field in fields:
        filename, kind = text_of(field.get("fileName")) or None, text_of(field.get("contentType")) or None
        if filename is not None and field.get("value") is None:
            altered.add(place, f'the content of the file "{filename}" is not in it: the file is sent empty')
        kind = kind or (None if filename is None else "application/octet-stream")
        parts.append(Part(text_of(field["name"]), text_of(field.get("value")).encode(), filename, kind))
    return content_type, encode_multipart(parts, boundary)


def _response(given: Any) -> Response:
    """Return an answer, from which later requests may have their values; one that is not there gave none."""
    given = table_of(given)
    content = table_of(given.get("content"))
    body, status = text_of(content.get("text")).encode("utf-8", "replace"), given.get("status")
    if content.get("encoding") == "base64":
        try:
            body = base64.b64decode(body)
        except binascii.Error:
            body = b""
    pairs = ((name.strip(), value or "") for name, value in pairs_of(given.get("headers")) if not name.startswith(":"))
    headers = tuple((header_bytes(name), header_bytes(value)) for name, value in pairs)
    return Response(status if type(status) is int and 100 <= status <= 599 else 0, headers, body)
