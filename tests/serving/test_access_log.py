"""One JSON line a request, for machines: what was asked, who answered, by which map; never what is secret."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest
from starlette.types import Receive, Scope, Send

from gateway import Gateway
from gateway.config.map_file import parse_map
from gateway.routing.decision import Decision
from gateway.serving.access_log import AccessLog
from gateway.serving.observing import Capture, Served
from tests.support.gateway_apps import ask, fastapi_side, flask_side, reply_to, scope_of

ROUTES = {"GET,POST /a": "new", "GET /b": {"mode": "canary", "percent": 100}, "GET /listed": "legacy"}


class Lines:
    """What an access log has written; calling it gives the lines so far, parsed."""

    def __init__(self) -> None:
        self.text = ""
        self.log = AccessLog(self.take)

    def take(self, line: str) -> None:
        self.text += line

    def __call__(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Lines:
    return Lines()


def both(lines: Lines) -> Gateway:
    legacy = flask_side("GET /unlisted", "GET /listed", "GET /users/<int:user_id>")
    return Gateway.of_apps(legacy, fastapi_side("GET /a", "GET /b"), ROUTES, observers=[lines.log])


def test_a_line_has_these_fields(lines: Lines) -> None:
    gateway, began = both(lines), datetime.now(UTC)
    ask(gateway, "GET", "/a", "X-Request-ID: r-7")
    (line,) = lines()
    at, ms = datetime.fromisoformat(line.pop("time")), line.pop("ms")
    assert began <= at <= datetime.now(UTC)
    assert ms >= 0
    assert line == {
        "request_id": "r-7",
        "client": "192.0.2.1",
        "method": "GET",
        "path": "/a",
        "status": 200,
        "side": "new",
        "route": "GET,POST /a",
        "mode": "new",
        "map": gateway.project.map.version,
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "side", "route", "mode"),
    [
        ("HEAD", "/a", 405, "new", "GET,POST /a", "new"),
        ("DELETE", "/a", 405, "new", None, "default"),
        ("GET", "/b", 200, "new", "GET /b", "canary"),
        ("GET", "/unlisted", 200, "legacy", "GET /unlisted", "default"),
        ("GET", "/users/7", 200, "legacy", "GET /users/<int:user_id>", "default"),
        ("GET", "/unknown", 404, "legacy", None, "default"),
    ],
)
def test_who_answered_and_why(
    lines: Lines, method: str, path: str, status: int, side: str, route: str | None, mode: str
) -> None:
    assert ask(both(lines), method, path).status == status
    (line,) = lines()
    seen = (line["method"], line["path"], line["status"], line["side"], line.get("route"), line["mode"])
    assert seen == (method, path, status, side, route, mode)


def test_an_id_is_made_where_none_came(lines: Lines) -> None:
    gateway = both(lines)
    for headers in ((), ("X-Request-ID: ",)):
        ask(gateway, "GET", "/a", *headers)
    one, other = (line["request_id"] for line in lines())
    assert re.fullmatch("[0-9a-f]{16}", one)
    assert re.fullmatch("[0-9a-f]{16}", other)
    assert one != other


def test_a_long_id_is_cut_and_a_strange_one_cannot_forge_a_line(lines: Lines) -> None:
    ask(both(lines), "GET", "/a", 'X-Request-ID: caf\xe9"}\n{' + "x" * 200)
    (line,) = lines()
    assert line["request_id"] == ('caf\xe9"}\n{' + "x" * 200)[:128]
    assert lines.text.count("\n") == 1


def test_no_query_cookie_or_credential_is_written(lines: Lines) -> None:
    ask(both(lines), "GET", "/a", "Cookie: sid=s3cret", "Authorization: Bearer s3cret", query_string=b"token=s3cret")
    assert lines()[0]["path"] == "/a"
    assert "s3cret" not in lines.text


def test_the_path_stands_below_the_root_path(lines: Lines) -> None:
    ask(both(lines), "GET", "/pre/a", root_path="/pre")
    assert lines()[0]["path"] == "/a"


def test_a_client_on_a_unix_socket_has_no_address(lines: Lines) -> None:
    ask(both(lines), "GET", "/a", client=None)
    assert "client" not in lines()[0]


async def fails_at_once(_scope: Scope, _receive: Receive, _send: Send) -> NoReturn:
    raise LookupError("at once")


async def fails_in_its_body(_scope: Scope, _receive: Receive, send: Send) -> NoReturn:
    await send({"type": "http.response.start", "status": 201, "headers": []})
    raise LookupError("in the body")


@pytest.mark.parametrize(("app", "status"), [(fails_at_once, None), (fails_in_its_body, 201)])
def test_a_side_that_raises_has_a_line_too(lines: Lines, app: Any, status: int | None) -> None:
    with pytest.raises(LookupError):
        ask(Gateway.of_apps(new=app, default="new", observers=[lines.log]), "GET", "/a")
    (line,) = lines()
    assert (line.get("status"), line["error"], line["side"]) == (status, "LookupError", "new")


def test_the_gateways_own_answers_are_not_logged(lines: Lines) -> None:
    ask(both(lines), "GET", "/_gateway/health")
    assert lines() == []


@pytest.mark.parametrize("client", ['1.2.3.4", "side": "forged', "\n{}", "caf\xe9"])
def test_an_address_that_a_proxy_passes_on_cannot_forge_a_line(lines: Lines, client: str) -> None:
    ask(both(lines), "GET", "/a", client=(client, 1))
    (line,) = lines()
    assert (line["client"], line["side"]) == (client, "new")


def test_ids_do_not_repeat_and_moments_go_on(lines: Lines) -> None:
    gateway = both(lines)

    async def ask_all() -> None:
        for _ in range(1200):
            await reply_to(gateway, scope_of("GET", "/a"))

    asyncio.run(ask_all())
    times = [datetime.fromisoformat(line["time"]) for line in lines()]
    assert len({line["request_id"] for line in lines()}) == 1200
    assert times == sorted(times)


def test_the_line_of_a_route_changes_with_the_map(lines: Lines) -> None:
    gateway = both(lines)
    ask(gateway, "GET", "/a")
    gateway._project = gateway.project.with_map(parse_map('[gateway]\n[routes]\n"GET,POST /a" = "legacy"\n', "m.toml"))
    ask(gateway, "GET", "/a")
    before, after = lines()
    assert (before["side"], before["mode"]) == ("new", "new")
    assert (after["side"], after["mode"], after["map"]) == ("legacy", "legacy", gateway.project.map.version)


class Broken:
    """An observer that fails wherever it can."""

    def __init__(self, *, at_the_head: bool) -> None:
        self._at_the_head = at_the_head

    def wants(self, _decision: Decision, _scope: Scope) -> Capture | None:
        if self._at_the_head:
            raise LookupError("at the head")
        return Capture(10, 10)

    def finished(self, _served: Served) -> None:
        raise LookupError("at the end")


@pytest.mark.parametrize(("at_the_head", "reason"), [(True, "at the head"), (False, "at the end")])
def test_an_observer_that_fails_is_logged_and_costs_no_answer_and_no_other_observer(
    lines: Lines, caplog: pytest.LogCaptureFixture, at_the_head: bool, reason: str
) -> None:
    observers = [Broken(at_the_head=at_the_head), lines.log]
    gateway = Gateway.of_apps(new=fastapi_side("GET /a"), default="new", observers=observers)
    assert ask(gateway, "GET", "/a").status == 200
    assert caplog.messages == [f"Broken failed: LookupError: {reason}"]
    assert len(lines()) == 1
