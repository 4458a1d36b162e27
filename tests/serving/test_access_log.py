"""One JSON line a request, for machines: what was asked, who answered, by which map; never what is secret."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway import Gateway
from tests.support.gateway_apps import Noting, ask, fastapi_side, flask_side, gateway_of, nothing_more, scope_of

Lines = Callable[[], list[dict[str, Any]]]
ROUTES = {"GET,POST /a": "new", "GET /b": {"mode": "canary", "percent": 100}, "GET /listed": "legacy"}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """The access log is on; calling this gives its lines so far, parsed."""
    with caplog.at_level(logging.INFO, "gateway.access"):
        yield lambda: [json.loads(record.message) for record in caplog.records if record.name == "gateway.access"]


def both() -> Gateway:
    legacy = flask_side("GET /unlisted", "GET /listed", "GET /users/<int:user_id>")
    return Gateway.of_apps(legacy=legacy, new=fastapi_side("GET /a", "GET /b"), routes=ROUTES)


def test_a_line_has_these_fields(lines: Lines) -> None:
    gateway = both()
    ask(gateway, "GET", "/a", "X-Request-ID: r-7")
    (line,) = lines()
    at, ms = datetime.fromisoformat(line.pop("time")), line.pop("ms")
    assert timedelta(0) <= datetime.now(UTC) - at < timedelta(seconds=10)
    assert 0 <= ms < 10_000
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
        ("GET", "/listed", 200, "legacy", "GET /listed", "legacy"),
        ("GET", "/unlisted", 200, "legacy", "GET /unlisted", "default"),
        ("GET", "/users/7", 200, "legacy", "GET /users/<int:user_id>", "default"),
        ("GET", "/unknown", 404, "legacy", None, "default"),
    ],
)
def test_who_answered_and_why(
    lines: Lines, method: str, path: str, status: int, side: str, route: str | None, mode: str
) -> None:
    assert ask(both(), method, path).status == status
    (line,) = lines()
    seen = (line["method"], line["path"], line["status"], line["side"], line.get("route"), line["mode"])
    assert seen == (method, path, status, side, route, mode)


def test_an_id_is_made_where_none_came(lines: Lines) -> None:
    gateway = both()
    for headers in ((), ("X-Request-ID: ",)):
        ask(gateway, "GET", "/a", *headers)
    one, other = (line["request_id"] for line in lines())
    assert re.fullmatch("[0-9a-f]{16}", one)
    assert re.fullmatch("[0-9a-f]{16}", other)
    assert one != other


def test_a_long_id_is_cut_and_a_strange_one_cannot_forge_a_line(lines: Lines, caplog: pytest.LogCaptureFixture) -> None:
    ask(both(), "GET", "/a", 'X-Request-ID: caf\xe9"}\n{' + "x" * 200)
    (line,) = lines()
    assert line["request_id"] == ('caf\xe9"}\n{' + "x" * 200)[:128]
    assert "\n" not in caplog.text.rstrip("\n")


def test_no_query_cookie_or_credential_is_written(lines: Lines, caplog: pytest.LogCaptureFixture) -> None:
    ask(both(), "GET", "/a", "Cookie: sid=s3cret", "Authorization: Bearer s3cret", query_string=b"token=s3cret")
    assert lines()[0]["path"] == "/a"
    assert "s3cret" not in caplog.text


def test_the_path_stands_below_the_root_path(lines: Lines) -> None:
    ask(both(), "GET", "/pre/a", root_path="/pre")
    assert lines()[0]["path"] == "/a"


def test_a_client_on_a_unix_socket_has_no_address(lines: Lines) -> None:
    ask(both(), "GET", "/a", client=None)
    assert "client" not in lines()[0]


async def fails_at_once(_scope: Scope, _receive: Receive, _send: Send) -> NoReturn:
    raise LookupError("at once")


async def fails_in_its_body(_scope: Scope, _receive: Receive, send: Send) -> NoReturn:
    await send({"type": "http.response.start", "status": 201, "headers": []})
    raise LookupError("in the body")


@pytest.mark.parametrize(("app", "status"), [(fails_at_once, None), (fails_in_its_body, 201)])
def test_a_side_that_raises_has_a_line_too(lines: Lines, app: Any, status: int | None) -> None:
    with pytest.raises(LookupError):
        ask(Gateway.of_apps(new=app, default="new"), "GET", "/a")
    (line,) = lines()
    assert (line.get("status"), line["error"], line["side"]) == (status, "LookupError", "new")


def test_the_gateways_own_answers_are_not_logged(lines: Lines) -> None:
    ask(both(), "GET", "/_gateway/health")
    assert lines() == []


# --- silence costs nothing ---


class Untouchable(list[tuple[bytes, bytes]]):
    """Headers that nobody may read."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("the headers were read")


@pytest.mark.parametrize("setting", ["", "served_by_header = true"])
def test_nothing_is_computed_while_the_logger_is_off(caplog: pytest.LogCaptureFixture, setting: str) -> None:
    gateway = gateway_of(f'[gateway]\ndefault = "new"\n{setting}', new=Noting())
    scope = scope_of("GET", "/a", headers=Untouchable())

    async def forget(_message: Message) -> None:
        pass

    with caplog.at_level(logging.WARNING, "gateway.access"):
        asyncio.run(gateway(scope, nothing_more, forget))
    assert caplog.records == []
    with caplog.at_level(logging.INFO, "gateway.access"):
        asyncio.run(gateway(scope, nothing_more, forget))
    assert caplog.messages == ["AccessLog failed: AssertionError: the headers were read"]
