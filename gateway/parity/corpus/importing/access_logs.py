"""Access logs in the combined format: each target that was read, once. A log has no bodies, so only GET and HEAD."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ....http.message import Request
from ..case import Case, Step
from ..case_reading import HOST
from .files import fault_of

MAX_CASES = 1000
"""Distinct requests that are taken from one log."""
SAFE = ("GET", "HEAD")
_LINE = re.compile(
    r'\S+ \S+ .*?\[[^\]]*\] "(?P<method>\S+) (?P<target>/\S*) HTTP/[\d.]+" (?P<status>\d{3}) (?:\d+|-)(?:\s.*)?'
)


def read_access_log(path: Path, limit: int = MAX_CASES) -> tuple[Case, ...]:
    """Return at most `limit` cases, in the order of their first line. The status there is part of a case's origin.

    Raises CorpusError for a file of another format.
    """
    found: dict[tuple[str, str], Case] = {}
    is_log = False
    for number, match in _matches(path):
        is_log = True
        key = match["method"], match["target"]
        if match["method"] in SAFE and key not in found:
            target = re.sub(r"\\x([0-9A-Fa-f]{2})", r"%\1", key[1])  # nginx and Apache write other bytes as `\x22`
            step = Step(Request(key[0], target.encode("latin-1"), (HOST,)))
            origin = f"access log line {number} of {path.name}, answered {match['status']}"
            found[key] = Case(f"{path.name}: {' '.join(key)}", (step,), source="access-log", origin=origin)
        if len(found) == limit:
            break
    if not is_log:
        message = 'no line is in the combined format: 127.0.0.1 - - [date] "GET /path HTTP/1.1" 200 12 "-" "agent"'
        raise fault_of(path, message)
    return tuple(found.values())


def _matches(path: Path) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the number and the match of each line in the format. Raises CorpusError for a file that cannot be read."""
    try:
        with path.open(encoding="latin-1") as lines:
            for number, line in enumerate(lines, 1):
                if match := _LINE.fullmatch(line.rstrip("\r\n")):
                    yield number, match
    except OSError as error:
        raise fault_of(path, f"cannot be read: {error.strerror}") from None
