"""A good request spoilt in one place after another: query, JSON body, form, files, headers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from ...http.multipart import Part
from .column_values import forms
from .parameters import Parameter
from .plausible import LONG, UNICODE, shown, shown_text, wrong_texts, wrong_values
from .request_builder import Draft

Spoilt = Iterator[tuple[str, Draft]]
"""(what is odd about it, the request)"""
FILE = Part("file", b"first line\nsecond line\n", "note.txt", "text/plain")


def query_cases(draft: Draft, given: Mapping[str, str], parameters: Sequence[Parameter]) -> Spoilt:
    """Each parameter missing, twice, and with odd values."""
    for one in parameters:
        others = [(name, text) for name, text in given.items() if name != one.name]
        good = given.get(one.name, "1")
        yield f"{one.name} is missing", draft.with_query(others)
        for text in wrong_texts(one):
            yield f"{one.name} is {shown_text(text)}", draft.with_query([*others, (one.name, text)])
        yield f"{one.name} comes twice", draft.with_query([*others, (one.name, good), (one.name, "2")])
        yield f"{one.name} comes twice, wrong first", draft.with_query([*others, (one.name, "a"), (one.name, good)])
        yield f"{one.name} has no value", replace(draft.with_query(others), query=one.name)
        yield f"{one.name} is not UTF-8", replace(draft.with_query(others), query=f"{one.name}=%FF")


def value_cases(draft: Draft, given: Mapping[str, str], found: Mapping[str, Sequence[str]]) -> Spoilt:
    """Each parameter with each value that stands in a database, in other cases too, and with how it begins."""
    for name, texts in found.items():
        others = [(other, text) for other, text in given.items() if other != name]
        for text in dict.fromkeys(form for value in texts for form in forms(value)):
            yield f"{name} is {shown_text(text)}", draft.with_query([*others, (name, text)])


def limit_cases(draft: Draft, given: Mapping[str, Any], parameters: Sequence[Parameter]) -> Spoilt:
    """Each key of a JSON body at the values where the view turns, the keys in turn: no chance may leave them out."""
    rows = zip_longest(*([(one.name, value) for value in one.interesting] for one in parameters))
    for name, value in (pair for row in rows for pair in row if pair is not None):
        yield f"{name} is {shown(value)}", draft.with_json({**given, name: value})


def json_cases(draft: Draft, given: Mapping[str, Any], parameters: Sequence[Parameter]) -> Spoilt:
    """The body as a whole, then each key missing and with odd values."""
    good = draft.with_json(dict(given))
    yield "body is empty", replace(good, body=b"")
    yield "body is missing", draft
    yield "body is malformed", replace(good, body=b'{"a": ')
    yield "body has no type", replace(good, content_type=None)
    yield "body is called text", replace(good, content_type="text/plain")
    yield "body is a list with it", draft.with_json([dict(given)])
    wholes: tuple[Any, ...] = (None, [], "text", 1, {})
    yield from ((f"body is {shown(whole)}", draft.with_json(whole)) for whole in wholes)
    for one in parameters:
        yield f"{one.name} is missing", draft.with_json({k: v for k, v in given.items() if k != one.name})
    for one in parameters:
        for value in wrong_values(one):
            yield f"{one.name} is {shown(value)}", draft.with_json({**given, one.name: value})
    yield "an unknown key", draft.with_json({**given, "unknown": 1})
    yield "an id of its own", draft.with_json({**given, "id": 999983})
    yield "body is called vnd.api+json", replace(good, content_type="application/vnd.api+json")
    yield "body is not UTF-8", replace(good, body=b'{"a": "\xff"}')
    yield "body goes on after its end", replace(good, body=(good.body or b"") + b" x")
    yield "body has NaN", replace(good, body=(good.body or b"{}")[:-1].rstrip(b",") + b', "unknown": NaN}')
    yield "body is deep", replace(good, body=b'{"a":' * 50 + b"1" + b"}" * 50)


def form_cases(draft: Draft, given: Mapping[str, str], parameters: Sequence[Parameter]) -> Spoilt:
    """Each field missing, twice, and with odd values; then the form as a whole."""
    pairs = list(given.items())
    good = draft.with_form(pairs)
    for one in parameters:
        yield f"{one.name} is missing", draft.with_form(pair for pair in pairs if pair[0] != one.name)
    for one in parameters:
        for text in wrong_texts(one):
            yield f"{one.name} is {shown_text(text)}", draft.with_form({**given, one.name: text}.items())
        yield f"{one.name} comes twice", draft.with_form([*pairs, (one.name, "2")])
    yield "form is empty", replace(good, body=b"")
    yield "form is missing", draft
    yield "form has no type", replace(good, content_type=None)
    yield "form is called JSON", replace(good, content_type="application/json")
    yield "form is JSON", draft.with_json(dict(given))
    yield "form is multipart", draft.with_parts(Part(name, text.encode()) for name, text in pairs)
    yield "form is not UTF-8", replace(good, body=b"&".join(b"%b=\xff" % name.encode() for name, _ in pairs))
    yield "an unknown field", draft.with_form([*pairs, ("unknown", "1")])


def file_cases(draft: Draft, given: Mapping[str, str], parameters: Sequence[Parameter]) -> Spoilt:
    """A file missing, empty, twice, and with odd names."""
    fields = [Part(name, text.encode()) for name, text in given.items()]
    for one in parameters:
        file = replace(FILE, name=one.name)
        yield f"{one.name} is missing", draft.with_parts(fields or [Part("unknown", b"1")])
        yield f"{one.name} is empty", draft.with_parts([*fields, replace(file, content=b"")])
        yield f"{one.name} is no file", draft.with_parts([*fields, replace(file, filename=None, media_type=None)])
        for name in ("", "../../etc/passwd", "C:\\dir\\x.txt", UNICODE, 'a"b.txt', LONG[:300], ".hidden", "a.exe"):
            yield f"{one.name} is named {shown(name)}", draft.with_parts([*fields, replace(file, filename=name)])
        yield f"{one.name} comes twice", draft.with_parts([*fields, file, replace(file, content=b"2")])
        cut = draft.with_parts([*fields, file])
        yield f"{one.name} is cut", replace(cut, body=(cut.body or b"")[:-20])
        yield "form has no boundary", replace(cut, content_type="multipart/form-data")
        yield "form is not multipart", draft.with_form([(one.name, "text")])


def header_cases(draft: Draft, parameters: Sequence[Parameter]) -> Spoilt:
    """Headers and cookies that the view reads, missing (as in the good request) or odd."""
    for one in parameters:
        for text in ("", "1", "abc", *map(str, one.interesting)):
            header, value = (one.name, text) if one.where == "header" else ("Cookie", f"{one.name}={text}")
            yield f"{one.where} {one.name} is {shown_text(text)}", draft.with_header(header, value)


def raw_cases(draft: Draft) -> Spoilt:
    """Bodies of a view that reads its body as bytes."""
    plain = "application/octet-stream"
    yield "body is missing", draft
    for label, body in (("empty", b""), ("a line", b"line\n"), ("zeros", b"\0" * 64), ("100 kB", b"x" * 100_000)):
        yield f"body is {label}", replace(draft, body=body, content_type=plain)
    yield "body is called a form", replace(draft.with_form([("a", "1")]), body=b"a=1&&=%zz")
