"""The file becomes frozen values, or all its faults together: each with file, line, key path and what to do."""

from __future__ import annotations

import hashlib
import re
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from gateway.config.map_file import MigrationMap, load_map, parse_map, parse_route_key, parse_routes
from gateway.errors import MapError
from gateway.routing.route import Backend, Mode, Route, SourceLine

EXAMPLE = """\
[gateway]
legacy  = "legacy_flask:create_app"      # module:attribute, an app or a factory
new     = "new_fastapi:create_app"
default = "new"
served_by_header = true
sticky = "cookie:session"

[routes]
"GET /todos"                 = "new"
"POST /todos"                = "legacy"
"GET /users/<int:user_id>"   = { mode = "canary", percent = 10 }
"GET,POST /feedback"         = "legacy"
"/static/<path:filename>"    = { mode = "new", sticky = "client" }
"WS /live"                   = "new"

[hooks]
"shop:load_user" = "Depends(current_user)"
"""


def faults_of(text: str) -> list[str]:
    return [str(fault) for fault in parse_map(text, "m.toml").faults]


def routes_faults(*lines: str) -> list[str]:
    """The faults of lines under [routes]; the first stands on line 3."""
    return faults_of("\n".join(["[gateway]", "[routes]", *lines]))


# --- good maps ---


def test_a_map_becomes_values(tmp_path: Path) -> None:
    path = tmp_path / "migration_map.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    get, post = frozenset({"GET", "HEAD"}), frozenset({"POST"})

    def route(line: int, methods: frozenset[str] | None, rule: str, mode: Mode, **options: Any) -> Route:
        return Route(methods, rule, mode, **{"sticky": "cookie:session", **options}, source=SourceLine(str(path), line))

    assert load_map(path) == MigrationMap(
        legacy="legacy_flask:create_app",
        new="new_fastapi:create_app",
        default=Backend.NEW,
        served_by_header=True,
        routes=(
            route(9, get, "/todos", Mode.NEW),
            route(10, post, "/todos", Mode.LEGACY),
            route(11, get, "/users/<int:user_id>", Mode.CANARY, percent=10.0),
            route(12, get | post, "/feedback", Mode.LEGACY),
            route(13, None, "/static/<path:filename>", Mode.NEW, sticky="client"),
            route(14, frozenset({"WS"}), "/live", Mode.NEW),
        ),
        hooks=(("shop:load_user", "Depends(current_user)"),),
        path=str(path),
        version=hashlib.sha256(EXAMPLE.encode()).hexdigest()[:12],
    )


def test_a_map_never_changes() -> None:
    map_ = parse_map(EXAMPLE).checked()
    assert all(route.listed for route in map_.routes)
    with pytest.raises(FrozenInstanceError):
        map_.default = Backend.LEGACY  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        map_.routes[0].mode = Mode.LEGACY  # type: ignore[misc]


def test_all_that_is_not_said_has_a_default() -> None:
    map_ = parse_map("[gateway]\n").checked()
    assert map_ == MigrationMap(path="migration_map.toml", version=map_.version)
    assert (map_.default, map_.served_by_header, map_.routes) == (Backend.LEGACY, False, ())


def test_each_text_has_its_version() -> None:
    versions = [parse_map(text).map.version for text in (EXAMPLE, EXAMPLE, f"{EXAMPLE}\n", "[gateway]\n")]
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


def test_a_map_may_be_given_in_python() -> None:
    parsed = parse_routes({"GET /x": "new", "/y": {"mode": "canary", "percent": 2.5}}, "new")
    get, source = frozenset({"GET", "HEAD"}), SourceLine("Gateway(...)", None)
    assert parsed.faults == ()
    assert parsed.map.default is Backend.NEW
    assert parsed.map.routes == (
        Route(get, "/x", Mode.NEW, source=source),
        Route(None, "/y", Mode.CANARY, percent=2.5, source=source),
    )
    assert (
        parsed.map.version
        == parse_routes({"/y": {"mode": "canary", "percent": 2.5}, "GET /x": "new"}, "new").map.version
    )


def test_the_faults_of_a_map_in_python_have_no_line() -> None:
    parsed = parse_routes({"GET /x": "nwe"}, "lagacy")
    assert [str(fault) for fault in parsed.faults] == [
        'Gateway(...): gateway.default: "lagacy" is none of "legacy", "new"; did you mean "legacy"?',
        'Gateway(...): routes."GET /x": "nwe" is none of "legacy", "canary", "new"; did you mean "new"?',
    ]
    with pytest.raises(MapError) as caught:
        parsed.checked()
    assert caught.value.faults == parsed.faults


@pytest.mark.parametrize(
    "form",
    [
        '"GET /x" = { mode = "canary", percent = 10 }',
        "'GET /x' = { percent = 10.0, mode = 'canary' }",
        '"GET /x".mode = "canary"\n"GET /x".percent = 10',
        '[routes."GET /x"]\nmode = "canary"\npercent = 10',
        '"  GET   /x " = { mode = "canary", percent = 1e1 }',
    ],
)
def test_a_route_may_be_written_in_any_way_of_toml(form: str) -> None:
    (route,) = parse_map(f"[gateway]\n[routes]\n{form}\n").checked().routes
    assert (route.key, route.mode, route.percent, route.source.line) == ("GET /x", Mode.CANARY, 10.0, 3)


@pytest.mark.parametrize(
    "sticky", ["client", "cookie:session", "cookie:__Host-id", "header:X-User", "header:a!#$%&'*+.^_`|~"]
)
def test_a_canary_sticks_to_a_client_a_cookie_or_a_header(sticky: str) -> None:
    (route,) = parse_routes({"/x": {"mode": "canary", "percent": 1, "sticky": sticky}}, "legacy").checked().routes
    assert route.sticky == sticky


@pytest.mark.parametrize("percent", [0, 0.01, 100])
def test_a_percent_is_from_0_to_100(percent: float) -> None:
    (route,) = parse_routes({"/x": {"mode": "canary", "percent": percent}}, "legacy").checked().routes
    assert route.percent == percent


# --- route keys ---


@pytest.mark.parametrize(
    ("text", "methods", "rule"),
    [
        ("GET /todos", {"GET", "HEAD"}, "/todos"),
        ("POST /todos", {"POST"}, "/todos"),
        ("GET,POST /feedback", {"GET", "HEAD", "POST"}, "/feedback"),
        ("GET, POST  /feedback", {"GET", "HEAD", "POST"}, "/feedback"),
        ("HEAD /todos", {"HEAD"}, "/todos"),
        ("/static/<path:filename>", None, "/static/<path:filename>"),
        ("  /x  ", None, "/x"),
        ("/with space /x", None, "/with space /x"),
        ("WS /live", {"WS"}, "/live"),
        ("PROPFIND,QUERY /dav", {"PROPFIND", "QUERY"}, "/dav"),
        ("GET /", {"GET", "HEAD"}, "/"),
    ],
)
def test_a_route_key_is_methods_and_a_rule(text: str, methods: set[str] | None, rule: str) -> None:
    assert parse_route_key(text) == (methods, rule)


SHAPE = 'a route is "METHODS /rule", like "GET /todos" or "/static/<path:filename>"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("get /x", 'unknown method "get"; did you mean "GET"?'),
        ("gte /x", 'unknown method "gte"; did you mean "GET"?'),
        ("GET,delte /x", 'unknown method "delte"; did you mean "DELETE"?'),
        ("GET POST /x", 'unknown method "GET POST"; did you mean "POST"?'),
        ("GET, /x", 'unknown method ""'),
        ("WS,GET /x", '"WS" stands alone; give the other methods a line of their own'),
        ("GET x", SHAPE),
        ("GET/x", SHAPE),
        ("GET", SHAPE),
        ("", SHAPE),
        ("GET /x\n/y", SHAPE),
    ],
)
def test_a_bad_route_key_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_route_key(text)


# --- bad maps ---

CANARY = 'a canary needs its share: { mode = "canary", percent = 10 }, or --percent 10 with `gateway flip`'
MODES = '"legacy", "canary", "new"'
NOT_YET = 'mirrors nothing yet; it comes with live rollout; write "legacy"'
SETTINGS = "legacy, new, default, served_by_header, sticky"
PERCENT = "is not a percentage; write a number from 0 to 100"
STICKY = 'is no sticky key; write "client", "cookie:NAME" or "header:NAME"'


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('"GET /x" = "nwe"', f'routes."GET /x": "nwe" is none of {MODES}; did you mean "new"?'),
        ('"GET /x" = "flask"', f'routes."GET /x": "flask" is none of {MODES}'),
        ('"GET /x" = true', f'routes."GET /x": true is none of {MODES}'),
        ('"GET /x" = ["new"]', f"routes.\"GET /x\": ['new'] is none of {MODES}"),
        ('"GET /x" = { mode = "nwe" }', f'routes."GET /x": "nwe" is none of {MODES}; did you mean "new"?'),
        ('"GET /x" = "shadow"', f'routes."GET /x": "shadow" {NOT_YET}'),
        ('"GET /x" = { mode = "shadow" }', f'routes."GET /x": "shadow" {NOT_YET}'),
        ('"GET /x" = {}', 'routes."GET /x": no mode; write mode = "legacy", "canary" or "new"'),
        (
            '"GET /x" = { mode = "new", percnt = 5 }',
            'routes."GET /x".percnt: unknown option "percnt"; did you mean "percent"?',
        ),
        (
            '"GET /x" = { mode = "new", weight = 5 }',
            'routes."GET /x".weight: unknown option "weight"; known are mode, percent, sticky',
        ),
        (
            '"GET /x" = "canary"',
            f'routes."GET /x": {CANARY}',
        ),
        ('"GET /x" = { mode = "canary", percent = 101 }', f'routes."GET /x".percent: 101 {PERCENT}'),
        ('"GET /x" = { mode = "canary", percent = -0.1 }', f'routes."GET /x".percent: -0.1 {PERCENT}'),
        ('"GET /x" = { mode = "canary", percent = "10" }', f'routes."GET /x".percent: "10" {PERCENT}'),
        ('"GET /x" = { mode = "canary", percent = true }', f'routes."GET /x".percent: true {PERCENT}'),
        ('"GET /x" = { mode = "canary", percent = nan }', f'routes."GET /x".percent: nan {PERCENT}'),
        ('"GET /x" = { mode = "canary", percent = inf }', f'routes."GET /x".percent: inf {PERCENT}'),
        ('"GET /x" = { mode = "new", sticky = "cookie" }', f'routes."GET /x".sticky: "cookie" {STICKY}'),
        ('"GET /x" = { mode = "new", sticky = "cookie:a b" }', f'routes."GET /x".sticky: "cookie:a b" {STICKY}'),
        ('"GET /x" = { mode = "new", sticky = 1 }', f'routes."GET /x".sticky: 1 {STICKY}'),
        ('"gte /x" = "new"', 'routes."gte /x": unknown method "gte"; did you mean "GET"?'),
        ('"todos" = "new"', f"routes.todos: {SHAPE}"),
        (
            '"WS /x" = "legacy"',
            'routes."WS /x": a websocket can only be "new": WSGI has none, so it cannot be "legacy"',
        ),
        (
            '"WS /x" = { mode = "canary", percent = 10 }',
            'routes."WS /x": a websocket can only be "new": WSGI has none, so it cannot be "canary"',
        ),
    ],
)
def test_a_bad_route_has_its_line_and_what_to_write(line: str, fault: str) -> None:
    assert routes_faults(line) == [f"m.toml:3: {fault}"]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ['m.toml: no [gateway] table; it names the two apps: legacy = "module:app"']),
        ('gateway = "x"\n', ["m.toml:1: gateway: not a table; write [gateway] on a line of its own"]),
        ('routes = "x"\n[gateway]\n', ["m.toml:1: routes: not a table; write [routes] on a line of its own"]),
        ("[gateway]\n[[routes]]\n", ["m.toml:2: routes: not a table; write [routes] on a line of its own"]),
        ("[gateway]\n[rotues]\n", ['m.toml:2: rotues: unknown table "rotues"; did you mean "routes"?']),
        ("[gateway]\n[x]\n", ['m.toml:2: x: unknown table "x"; known are gateway, routes, hooks, bridge, parity']),
        (
            '"GET /x" = "new"\n[gateway]\n',
            ['m.toml:1: "GET /x": unknown table "GET /x"; known are gateway, routes, hooks, bridge, parity'],
        ),
        ('[gateway]\nlegcy = "a:b"\n', ['m.toml:2: gateway.legcy: unknown setting "legcy"; did you mean "legacy"?']),
        (
            "[gateway]\nport = 1\n",
            [
                f'm.toml:2: gateway.port: unknown setting "port"; known are {SETTINGS}',
            ],
        ),
        (
            "[gateway]\nlegacy = 1\nnew = []\n",
            ['m.toml:2: gateway.legacy: 1 is not "module:app"', 'm.toml:3: gateway.new: [] is not "module:app"'],
        ),
        ('[gateway]\ndefault = "canary"\n', ['m.toml:2: gateway.default: "canary" is none of "legacy", "new"']),
        ('[gateway]\nserved_by_header = "yes"\n', ['m.toml:2: gateway.served_by_header: "yes" is not true or false']),
        ('[gateway]\nsticky = "ip"\n[routes]\n"/x" = "new"\n', [f'm.toml:2: gateway.sticky: "ip" {STICKY}']),
        ("[gateway]\n[bridge]\nwait = 5\n", ['m.toml:3: bridge.wait: is called "wait_seconds" now']),
        ("[gateway]\n[bridge]\nspool = 5\n", ['m.toml:3: bridge.spool: is called "spool_mib" now']),
        (
            '[gateway]\n[hooks]\n"a:b" = ""\n"c:d" = true\n',
            [
                'm.toml:3: hooks."a:b": say in a text what replaces this hook on the new side, or why none must',
                'm.toml:4: hooks."c:d": say in a text what replaces this hook on the new side, or why none must',
            ],
        ),
    ],
)
def test_a_bad_setting_has_its_line_and_what_to_write(text: str, faults: list[str]) -> None:
    assert faults_of(text) == faults


def test_all_faults_are_reported_together_in_the_order_of_the_file() -> None:
    text = """\
[gateway]
legcy = "shop:app"
default = "flask"

[routes]
"gte /a" = "nwe"
"GET /b" = { mode = "canary", percent = 400, stick = "client" }
# a comment

"GET /c" = "new"
["rules"]
"""
    with pytest.raises(MapError) as caught:
        parse_map(text, "m.toml").checked()
    assert [str(fault) for fault in caught.value.faults] == [
        'm.toml:2: gateway.legcy: unknown setting "legcy"; did you mean "legacy"?',
        'm.toml:3: gateway.default: "flask" is none of "legacy", "new"',
        'm.toml:6: routes."gte /a": unknown method "gte"; did you mean "GET"?',
        f'm.toml:6: routes."gte /a": "nwe" is none of {MODES}; did you mean "new"?',
        'm.toml:7: routes."GET /b".stick: unknown option "stick"; did you mean "sticky"?',
        f'm.toml:7: routes."GET /b".percent: 400 {PERCENT}',
        'm.toml:11: rules: unknown table "rules"; did you mean "routes"?',
    ]


def test_only_what_is_without_fault_is_in_the_map() -> None:
    lines = ['"GET /a" = "nwe"', '"GET /b" = "new"', '"gte /c" = "new"', '"GET /d" = { mode = "new", percent = 400 }']
    parsed = parse_map("\n".join(["[gateway]", "[routes]", *lines]))
    assert [route.key for route in parsed.map.routes] == ["GET /b"]


def test_a_fault_inside_a_route_of_many_lines_has_the_line_of_its_own_key() -> None:
    text = '[gateway]\n\n[routes."GET /x"]\n# why\nmode = "canary"\npercent = 400\n'
    assert faults_of(text) == [f'm.toml:6: routes."GET /x".percent: 400 {PERCENT}']


# --- not TOML ---


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[gateway]\n[routes]\n"GET /x" = nwe\n', "m.toml:3: not TOML: Invalid value at column 12; texts need quotes"),
        (
            '[gateway\nlegacy = "a:b"\n',
            "m.toml:1: not TOML: Expected ']' at the end of a table declaration at column 9; texts need quotes",
        ),
        ('[gateway]\nlegacy = "a:b', "m.toml: not TOML: Unterminated string (at end of document); texts need quotes"),
        (
            '[[parity.ignore]]\nwhere = "a"\n[[parity.ignore]]\nwhere = "b"\n[gateway\n',
            "m.toml:5: not TOML: Expected ']' at the end of a table declaration at column 9; texts need quotes",
        ),
        (
            '[[parity.ignore]]\nwhere = "a"\nwhere = "b"\n',
            "m.toml:3: parity.ignore.where: stands twice (first on line 2); keep one of the two",
        ),
        (
            '[gateway]\n[routes]\n"GET /x" = "new"\n\n"GET /x" = "legacy"\n',
            'm.toml:5: routes."GET /x": stands twice (first on line 3); keep one of the two',
        ),
        (
            '[gateway]\n[routes]\n"GET /x" = "new"\n"GET /x".mode = "new"\n',
            'm.toml:4: routes."GET /x": stands twice (first on line 3); keep one of the two',
        ),
        (
            "[gateway]\n[routes]\n[routes]\n",
            "m.toml:3: not TOML: Cannot declare ('routes',) twice at column 8; texts need quotes",
        ),
        (
            '[gateway]\n[routes]\n"GET /x".mode = "canary"\n"GET /x".percent = 10\n"GET /y" = nwe\n',
            "m.toml:5: not TOML: Invalid value at column 12; texts need quotes",
        ),
    ],
)
def test_what_is_not_toml_has_the_line_of_its_first_fault(text: str, fault: str) -> None:
    with pytest.raises(MapError) as caught:
        parse_map(text, "m.toml")
    assert str(caught.value) == fault


def test_a_file_that_is_not_there_tells_how_to_write_one(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    with pytest.raises(MapError) as caught:
        load_map(path)
    message = "cannot be read: No such file or directory; `gateway init module:app` writes a first map"
    assert str(caught.value) == f"{path}: {message}"


def test_a_file_that_is_not_utf_8_tells_where(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes("[gateway]\n# café\n".encode("latin-1"))
    with pytest.raises(MapError) as caught:
        load_map(path)
    assert str(caught.value) == f"{path}: not UTF-8 at byte 15; save it as UTF-8"


def test_the_faults_of_a_file_are_those_of_its_text(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text('[gateway]\n[routes]\n"GET /x" = "nwe"\n', encoding="utf-8")
    with pytest.raises(MapError) as caught:
        load_map(path)
    assert str(caught.value) == f'{path}:3: routes."GET /x": "nwe" is none of {MODES}; did you mean "new"?'
