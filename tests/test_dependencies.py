"""What the gateway takes from other projects beyond their promises: private names, limits of versions.

A test here fails when a new version of another project has taken something away, and says where it is used.
"""

from __future__ import annotations

import ast
import inspect
import random
import re
import tomllib
import uuid
from pathlib import Path
from typing import Any

import fastapi
import pytest
from a2wsgi import WSGIMiddleware
from uvicorn import config as uvicorn_config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process
from werkzeug.routing import Map, Rule

ROOT = Path(__file__).parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]


def bound_rule() -> Rule:
    rule = Rule("/a/<int:b>")
    Map([rule])
    return rule


# --- private names ---

_ROUTING = "see what Werkzeug compiles a rule to now, mend gateway/routing/matcher.py, and raise the limit on Werkzeug"
_PROTOCOL = "see what uvicorn's httptools protocol does now, and mend gateway/serving/http_protocol.py"
_WORKERS = "see what uvicorn's parent of several workers does now, and mend gateway/serving/uvicorn_server.py"
_FROZEN = "see where Python draws it from now, and mend gateway/parity/replaying/freezing.py"
_FIELDS = (
    "see how marshmallow names the fields of a schema class now; mend gateway/parity/generating/declared_fields.py"
)
_ENGINES = "see where Flask-SQLAlchemy keeps an app's engines now, and mend gateway/parity/corpus/app_databases.py"
_SQLITE = "see how aiosqlite names the connection of sqlite3 now, and mend gateway/parity/replaying/probes.py"

_FRONTENDS = "see how FastAPI keeps what `app.frontend` adds now, and mend gateway/apps/starlette_routes.py"


def router_with_frontends() -> Any:
    if not hasattr(fastapi.FastAPI, "frontend"):
        pytest.skip("this FastAPI has no frontends")
    return fastapi.APIRouter()


PRIVATE: dict[str, tuple[Any, str]] = {
    "_parts": (bound_rule, _ROUTING),
    "_converters": (bound_rule, _ROUTING),
    "_unset_keepalive_if_required": (HttpToolsProtocol, _PROTOCOL),
    "_should_upgrade": (HttpToolsProtocol, _PROTOCOL),
    "_iter_low_priority_routes": (router_with_frontends, _FRONTENDS),
    "_urandom": (random, _FROZEN),
    "_node": (uuid, _FROZEN),
    "_declared_fields": ("marshmallow.Schema", _FIELDS),
    "_app_engines": ("flask_sqlalchemy.SQLAlchemy", _ENGINES),
    "_conn": ("aiosqlite.Connection", _SQLITE),
}
"""The private names of other projects that gateway/ uses, whose they are, and what to do when one is gone.

Of what only some apps have, the owner is an import path: without it the test is skipped.
"""

DOCUMENTED = {"_replace", "_exit"}
"""Of named tuples and of `os`: they begin with an underscore and are public all the same."""


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_name_is_there(name: str) -> None:
    owner, remedy = PRIVATE[name]
    if isinstance(owner, str):
        module, _, attribute = owner.rpartition(".")
        owner = getattr(pytest.importorskip(module), attribute)
    where = owner() if inspect.isfunction(owner) else owner
    assert has(where, name), f"{name} is gone from {owner}: {remedy}"


def has(owner: Any, name: str) -> bool:
    """Tell whether an object has an attribute, or a class gives one to its instances."""
    if hasattr(owner, name):
        return True
    return inspect.isclass(owner) and re.search(rf"\bself\.{name}\b", inspect.getsource(owner)) is not None


def test_the_table_has_every_private_name_that_is_used() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "gateway").rglob("*.py"))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= {
        node.args[1].value
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr"
        if isinstance(node.args[1], ast.Constant) and isinstance(node.args[1].value, str)
    }
    private = {name for name in used if re.match(r"_(?!_)", name)}
    assert private - own - DOCUMENTED <= set(PRIVATE)
    assert set(PRIVATE) <= private, "the table names what nobody uses any more"


INHERITED = [
    (WSGIMiddleware, "app", "gateway/bridge/__init__.py"),
    *((HttpToolsProtocol, name, "gateway/serving/http_protocol.py") for name in (
        "connection_lost", "cycle", "data_received", "expect_100_continue", "flow", "handle_websocket_upgrade",
        "headers", "logger", "loop", "on_body", "on_header", "on_headers_complete", "on_message_complete", "on_url",
        "parser", "pipeline", "scope", "server_state", "shutdown", "transport", "url",
    )),
    *((RequestResponseCycle, name, "gateway/serving/http_protocol.py") for name in (
        "disconnected", "keep_alive", "message_event", "more_body", "on_response", "response_complete",
        "response_started", "scope",
    )),
    *((Multiprocess, name, "gateway/serving/supervisor.py") for name in (
        "handle_signals", "join_all", "keep_subprocess_alive", "processes", "restart_all", "run", "should_exit",
        "signal_queue", "sockets", "terminate_all",
    )),
    *((Process, name, "gateway/serving/supervisor.py") for name in (
        "exitcode", "is_alive", "is_ready", "join", "kill", "pid", "process", "start", "terminate",
    )),
    (uvicorn_config, "STARTUP_FAILURE", "gateway/serving/uvicorn_server.py"),
    (uvicorn_config.Config, "timeout_worker_healthcheck", "gateway/serving/supervisor.py"),
]  # fmt: skip
"""Names without an underscore that no documentation promises, for the gateway's classes extend these."""


@pytest.mark.parametrize(("owner", "name", "file"), INHERITED, ids=lambda one: getattr(one, "__name__", None))
def test_what_a_class_of_ours_extends_is_there(owner: Any, name: str, file: str) -> None:
    assert has(owner, name), f"{owner.__name__} has no `{name}` any more: see what does its work now, and mend {file}"


# --- limits of versions ---

LINES = re.findall(
    r'^ +"([a-z0-9-]+(?:\[[a-z,]+\])?)((?:[<>=!~][^"]*)?)",?[ \t]*(?:# *(.*))?$', PYPROJECT, re.MULTILINE
)
UPPER = {f"{name}{limits}": reason for name, limits, reason in LINES if re.search(r"<|==|!=|~=", limits)}


def test_requirements_are_read() -> None:
    written = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    assert {f"{name}{limits}" for name, limits, _ in LINES} >= {
        one for one in written if "migration-gateway" not in one
    }


@pytest.mark.parametrize("requirement", UPPER)
def test_an_upper_limit_has_its_reason_beside_it(requirement: str) -> None:
    assert UPPER[requirement], f'"{requirement}" keeps newer versions out: say why on its line, or take the limit away'


def test_the_floors_that_ci_tries_are_those_that_are_promised() -> None:
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(.+)$", (ROOT / ".ci" / "floors.txt").read_text(), re.MULTILINE))
    for requirement in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["strangers"]):
        found = re.match(r"([a-z0-9-]+)>=([0-9.]+)", requirement)
        assert found is not None, f'"{requirement}" has no floor'
        name, floor = found.groups()
        promised = re.fullmatch(rf"{re.escape(floor)}(\.0)*", pinned.get(name, ""))
        assert promised, f"{requirement}: .ci/floors.txt tries {pinned.get(name, 'no version')}"
