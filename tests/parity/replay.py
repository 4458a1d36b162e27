"""Replays the corpus: each case against both sample apps, each with data and uploads of its own, alike at the start."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import httpx
from starlette.testclient import TestClient

from tests.depot import open_side
from tests.stores import Store

HERE = Path(__file__).parent

OWN_KEYS = {"request", "times", "keep", "first", "known", "volatile"}
"""What an entry of the corpus has for us; all else is for the client."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request."""

    request: str
    options: dict[str, Any]
    """What httpx's `Client.request` takes besides method and URL. A list as `content` is sent in chunks; `{name}` in a
    header stands for what an earlier step has kept under that name."""
    times: int
    keep: dict[str, str]
    """Name to the place in the answer whose value it is: `body.access_token`, `header.etag`."""

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> Self:
        options = {name: value for name, value in entry.items() if name not in OWN_KEYS}
        if isinstance(options.get("content"), list):
            options["content"] = [piece.encode() for piece in options["content"]]
        if "files" in options:
            options["files"] = {field: tuple(file) for field, file in options["files"].items()}
        return cls(entry["request"], options, entry.get("times", 1), entry.get("keep", {}))

    @property
    def name(self) -> str:
        shown = " ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.request} {shown}".strip()[:100]

    @property
    def writes(self) -> bool:
        return not self.request.startswith(("GET ", "HEAD ", "OPTIONS "))

    def answer(self, client: TestClient, kept: dict[str, str]) -> httpx.Response:
        method, url = self.request.split(" ", 1)
        headers = {name: value.format_map(kept) for name, value in self.options.get("headers", {}).items()}
        return client.request(method, url, follow_redirects=False, **self.options | {"headers": headers})


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and where the two sides are known to answer it differently."""

    step: Step
    first: tuple[Step, ...]
    """What has to succeed before it, on each side by itself."""
    known: dict[str, list[str]]
    """Reason (a name of differences.toml) to places; `[*]` stands for every index."""
    volatile: list[str]
    """Places that are not compared, because they hang on the moment."""

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> Self:
        first = tuple(map(Step.parse, entry.get("first", ())))
        return cls(Step.parse(entry), first, entry.get("known", {}), entry.get("volatile", []))

    @property
    def name(self) -> str:
        return " after ".join(step.name for step in (self.step, *reversed(self.first)))

    @property
    def writes(self) -> bool:
        return any(step.writes for step in (self.step, *self.first))

    def answer(self, client: TestClient) -> httpx.Response:
        client.cookies.clear()
        kept: dict[str, str] = {}
        for step in self.first:
            for _ in range(step.times):
                prepared = step.answer(client, kept).raise_for_status()
            kept |= {name: value_at(place, prepared) for name, place in step.keep.items()}
        return self.step.answer(client, kept)


def value_at(place: str, response: httpx.Response) -> str:
    part, _, key = place.partition(".")
    values = {"body": response.json, "header": lambda: response.headers}[part]()
    value: str = values[key]
    return value


def load_corpus() -> list[Case]:
    """The cases of corpus.toml, in order."""
    return [Case.parse(entry) for entry in _read("corpus.toml")["case"]]


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
        return case.answer(self.legacy), case.answer(self.new)


@contextmanager
def both_sides(store: Store) -> Iterator[Sides]:
    with (
        store.new_database() as legacy_url,
        store.new_database() as new_url,
        TemporaryDirectory() as legacy_uploads,
        TemporaryDirectory() as new_uploads,
        open_side("legacy", legacy_url, Path(legacy_uploads)) as legacy,
        open_side("new", new_url, Path(new_uploads)) as new,
    ):
        yield Sides(legacy, new)
