"""Observers may drop, never fail: whatever one does, the client has its answer, and the log says whose fault it was."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gateway.serving.observing import Capture, Served
from tests.support.gateway_apps import ask, fastapi_side, gateway_of

DEFAULT_NEW = '[gateway]\ndefault = "new"\n'


class Watching:
    """An observer that wants what it is told to want."""

    def __init__(self, wanted: Any) -> None:
        self.wanted = wanted
        self.served: list[Served] = []

    def wants(self, *_: Any) -> Any:
        if isinstance(self.wanted, Exception):
            raise self.wanted
        return self.wanted() if callable(self.wanted) else self.wanted

    def finished(self, served: Served) -> None:
        self.served.append(served)


class Failing(Watching):
    """An observer that fails once a request is through."""

    def finished(self, _served: Served) -> None:
        raise ValueError("no more")


def no_numbers() -> Capture:
    return Capture("all", None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("faulty", "said"),
    [
        (Watching(ValueError("no more")), "Watching failed: ValueError: no more"),
        (Watching(True), "Watching failed: TypeError: `wants` returns a Capture or None, not True"),
        (Watching("all"), "Watching failed: TypeError: `wants` returns a Capture or None, not 'all'"),
        (Watching(no_numbers), "Watching failed: TypeError: a capture is two numbers of bytes, not Capture("),
        (Failing(Capture()), "Failing failed: ValueError: no more"),
    ],
)
def test_a_fault_of_an_observer_is_nobody_elses(faulty: Watching, said: str, caplog: pytest.LogCaptureFixture) -> None:
    sound = Watching(Capture(100, 100))
    with caplog.at_level(logging.WARNING, "gateway"):
        reply = ask(gateway_of(DEFAULT_NEW, new=fastapi_side("GET /a"), observers=[faulty, sound]), "GET", "/a")
    assert reply.status == 200
    assert [record.message.startswith(said) for record in caplog.records] == [True]
    assert [served.status for served in sound.served] == [200]


@pytest.mark.parametrize(("limit", "whole"), [(1, False), (1000, True)])
def test_a_body_is_kept_up_to_what_was_asked(limit: int, whole: bool) -> None:
    observer = Watching(Capture(response_body_bytes=limit))
    reply = ask(gateway_of(DEFAULT_NEW, new=fastapi_side("GET /a"), observers=[observer]), "GET", "/a")
    (served,) = observer.served
    assert served.response is not None
    assert served.response.is_cut is not whole
    assert served.response.body == (reply.body if whole else b"")


def test_nobody_is_asked_for_a_request_of_no_interest() -> None:
    observer = Watching(None)
    assert ask(gateway_of(DEFAULT_NEW, new=fastapi_side("GET /a"), observers=[observer]), "GET", "/a").status == 200
    assert observer.served == []
