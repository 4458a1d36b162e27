"""What is wrong between a map and two apps: each finding with its level, its routes and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway.apps.findings import EvidenceStatus, Finding, Level, check, new_errors
from gateway.apps.inventory import take_inventory
from gateway.apps.project import Project
from gateway.config.map_file import parse_map
from gateway.routing.table import RouteTable


def view(**_variables: Any) -> str:
    return "seen"


def load_user() -> None: ...
def tidy(_error: BaseException | None) -> None: ...


LOAD_USER, TIDY = f"{__name__}:load_user", f"{__name__}:tidy"


def flask_of(*rules: str, blueprint: str = "") -> Flask:
    app, part = Flask(__name__, static_folder=None), Blueprint("part", __name__)
    for text in rules:
        methods, _, rule = text.rpartition(" ")
        app.add_url_rule(rule, text.replace(".", "_"), view, methods=methods.split(",") if methods else None)
    part.before_request(load_user)
    if blueprint:
        part.add_url_rule(blueprint, "view", view)
        app.register_blueprint(part)
    return app


def fastapi_of(*rules: str) -> FastAPI:
    async def live(websocket: WebSocket) -> None: ...

    app = FastAPI()
    for text in rules:
        methods, _, rule = text.rpartition(" ")
        if methods == "WS":
            app.add_api_websocket_route(rule, live)
        else:
            app.add_api_route(rule, view, methods=methods.split(",") if methods else ["GET"])
    return app


def findings(text: str, legacy: Any = None, new: Any = None) -> list[Finding]:
    """Of a map whose first route stands on line 3."""
    return list(check(project_of(f"[gateway]\n[routes]\n{text}", legacy, new)))


def project_of(text: str, legacy: Any = None, new: Any = None) -> Project:
    """A project whose apps may be missing: findings are about what is there."""
    map_ = parse_map(text, "m.toml").checked()
    inventory = take_inventory(legacy, new)
    table = RouteTable.compile(map_.routes, inventory, default=map_.default)
    return Project(map_, legacy, new, inventory, table)


def errors(text: str, legacy: Any = None, new: Any = None) -> list[Finding]:
    return [finding for finding in findings(text, legacy, new) if finding.level is Level.ERROR]


def test_a_map_that_agrees_with_both_apps_has_no_finding() -> None:
    map_ = '"GET /a" = "new"\n"POST /a" = "legacy"\n"GET /b/<int:x>" = "legacy"\n"WS /live" = "new"\n"/c" = "legacy"\n'
    legacy, new = flask_of("GET,POST /a", "/b/<int:x>", "/c"), fastapi_of("GET,HEAD /a", "/b/{y}", "WS /live")
    assert findings(map_, legacy, new) == []


# --- routes that an app does not have ---

UNKNOWN = "neither app has this route"


@pytest.mark.parametrize(
    ("line", "subject", "message"),
    [
        ('"GET /todo" = "legacy"', "GET /todo", f'{UNKNOWN}; did you mean "GET /todos"?'),
        ('"GET /todo" = "new"', "GET /todo", f'{UNKNOWN}; did you mean "GET /todos"?'),
        ('"DELETE /todos" = "legacy"', "DELETE /todos", f'{UNKNOWN}; did you mean "GET /todos"?'),
        ('"GET /onyl" = "new"', "GET /onyl", f'{UNKNOWN}; did you mean "GET /only"?'),
        ('"GET /zzzzzzzzzzz" = "new"', "GET /zzzzzzzzzzz", UNKNOWN),
    ],
)
def test_a_route_that_neither_app_has_is_an_error_with_the_closest(line: str, subject: str, message: str) -> None:
    found = errors(line, flask_of("/todos"), fastapi_of("/only"))
    assert found == [Finding(Level.ERROR, "unknown-route", subject, message, (subject,))]


ONLY_NEW, ONLY_LEGACY = "GET /only-new", "GET,POST /only-legacy"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f'"{ONLY_LEGACY}" = "new"', 'mode "new", but the new app has no such route'),
        (
            f'"{ONLY_LEGACY}" = {{ mode = "canary", percent = 5 }}',
            'mode "canary", but the new app has no such route',
        ),
        (f'"{ONLY_NEW}" = "legacy"', 'mode "legacy", but the legacy app has no such route'),
        (
            f'"{ONLY_NEW}" = {{ mode = "canary", percent = 5 }}',
            'mode "canary", but the legacy app has no such route',
        ),
        ('"GET,POST,PUT /both" = "new"', 'mode "new", but the new app does not take POST,PUT'),
        ('"GET,POST,PUT /both" = "legacy"', 'mode "legacy", but the legacy app does not take PUT'),
        ('"/both" = "new"', 'mode "new", but the new app does not take POST'),
        ('"POST /both" = "new"', 'mode "new", but the new app has no such route'),
        ('"GET /both/<x>" = "new"', 'mode "new", but the new app has no such route'),
    ],
)
def test_a_mode_that_needs_what_an_app_does_not_have_is_an_error(line: str, message: str) -> None:
    legacy = flask_of("GET,POST /only-legacy", "GET,POST /both", "/both/<x>")
    (finding,) = errors(line, legacy, fastapi_of("/only-new", "/both", "/both/{x:path}"))
    subject = line.split('"')[1]
    then = "Flask would go on answering" if "new app has no" in message else "clients would get its error"
    assert finding == Finding(Level.ERROR, "not-implemented", subject, f"{message}: {then}", (subject,))


@pytest.mark.parametrize(
    "line",
    [
        f'"{ONLY_LEGACY}" = "legacy"',
        f'"{ONLY_NEW}" = "new"',
        '"GET /both" = { mode = "canary", percent = 5 }',
        '"/both" = "legacy"',
    ],
)
def test_a_mode_whose_sides_are_there_is_none(line: str) -> None:
    legacy = flask_of("GET,POST /only-legacy", "GET,POST /both")
    assert errors(line, legacy, fastapi_of("/only-new", "/both")) == []


def test_a_rule_is_the_same_for_both_apps_whatever_its_types_and_names() -> None:
    legacy = flask_of("/a/<int:x>/<path:y>", "/b/<uuid:x>.json")
    new = fastapi_of("/a/{name}/{rest:path}", "/b/{x}.json")
    assert errors('"GET /a/<int:z>/<path:rest>" = "new"\n"GET /b/<uuid:x>.json" = "new"\n', legacy, new) == []


# --- hooks ---

SAY = "does not run on the new side; say under [hooks] what replaces it"


def hooked(*rules: str) -> Flask:
    app = flask_of(*rules, blueprint="/part")
    app.before_request(load_user)
    app.teardown_request(tidy)
    return app


def test_a_hook_that_a_flipped_route_loses_is_an_error_where_it_may_refuse_and_else_a_warning() -> None:
    legacy = hooked("/a", "/b", "/c", "/d")
    modes = '"GET /a" = "new"\n"GET /b" = { mode = "canary", percent = 1 }\n"GET /c" = "legacy"\n"GET /d" = "legacy"\n'
    lost = [finding for finding in findings(modes, legacy, fastapi_of("/a", "/b", "/c")) if finding.code == "lost-hook"]
    assert lost == [
        Finding(Level.ERROR, "lost-hook", LOAD_USER, f"before_request {SAY}", ("GET /a", "GET /b")),
        Finding(Level.WARNING, "lost-hook", TIDY, f"teardown_request {SAY}", ("GET /a", "GET /b")),
    ]


def test_the_hooks_of_a_blueprint_are_lost_only_by_its_routes() -> None:
    legacy = flask_of("/a", blueprint="/part")
    assert errors('"GET /a" = "new"', legacy, fastapi_of("/a")) == []
    (finding,) = errors('"GET /part" = "new"', legacy, fastapi_of("/part"))
    assert (finding.subject, finding.routes) == (LOAD_USER, ("GET /part",))


def test_wsgi_middleware_that_a_flip_loses_is_an_error() -> None:
    legacy = flask_of("/a")
    legacy.wsgi_app = ProxyFix(legacy.wsgi_app)  # type: ignore[method-assign]
    (finding,) = errors('"GET /a" = "new"', legacy, fastapi_of("/a"))
    name = "werkzeug.middleware.proxy_fix:ProxyFix"
    assert finding == Finding(Level.ERROR, "lost-hook", name, f"wsgi middleware {SAY}", ("GET /a",))


def test_a_hook_that_the_map_answers_for_is_no_finding() -> None:
    text = f'"GET /a" = "new"\n[hooks]\n"{LOAD_USER}" = "Depends(current_user)"\n"{TIDY}" = "nothing to tidy"\n'
    assert [finding.code for finding in findings(text, hooked("/a"), fastapi_of("HEAD,GET /a"))] == ["unlisted-legacy"]


def test_a_hook_that_the_flask_app_does_not_have_is_a_warning_with_the_closest() -> None:
    text = f'[hooks]\n"{LOAD_USER}s" = "moved"\n"x:y" = "moved"\n'
    assert [finding for finding in findings(text, hooked(), None) if finding.code == "unknown-hook"] == [
        Finding(
            Level.WARNING,
            "unknown-hook",
            f"{LOAD_USER}s",
            f'listed under [hooks] of m.toml, but the Flask app has no such hook; did you mean "{LOAD_USER}"?',
        ),
        Finding(
            Level.WARNING,
            "unknown-hook",
            "x:y",
            "listed under [hooks] of m.toml, but the Flask app has no such hook",
        ),
    ]


# --- the rest ---


def test_a_route_that_never_runs_is_a_warning_on_the_new_side_and_a_note_in_flask() -> None:
    legacy, new = flask_of("/<x>", "/<y>"), fastapi_of("/a/{x}", "/a/new")
    of_new = 'never runs: the new side has "GET /a/<x>" before it, which takes its requests'
    of_flask = 'never runs: Flask has "GET /<x>" before it, which takes its requests'
    assert [finding for finding in findings("", legacy, new) if finding.code == "hidden-route"] == [
        Finding(Level.WARNING, "hidden-route", "GET /a/new", of_new, ("GET /a/new",)),
        Finding(Level.NOTE, "hidden-route", "GET /<y>", of_flask, ("GET /<y>",)),
    ]


def test_what_the_map_does_not_list_is_told_but_not_fastapis_documentation() -> None:
    found = findings('"GET /both" = "legacy"', flask_of("/both", "/a", "POST /b"), fastapi_of("/both", "/c", "WS /d"))
    assert found == [
        Finding(
            Level.WARNING,
            "unlisted-new",
            "2 routes",
            "the new side has them, but the map does not list them, so the default answers",
            ("GET /c", "WS /d"),
        ),
        Finding(
            Level.NOTE,
            "unlisted-legacy",
            "2 routes",
            "Flask has them and the map does not list them, so the default answers",
            ("GET /a", "POST /b"),
        ),
    ]


def test_a_flipped_get_whose_head_flask_answered_is_a_note() -> None:
    legacy, new = flask_of("/a", "/b", "/c", "POST /d"), fastapi_of("/a", "GET,HEAD /b", "/c", "POST /d", "/only")
    lines = ['"GET /a" = "new"', '"GET /b" = "new"', '"GET /c" = "legacy"', '"POST /d" = "new"', '"GET /only" = "new"']
    message = "flipped, but HEAD stays with Flask: the new side lacks it; `@app.head` beside `@app.get` has it"
    assert findings("\n".join(lines), legacy, new) == [Finding(Level.NOTE, "no-head", "1 route", message, ("GET /a",))]


def test_the_worst_stands_first() -> None:
    legacy, new = hooked("/a", "/b", "/c"), fastapi_of("/a", "/x/{y}", "/x/z")
    levels = [finding.level for finding in findings('"GET /a" = "new"\n"GET /nowhere" = "new"\n', legacy, new)]
    assert levels == [Level.ERROR] * 2 + [Level.WARNING] * 3 + [Level.NOTE] * 2


def test_routes_below_the_gateways_own_prefix_never_get_a_request() -> None:
    legacy, new = flask_of("/_gateway/health", "/_gatewayed", "/a"), fastapi_of("/_gateway", "/a")
    text = 'but the gateway answers below "/_gateway" by itself; give it another path'
    assert errors('"GET /a" = "legacy"', legacy, new) == [
        Finding(Level.ERROR, "reserved-prefix", key, f"{side}'s, {text}", (key,))
        for side, key in (("Flask", "GET /_gateway/health"), ("the new side", "GET /_gateway"))
    ]


def test_what_a_mounted_app_answers_where_its_routes_end_is_no_route_to_list() -> None:
    new, below = fastapi_of(), fastapi_of("/x")
    new.mount("/sub", below)
    (found,) = findings("", flask_of(), new)
    assert (found.code, found.routes) == ("unlisted-new", ("GET /sub/x",))


def test_routes_by_host_are_named() -> None:
    new = fastapi_of("/x")
    new.host("api.test", fastapi_of("/y"))
    message = "the new side has them for one host, and no line tells hosts apart, so the default answers"
    keys = ("GET /y (host api.test)", "/<path:path> (host api.test)")
    found = findings('"GET /x" = "new"', flask_of("POST /x"), new)
    assert Finding(Level.WARNING, "new-by-host", "2 routes", message, keys) in found


# --- the rows ---


def test_every_route_of_both_apps_has_a_row_once() -> None:
    legacy, new = flask_of("GET,POST /a", "/b", "/c/<int:x>"), fastapi_of("/a", "DELETE /c/{y}", "/d", "WS /e")
    text = '[gateway]\n[routes]\n"GET /a" = "new"\n"GET,DELETE /c/<int:x>" = "legacy"\n"WS /e" = "new"\n'
    rows = project_of(text, legacy, new).rows
    shown = [
        (row.key, row.route and row.route.listed, row.is_flipped, len(row.legacy.routes), len(row.new.routes))
        for row in rows
        if not any(have.is_documentation for have in row.new.routes)
    ]
    assert shown == [
        ("GET /a", True, True, 1, 1),
        ("POST /a", False, False, 1, 0),
        ("GET /b", False, False, 1, 0),
        ("GET,DELETE /c/<int:x>", True, False, 1, 1),
        ("WS /e", True, True, 0, 1),
        ("GET /d", None, False, 0, 1),
    ]
    (row,) = (row for row in rows if row.key == "GET,DELETE /c/<int:x>")
    assert (row.legacy.missing, row.new.missing) == (("DELETE",), ("GET",))


# --- what a flip adds ---


def error(subject: str, *routes: str, code: str = "lost-hook", level: Level = Level.ERROR) -> Finding:
    return Finding(level, code, subject, "message", routes)


@pytest.mark.parametrize(
    ("before", "after", "added"),
    [
        ([], [], []),
        ([], [error("hook", "GET /a")], [error("hook", "GET /a")]),
        ([error("hook", "GET /a")], [error("hook", "GET /a")], []),
        ([error("hook", "GET /a", "GET /b")], [error("hook", "GET /b")], []),
        ([error("hook", "GET /a")], [error("hook", "GET /a", "GET /b")], [error("hook", "GET /a", "GET /b")]),
        ([error("hook", "GET /a")], [error("other", "GET /a")], [error("other", "GET /a")]),
        ([error("x", "x", code="unknown-route")], [error("x", "x")], [error("x", "x")]),
        ([error("x", "x", level=Level.WARNING)], [error("x", "x")], [error("x", "x")]),
        ([], [error("x", "x", level=Level.WARNING)], []),
        ([], [error("no route")], [error("no route")]),
        ([error("no route")], [error("no route")], []),
    ],
)
def test_a_flip_adds_the_errors_that_were_not_there(
    before: list[Finding], after: list[Finding], added: list[Finding]
) -> None:
    assert list(new_errors(before, after)) == added


# --- evidence ---


def test_each_flipped_route_whose_evidence_is_stale_is_a_warning() -> None:
    standing = EvidenceStatus({"GET /a": ("the policy changed", "mismatched: 1 of 7 requests differ")})
    message = "flipped, but the policy changed; mismatched: 1 of 7 requests differ"
    assert standing_findings(standing) == [Finding(Level.WARNING, "stale-evidence", "GET /a", message, ("GET /a",))]


@pytest.mark.parametrize(("has_begun", "level"), [(False, Level.NOTE), (True, Level.WARNING)])
def test_routes_that_nothing_has_compared_are_one_finding(has_begun: bool, level: Level) -> None:
    keys = ("GET /a", "GET /b")
    message = "flipped, but no parity run has compared both sides: `gateway parity` does"
    found = standing_findings(EvidenceStatus(uncovered=keys, has_begun=has_begun))
    assert found == [Finding(level, "no-evidence", "2 routes", message, keys)]


@pytest.mark.parametrize("standing", [None, EvidenceStatus(), EvidenceStatus(has_begun=False)])
def test_where_nothing_is_lacking_nothing_is_found(standing: EvidenceStatus | None) -> None:
    assert standing_findings(standing) == []


def standing_findings(standing: EvidenceStatus | None) -> list[Finding]:
    return list(check(project_of("[gateway]\n"), standing))
