"""The differences that are known, read from explained.toml."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WHOSE = {
    "own": "each server in its own way",
    "uvicorn": "a limit of the server or of ASGI",
    "better": "better than gunicorn",
}

TITLES = {
    "400": "Bad Request",
    "414": "URI Too Long",
    "417": "Expectation Failed",
    "431": "Request Header Fields Too Large",
    "500": "Internal Server Error",
    "501": "Bad Request",
}
GUNICORN_PAGE = """\
<html>
  <head>
    <title>{title}</title>
  </head>
  <body>
    <h1><p>{title}</p></h1>
    {text}
  </body>
</html>
"""
UVICORN_PAGES = {"400": b"Invalid HTTP request received.", "500": b"Internal Server Error"}


@dataclass(frozen=True)
class Explained:
    """One case that the two answer differently, and what each answers."""

    why: str
    whose: str
    gunicorn: str
    gateway: str


def load_explained() -> dict[str, Explained]:
    """By the name of the case. A case stands once."""
    text = (Path(__file__).parent / "explained.toml").read_text(encoding="utf-8")
    entries = [entry for reason in tomllib.loads(text)["reason"] for entry in _entries(**reason)]
    explained = dict(entries)
    assert len(explained) == len(entries), "a case is explained twice"
    return explained


def _entries(
    why: str, whose: str, cases: dict[str, dict[str, str]], gunicorn: str = "", gateway: str = ""
) -> Iterator[tuple[str, Explained]]:
    assert whose in WHOSE
    for name, case in cases.items():
        lines = (case.get("gunicorn", gunicorn), case.get("gateway", gateway))
        yield name, Explained(why, whose, *map(expand, lines))


def expand(line: str) -> str:
    """{page 400: text} and {uvicorn 400} as the answers that they stand for."""
    line = re.sub(r"\{page (\d+): (.*?)\}", lambda found: _gunicorn_page(found[1], found[2]), line)
    return re.sub(r"\{uvicorn (\d+)\}", lambda found: _uvicorn_page(found[1]), line)


def _gunicorn_page(status: str, text: str) -> str:
    page = GUNICORN_PAGE.format(title=TITLES[status], text=html.escape(text)).encode("latin-1")
    return f"{status} / content-type: text/html / content-length: {len(page)} / close / {page!r}"


def _uvicorn_page(status: str) -> str:
    page = UVICORN_PAGES[status]
    return f"{status} / content-type: text/plain; charset=utf-8 / content-length: {len(page)} / close / {page!r}"
