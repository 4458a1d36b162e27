"""Replays of the library: its database, its settings, one request a case."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gateway.comparing.observation import Compared
from gateway.comparing.result import Difference, Disposition, Verdict
from gateway.config.parity_table import ReplaySettings
from gateway.http.message import Request
from gateway.parity.compared_case import ComparedCase
from gateway.parity.corpus.case import Case, Step
from gateway.parity.replaying.replay import Replay
from gateway.parity.replaying.sandbox import ReplaySetup
from tests.parity.replaying.library import fill
from tests.support.servers import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]
LEGACY = "tests.parity.replaying.legacy_app:app"
NEW = "tests.parity.replaying.new_app:app"
ENVIRONMENT = (("LIBRARY_URL", "{database}"), ("LIBRARY_FILES", "{directory}/files"))


def library(directory: Path) -> ReplaySettings:
    """On a new database of its own."""
    url = f"sqlite:///{directory / 'library.sqlite3'}"
    fill(url)
    return ReplaySettings(database=url, environment=ENVIRONMENT, timeout_seconds=PATIENCE_SECONDS)


@contextmanager
def replaying(
    settings: ReplaySettings,
    legacy: str = LEGACY,
    new: str = NEW,
    *,
    workers: int = 1,
    root: Path = ROOT,
    beside: bool = False,
) -> Iterator[Replay]:
    with Replay(ReplaySetup(legacy, new, settings, root, beside), workers=workers, seed=7) as replay:
        yield replay


def step(request: str, body: bytes = b"", **keep: str) -> Step:
    """`step("POST /books", b"{}", id="body.id")`."""
    method, target = request.split(" ", 1)
    headers = [(b"Host", b"library.example")]
    if body:
        headers += [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())]
    return Step(Request(method, target.encode(), tuple(headers), body), tuple(keep.items()))


def case(*steps: Step | str, name: str = "") -> Case:
    made = tuple(step(one) if isinstance(one, str) else one for one in steps)
    return Case(name or " ".join(f"{one.request.method} {one.request.target.decode()}" for one in made), made)


def mismatches(*locations: str) -> tuple[Verdict, ...]:
    return tuple(Verdict(Difference(where, None, None), Disposition.MISMATCH) for where in locations)


def never(_pair: Compared) -> tuple[Verdict, ...]:
    return ()


def ask(replay: Replay, *steps: Step | str) -> ComparedCase:
    """One case."""
    (pair,) = replay.run([case(*steps)], never)
    return pair


def with_timeout(settings: ReplaySettings, seconds: float) -> ReplaySettings:
    return replace(settings, timeout_seconds=seconds)


def file_hash(path: Path) -> str:
    """SHA-256 of a database file with what waits beside it: equal before and after a run."""
    digest = hashlib.sha256()
    for suffix in ("", "-wal", "-journal"):
        if (part := path.with_name(path.name + suffix)).exists():
            digest.update(part.read_bytes())
    return digest.hexdigest()
