"""The cases of a TOML text, with every fault at its line. A step sends what it says, and what follows from that.

A host where none is named; the type and length of a body, unless they are given or the step is `exact`. Pure.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import Fault, suggest
from ...http.message import Headers, Request, first_value
from .bodies import FORMS, encode_body
from .case import Case, Step
from .case_places import At, faults_at, syntax_fault

HOST = (b"host", b"gateway.test")
"""Sent where a step names no host."""
SOURCES = ("written", "recorded", "har", "access-log", "postman", "tests", "generated", "schema", "found")
CREDENTIALS = ("given", "anonymous", "wrong", "other-user", "no-csrf")
STEP_KEYS = ("request", "headers", *FORMS, "exact", "capture")
CASE_KEYS = ("name", "source", "origin", "state", "credential", "step")
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST = re.compile(rf"({_TOKEN}) +(/[^\x00-\x20\x7f]*|\*)")
_CAPTURE = re.compile(r"status|(body|header|cookie)[.\[].+|body")
_NAME = re.compile(r"[\w.-]+")
_HOLE = re.compile(r"\{\{([\w.-]+)\}\}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One case of a file."""

    case: Case
    number: int
    """The how many-th of its file it is, from 1."""


def parse_cases(text: str, path: str) -> tuple[tuple[Entry, ...], tuple[Fault, ...]]:
    """The cases of a file's text as far as they can be read, and everything that is wrong in it."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return (), (syntax_fault(path, error),)
    reader = _Reader()
    entries = tuple(reader.cases(tree))
    return entries, faults_at(text, path, reader.faults) if reader.faults else ()


def read_step(entry: Mapping[str, Any]) -> Step:
    """The step that these keys give. Raises ValueError with what is wrong in them."""
    reader = _Reader()
    step = reader.step((), entry)
    if step is None or reader.faults:
        raise ValueError("; ".join(message for _, message in reader.faults))
    return step


@dataclass(slots=True)
class _Reader:
    """Turns the tree of one file into cases; what cannot be turned becomes a fault."""

    faults: list[tuple[At, str]] = field(default_factory=list)

    def cases(self, tree: Mapping[str, Any]) -> Iterator[Entry]:
        self._known((), tree, ("case",))
        listed = tree.get("case", [])
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            self._fault(("case",), "not a list of cases; each one begins with a line [[case]]")
            return
        for number, entry in enumerate(listed, 1):
            case = self._case(("case", number), entry)
            if case is not None:
                yield Entry(case, number)

    def _case(self, at: At, entry: Mapping[str, Any]) -> Case | None:
        before = len(self.faults)
        own = {key: value for key, value in entry.items() if key not in CASE_KEYS}
        self._known(at, own, STEP_KEYS if "step" not in entry else (), STEP_KEYS + CASE_KEYS)
        steps = self._steps(at, entry, own)
        case = Case(
            name=self._text(at, entry, "name", required=True) or "",
            steps=tuple(step for step in steps if step is not None),
            source=self._word(at, entry, "source", SOURCES),
            state=self._text(at, entry, "state"),
            credential=self._word(at, entry, "credential", CREDENTIALS),
            origin=self._text(at, entry, "origin") or "",
        )
        if case.source == SOURCES[0] and len(case.steps) == len(steps):
            self._check_names(at, case, is_one="step" not in entry)
        return case if len(self.faults) == before else None

    def _steps(self, at: At, entry: Mapping[str, Any], own: Mapping[str, Any]) -> list[Step | None]:
        if "step" not in entry:
            return [self.step(at, own)]
        listed = entry["step"]
        if not isinstance(listed, list) or not listed or not all(isinstance(step, dict) for step in listed):
            self._fault((*at, "step"), "not a list of steps; each one begins with a line [[case.step]]")
            return []
        for number, step in enumerate(listed, 1):
            self._known((*at, "step", number), step, STEP_KEYS)
        return [self.step((*at, "step", number), step) for number, step in enumerate(listed, 1)]

    def _check_names(self, at: At, case: Case, *, is_one: bool) -> None:
        """A name that nothing captures would be sent as it stands: a 404 on both sides, and no evidence of anything."""
        kept: list[str] = []
        for number, step in enumerate(case.steps, 1):
            for name in _HOLE.findall(step.request.target.decode("latin-1")):
                if name not in kept:
                    where = (*at, "request") if is_one else (*at, "step", number, "request")
                    self._fault(where, f'no step before it captures "{name}"{suggest(name, kept)}')
            kept += [name for name, _ in step.captures]

    def step(self, at: At, entry: Mapping[str, Any]) -> Step | None:
        before = len(self.faults)
        found = _REQUEST.fullmatch(self._text(at, entry, "request", required=True) or "GET /")
        if found is None:
            self._fault(
                (*at, "request"), f'"{entry["request"]}" is no request; write "METHOD /path?query", percent-encoded'
            )
        target = b"" if found is None else self._bytes((*at, "request"), found[2])
        headers = self._headers((*at, "headers"), entry.get("headers", {}))
        body, content_type = self._body(at, entry, headers)
        if not self._flag(at, entry, "exact"):
            headers = _completed(headers, body, content_type)
        captures = tuple(self._captures((*at, "capture"), entry.get("capture", {})))
        if found is None or len(self.faults) > before:
            return None
        return Step(Request(found[1], target, headers, body or b""), captures)

    def _headers(self, at: At, value: Any) -> Headers:
        if isinstance(value, dict):
            pairs = list(value.items())
        elif isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value):
            pairs = [(pair[0], pair[1]) for pair in value]
        else:
            self._fault(at, 'write { Name = "value" }, or [["Name", "value"], ["Name", "other"]] where a name repeats')
            return ()
        return tuple(header for pair in pairs if (header := self._header(at, *pair)))

    def _header(self, at: At, name: Any, value: Any) -> tuple[bytes, bytes] | None:
        if not isinstance(name, str) or not re.fullmatch(_TOKEN, name):
            self._fault(at, f"{_shown(name)} is no name of a header")
        elif not isinstance(value, str) or re.search(r"[\0\r\n]", value):
            self._fault((*at, name), f"{_shown(value)} is no value of a header; write a text of one line, in quotes")
        else:
            return name.encode(), self._bytes((*at, name), value)
        return None

    def _body(self, at: At, entry: Mapping[str, Any], headers: Headers) -> tuple[bytes | None, str | None]:
        given = [form for form in FORMS if form in entry]
        if len(given) > 1:
            self._fault((*at, given[1]), f'a step has one body, and "{given[0]}" is one already; keep one of the two')
        if not given:
            return None, None
        try:
            return encode_body(given[0], entry[given[0]], first_value(headers, b"content-type"))
        except (ValueError, RecursionError) as error:
            self._fault((*at, given[0]), str(error))
            return None, None

    def _captures(self, at: At, value: Any) -> Iterator[tuple[str, str]]:
        if not isinstance(value, dict):
            self._fault(at, 'write { name = "place" }, like { id = "body.id" }')
            return
        for name, place in value.items():
            if not _NAME.fullmatch(name):
                self._fault((*at, name), f'"{name}" cannot stand in {{{{...}}}}; use letters, digits, ".", "_" and "-"')
            elif not isinstance(place, str) or not _CAPTURE.fullmatch(place):
                places = '"body.id", "header.etag", "cookie.session"'
                self._fault((*at, name), f"{_shown(place)} is no place of an answer; places are like {places}")
            else:
                yield name, place

    def _bytes(self, at: At, text: str) -> bytes:
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError as error:
            wrong = text[error.start]
            self._fault(at, f'"{wrong}" is no byte of HTTP; in a target write it percent-encoded, in a header encoded')
            return b""

    def _text(self, at: At, entry: Mapping[str, Any], key: str, *, required: bool = False) -> str | None:
        value = entry.get(key)
        if value is None and required:
            self._fault(at, f'no {key}; write {key} = "..."')
        elif value is not None and (not isinstance(value, str) or not value.strip()):
            self._fault((*at, key), f"{_shown(value)} is not a text; write it in quotes")
        return value if isinstance(value, str) and value.strip() else None

    def _word(self, at: At, entry: Mapping[str, Any], key: str, words: tuple[str, ...]) -> str:
        value = entry.get(key, words[0])
        if value in words:
            return str(value)
        choices = ", ".join(f'"{word}"' for word in words)
        close = suggest(value, words) if isinstance(value, str) else ""
        self._fault((*at, key), f"{_shown(value)} is none of {choices}{close}")
        return words[0]

    def _flag(self, at: At, entry: Mapping[str, Any], key: str) -> bool:
        value = entry.get(key, False)
        if not isinstance(value, bool):
            self._fault((*at, key), f"{_shown(value)} is not true or false")
        return value is True

    def _known(self, at: At, entry: Mapping[str, Any], known: tuple[str, ...], all_: tuple[str, ...] = ()) -> None:
        for name in entry:
            if name in known:
                continue
            if name in all_:
                self._fault((*at, name), f'"{name}" belongs to a step; this case has [[case.step]], so move it there')
            else:
                close = suggest(name, all_ or known) or f"; known are {', '.join(all_ or known)}"
                self._fault((*at, name), f'unknown key "{name}"{close}')

    def _fault(self, at: At, message: str) -> None:
        self.faults.append((at, message))


def _completed(headers: Headers, body: bytes | None, content_type: str | None) -> Headers:
    """The headers with what follows from the rest: host first; type and length of the body last."""
    names = {name.lower() for name, _ in headers}
    before = () if b"host" in names else (HOST,)
    after: list[tuple[bytes, bytes]] = []
    if body is not None and content_type is not None and b"content-type" not in names:
        after.append((b"content-type", content_type.encode("latin-1")))
    if body is not None and not names & {b"content-length", b"transfer-encoding"}:
        after.append((b"content-length", str(len(body)).encode()))
    return (*before, *headers, *after)


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
