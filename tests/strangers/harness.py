"""What every stranger goes through: an app of other habits than the samples', from `init` to a flipped route.

A stranger is a folder with `project/`: the Flask app, `suite.py`, its own team's tests, and `new_app.py`, which has the
one route that moves. It is copied for each use; its test module says what to ask of it, and inherits the tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest

from gateway.cli.main import cli
from tests.support.projects import project_in
from tests.support.servers import Answer, Server, ask, serve, serve_gateway

SEEDS = (1, 2, 3)
RUN_SECONDS = 1200
SERVERS_OWN = {"date", "server", "connection", "transfer-encoding"}
STANDS_FOR = "{{%s}}"


@dataclass(frozen=True)
class Ask:
    """One request of a conversation, the status that it is to have, and what later ones take from its answer."""

    line: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    json: Any = None
    capture: Mapping[str, str] = field(default_factory=dict)
    """Name to a pattern whose group is found in the answer's head and body; `{{name}}` stands for it from then on."""

    def message(self, values: Mapping[str, str], cookies: Mapping[str, str]) -> bytes:
        """The bytes of the request, of HTTP/1.1 and the last one of its connection."""
        body, headers = b"", {"Host": "shop.test", "Connection": "close", **self.headers}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if self.form is not None:
            body = urlencode({name: filled(text, values) for name, text in self.form.items()}).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif self.json is not None:
            body = filled(json.dumps(self.json), values).encode()
            headers["Content-Type"] = "application/json"
        if "Content-Type" in headers:
            headers["Content-Length"] = str(len(body))
        method, target = self.line.split(" ", 1)
        head = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items()), "", ""]
        return filled("\r\n".join(head), values).encode("latin-1") + body


@dataclass(frozen=True)
class Stranger:
    """An app, and how to go about it."""

    directory: Path
    """The folder of its test module."""
    app: str
    """Import string."""
    talk: tuple[Ask, ...]
    """One client's requests, in this order, with the cookies that it is given."""
    moved: str
    """Key of the route that `new_app.py` has."""
    prepare: Callable[[], object] = lambda: None
    """Makes the database, in the project as the current directory."""
    parity: str = ""
    """What the map says under `[parity]` and below."""
    random: tuple[str, ...] = ()
    """Patterns of what no two answers have alike; what a group of theirs takes is masked."""
    environment: Mapping[str, str] = field(default_factory=dict)

    def copy(self, directory: Path) -> Path:
        """The project in a directory of its own, with its database."""
        shutil.copytree(self.directory / "project", directory, ignore=shutil.ignore_patterns("__pycache__"))
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with project_in(directory):
                sys.path.insert(0, str(directory))
                self.prepare()
        finally:
            os.environ.clear()
            os.environ.update(before)
        return directory

    def run(self, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m ...` in the project's directory."""
        plugins = "-p no:schemathesis -p no:cacheprovider -p no:xdist"
        own = {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTEST_ADDOPTS": plugins, "COLUMNS": "200"}
        return subprocess.run(
            (sys.executable, "-m", *arguments),
            cwd=directory,
            env={**os.environ, **own, **self.environment},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )

    def record(self, directory: Path) -> None:
        """Make a corpus of its suite."""
        done = self.run(directory, "pytest", "-q", "--gateway-record", "corpus", "--gateway-record-raw", "suite.py")
        assert done.returncode == 0, done.stdout + done.stderr

    def write_map(self, directory: Path) -> None:
        """Write the first map and what replaying needs to know."""
        done = self.run(directory, "gateway", "init", self.app)
        assert done.returncode == 0, done.stderr
        with (directory / "migration_map.toml").open("a") as file:
            file.write(f"\n[parity]\n{self.parity}\n")


def filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(STANDS_FOR % name, value)
    return text


def converse(server: Server, talk: tuple[Ask, ...], random: tuple[str, ...]) -> list[str]:
    """Each answer as text: the request's line, status, headers in their order, framing and body, masked."""
    values: dict[str, str] = {}
    cookies: dict[str, str] = {}
    told = []
    for one in talk:
        answer = ask(server, one.message(values, cookies))
        for name, value in answer.headers:
            if name == "set-cookie":
                key, _, content = value.partition(";")[0].partition("=")
                cookies.pop(key, None)
                if content and "Max-Age=0" not in value:
                    cookies[key] = content
        text = text_of(answer)
        for name, pattern in one.capture.items():
            found = re.search(pattern, text)
            assert found, f"{one.line}: no {name} in\n{text}"
            values[name] = found[1].strip()
        told.append(f"{one.line}: {masked(text, random)}")
    return told


def text_of(answer: Answer) -> str:
    heads = [f"{name}: {value}" for name, value in answer.headers if name not in SERVERS_OWN]
    framing = "chunked" if ("transfer-encoding", "chunked") in answer.headers else "whole"
    body = answer.body.decode("latin-1")
    return "\n".join([str(answer.status), *heads, framing if answer.complete else "cut", "", body])


def masked(text: str, random: tuple[str, ...]) -> str:
    for pattern in random:
        text = re.sub(pattern, lambda found: found[0].replace(found[1], "[random]"), text)
    return text


class StrangerTests:
    """The tests that every stranger has; a class of its own gives `stranger`."""

    stranger: ClassVar[Stranger]

    @pytest.mark.filterwarnings("default")  # an extension's own
    def test_the_first_map_changes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """`init` writes a map in which `check --strict` finds nothing."""
        for name, value in self.stranger.environment.items():
            monkeypatch.setenv(name, value)
        with project_in(self.stranger.copy(tmp_path / "project")):
            assert gateway("init", self.stranger.app) == 0
            assert gateway("check", "--strict") == 0, capsys.readouterr()

    @pytest.mark.process
    def test_every_answer_is_gunicorns(self, tmp_path: Path) -> None:
        """The same conversation with both servers, one after the other in the same place, is the same to the byte."""
        stranger, project = self.stranger, tmp_path / "project"  # an ETag of Flask's has the path in it
        environment = {"PYTHONHASHSEED": "0", **stranger.environment}  # and Allow is in the order of a set
        stranger.copy(project)
        with serve("gunicorn", gunicorn_name(stranger.app), env=environment, cwd=project) as server:
            by_gunicorn = converse(server, stranger.talk, stranger.random)
        shutil.rmtree(project)
        stranger.copy(project)
        (project / "map.toml").write_text(f"[gateway]\nlegacy = '''{stranger.app}'''\n")
        with serve_gateway(project / "map.toml", env=environment) as server:
            by_gateway = converse(server, stranger.talk, stranger.random)
        wanted = [f"{one.line}: {one.status}\n" for one in stranger.talk]
        otherwise = [text for text, start in zip(by_gunicorn, wanted, strict=True) if not text.startswith(start)]
        assert not otherwise, "\n\n".join(otherwise)
        lines = ("\n".join(texts).split("\n") for texts in (by_gunicorn, by_gateway))
        assert by_gateway == by_gunicorn, "\n".join(unified_diff(*lines, "gunicorn", "gateway", n=20))

    @pytest.mark.long
    @pytest.mark.process
    @pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed{seed}")
    def test_it_does_not_differ_from_itself(self, recorded: Path, seed: int) -> None:
        """`gateway parity --self` gives no false alarm, asks every route, and keeps nothing."""
        options = ("--seed", str(seed), "--json", f"self-{seed}.json")
        done = self.stranger.run(recorded, "gateway", "parity", "--self", *options)
        assert done.returncode in (0, 3), done.stdout + done.stderr
        run = json.loads((recorded / f"self-{seed}.json").read_text())
        assert run["differences"] == [], done.stdout
        assert run["requests"]["matched"] > 150
        # No refusal, and no answer of another status than the one that its own suite had: the app is up as it is.
        assert [note for note in run["notes"] if not note.startswith(("legacy against itself", 'case "'))] == []
        assert [one["route"] for one in run["routes"] if not one["matched"]] == [], done.stdout
        assert not (recorded / ".gateway").exists(), "nothing of it is kept"

    @pytest.mark.long
    @pytest.mark.process
    def test_a_route_moves_with_evidence(self, recorded: Path, tmp_path: Path) -> None:
        """`gateway parity` of the one route is green, `gateway flip` takes it, and then `check --strict` is content."""
        directory = tmp_path / "moving"
        shutil.copytree(recorded, directory)
        path = directory / "migration_map.toml"
        path.write_text(re.sub(r'^# (".*" = )"\.\.\."', r'\1"considered"', path.read_text(), flags=re.MULTILINE))
        run = self.stranger.run(directory, "gateway", "parity", self.stranger.moved, "--seed", "1")
        assert run.returncode == 0, run.stdout + run.stderr
        flip = self.stranger.run(directory, "gateway", "flip", self.stranger.moved, "new")
        assert flip.returncode == 0, flip.stdout + flip.stderr
        checked = self.stranger.run(directory, "gateway", "check", "--strict")
        assert checked.returncode == 0, checked.stdout


def gunicorn_name(import_string: str) -> str:
    """The app as gunicorn is told of it, which calls a factory only where the name says so."""
    return import_string if "create_" not in import_string or "(" in import_string else f"{import_string}()"


def gateway(*arguments: str) -> int:
    """The command in this process, for what imports an app only; its exit code."""
    try:
        cli.main(list(arguments), standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    return 0
