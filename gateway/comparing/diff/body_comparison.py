"""Two bodies by what they are: JSON by value, HTML by DOM, event streams by event, everything else by byte. Pure."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ...http.headers import parameter_of
from ...http.message import Response, values_of
from ..result import Difference
from .difference_text import described, unequal, unequal_bytes
from .html_comparison import compare_html, read_html
from .json_comparison import compare_json, parse_json, read_json

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
_EVENTS = "text/event-stream"
_WINDOWS = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
"""Window size by which zlib is told what each coding is: gzip's own format, zlib's (RFC 9110, 8.4.1)."""
_BROTLI_BYTES = 64
"""Bytes that are inflated at once: a few may become millions."""
_MAX_INFLATED_BYTES = 64 * 1024 * 1024
"""Bytes that a compressed body may become; one that becomes more is compared as it came."""


def compare_bodies(control: Response, candidate: Response, json_mode: str) -> Iterator[Difference]:
    """Yield every difference in the body; at `body` for bodies not of one kind, or of one without locations in it.

    Where a body was cut, only as much as both sides have is compared; where one cannot be inflated, both as they came.
    """
    before, after = _inflated(control), _inflated(candidate)
    if before is None or after is None:
        before, after = control.body, candidate.body
    bodies = _with_boundary(control, before), _with_boundary(candidate, after)
    if bodies[0] == bodies[1]:
        return
    is_cut = control.is_cut or candidate.is_cut
    try:
        found = _by_location(control, candidate, bodies, json_mode == "canonical")
    except (ValueError, RecursionError):  # not what its media type says, or too deep to walk
        shorter = min(map(len, bodies)) if is_cut else None
        found = list(unequal_bytes("body", bodies[0][:shorter], bodies[1][:shorter]))
    yield from found
    if not found and not is_cut and json_mode == "bytes" and not _are_html(control, candidate):
        yield from unequal_bytes("body.bytes", *bodies)


def _by_location(
    control: Response, candidate: Response, bodies: tuple[bytes, bytes], is_canonical: bool
) -> list[Difference]:
    """Return what differs within the bodies. Raises ValueError where they are not of one kind that has locations."""
    sides = control, candidate
    if not have_locations(control, candidate):
        raise ValueError("of no kind that has locations")
    if _are_html(control, candidate):
        charsets = (parameter_of(side.header("content-type"), "charset") or "utf-8" for side in sides)
        return list(compare_html("body", *map(read_html, bodies, charsets)))
    if _are_streams(control, candidate):
        read = _events if control.media_type == _EVENTS else _lines
        items = [read(body, side.is_cut) for body, side in zip(bodies, sides, strict=True)]
        shorter = min(map(len, items)) if control.is_cut or candidate.is_cut else None
        return list(compare_json("body", items[0][:shorter], items[1][:shorter], canonical=is_canonical))
    values = [read_json(body) for body in bodies]
    # A client may read only UTF-8 (RFC 8259, 8.1).
    encodings = (described(f"JSON in {json.detect_encoding(body)}") for body in bodies)
    return [*unequal("body", *encodings), *compare_json("body", *values, canonical=is_canonical)]


def have_locations(control: Response, candidate: Response) -> bool:
    """Tell whether two bodies are of one kind that is compared by what it means: JSON, HTML, lines or events."""
    types = control.media_type, candidate.media_type
    is_json = any(kind == "application/json" or kind.endswith(("+json", "/json")) for kind in types)
    return is_json or _are_html(control, candidate) or _are_streams(control, candidate)


def _are_streams(control: Response, candidate: Response) -> bool:
    types = control.media_type, candidate.media_type
    return types == (_EVENTS, _EVENTS) or _LINES.issuperset(types)


def _are_html(control: Response, candidate: Response) -> bool:
    return _HTML.issuperset((control.media_type, candidate.media_type))


def _with_boundary(response: Response, body: bytes) -> bytes:
    """Return the body with one name for the boundary of a multipart, which is arbitrary."""
    boundary = response.boundary.encode("latin-1")
    return body.replace(b"--" + boundary, b"--boundary") if boundary else body


def _inflated(response: Response) -> bytes | None:
    """Return the body without its coding; None where it is not whole, goes on after its end or is too long."""
    coding = b",".join(values_of(response.headers, b"content-encoding")).strip().lower()
    if coding == b"br":
        return _without_brotli(response)
    if coding == b"zstd":
        return _without_zstandard(response)
    if coding not in _WINDOWS:
        return response.body
    rest, found = response.body, b""
    while rest:
        inflater = zlib.decompressobj(_WINDOWS[coding])
        try:
            found += inflater.decompress(rest, _MAX_INFLATED_BYTES + 1 - len(found))
        except zlib.error:
            return None
        rest = inflater.unused_data
        is_whole = inflater.eof or response.is_cut
        if not is_whole or len(found) > _MAX_INFLATED_BYTES or (rest and coding == b"deflate"):
            return None
    return found


def _without_brotli(response: Response) -> bytes | None:
    import brotli

    inflater, found = brotli.Decompressor(), b""
    with suppress(brotli.error):
        for start in range(0, len(response.body), _BROTLI_BYTES):
            found += inflater.process(response.body[start : start + _BROTLI_BYTES])
            if len(found) > _MAX_INFLATED_BYTES:
                return None
        return found if inflater.is_finished() or response.is_cut else None
    return None


def _without_zstandard(response: Response) -> bytes | None:
    from zstandard import ZstdDecompressor, ZstdError

    reader = ZstdDecompressor().stream_reader(response.body, read_across_frames=True)
    try:
        found = reader.read(_MAX_INFLATED_BYTES + 1)
    except ZstdError:
        return None
    return None if len(found) > _MAX_INFLATED_BYTES else found


def _lines(body: bytes, is_cut: bool) -> list[Any]:
    """Return the values of newline-delimited JSON, without a line that was cut. Raises ValueError for another line."""
    lines = body.split(b"\n")
    return [parse_json(line.decode()) for line in (lines[:-1] if is_cut else lines) if line.strip(b" \t\r")]


def _events(body: bytes, _is_cut: bool) -> list[Any]:
    """Return the events of a stream, each an object of its fields; `data` as JSON where it is. Comments are no content.

    An event that no blank line ends is not dispatched (WHATWG HTML, 9.2.6).
    """
    stream = re.sub(r"\r\n?", "\n", body.decode().removeprefix("\ufeff"))
    events: list[dict[str, Any]] = []
    for block in re.split(r"\n\n+", stream)[:-1]:
        found: dict[str, list[str]] = {}
        for name, _, value in (line.partition(":") for line in block.split("\n")):
            found.setdefault(name, []).append(value.removeprefix(" "))
        found.pop("", None)  # comments
        fields: dict[str, Any] = {name: values[-1] for name, values in found.items()}
        if "data" in found:
            fields["data"] = "\n".join(found["data"])
        if fields.get("data", "").startswith(("{", "[")):
            with suppress(ValueError):
                fields["data"] = parse_json(fields["data"])
        events += [fields] if fields else []
    return events
