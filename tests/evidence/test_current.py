"""Which cases and rules concern a route, and what the whole of a run is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask

from gateway.apps.inventory import take_inventory
from gateway.apps.project import Project
from gateway.config.map_file import parse_map
from gateway.evidence.current import Sources, map_line
from gateway.routing.table import RouteTable

TODAY = date(2026, 11, 20)
MAP = '[gateway]\n[routes]\n"GET /todos" = "legacy"\n"GET,PUT /todos/<int:todo_id>" = "legacy"\n'
ROUTES = ("GET /todos", "GET,PUT /todos/<int:todo_id>")
CASES = """
[[case]]
name = "list"
request = "GET /todos?page=2"

[[case]]
name = "read what the list has"
[[case.step]]
request = "GET /todos"
capture = { id = "body[0].id" }
[[case.step]]
request = "GET /todos/{{id}}"

[[case]]
name = "no route"
request = "GET /nowhere"
"""


def view(**_variables: Any) -> str:
    return "seen"


def sources(root: Path, cases: str = CASES, more: str = "", routes: tuple[str, ...] = ROUTES) -> Sources:
    (root / "corpus").mkdir(exist_ok=True)
    (root / "corpus" / "todos.toml").write_text(cases)
    legacy, new = Flask(__name__, static_folder=None), FastAPI()
    legacy.add_url_rule("/todos", "list", view)
    legacy.add_url_rule("/todos/<int:todo_id>", "one", view, methods=["GET", "PUT"])
    new.add_api_route("/todos", view)
    new.add_api_route("/todos/{todo_id}", view, methods=["GET", "PUT"])
    project = Project.of(parse_map(f"{MAP}{more}", str(root / "migration_map.toml")), legacy, new)
    return Sources.of(project, routes, TODAY)


def test_each_route_has_the_cases_that_ask_it(tmp_path: Path) -> None:
    found = sources(tmp_path)
    assert {route: found.by_route[route].cases for route in ROUTES} == {ROUTES[0]: 2, ROUTES[1]: 1}
    assert (found.by_route[ROUTES[0]].control_name, found.by_route[ROUTES[1]].control_name) == ("list", "one")
    assert found.whole.cases == 3


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("page=2", "page=3", {ROUTES[0]}),
        ("{{id}}", "{{id}}?full=1", set(ROUTES)),
        ("/nowhere", "/elsewhere", set()),
    ],
)
def test_a_case_concerns_the_routes_that_it_asks(tmp_path: Path, old: str, new: str, changed: set[str]) -> None:
    before, after = sources(tmp_path), sources(tmp_path, CASES.replace(old, new))
    assert {route for route in ROUTES if before.by_route[route] != after.by_route[route]} == changed
    assert before.whole != after.whole


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ('where = "status"\nreason = "r"', set(ROUTES)),
        ('where = "status"\nreason = "r"\nroute = "GET /todos"', {ROUTES[0]}),
        ('where = "status"\nreason = "r"\nexpires = 2026-11-19', set()),
    ],
)
def test_a_rule_concerns_the_routes_that_it_is_for(tmp_path: Path, rule: str, changed: set[str]) -> None:
    before, after = sources(tmp_path), sources(tmp_path, more=f"[[parity.ignore]]\n{rule}\n")
    assert {route for route in ROUTES if before.by_route[route] != after.by_route[route]} == changed


def test_the_whole_is_of_the_routes_that_are_compared(tmp_path: Path) -> None:
    whole, part = sources(tmp_path).whole, sources(tmp_path, routes=ROUTES[:1]).whole
    assert sources(tmp_path).whole == whole
    assert part != whole
    assert replace(part, control="", candidate="", policy="") == replace(whole, control="", candidate="", policy="")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"GET /todos" = "legacy"', '"GET /todos" = "legacy"'),
        ('"GET /todos" = { mode = "new" }', '"GET /todos" = "new"'),
        (
            '"GET /todos" = { mode = "canary", percent = 2.5, sticky = "cookie:sid" }',
            '"GET /todos" = { mode = "canary", percent = 2.5, sticky = "cookie:sid" }',
        ),
        (
            '"GET /todos" = { mode = "canary", percent = 10 }',
            '"GET /todos" = { mode = "canary", percent = 10, sticky = "client" }',
        ),
        ("", 'default = "legacy"'),
        ('[gateway]\ndefault = "new"', 'default = "new"'),
    ],
)
def test_the_line_of_the_map_is_told_in_one_spelling(text: str, line: str) -> None:
    legacy = Flask(__name__, static_folder=None)
    legacy.add_url_rule("/todos", "list", view)
    map_ = parse_map(text if text.startswith("[gateway]") else f"[gateway]\n[routes]\n{text}\n").checked()
    (route,) = RouteTable.compile(map_.routes, take_inventory(legacy, None), default=map_.default).routes
    assert map_line(route) == line


def test_without_a_corpus_there_are_no_cases(tmp_path: Path) -> None:
    found = sources(tmp_path, cases="")
    assert found.whole.cases == found.by_route[ROUTES[0]].cases == 0
