"""Which side of a canary a client falls on: settled by its key, alike in every process, never back as it grows."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest

from gateway import Gateway
from gateway.routing.canary import bucket_of, sticky_key, takes_new
from gateway.routing.inventory import Inventory
from gateway.routing.route import Backend, Mode, Route
from gateway.routing.table import RouteTable
from tests.support.gateway_apps import ask, fastapi_side, flask_side, scope_of
from tests.support.servers import PATIENCE_SECONDS, ROOT

RULE = "/users/<int:user_id>"
CLIENT = "192.0.2.1"
KEYS = [f"client-{number}" for number in range(20_000)]
PERCENTS = [0, 0.5, 1, 10, 33.3, 50, 90, 99, 100]


def test_buckets_never_change() -> None:
    """A release that spread the keys anew would move half the clients of every canary back."""
    keys = ("", "192.0.2.1", "session-7", "caf\xe9", "\udcff")
    assert [bucket_of(RULE, key) for key in keys] == [771, 2817, 6106, 7594, 4573]


@pytest.mark.process
def test_another_process_chooses_alike() -> None:
    keys = [*KEYS[:1000], "caf\xe9", ""]
    program = (
        "import json, sys; from gateway.routing.canary import bucket_of, takes_new; rule, keys = json.load(sys.stdin);"
        "print(json.dumps([takes_new(bucket_of(rule, key), 50) for key in keys]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([RULE, keys]),
        env={"PYTHONHASHSEED": "7"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    assert json.loads(other.stdout) == [takes_new(bucket_of(RULE, key), 50) for key in keys]


def test_no_client_moves_back_when_the_percent_rises() -> None:
    moved = [{key for key in KEYS if takes_new(bucket_of(RULE, key), percent)} for percent in PERCENTS]
    assert all(fewer < more for fewer, more in pairwise(moved))
    assert (len(moved[0]), len(moved[-1])) == (0, len(KEYS))  # none at 0 %, all at 100 %


@pytest.mark.parametrize("percent", PERCENTS)
@pytest.mark.parametrize("rule", [RULE, "/", "/caf\xe9"])
def test_the_share_is_the_percent(rule: str, percent: float) -> None:
    """Within four standard deviations of the binomial distribution."""
    share = percent / 100
    expected, deviation = len(KEYS) * share, math.sqrt(len(KEYS) * share * (1 - share))
    assert abs(sum(takes_new(bucket_of(rule, key), percent) for key in KEYS) - expected) <= 4 * deviation


def test_two_rules_do_not_pick_the_same_clients() -> None:
    both = sum(takes_new(bucket_of("/a", key), 10) and takes_new(bucket_of("/b", key), 10) for key in KEYS)
    assert abs(both - 200) < 4 * math.sqrt(20_000 * 0.01 * 0.99)


METHODS = ("GET", "PUT", "DELETE")


def test_all_methods_of_a_rule_agree() -> None:
    routes = [Route(frozenset({method}), RULE, Mode.CANARY, percent=50) for method in METHODS]
    table = RouteTable.compile(routes, Inventory())
    scopes = [[scope_of(method, "/users/7", client=(key, 1)) for method in METHODS] for key in KEYS[:500]]
    sides = [[table.decide(scope).backend for scope in of_one_client] for of_one_client in scopes]
    assert {tuple(chosen) for chosen in sides} == {(Backend.NEW,) * 3, (Backend.LEGACY,) * 3}


@pytest.mark.parametrize(
    ("sticky", "headers", "key"),
    [
        ("client", ("Cookie: a=1",), CLIENT),
        ("cookie:sid", ("Cookie: a=1; sid=7; b=2",), "7"),
        ("cookie:sid", ("Cookie: a=1", "Cookie: sid=7"), "7"),
        ("cookie:sid", ("Cookie: sid=7=8;sid=9",), "7=8"),
        ("cookie:sid", ("Cookie: sid=caf\xe9",), "caf\xe9"),
        ("cookie:sid", ("Cookie: xsid=7; sidx=8; SID=9",), CLIENT),
        ("cookie:sid", ("Cookie: sid=",), CLIENT),
        ("cookie:sid", ("sid: 7",), CLIENT),
        ("header:X-User", ("X-User: 7",), "7"),
        ("header:X-User", ("x-user: 7", "X-User: 8"), "7"),
        ("header:X-User", ("X-User: ",), CLIENT),
        ("header:X-User", ("Cookie: X-User=7",), CLIENT),
        ("header:X-User", (), CLIENT),
    ],
)
def test_sticky_key(sticky: str, headers: tuple[str, ...], key: str) -> None:
    assert sticky_key(sticky, scope_of("GET", "/", *headers)) == key


def test_a_client_without_an_address_has_one_key_too() -> None:
    assert sticky_key("client", scope_of("GET", "/", client=None)) == ""


def test_the_clients_port_does_not_matter() -> None:
    keys = {sticky_key("client", scope_of("GET", "/", client=(CLIENT, port))) for port in (1, 2)}
    assert keys == {CLIENT}


def test_a_request_goes_where_its_key_falls() -> None:
    route = Route(frozenset({"GET", "HEAD"}), RULE, Mode.CANARY, percent=50, sticky="cookie:sid")
    options = {"mode": "canary", "percent": route.percent, "sticky": route.sticky}
    gateway = Gateway.of_apps(
        legacy=flask_side(f"GET {RULE}"), new=fastapi_side("GET,HEAD /users/{user}"), routes={f"GET {RULE}": options}
    )
    asked = [(f"Cookie: sid={key}", key) for key in KEYS[:40]]
    for method in ("GET", "HEAD"):
        sides = [ask(gateway, method, "/users/7", header).all("x-side") for header, _ in asked]
        assert sides == [["new" if takes_new(bucket_of(RULE, key), 50) else "legacy"] for _, key in asked]
    decision = RouteTable.compile([replace(route, percent=100)], Inventory()).decide(scope_of("GET", "/users/7"))
    assert (decision.backend, decision.reason, decision.bucket) == (Backend.NEW, "canary", bucket_of(RULE, CLIENT))
