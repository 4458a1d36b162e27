"""gunicorn and the gateway in front of the same awkward app, and every case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bridge.differential import answers, bodies, flask_cases, heads
from tests.bridge.differential.wire import Case
from tests.support.servers import Server, serve, serve_gateway

MAP = """[gateway]
legacy = "tests.support.awkward_app:app"
"""

# Flask lists the methods of a 405 in the order of a set.
ENV = {"PYTHONHASHSEED": "0"}

THEMES: dict[str, dict[str, Case]] = {
    "targets": heads.TARGETS,
    "methods": heads.METHODS,
    "versions": heads.VERSIONS,
    "request headers": heads.HEADERS,
    "request bodies": bodies.LENGTHS,
    "chunked": bodies.CHUNKED,
    "expect": bodies.EXPECT,
    "input": bodies.INPUT,
    "pipelined": bodies.PIPELINED,
    "kept alive": bodies.KEPT,
    "status": answers.STATUS,
    "response headers": answers.HEADERS,
    "lengths": answers.LENGTHS,
    "chunks": answers.CHUNKS,
    "failures": answers.FAILURES,
    "Flask bodies": flask_cases.BODIES,
    "Flask requests": flask_cases.REQUESTS,
    "Flask answers": flask_cases.ANSWERS,
    "Flask files": flask_cases.FILES,
}

CASES = {f"{theme}: {name}": case for theme, cases in THEMES.items() for name, case in cases.items()}


@contextmanager
def serve_gunicorn() -> Iterator[Server]:
    with serve(
        "gunicorn", "tests.support.awkward_app:app", "--http-parser", "python", "--keep-alive", "3", env=ENV
    ) as server:
        yield server


@contextmanager
def serve_bridged(directory: Path) -> Iterator[Server]:
    (directory / "map.toml").write_text(MAP, encoding="utf-8")
    with serve_gateway(directory / "map.toml", env=ENV) as server:
        yield server
