"""The first map changes nothing: every rule that gets requests is listed as legacy, and the map has no fault."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from flask import Blueprint, Flask, Response

from gateway.apps.inventory import flask_routes, take_inventory
from gateway.apps.scaffold import first_map, new_side
from gateway.config.map_file import parse_map
from gateway.routing.compiler import hidden_rules, own_methods, request_rules
from gateway.routing.inventory import Inventory
from gateway.routing.route import Mode
from gateway.routing.table import RouteTable
from tests.routing.test_oracle import Generated


def view(**_variables: Any) -> str:
    return "seen"


def load_user() -> None: ...
def add_header(response: Response) -> Response:
    return response


def first_map_of(app: Flask) -> str:
    have = take_inventory(app, None)
    return first_map("shop:app", "new_app:app", have.legacy, have.hooks)


def shop() -> Flask:
    app, admin, cart = Flask(__name__), Blueprint("admin", __name__), Blueprint("cart", __name__)
    app.add_url_rule("/", "home", view)
    app.add_url_rule("/about", "about", view, methods=["GET", "POST"])
    admin.add_url_rule("/users/<int:user_id>", "user", view, methods=["PUT"])
    cart.add_url_rule("/", "cart", view)
    admin.before_request(load_user)
    admin.register_blueprint(cart, url_prefix="/cart")
    app.register_blueprint(admin, url_prefix="/admin")
    app.before_request(load_user)
    app.after_request(add_header)
    return app


PARITY = """
# `gateway parity` compares both sides before a flip, each on a database of its own (docs/parity.md);
# `gateway parity --self` tries that before there is a new side, with the Flask app on both. Uncomment:
# [parity]
# database    = "sqlite:///instance/app.sqlite3"  # every case starts with a copy of it; without it, with an empty one
# environment = { DATABASE_URL = "{database}" }    # the variable, if any, that both apps read its URL from
"""
TEXT = f"""\
# Who answers what. One line a route: "METHODS RULE" = "legacy", "canary" or "new".
# To move one, change its word here or run `gateway flip "GET /path" new`; a running gateway follows the file.

[gateway]
legacy  = "shop:app"
new     = "new_app:app"
default = "legacy"  # what a request gets that no line names

[routes]
# the app itself
"GET /"                          = "legacy"
"GET,POST /about"                = "legacy"
"GET /static/<path:filename>"    = "legacy"

# admin
"PUT /admin/users/<int:user_id>" = "legacy"

# admin.cart
"GET /admin/cart/"               = "legacy"

# Flask runs these around its views; a flipped route loses them. Once the new side does the same, say so:
# uncomment the line and write what replaces the hook. `gateway check` and `gateway flip` insist on it.
[hooks]
# "{__name__}:load_user" = "..."  # before_request
# "{__name__}:add_header" = "..."  # after_request
{PARITY}"""


def test_the_first_map_lists_every_rule_by_blueprint_and_the_hooks_as_comments() -> None:
    assert first_map_of(shop()) == TEXT


def test_an_app_without_rules_and_hooks_has_a_map_too() -> None:
    text = first_map_of(Flask(__name__, static_folder=None))
    assert text.endswith(f"\n[routes]\n{PARITY}")
    assert tomllib.loads(text) == {
        "gateway": {"legacy": "shop:app", "new": "new_app:app", "default": "legacy"},
        "routes": {},
    }


def test_the_parity_table_of_the_first_map_is_one_once_it_is_uncommented() -> None:
    text = first_map_of(shop()) + "".join(f"{line[2:]}\n" for line in PARITY.splitlines()[3:])
    replay = parse_map(text).checked().replay
    assert replay.database == "sqlite:///instance/app.sqlite3"
    assert replay.environment == (("DATABASE_URL", "{database}"),)


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("/plain", '"GET /plain" = "legacy"'),
        ('/<any("a"):x>', '\'GET /<any("a"):x>\' = "legacy"'),
        ("/back\\slash", "'GET /back\\slash' = \"legacy\""),
        ("/<any('a'):x>", '"GET /<any(\'a\'):x>" = "legacy"'),
        ("/<any('a',\"b\"):x>\\", '"GET /<any(\'a\',\\"b\\"):x>\\\\" = "legacy"'),
        ("/é", '"GET /é" = "legacy"'),
    ],
)
def test_any_rule_can_be_written_as_a_key(rule: str, line: str) -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule(rule, "view", view)
    text = first_map_of(app)
    assert f"\n{line}\n" in text
    assert [route.rule for route in parse_map(text).checked().routes] == [rule]


def test_a_line_has_only_the_methods_that_flask_gives_to_its_rule() -> None:
    app = Flask(__name__, static_folder=None)
    for number, (rule, methods) in enumerate(
        [("/<x>", "GET"), ("/<y>", "GET,POST"), ("/<uuid:z>", "GET"), ("/none", "")]
    ):
        app.add_url_rule(rule, str(number), view, methods=methods.split(",") if methods else [])
    assert set(tomllib.loads(first_map_of(app))["routes"]) == {"GET /<x>", "POST /<y>"}


def test_a_rule_below_the_gateways_prefix_has_no_line() -> None:
    app = Flask(__name__, static_folder=None)
    for rule in ("/_gateway", "/_gateway/x", "/_gateways"):
        app.add_url_rule(rule, rule, view)
    text = first_map_of(app)
    assert set(tomllib.loads(text)["routes"]) == {"GET /_gateways"}
    RouteTable.compile(parse_map(text).checked().routes, take_inventory(app, None))


@pytest.mark.parametrize("seed", range(40))
def test_the_first_map_of_any_app_has_no_fault_and_leaves_nothing_unlisted(seed: int) -> None:
    url_map = Generated(seed).url_map
    map_ = parse_map(first_map("shop:app", "new_app:app", flask_routes(url_map), ())).checked()
    table = RouteTable.compile(map_.routes, Inventory(url_map), default=map_.default)
    rules = [(rule, own_methods(rule)) for rule in request_rules(url_map)]
    hidden = {rules[at][0].rule for at, _ in hidden_rules(rules)}
    assert {route.mode for route in table.routes} == {Mode.LEGACY}
    assert {route.rule for route in table.routes if not route.listed} <= hidden


@pytest.mark.parametrize("name", ["app", "create_app"])
def test_the_new_side_is_an_empty_fastapi_app_of_the_name_that_the_map_has(name: str) -> None:
    module: dict[str, Any] = {}
    exec(new_side(name), module)
    assert module[name].title == "FastAPI"
    assert module["__doc__"]


@pytest.mark.parametrize("name", ['shop:create_app("dev")', "shop:create_app('dev')", "shop:create_app('a', \"b\")"])
def test_an_import_string_with_quotes_of_its_own_is_read_back(name: str) -> None:
    have = take_inventory(Flask(__name__), None)
    map_ = parse_map(first_map(name, "new_app:app", have.legacy, have.hooks)).checked()
    assert (map_.legacy, map_.new) == (name, "new_app:app")
