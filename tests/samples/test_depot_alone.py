"""Each sample app runs alone, by its own server's command, where the other one's framework is not installed."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
import venv
from pathlib import Path
from typing import Any

import httpx
import pytest
from packaging.requirements import Requirement

from legacy_flask import SYSTEMS, create_app
from new_fastapi.seed import PASSWORD
from tests.support.servers import ROOT, serve_command
from tests.support.stores import Store

pytestmark = [pytest.mark.long, pytest.mark.process]

ADA = {"email": "ada@example.com", "password": PASSWORD}
FORM = {"grant_type": "password", "username": ADA["email"], "password": PASSWORD}

# What pyproject.toml's `samples` has for one side only; the rest is for both.
ONLY = {
    "legacy": {"flask-admin", "flask-cors", "flask-limiter", "flask-wtf", "marshmallow"},
    "new": {"email-validator", "python-multipart", "sqladmin"},
}
SERVED_BY = {"legacy": ("flask", "gunicorn"), "new": ("fastapi", "uvicorn")}
ABSENT = {
    "legacy": ("fastapi", "starlette", "pydantic", "uvicorn", "sqladmin", "a2wsgi", "gateway"),
    "new": ("flask", "werkzeug", "flask_limiter", "marshmallow", "a2wsgi", "gateway"),
}
COMMANDS = {
    "legacy": ("gunicorn", "-b", "127.0.0.1:0", "legacy_flask:create_app()"),
    "new": ("uvicorn", "--port", "0", "--factory", "new_fastapi:create_app"),
}

# (method and path, what httpx sends with it, status), in this order, for both sides and for one of them.
Requests = tuple[tuple[str, dict[str, Any], int], ...]
BOTH: Requests = (
    ("GET /", {}, 200),
    ("GET /static/depot.css", {}, 200),
    ("GET /hello", {}, 200),
    ("POST /todos", {"json": {"title": "Alone"}}, 201),
    ("GET /users/1", {}, 200),
    ("GET /employees", {}, 200),
    ("GET /dashboard", {}, 200),
    ("GET /products/1", {}, 200),
    ("GET /routes/1", {}, 200),
    ("POST /uploads/alone.txt", {"content": b"alone"}, 201),
    ("GET /uploads/alone.txt", {}, 200),
    ("POST /token", {"data": FORM}, 200),
    ("GET /whoami", {"auth": tuple(ADA.values())}, 200),
    ("GET /events", {}, 200),
    ("GET /report.csv", {}, 200),
)
ALONE: dict[str, Requests] = {
    "legacy": (
        ("POST /login", {"json": ADA}, 200),
        ("GET /me", {}, 200),
        ("GET /feedback", {}, 200),
        ("GET /admin/", {}, 200),
    ),
    "new": (("GET /docs", {}, 200), ("GET /admin/login", {}, 200)),
}


@pytest.mark.parametrize("side", ["legacy", "new"])
def test_it_serves_every_system_without_the_others_framework(side: str, tmp_path: Path) -> None:
    python = environment_of(side, tmp_path / "venv")
    for package in ("legacy_flask", "new_fastapi"):
        shutil.copytree(ROOT / package, tmp_path / package)
    assert found(python, ABSENT[side]) == []
    assert found(python, SERVED_BY[side]) == list(SERVED_BY[side])
    own = {"PYTHONPATH": "", "DEPOT_DATABASE_URL": "", "DEPOT_UPLOAD_DIR": ""}
    with (
        serve_command(str(python), "-m", *COMMANDS[side], env=own, cwd=tmp_path) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        for request, options, status in (*BOTH, *ALONE[side]):
            method, path = request.split()
            assert client.request(method, path, **options).status_code == status, f"{request}\n{server.log()}"


def test_the_requests_reach_every_system_of_flask(sqlite: Store) -> None:
    with sqlite.new_database() as url:
        views = create_app(database_url=url).url_map.bind("")
    asked = (request.split() for request, _, _ in (*BOTH, *ALONE["legacy"]))
    reached = {views.match(path, method)[0].partition(".")[0] for method, path in asked}
    assert reached >= {system.blueprint.name for system in SYSTEMS} | {"admin"}


def environment_of(side: str, directory: Path) -> Path:
    """A virtual environment with what that side needs and nothing of the other's; returns its Python."""
    (other,) = SERVED_BY.keys() - {side}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    samples, test = (project["optional-dependencies"][extra] for extra in ("samples", "test"))
    needed = [line for line in samples if Requirement(line).name not in ONLY[other]]
    needed += [line for line in (*project["dependencies"], *test) if Requirement(line).name in SERVED_BY[side]]
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    done = subprocess.run([*pip, *needed], timeout=600, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return python


def found(python: Path, modules: tuple[str, ...]) -> list[str]:
    """Those of the modules that can be imported there."""
    script = "import sys, importlib.util as u; print(*filter(u.find_spec, sys.argv[1:]))"
    run = [python, "-I", "-c", script, *modules]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()
