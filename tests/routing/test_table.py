"""Which side answers: the map's routes over the Flask app's own rules."""

from __future__ import annotations

import random
import time
from itertools import permutations, zip_longest
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import BaseConverter, Rule, ValidationError
from werkzeug.routing.rules import RulePart

from gateway.config.map_file import parse_map, parse_routes
from gateway.errors import MapError
from gateway.routing.compiler import hidden_rules, own_methods
from gateway.routing.decision import Match
from gateway.routing.inventory import Inventory
from gateway.routing.matcher import parts_of, takes_any_segment
from gateway.routing.route import Backend
from gateway.routing.table import RouteTable
from tests.support.gateway_apps import scope_of
from tests.support.versions import REFUSES_LONG_NUMBERS

LEGACY, NEW = Backend.LEGACY, Backend.NEW
TOO_LONG = ["/" + "9" * 5000] if REFUSES_LONG_NUMBERS else []


class Even(BaseConverter):
    """Refuses some of what its pattern lets through."""

    regex = r"\d+"

    def to_python(self, value: str) -> int:
        if int(value[-1]) % 2:
            raise ValidationError
        return int(value)


class Slug(BaseConverter):
    regex = r"[a-z]+(?:-[a-z]+)*"
    weight = 60


def flask_app(*rules: str, **settings: Any) -> Flask:
    """A Flask app with these rules, written as in a map: `"POST /x"`, or a bare rule for GET."""
    app = Flask("generated", static_folder=None)
    app.url_map.converters.update(even=Even, slug=Slug)
    for name, value in settings.items():
        setattr(app.url_map, name, value)
    for number, text in enumerate(rules):
        methods, _, rule = text.rpartition(" ")
        app.add_url_rule(rule, f"view{number}", methods=methods.split(",") if methods else None)
    return app


def table(routes: dict[str, Any], *flask_rules: str, default: str = "legacy", **settings: Any) -> RouteTable:
    parsed = parse_routes(routes, default)
    url_map = flask_app(*flask_rules, **settings).url_map
    return RouteTable.compile(parsed.checked().routes, Inventory(url_map), default=parsed.map.default)


def faults_of(routes: dict[str, Any] | str, *flask_rules: str, **settings: Any) -> list[str]:
    parsed = parse_map(routes, "m.toml") if isinstance(routes, str) else parse_routes(routes, "legacy")
    with pytest.raises(MapError) as caught:
        RouteTable.compile(parsed.checked().routes, Inventory(flask_app(*flask_rules, **settings).url_map))
    return [str(fault) for fault in caught.value.faults]


# --- who answers ---


@pytest.mark.parametrize(
    ("request_line", "backend", "key"),
    [
        ("GET /todos", NEW, "GET /todos"),
        ("HEAD /todos", NEW, "GET /todos"),
        ("POST /todos", LEGACY, "POST /todos"),
        ("DELETE /todos", LEGACY, "DELETE /todos"),
        ("GET /users/7", None, "GET /users/<int:user_id>"),
        ("GET /feedback", NEW, "GET,POST /feedback"),
        ("POST /feedback", NEW, "GET,POST /feedback"),
        ("GET /static/a/b.css", NEW, "/static/<path:filename>"),
        ("PURGE /static/a/b.css", NEW, "/static/<path:filename>"),
        ("WS /live", NEW, "WS /live"),
        ("GET /unlisted", LEGACY, "GET /unlisted"),
        ("GET /nowhere", LEGACY, None),
        ("GET /todos2", LEGACY, None),
    ],
)
def test_the_map_decides_and_unlisted_is_legacy(request_line: str, backend: Backend | None, key: str | None) -> None:
    routes = {
        "GET /todos": "new",
        "POST /todos": "legacy",
        "GET /users/<int:user_id>": {"mode": "canary", "percent": 10},
        "GET,POST /feedback": "new",
        "/static/<path:filename>": "new",
        "WS /live": "new",
    }
    flask_rules = ("/todos", "POST /todos", "DELETE /todos", "/users/<int:id>", "GET,POST /feedback", "/unlisted")
    method, path = request_line.split()
    match = table(routes, *flask_rules).match(method, path)
    assert match.backend is backend
    assert (match.route and match.route.key) == key


@pytest.mark.parametrize(("default", "backend"), [("legacy", LEGACY), ("new", NEW)])
def test_what_nobody_lists_gets_the_default(default: str, backend: Backend) -> None:
    routes = table({"GET /x": "legacy"}, "/x", "/unlisted", default=default)
    assert routes.match("GET", "/nowhere") == Match(None, backend, "default")
    unlisted = routes.match("GET", "/unlisted")
    assert unlisted.backend is backend
    assert unlisted.route is not None
    assert not unlisted.route.listed


@pytest.mark.parametrize(
    ("path", "backend"),
    [("/users/new", LEGACY), ("/users/ada", NEW), ("/users/ada/posts", LEGACY), ("/users/7", LEGACY)],
)
def test_a_listed_rule_does_not_take_what_flask_keeps(path: str, backend: Backend) -> None:
    flask_rules = ("/users/<name>", "/users/new", "/users/<int:id>", "/<path:anything>")
    assert table({"GET /users/<name>": "new"}, *flask_rules).match("GET", path).backend is backend


def test_a_flask_rule_of_one_method_keeps_only_that_method() -> None:
    routes = table({"GET,POST /users/<name>": "new"}, "GET,POST /users/<name>", "POST /users/new")
    assert routes.match("POST", "/users/new").backend is LEGACY
    assert routes.match("GET", "/users/new").backend is NEW


@pytest.mark.parametrize(
    "kept", [{"build_only": True}, {"websocket": True}], ids=["a rule only for building URLs", "a websocket's rule"]
)
def test_a_flask_rule_that_answers_no_request_takes_none(kept: dict[str, bool]) -> None:
    app = flask_app("/<name>")
    app.url_map.add(Rule("/special", endpoint="special", methods=["GET"], **kept))
    routes = RouteTable.compile(parse_routes({"GET /<name>": "new"}, "legacy").map.routes, Inventory(app.url_map))
    assert routes.match("GET", "/special").backend is NEW


def test_without_a_flask_app_only_the_map_counts() -> None:
    listed = parse_routes({"GET /a/<x>": "new", "GET /a/b": "legacy"}, "new").map
    routes = RouteTable.compile(listed.routes, Inventory(), default=listed.default)
    assert [routes.match("GET", path).backend for path in ("/a/b", "/a/c", "/d")] == [LEGACY, NEW, NEW]


ROUTES = {"GET /<x>": "legacy", "GET /new": "new", "GET /<int:x>": "new", "GET /<any(b,a):x>": "new"}


@pytest.mark.parametrize("order", list(permutations(ROUTES)))
def test_the_order_of_the_file_never_matters(order: tuple[str, ...]) -> None:
    ordered = table({key: ROUTES[key] for key in order}, "/new")
    assert [route.key for route in ordered.routes] == ["GET /new", "GET /<any(b,a):x>", "GET /<int:x>", "GET /<x>"]
    found = {path: ordered.match("GET", path).backend for path in ("/new", "/7", "/a", "/other")}
    assert found == {"/new": NEW, "/7": NEW, "/a": NEW, "/other": LEGACY}


def test_flasks_order_decides_between_rules_of_equal_weight() -> None:
    flask_rules = ["/<any(a,b):x>", "/<string(length=1):x>"]
    listed = {"GET /<any(a,b):x>": "legacy", "GET /<string(length=1):x>": "new"}
    assert table(listed, *flask_rules).match("GET", "/a").backend is LEGACY
    assert table(listed, *reversed(flask_rules)).match("GET", "/a").backend is NEW


# --- converters and the Flask app's own settings ---


@pytest.mark.parametrize(
    ("rule", "taken", "refused"),
    [
        ("/<int:x>", ["/7", "/007", "/\u0661"], ["/-1", "/+1", "/1_000", "/1.0", "/ 1", "/7\n", *TOO_LONG]),
        ("/<int(min=5,max=20):x>", ["/5", "/20"], ["/4", "/21"]),
        ("/<int(signed=True):x>", ["/-1", "/1"], ["/--1"]),
        ("/<float:x>", ["/1.5"], ["/1", "/1e5", "/-1.5", "/nan"]),
        ("/<uuid:x>", ["/6a1f0f0e-8c1a-4b57-9f0e-0123456789ab"], ["/6a1f0f0e8c1a4b579f0e0123456789ab", "/zz"]),
        ("/<path:x>", ["/a", "/a/b", "/a%2Fb"], ["/"]),
        ("/<any(a,b):x>", ["/a", "/b"], ["/c", "/ab"]),
        ("/<string(length=2):x>", ["/ab"], ["/a", "/abc"]),
        ("/<x>", ["/a", "/a\n", "/é"], ["/", "/a/b"]),
        ("/<even:x>", ["/8"], ["/7", "/a"]),
        ("/<slug:x>", ["/two-words"], ["/Two", "/a--b"]),
        ("/v<int:x>.json", ["/v7.json"], ["/v.json", "/v7"]),
    ],
)
def test_converters_mean_what_werkzeug_means(rule: str, taken: list[str], refused: list[str]) -> None:
    routes = table({f"GET {rule}": "new"})
    assert [path for path in taken if routes.match("GET", path).route is None] == []
    assert [path for path in refused if routes.match("GET", path).route is not None] == []


def test_what_a_converter_refuses_is_not_the_routes() -> None:
    routes = table({"GET /n/<int(max=5):x>": "new"}, "/n/<int(max=5):x>")
    assert routes.match("GET", "/n/9") == Match(None, LEGACY, "default")
    assert routes.match("POST", "/n/9") == Match(None, NEW, "other-method")


@pytest.mark.parametrize(
    ("listed", "flask_rule"),
    [
        ("/n/<int:x>", "/n/<int(min=1):x>"),
        ("/n/<int(max=5):x>", "/n/<int:x>"),
        ("/n/<even:x>", "/n/<int:x>"),
    ],
)
def test_limits_other_than_flasks_are_refused_for_they_would_take_or_lose_paths(listed: str, flask_rule: str) -> None:
    message = f'Flask has "{flask_rule}" for the same paths; write the rule as Flask does'
    assert faults_of({f"GET {listed}": "new"}, flask_rule) == [f'Gateway(...): routes."GET {listed}": {message}']


@pytest.mark.parametrize(
    ("listed", "flask_rule"),
    [
        ("/n/<int( min=1,max=5 ):number>", "/n/<int(min=1,max=5):x>"),
        ("/n/<string:x>", "/n/<x>"),
        ("/n/<even:y>", "/n/<even:x>"),
    ],
)
def test_names_of_variables_may_differ_from_flasks(listed: str, flask_rule: str) -> None:
    assert table({f"GET {listed}": "new"}, flask_rule).match("GET", "/n/4").backend is NEW


@pytest.mark.parametrize("backend", [LEGACY, NEW])
def test_a_missing_slash_goes_to_the_owner_of_the_slashed_route(backend: Backend) -> None:
    match = table({"GET /users/": backend.value}, "/users/").match("GET", "/users")
    assert (match.backend, match.redirect) == (backend, "/users/")


def test_slash_rules_are_those_of_the_method() -> None:
    routes = table({"GET /users/": "new", "POST /users": "legacy"}, "/users/", "POST /users")
    assert routes.match("GET", "/users").redirect == "/users/"
    assert routes.match("POST", "/users").redirect is None
    assert routes.match("POST", "/users").backend is LEGACY


@pytest.mark.parametrize(
    ("settings", "path", "redirect", "is_found"),
    [
        ({}, "/a", "/a/", True),
        ({"strict_slashes": False}, "/a", None, True),
        ({}, "/b/", None, False),
        ({"strict_slashes": False}, "/b/", None, True),
        ({}, "/c//d", "/c/d", True),
        ({"merge_slashes": False}, "/c//d", None, False),
        ({}, "//b", None, True),
    ],
)
@pytest.mark.parametrize("flask_has_it", [True, False])
def test_the_flask_apps_slash_settings_hold(
    settings: dict[str, bool], path: str, redirect: str | None, is_found: bool, flask_has_it: bool
) -> None:
    rules = ("/a/", "/b", "/c/<x>")
    routes = table({f"GET {rule}": "new" for rule in rules}, *(rules if flask_has_it else ()), **settings)
    match = routes.match("GET", path)
    assert (match.route is not None, match.redirect) == (is_found, redirect)


def test_a_flask_rules_own_slash_settings_hold_over_its_apps() -> None:
    app = flask_app()
    app.add_url_rule("/a/", "a", strict_slashes=False)
    app.add_url_rule("/b/<x>", "b", merge_slashes=False)
    listed = parse_routes({"GET /a/": "new", "GET /b/<renamed>": "new"}, "legacy").map.routes
    routes = RouteTable.compile(listed, Inventory(app.url_map))
    assert routes.match("GET", "/a").redirect is None
    assert routes.match("GET", "/a").backend is NEW
    assert routes.match("GET", "/b//c").route is None


# --- methods that no route takes ---

SPLIT = {"GET /split": "new", "POST /split": "legacy"}


@pytest.mark.parametrize(
    ("routes", "request_line", "backend", "allow"),
    [
        ({"GET /x": "new"}, "DELETE /x", NEW, ""),
        ({"GET /x": "new"}, "OPTIONS /x", NEW, ""),
        ({"GET /x": "legacy"}, "OPTIONS /x", LEGACY, ""),
        (SPLIT, "DELETE /split", LEGACY, "GET HEAD POST"),
        (SPLIT, "OPTIONS /split", LEGACY, "GET HEAD OPTIONS POST"),
        ({"GET /c": {"mode": "canary", "percent": 5}}, "PUT /c", LEGACY, "GET HEAD"),
        ({"GET /p/<x>": "new", "POST /p/<int:x>": "legacy"}, "PUT /p/7", LEGACY, "GET HEAD POST"),
        ({"GET /p/<x>": "new", "POST /p/<int:x>": "legacy"}, "PUT /p/a", NEW, ""),
        ({"WS /live": "new"}, "GET /live", LEGACY, ""),
        ({"WS /live": "new", "GET /live": "legacy"}, "POST /live", LEGACY, ""),
    ],
)
def test_a_wrong_method_goes_to_the_owner_and_a_split_path_tells_both_sides_methods(
    routes: dict[str, Any], request_line: str, backend: Backend, allow: str
) -> None:
    method, path = request_line.split()
    match = table(routes).match(method, path)
    assert (match.route, match.backend, match.allow) == (None, backend, frozenset(allow.split()))


def test_a_route_that_names_options_takes_it() -> None:
    assert table({**SPLIT, "OPTIONS /split": "new"}).match("OPTIONS", "/split").backend is NEW


def test_flasks_unlisted_methods_split_a_path_too() -> None:
    match = table({"GET /x": "new"}, "GET,POST /x").match("DELETE", "/x")
    assert match == Match(None, LEGACY, "other-method", allow=frozenset({"GET", "HEAD", "POST"}))


def test_a_split_path_with_the_new_side_as_default_refuses_there_but_answers_options_in_flask() -> None:
    routes = table(SPLIT, default="new")
    assert routes.match("DELETE", "/split").backend is NEW
    assert routes.match("OPTIONS", "/split").backend is LEGACY


# --- explain ---


def explained(routes: RouteTable, method: str, path: str) -> list[tuple[str, str]]:
    explanation = routes.explain(method, path)
    assert (explanation.method, explanation.path) == (method, path)
    assert explanation.match == routes.match(method, path)
    return [(candidate.route.key, candidate.verdict) for candidate in explanation.candidates]


@pytest.mark.parametrize(
    ("request_line", "candidates"),
    [
        (
            "GET /users/7",
            [
                ("GET /users/<int:id>", "wins"),
                ("DELETE /users/<int:id>", "does not take GET"),
                ("GET /users/<name>", "less specific"),
            ],
        ),
        (
            "PATCH /users/7",
            [
                ("GET /users/<int:id>", "does not take PATCH"),
                ("DELETE /users/<int:id>", "does not take PATCH"),
                ("GET /users/<name>", "does not take PATCH"),
            ],
        ),
        ("GET /even/7", [("GET /even/<even:x>", "refuses a variable of the path")]),
        ("POST /even/7", [("GET /even/<even:x>", "does not take POST")]),
        ("GET /slashed", [("GET /slashed/", "wins, by a redirect to /slashed/")]),
        ("POST /files/a/b", [("GET /files/<path:rest>", "does not take POST")]),
        ("GET /", []),
    ],
)
def test_explain_says_why_each_route_wins_or_loses(request_line: str, candidates: list[tuple[str, str]]) -> None:
    routes = table(
        {"GET /users/<int:id>": "new", "GET /even/<even:x>": "new", "GET /slashed/": "new"},
        "/users/<name>",
        "GET,DELETE /users/<int:id>",
        "/files/<path:rest>",
    )
    method, path = request_line.split()
    assert explained(routes, method, path) == candidates


# --- bad routes ---


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("GET /<itn:x>", 'unknown converter "itn"; did you mean "int"?'),
        ("GET /<a>/<int(min=1):b>/<slgu:c>", 'unknown converter "slgu"; did you mean "slug"?'),
        ("GET /<regex('[a-z]'):x>", 'unknown converter "regex"'),
        ("GET /<x", "not a Flask rule: malformed url rule: '/<x'"),
        ("GET /<x>/<x>", "not a Flask rule: duplicate argument 'x' in function definition"),
        (
            "GET /<int(least=1):x>",
            "not a Flask rule: NumberConverter.__init__() got an unexpected keyword argument 'least'",
        ),
        ("GET /<any('a:x>", 'not a Flask rule: malformed url rule: "/<any(\'a:x>"'),
        ("GET /_gateway/health", '"/_gateway" is the gateway\'s own prefix; choose another path'),
        ("GET /_gateway", '"/_gateway" is the gateway\'s own prefix; choose another path'),
    ],
)
def test_a_bad_rule_is_refused_with_its_reason(key: str, message: str) -> None:
    assert faults_of({key: "new"}) == [f'Gateway(...): routes."{key}": {message}']


def test_a_path_that_only_begins_like_the_reserved_prefix_is_free() -> None:
    assert table({"GET /_gateway2": "new"}).match("GET", "/_gateway2").backend is NEW


def test_a_custom_converter_whose_pattern_is_broken_is_refused() -> None:
    app = flask_app()
    app.url_map.converters["broken"] = type("Broken", (BaseConverter,), {"regex": "[a-z"})
    with pytest.raises(MapError) as caught:
        RouteTable.compile(parse_routes({"/<broken:x>": "new"}, "legacy").map.routes, Inventory(app.url_map))
    (fault,) = caught.value.faults
    assert fault.message == r"not a Flask rule: bad escape \Z"


MAP = """\
[gateway]
[routes]
"GET /a/<x>"  = "new"
"GET,POST /a/<y>" = "legacy"
"/b" = "new"
"DELETE /b" = "new"
"HEAD /c" = "new"
"GET /c" = "new"
"GET /d/<x>" = "new"
"POST /d/<y>" = "legacy"
"GET /<nit:x>" = "new"
"POST /u/<uuid:x>" = "new"
"GET /u/<uuid:x>" = "new"
"""


def test_all_faults_of_the_rules_are_reported_together_each_naming_both() -> None:
    first = "which takes the same paths; leave this one out"
    assert faults_of(MAP, "/first", "/u/<name>", "POST /u/<other>") == [
        'm.toml:4: routes."GET,POST /a/<y>": the same paths and GET as "GET /a/<x>" (line 3); keep one of the two',
        'm.toml:6: routes."DELETE /b": the same paths and DELETE as "/b" (line 5); keep one of the two',
        'm.toml:8: routes."GET /c": the same paths and HEAD as "HEAD /c" (line 7); keep one of the two',
        'm.toml:11: routes."GET /<nit:x>": unknown converter "nit"; did you mean "int"?',
        f'm.toml:12: routes."POST /u/<uuid:x>": unreachable: Flask tries "/u/<other>" first, {first}',
        f'm.toml:13: routes."GET /u/<uuid:x>": unreachable: Flask tries "/u/<name>" first, {first}',
    ]


def test_two_routes_of_every_method_are_duplicates_too() -> None:
    message = 'the same paths and every method as "/x/<a>"; keep one of the two'
    assert faults_of({"/x/<a>": "new", "/x/<b>": "new"}) == [f'Gateway(...): routes."/x/<b>": {message}']


UUID = "6a1f0f0e-8c1a-4b57-9f0e-0123456789ab"


def test_reachable_is_what_an_earlier_rule_has_opened() -> None:
    """Werkzeug tries parts of equal weight in the order in which any rule brought them, not their own rules' order."""
    rules = ["/<uuid:x>/more", "/<name>", "/<uuid:x>"]
    assert table({"GET /<uuid:x>": "new"}, *rules).match("GET", f"/{UUID}").backend is NEW
    message = 'unreachable: Flask tries "/<name>" first, which takes the same paths; leave this one out'
    rules = ["/<name>/more", "/<uuid:x>", "/<name>"]
    assert faults_of({"GET /<uuid:x>": "new"}, *rules) == [f'Gateway(...): routes."GET /<uuid:x>": {message}']


def test_a_route_behind_a_flask_rule_of_another_method_is_reachable() -> None:
    routes = table({"GET /u/<uuid:x>": "new"}, "POST /u/<name>")
    assert routes.match("GET", "/u/6a1f0f0e-8c1a-4b57-9f0e-0123456789ab").backend is NEW


def test_what_flask_has_compiled_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nine tenths of what a reload of a thousand rules would take."""
    app, compiled = flask_app("/a/<x>", "/b/<int:y>", "/c"), []
    monkeypatch.setattr(Rule, "compile", lambda rule: compiled.append(rule.rule))
    RouteTable.compile(
        parse_routes({"GET /a/<x>": "new", "GET /c": "new"}, "legacy").checked().routes, Inventory(app.url_map)
    )
    assert compiled == []


@pytest.mark.parametrize("seed", range(30))
def test_a_rule_is_hidden_by_the_first_one_that_takes_all_its_requests_before_it(seed: int) -> None:
    drawn = random.Random(seed)
    parts = (
        "a",
        "<x{}>",
        "<any(a,b):x{}>",
        "<uuid:x{}>",
        "<string(length=2):x{}>",
        "p<x{}>",
        "<int:x{}>",
        "<path:x{}>",
    )
    app = Flask("app", static_folder=None)
    for number in range(25):
        rule = "/".join(drawn.choice(parts).format(at) for at in range(drawn.randint(1, 3)))
        methods = drawn.choice([["GET"], ["GET"], ["GET", "POST"], None])
        app.url_map.add(Rule(f"/{rule}{drawn.choice(['', '/'])}", endpoint=str(number), methods=methods))
    rules = [(rule, own_methods(rule)) for rule in app.url_map.iter_rules()]
    parts_of_all = [parts_of(rule) for rule, _ in rules]

    def takes_all(wide: int, narrow: int) -> bool:
        (_, all_methods), (_, methods) = rules[wide], rules[narrow]
        pairs = list(zip_longest(parts_of_all[wide], parts_of_all[narrow]))
        return (
            (all_methods is None or (methods is not None and methods <= all_methods))
            and any(one != other for one, other in pairs)
            and all(one and other and (one == other or is_as_wide(one, other)) for one, other in pairs)
        )

    def is_as_wide(one: RulePart, other: RulePart) -> bool:
        return takes_any_segment(one) and not other.static and one.weight == other.weight

    def is_first(before: int, at: int) -> bool:
        pairs = zip(parts_of_all[before], parts_of_all[at], strict=True)
        size = next(size for size, (one, other) in enumerate(pairs, 1) if one != other)
        both = parts_of_all[before][:size], parts_of_all[at][:size]
        return next(parts[:size] for parts in parts_of_all if parts[:size] in both) == both[0]

    every = range(len(rules))
    found = ((at, next((one for one in every if takes_all(one, at) and is_first(one, at)), None)) for at in every)
    assert list(hidden_rules(rules)) == [pair for pair in found if pair[1] is not None]


@pytest.mark.long
@pytest.mark.parametrize("rule", ["/a{0}/<x>/b{0}/<int:y>", "/<any(a{0}):x>/b", "/v{0}<x>", "/<x>/<any(a{0}):y>"])
def test_thousands_of_rules_compile_well_within_the_second_that_a_reload_may_take(rule: str) -> None:
    app = flask_app(*(rule.format(number) for number in range(1500)))
    began = time.process_time()
    RouteTable.compile((), Inventory(app.url_map))
    assert time.process_time() - began < 1


# --- decisions, and tables that share a matcher ---

MIXED = {"GET /a": "new", "POST /a": "legacy", "GET /c": {"mode": "canary", "percent": 50}}


@pytest.mark.parametrize(
    ("method", "path", "headers", "backend", "reason", "route"),
    [
        ("GET", "/a", (), NEW, "route", "GET /a"),
        ("POST", "/a", (), LEGACY, "route", "POST /a"),
        ("GET", "/b", (), LEGACY, "default", "GET /b"),
        ("GET", "/nowhere", (), LEGACY, "default", None),
        ("PUT", "/a", (), LEGACY, "other-method", None),
        ("OPTIONS", "/a", ("Access-Control-Request-Method: GET",), NEW, "preflight", "GET /a"),
        ("OPTIONS", "/a", ("Access-Control-Request-Method: POST",), LEGACY, "preflight", "POST /a"),
        ("OPTIONS", "/a", ("Access-Control-Request-Method: PUT",), LEGACY, "preflight", None),
        ("OPTIONS", "/a", (), LEGACY, "other-method", None),
    ],
)
def test_a_decision_says_who_and_why(
    method: str, path: str, headers: tuple[str, ...], backend: Backend, reason: str, route: str | None
) -> None:
    decision = table(MIXED, "GET,POST /a", "/b", "/c").decide(scope_of(method, path, *headers))
    assert (decision.backend, decision.reason) == (backend, reason)
    assert (decision.method, decision.path, decision.route and decision.route.key) == (method, path, route)
    assert decision.bucket is None


def test_a_canary_is_decided_by_its_bucket() -> None:
    routes = table(MIXED, "GET,POST /a", "/b", "/c")
    decisions = [routes.decide(scope_of("GET", "/c", client=(f"10.0.0.{n}", 1))) for n in range(50)]
    assert {decision.reason for decision in decisions} == {"canary"}
    assert {decision.backend for decision in decisions} == {LEGACY, NEW}
    assert all((decision.bucket < 5000) is (decision.backend is NEW) for decision in decisions)  # type: ignore[operator]


def test_a_table_with_other_modes_shares_the_matcher_and_has_their_lines() -> None:
    before = table({"GET /a": "new", "GET /c": "legacy"}, "/a", "/b", "/c")
    moved = parse_map('[gateway]\n[routes]\n\n"GET /c" = "new"\n"GET /a" = "legacy"\n', "m.toml").map
    after = before.with_modes(moved.routes, "v2")
    assert after is not None
    assert after._matcher is before._matcher
    found = {path: after.match("GET", path) for path in ("/a", "/b", "/c")}
    assert {path: match.backend for path, match in found.items()} == {"/a": LEGACY, "/b": LEGACY, "/c": NEW}
    assert [match.route and match.route.source.line for match in found.values()] == [5, None, 4]
    assert after.decide(scope_of("GET", "/c")).map_version == "v2"
    assert before.match("GET", "/c").backend is LEGACY


@pytest.mark.parametrize("listed", [{"GET /a": "new"}, {"GET /a": "new", "GET /c": "new", "GET /d": "new"}, {}])
def test_other_routes_need_a_table_of_their_own(listed: dict[str, Any]) -> None:
    before = table({"GET /a": "new", "GET /c": "legacy"}, "/a", "/b", "/c")
    assert before.with_modes(parse_routes(listed, "legacy").map.routes, "v2") is None


@pytest.mark.parametrize("twice", ["GET,HEAD /a", "HEAD,GET /a", "GET  /a"])
def test_a_route_in_two_spellings_is_for_compile_to_refuse(twice: str) -> None:
    before = table({"GET /a": "new"}, "/a")
    assert before.with_modes(parse_routes({"GET /a": "new", twice: "legacy"}, "legacy").map.routes, "v2") is None
