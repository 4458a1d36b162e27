"""Access logs in the combined format: each target that was read, once. A log has no bodies, so only GET and HEAD."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ....errors import CorpusError, Fault
from ....http.message import Request
from ..case import Case, Step
from ..case_reading import HOST

MOST = 1000
"""Distinct targets that are taken of one log."""
SAFE = ("GET", "HEAD")
_LINE = re.compile(
    r'\S+ \S+ .*?\[[^\]]*\] "(?P<method>\S+) (?P<target>/\S*) HTTP/[\d.]+" (?P<status>\d{3}) (?:\d+|-)(?:\s.*)?'
)


def read_access_log(path: Path, most: int = MOST) -> tuple[Case, ...]:
    """At most `most` cases, in the order of their first line. Raises CorpusError for a file of another format."""
    return tuple(case for case, _ in read_lines(path, most))


def read_lines(path: Path, most: int = MOST) -> tuple[tuple[Case, str], ...]:
    """The same, each with what the log says of its answer: `200 in the log`. It is no expectation."""
    found = dict[tuple[str, str], str]()
    lines = 0
    for match in _matches(path):
        lines += match is not None
        if match is None or match["method"] not in SAFE:
            continue
        found.setdefault((match["method"], match["target"]), match["status"])
        if len(found) == most:
            break
    if not lines:
        message = 'no line is in the combined format: 127.0.0.1 - - [date] "GET /path HTTP/1.1" 200 12 "-" "agent"'
        raise CorpusError((Fault(str(path), None, "", message),))
    return tuple((_case(path, method, target), f"{status} in the log") for (method, target), status in found.items())


def _matches(path: Path) -> Iterator[re.Match[str] | None]:
    try:
        with path.open(encoding="latin-1") as lines:
            for line in lines:
                yield _LINE.fullmatch(line.rstrip("\r\n"))
    except OSError as error:
        raise CorpusError((Fault(str(path), None, "", f"cannot be read: {error.strerror}"),)) from None


def _case(path: Path, method: str, target: str) -> Case:
    """nginx and Apache write a byte that they cannot show as `\\x22`."""
    raw = re.sub(r"\\x([0-9A-Fa-f]{2})", r"%\1", target)
    request = Request(method, raw.encode("latin-1"), (HOST,))
    return Case(f"{path.name}: {method} {target}", (Step(request),), source="access-log")
