"""The words of routing: who is needed for a mode, and how a route is written."""

import pytest

from gateway.errors import Fault
from gateway.routing.route import Backend, Mode, Route, SourceLine, format_methods, route_key

LEGACY, NEW = Backend.LEGACY, Backend.NEW


@pytest.mark.parametrize(
    ("mode", "backends", "backend"),
    [(Mode.LEGACY, {LEGACY}, LEGACY), (Mode.CANARY, {LEGACY, NEW}, None), (Mode.NEW, {NEW}, NEW)],
)
def test_each_mode_knows_its_backends(mode: Mode, backends: set[Backend], backend: Backend | None) -> None:
    assert mode.backends == backends
    assert Route(None, "/x", mode).backend is backend


def test_the_modes_stand_in_the_order_of_a_routes_life() -> None:
    assert [mode.value for mode in Mode] == ["legacy", "canary", "new"]


@pytest.mark.parametrize(
    ("methods", "key"),
    [
        (None, "/x"),
        ({"GET", "HEAD"}, "GET /x"),
        ({"HEAD"}, "HEAD /x"),
        ({"POST", "HEAD", "GET"}, "GET,POST /x"),
        ({"DELETE", "PATCH", "PUT", "POST"}, "POST,PUT,PATCH,DELETE /x"),
        ({"OPTIONS", "DELETE", "COPY"}, "DELETE,COPY,OPTIONS /x"),
        ({"WS"}, "WS /x"),
    ],
)
def test_a_key_is_the_route_as_a_person_writes_it(methods: set[str] | None, key: str) -> None:
    assert route_key(methods, "/x") == key
    assert Route(None if methods is None else frozenset(methods), "/x", Mode.NEW).key == key


def test_get_implies_head_so_only_a_lone_head_is_shown() -> None:
    assert format_methods({"HEAD", "GET"}) == ["GET"]
    assert format_methods({"HEAD", "POST"}) == ["HEAD", "POST"]


def test_a_fault_of_a_route_points_at_its_line() -> None:
    route = Route(frozenset({"GET", "HEAD"}), "/x", Mode.NEW, source=SourceLine("m.toml", 7))
    assert route.fault("wrong") == Fault("m.toml", 7, 'routes."GET /x"', "wrong")
