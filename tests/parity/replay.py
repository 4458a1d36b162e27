"""Replays the corpus: each case against both sample apps, each on its own copy of the same database."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient

from gateway import Gateway
from legacy_flask import create_app as create_legacy
from new_fastapi import create_app as create_new

HERE = Path(__file__).parent
SECRET_KEY = "parity"


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and where the two sides are known to answer it differently."""

    request: str
    options: dict[str, Any]
    """What httpx's `Client.request` takes besides method and URL: headers, json, content, data."""
    known: dict[str, list[str]]
    """Reason (a name of differences.toml) to places; `[*]` stands for every index."""

    @property
    def name(self) -> str:
        shown = " ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.request} {shown}".strip()[:100]

    @property
    def writes(self) -> bool:
        return not self.request.startswith(("GET ", "HEAD ", "OPTIONS "))


def load_corpus() -> list[Case]:
    """The cases of corpus.toml, in order."""
    entries = _read("corpus.toml")["case"]
    return [Case(entry.pop("request"), known=entry.pop("known", {}), options=entry) for entry in entries]


def load_differences() -> tuple[set[str], dict[str, str]]:
    """(places that differ at every request, reasons by name)."""
    tree = _read("differences.toml")
    return set(tree["everywhere"]), tree["reasons"]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Sides:
    """Both apps, up, each called through a client that keeps no cookies from one case to the next."""

    legacy: TestClient
    new: TestClient

    def answers(self, case: Case) -> tuple[httpx.Response, httpx.Response]:
        method, url = case.request.split(" ", 1)
        for client in (self.legacy, self.new):
            client.cookies.clear()
        return (
            self.legacy.request(method, url, follow_redirects=False, **case.options),
            self.new.request(method, url, follow_redirects=False, **case.options),
        )


@contextmanager
def both_sides(seeded: Path, directory: Path) -> Iterator[Sides]:
    """Both apps on copies of the seeded database. The Flask app answers as behind the gateway."""
    urls = []
    for side in ("legacy", "new"):
        shutil.copy(seeded, directory / f"{side}.sqlite3")
        urls.append(f"sqlite:///{directory / side}.sqlite3")
    legacy = Gateway(legacy=create_legacy(database_url=urls[0], secret_key=SECRET_KEY))
    new = create_new(database_url=urls[1], secret_key=SECRET_KEY)
    with (
        TestClient(legacy, raise_server_exceptions=False) as legacy_client,
        TestClient(new, raise_server_exceptions=False) as new_client,
    ):
        yield Sides(legacy_client, new_client)
