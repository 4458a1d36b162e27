"""The cases of a TOML text, with every fault at its line. A step sends what it says, and what follows from that.

A host where none is named; the type and length of a body, unless they are given or the step is `exact`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...config import checks
from ...config.table_reader import Schema, TableReader
from ...config.toml_positions import KeyPath
from ...errors import suggest
from ...http.message import Headers, Request, first_value
from .bodies import FORMS, encode_body
from .case import Case, Step, names_in

HOST = (b"host", b"gateway.test")
"""Sent where a step names no host."""
SOURCES = ("written", "recorded", "har", "access-log", "postman", "tests", "generated", "schema", "counterexample")
CREDENTIALS = ("given", "anonymous", "wrong", "other-user", "no-csrf")
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_NAME = re.compile(r"[\w.-]+", re.ASCII)
_TEXT = checks.text("is not a text; write it in quotes")
_REQUEST = checks.matching(
    rf"{_TOKEN} +(/[^\x00-\x20\x7f]*|\*)", 'is no request; write "METHOD /path?query", percent-encoded'
)
_HEADERS = checks.must(
    lambda value: (
        isinstance(value, dict)
        or (isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value))
    ),
    'write { Name = "value" }, or [["Name", "value"], ["Name", "other"]] where a name repeats',
    shows_value=False,
)
_HEADER_NAME = checks.matching(_TOKEN, "is no name of a header")
_HEADER_VALUE = checks.matching(r"[^\0\r\n]*", "is no value of a header; write a text of one line, in quotes")
_CAPTURE = checks.of_type(dict, 'write { name = "place" }, like { id = "body.id" }', shows_value=False)
_LOCATION = checks.matching(
    r"status|(body|header|cookie)[.\[].+|body",
    'is no place of an answer; places are like "body.id", "header.etag", "cookie.session"',
)
_STATUS = checks.must(lambda value: type(value) is int and 100 <= value <= 599, "is not the status of an answer, 200")
_FILE = Schema({"case": checks.tables("not a list of cases; each one begins with a line [[case]]")}, kind="key")
_STEP = Schema(
    {
        "request": _REQUEST,
        "headers": _HEADERS,
        **dict.fromkeys(FORMS),
        "exact": checks.FLAG,
        "capture": _CAPTURE,
        "status": _STATUS,
    },
    kind="key",
    required={"request": '"..."'},
    renamed={"keep": "capture"},
)
_CASE = Schema(
    {
        **dict.fromkeys(_STEP.checks),
        "name": _TEXT,
        "source": checks.word(SOURCES, gone={"found": 'is called "counterexample" now'}),
        "origin": _TEXT,
        "state": _TEXT,
        "credential": checks.word(CREDENTIALS),
        "step": checks.tables("not a list of steps; each one begins with a line [[case.step]]", min_length=1),
    },
    kind="key",
    required={"name": '"..."'},
    renamed=_STEP.renamed,
)
"""What a case may say; the keys of a step it has where it is of one step."""


def parse_cases(reader: TableReader) -> Iterator[tuple[int, Case]]:
    """Yield (number in its file, from 1; case) of each case that is without fault; the reader has the faults."""
    tree = reader.parse() or {}
    for number, table in enumerate(reader.settings((), tree, _FILE).get("case", []), 1):
        case = _read_case(reader, ("case", number), table)
        if case is not None:
            yield number, case


def read_step(table: Mapping[str, Any]) -> Step:
    """Return the step that these keys give. Raises ValueError with what is wrong in them."""
    reader = TableReader("")
    step = _read_step(reader, (), table)
    if step is None:
        raise ValueError("; ".join(fault.message for fault in reader.faults))
    return step


def _read_case(reader: TableReader, at: KeyPath, table: Mapping[str, Any]) -> Case | None:
    before = len(reader.faults)
    given = reader.settings(at, table, _CASE)
    own = {name: given.pop(name) for name in _STEP.checks if name in given}
    tables, paths = [own], [at]
    if "step" in table:
        tables = given.pop("step", [])
        paths = [(*at, "step", number) for number in range(1, len(tables) + 1)]
        for name in own:
            reader.fault((*at, name), f'"{name}" belongs to a step; this case has [[case.step]], so move it there')
    steps = [_read_step(reader, path, step) for path, step in zip(paths, tables, strict=True)]
    case = Case(given.pop("name", ""), tuple(step for step in steps if step is not None), **given)
    if case.source == SOURCES[0] and len(case.steps) == len(steps):
        captured: list[str] = []
        for path, step in zip(paths, case.steps, strict=True):
            # A name that nothing captures, sent as it stands, is a 404 on both sides, and no evidence.
            for name in sorted(names_in([step.request.target])):
                if name not in captured:
                    reader.fault((*path, "request"), f'no step before it captures "{name}"{suggest(name, captured)}')
            captured += [name for name, _ in step.captures]
    return case if len(reader.faults) == before else None


def _read_step(reader: TableReader, at: KeyPath, table: Mapping[str, Any]) -> Step | None:
    before = len(reader.faults)
    given = reader.settings(at, table, _STEP)
    method, _, target = given.get("request", "GET /").partition(" ")
    written, at_headers = given.get("headers", {}), (*at, "headers")
    headers: Headers = tuple(
        (name.encode(), _encode(reader, (*at_headers, name), text))
        for name, text in (written.items() if isinstance(written, dict) else written)
        if reader.accepts(at_headers, name, _HEADER_NAME) and reader.accepts((*at_headers, name), text, _HEADER_VALUE)
    )
    body, content_type = _read_body(reader, at, given, headers)
    if not given.get("exact", False):  # host first; type and length of the body last
        names = {name.lower() for name, _ in headers}
        headers = headers if b"host" in names else (HOST, *headers)
        if body is not None and content_type is not None and b"content-type" not in names:
            headers = (*headers, (b"content-type", content_type.encode("latin-1")))
        if body is not None and not names & {b"content-length", b"transfer-encoding"}:
            headers = (*headers, (b"content-length", str(len(body)).encode()))
    request = Request(method, _encode(reader, (*at, "request"), target.lstrip(" ")), headers, body or b"")
    for name in given.get("capture", {}):
        if not _NAME.fullmatch(name):
            message = f'"{name}" cannot stand in {{{{...}}}}; use letters, digits, ".", "_" and "-"'
            reader.fault((*at, "capture", name), message)
    captures = reader.pairs((*at, "capture"), given.get("capture", {}), _LOCATION)
    return Step(request, captures, given.get("status")) if len(reader.faults) == before else None


def _read_body(
    reader: TableReader, at: KeyPath, step: Mapping[str, Any], headers: Headers
) -> tuple[bytes | None, str | None]:
    """Return the bytes of a step's body and the Content-Type that follows from its form, None where there is none."""
    given = [form for form in FORMS if form in step]
    if len(given) > 1:
        message = f'a step has one body, and "{given[0]}" is one already; keep one of the two'
        reader.fault((*at, given[1]), message)
    if not given:
        return None, None
    content_type = first_value(headers, b"content-type")
    try:
        return encode_body(given[0], step[given[0]], content_type)
    except (ValueError, RecursionError) as error:
        reader.fault((*at, given[0]), str(error))
        return None, None


def _encode(reader: TableReader, at: KeyPath, text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        wrong = text[error.start]
        reader.fault(at, f'"{wrong}" is no byte of HTTP; in a target write it percent-encoded, in a header encoded')
        return b""
