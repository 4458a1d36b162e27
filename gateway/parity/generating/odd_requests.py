"""A valid request made odd in one place after another: in what the view reads, in what HTTP lets a client do. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any

from ...http.multipart import Part
from .parameters import Parameter
from .plausible import LONG, UNICODE, format_text, format_value, odd_texts, odd_values
from .request_builder import RequestBuilder
from .variation import Group, Variation, Variations

_METHODS = ("PATCH", "DELETE", "PUT", "POST", "GET")
FILE = Part("file", b"first line\nsecond line\n", "note.txt", "text/plain")


# --- what the view reads ---


def query_cases(request: RequestBuilder, given: Mapping[str, str], parameters: Sequence[Parameter]) -> Variations:
    """Yield each parameter missing, twice, and with odd values."""
    for one in parameters:
        odd = partial(Variation.odd, Group.QUERY, one.name)
        others = [(name, text) for name, text in given.items() if name != one.name]
        valid = given.get(one.name, "1")
        yield odd("is missing", request.with_query(others))
        for text in odd_texts(one):
            yield odd(f"is {format_text(text)}", request.with_query([*others, (one.name, text)]))
        yield odd("comes twice", request.with_query([*others, (one.name, valid), (one.name, "2")]))
        yield odd("comes twice, wrong first", request.with_query([*others, (one.name, "a"), (one.name, valid)]))
        yield odd("has no value", replace(request.with_query(others), query=one.name))
        yield odd("is not UTF-8", replace(request.with_query(others), query=f"{one.name}=%FF"))


def value_cases(
    request: RequestBuilder, given: Mapping[str, str], database_values: Mapping[str, Sequence[str]]
) -> Variations:
    """Yield each parameter with each value that stands in a database, in other cases too, and with how it begins."""
    for name, texts in database_values.items():
        others = [(other, text) for other, text in given.items() if other != name]
        forms = (form for text in texts for form in (text, text.lower(), text.upper(), text[:3]))
        for text in dict.fromkeys(forms):
            with_text = request.with_query([*others, (name, text)])
            yield Variation.odd(Group.DATABASE_VALUE, name, f"is {format_text(text)}", with_text)


def limit_cases(request: RequestBuilder, given: Mapping[str, Any], parameters: Sequence[Parameter]) -> Variations:
    """Yield each key of a JSON body at the values where the view turns, the keys in turn: chance leaves none out."""
    rows = zip_longest(*([(one.name, value) for value in one.interesting] for one in parameters))
    for name, value in (pair for row in rows for pair in row if pair is not None):
        at_limit = request.with_json({**given, name: value})
        yield Variation.odd(Group.JSON_LIMIT, name, f"is {format_value(value)}", at_limit)


def json_cases(request: RequestBuilder, given: Mapping[str, Any], parameters: Sequence[Parameter]) -> Variations:
    """Yield the body odd as a whole, then each key missing and with odd values, then what only parsers see."""
    body, valid = partial(Variation.odd, Group.JSON_BODY, None), request.with_json(dict(given))
    raw = valid.body or b"{}"
    yield body("is empty", replace(valid, body=b""))
    yield body("is missing", request)
    yield body("is malformed", replace(valid, body=b'{"a": '))
    yield body("has no type", replace(valid, content_type=None))
    yield body("is called text", replace(valid, content_type="text/plain"))
    yield body("is a list with it", request.with_json([dict(given)]))
    wholes: tuple[Any, ...] = (None, [], "text", 1, {})
    for whole in wholes:
        yield body(f"is {format_value(whole)}", request.with_json(whole))
    for one in parameters:
        without = {name: value for name, value in given.items() if name != one.name}
        yield Variation.odd(Group.JSON_FIELD, one.name, "is missing", request.with_json(without))
    for one in parameters:
        for value in odd_values(one):
            with_value = request.with_json({**given, one.name: value})
            yield Variation.odd(Group.JSON_FIELD, one.name, f"is {format_value(value)}", with_value)
    for label, key, value in (("an unknown key", "unknown", 1), ("an id of its own", "id", 999983)):
        yield Variation.named(Group.JSON_BODY, label, request.with_json({**given, key: value}).step())
    yield body("is called vnd.api+json", replace(valid, content_type="application/vnd.api+json"))
    yield body("is not UTF-8", replace(valid, body=b'{"a": "\xff"}'))
    yield body("goes on after its end", replace(valid, body=raw + b" x"))
    yield body("has NaN", replace(valid, body=raw[:-1].rstrip(b",") + b', "unknown": NaN}'))
    yield body("is deep", replace(valid, body=b'{"a":' * 50 + b"1" + b"}" * 50))


def form_cases(request: RequestBuilder, given: Mapping[str, str], parameters: Sequence[Parameter]) -> Variations:
    """Yield each field missing, twice, and with odd values; then the form odd as a whole."""
    pairs = list(given.items())
    form, valid = partial(Variation.odd, Group.FORM, None), request.with_form(pairs)
    for one in parameters:
        without = request.with_form(pair for pair in pairs if pair[0] != one.name)
        yield Variation.odd(Group.FORM_FIELD, one.name, "is missing", without)
    for one in parameters:
        field = partial(Variation.odd, Group.FORM_FIELD, one.name)
        for text in odd_texts(one):
            yield field(f"is {format_text(text)}", request.with_form({**given, one.name: text}.items()))
        yield field("comes twice", request.with_form([*pairs, (one.name, "2")]))
    yield form("is empty", replace(valid, body=b""))
    yield form("is missing", request)
    yield form("has no type", replace(valid, content_type=None))
    yield form("is called JSON", replace(valid, content_type="application/json"))
    yield form("is JSON", request.with_json(dict(given)))
    yield form("is multipart", request.with_parts(Part(name, text.encode()) for name, text in pairs))
    yield form("is not UTF-8", replace(valid, body=b"&".join(b"%b=\xff" % name.encode() for name, _ in pairs)))
    yield Variation.named(Group.FORM, "an unknown field", request.with_form([*pairs, ("unknown", "1")]).step())


def file_cases(request: RequestBuilder, given: Mapping[str, str], parameters: Sequence[Parameter]) -> Variations:
    """Yield each file missing, empty, twice, and with odd names."""
    fields = [Part(name, text.encode()) for name, text in given.items()]
    form = partial(Variation.odd, Group.MULTIPART, None)
    for one in parameters:
        odd, file = partial(Variation.odd, Group.FILE, one.name), replace(FILE, name=one.name)
        whole = request.with_parts([*fields, file])
        yield odd("is missing", request.with_parts(fields or [Part("unknown", b"1")]))
        yield odd("is empty", request.with_parts([*fields, replace(file, content=b"")]))
        yield odd("is no file", request.with_parts([*fields, replace(file, filename=None, media_type=None)]))
        for name in ("", "../../etc/passwd", "C:\\dir\\x.txt", UNICODE, 'a"b.txt', LONG[:300], ".hidden", "a.exe"):
            yield odd(f"is named {format_value(name)}", request.with_parts([*fields, replace(file, filename=name)]))
        yield odd("comes twice", request.with_parts([*fields, file, replace(file, content=b"2")]))
        yield odd("is cut", replace(whole, body=(whole.body or b"")[:-20]))
        yield form("has no boundary", replace(whole, content_type="multipart/form-data"))
        yield form("is not multipart", request.with_form([(one.name, "text")]))


def header_cases(request: RequestBuilder, parameters: Sequence[Parameter]) -> Variations:
    """Yield headers and cookies that the view reads, which the valid request has not, with odd values."""
    for one in parameters:
        for text in ("", "1", "abc", *map(str, one.interesting)):
            header, value = (one.name, text) if one.where == "header" else ("Cookie", f"{one.name}={text}")
            odd = Variation.odd(
                Group(one.where), one.name, f"is {format_text(text)}", request.with_header(header, value)
            )
            yield replace(odd, label=f"{one.where} {odd.label}")


def raw_cases(request: RequestBuilder) -> Variations:
    """Yield bodies for a view that reads its body as bytes."""
    odd, plain = partial(Variation.odd, Group.RAW_BODY, None), "application/octet-stream"
    yield odd("is missing", request)
    for oddity, body in (("empty", b""), ("a line", b"line\n"), ("zeros", b"\0" * 64), ("100 kB", b"x" * 100_000)):
        yield odd(f"is {oddity}", replace(request, body=body, content_type=plain))
    yield odd("is called a form", replace(request.with_form([("a", "1")]), body=b"a=1&&=%zz"))


# --- what HTTP lets a client do with any route ---


def path_cases(valid: RequestBuilder) -> Variations:
    """Yield the valid request with slashes and queries that nobody asked for."""
    path, paths = valid.path, {}
    if path != "/":
        paths = {"no slash at the end": path[:-1]} if path.endswith("/") else {"a slash at the end": f"{path}/"}
        paths["a double slash within"] = path[:1] + path[1:].replace("/", "//", 1)
        paths["a line feed at the end"] = f"{path}%0A"
    paths["a double slash at the beginning"] = f"/{path}"
    for label, odd in paths.items():
        yield Variation.named(Group.PATH, label, replace(valid, path=odd).step())
    unknown = replace(valid, query=f"{valid.query}&unknown=1".lstrip("&"))
    yield Variation.named(Group.PATH, "an unknown query", unknown.step())


def method_cases(valid: RequestBuilder, taken: frozenset[str]) -> Variations:
    """Yield HEAD, OPTIONS, a preflight, and a method that no route takes at this path, which has `taken`."""
    without_body = replace(valid, body=None, content_type=None)
    options = replace(without_body, method="OPTIONS")
    preflight = options.with_header("Origin", "https://example.org")
    requests = {"HEAD": replace(without_body, method="HEAD")} if valid.method == "GET" else {}
    requests["OPTIONS"] = options
    requests["a preflight"] = preflight.with_header("Access-Control-Request-Method", valid.method)
    if wrong := next((method for method in _METHODS if method not in taken), None):
        requests[f"{wrong}, which it does not take"] = replace(without_body, method=wrong)
    for label, request in requests.items():
        yield Variation.named(Group.METHOD, label, request.step())


def negotiation_cases(valid: RequestBuilder) -> Variations:
    """Yield the valid request with each header that a client may always send."""
    headers = [
        ("Accept", "text/html"),
        ("Accept", "application/json"),
        ("Origin", "https://example.org"),
        ("Accept-Language", "de"),
        ("X-Requested-With", "XMLHttpRequest"),
        ("X-Forwarded-Proto", "https"),
    ]
    if valid.method == "GET":
        headers += (("Range", span) for span in ("bytes=0-3", "bytes=0-1,4-5", "bytes=999983-", "lines=1-2"))
        headers.append(("If-None-Match", "*"))
    for name, value in headers:
        yield Variation.odd(Group.CLIENT_HEADER, name, f"is {value}", valid.with_header(name, value))


def conditional_cases(valid: RequestBuilder) -> Variations:
    """Yield a GET that asks for its answer again, if that has changed."""
    if valid.method == "GET":
        again = valid.with_header("If-None-Match", "{{etag}}").step()
        first = valid.step(("etag", "header.etag"))
        yield Variation.named(Group.CONDITIONAL, "asked again with its ETag", first, again)
