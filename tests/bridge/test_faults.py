"""No client, however slow or rude, keeps a worker of the bridge, and a busy bridge says so at once."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.support.fault_clients import LEAVING, connect, connected, gauge, rest_of, serve_faulty, settle, state, tally
from tests.support.servers import Server, ask, post, request, wait_until

pytestmark = pytest.mark.process

STREAMS = ("fast", "big", "slow")


@pytest.fixture(scope="module")
def faulty() -> Iterator[Server]:
    with serve_faulty() as server:
        yield server


@pytest.fixture
def narrow() -> Iterator[Server]:
    """One worker, three places in its queue, and no end of patience."""
    with serve_faulty(limits={"workers": 1, "queue": 3, "wait_seconds": 600}) as server:
        yield server


# --- clients that leave ---


@pytest.mark.parametrize("leave", LEAVING)
@pytest.mark.parametrize("kind", STREAMS)
def test_a_client_that_leaves_ends_its_stream(
    faulty: Server, kind: str, leave: Callable[[socket.socket], None]
) -> None:
    for received in (0, 100):
        opened = tally(faulty, "opened")
        with connect(faulty, request(f"/stream/{kind}")) as client:
            wait_until(lambda: tally(faulty, "opened") > opened)  # noqa: B023 - asked in this turn only
            client.recv(received)
            leave(client)
            settle(faulty)


@pytest.mark.parametrize("leave", LEAVING)
def test_a_client_that_leaves_ends_a_stream_that_waits_for_room(
    faulty: Server, leave: Callable[[socket.socket], None]
) -> None:
    with connect(faulty, request("/stream/big")) as client:
        wait_until(lambda: gauge(faulty, "streams") == 1)
        leave(client)
        settle(faulty)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_that_nobody_may_see_has_an_end(faulty: Server, method: str) -> None:
    opened = tally(faulty, "opened")
    answer = ask(faulty, request("/endless_head", method=method))
    assert (answer.status, answer.body) == (200, b"crumb" if method == "GET" else b"")
    assert tally(faulty, "opened") == opened + 1
    settle(faulty)


def test_a_view_that_cannot_be_stopped_is_shown_as_abandoned(faulty: Server) -> None:
    state(faulty, "shut")
    with connected(faulty, 3, request("/held")):
        wait_until(lambda: gauge(faulty, "busy") == 3)
    wait_until(lambda: gauge(faulty, "abandoned") == 3)
    state(faulty, "open")
    settle(faulty)


@pytest.mark.parametrize("fault", ["send=fails", "cancelled"])
@pytest.mark.parametrize("kind", STREAMS)
def test_a_failing_send_and_a_cancelled_request_free_their_workers(faulty: Server, kind: str, fault: str) -> None:
    opened = tally(faulty, "opened")
    with connected(faulty, 10, request(f"/stream/{kind}?{fault}")) as clients:
        wait_until(lambda: tally(faulty, "opened") == opened + 10)
        assert not any(rest_of(client).endswith(b"0\r\n\r\n") for client in clients)
        settle(faulty)


def test_what_waits_for_a_client_that_has_left_is_not_run_and_takes_no_place(narrow: Server) -> None:
    begun = tally(narrow, "begun")
    with connect(narrow, request("/held")) as running, connect(narrow, request("/ping")) as waiting:
        wait_until(lambda: (gauge(narrow, "queued"), tally(narrow, "begun")) == (1, begun + 1))
        with connected(narrow, 2, request("/ping")):
            wait_until(lambda: gauge(narrow, "queued") == 3)
            assert ask(narrow, request("/ping")).status == 503
        wait_until(lambda: gauge(narrow, "queued") == 1)
        with connect(narrow, request("/ping")) as late:
            wait_until(lambda: gauge(narrow, "queued") == 2)
            state(narrow, "open")
            assert [rest_of(client)[-4:] for client in (running, waiting, late)] == [b"t go", b"pong", b"pong"]
    assert tally(narrow, "begun") == begun + 3
    settle(narrow)


# --- clients that are slow ---


def test_slow_clients_hold_no_worker(faulty: Server) -> None:
    """More of them than there are workers; what they cost the others in time, `tests.benchmarks.stalled` measures."""
    head = "Content-Length: 3000000"
    with (
        connected(faulty, 25, request("/upload", head, method="POST", body=b"a little")),
        connected(faulty, 25, request("/upload", head, method="POST", body=b"much" * 300_000)),
        connected(faulty, 50, request("/download/1/2000")),
    ):
        wait_until(lambda: gauge(faulty, "streams") == 50)
        assert gauge(faulty, "busy") == 0
        assert {ask(faulty, request(path)).status for path in ("/ping", "/new") for _ in range(50)} == {200}
    settle(faulty)


# --- more than it can bear ---


def test_a_full_queue_refuses_at_once_and_loses_nothing_that_it_took(narrow: Server) -> None:
    with connect(narrow, request("/held")) as running:
        wait_until(lambda: gauge(narrow, "busy") == 1)
        with connected(narrow, 3, request("/ping")) as waiting:
            wait_until(lambda: gauge(narrow, "queued") == 3)
            refused = ask(narrow, request("/ping"))
            assert (gauge(narrow, "busy"), gauge(narrow, "queued")) == (1, 3)
            assert (refused.status, dict(refused.headers)["retry-after"]) == (503, "1")
            state(narrow, "open")
            assert [rest_of(client)[-4:] for client in (running, *waiting)] == [b"t go", *[b"pong"] * 3]
    settle(narrow)


def test_who_waits_too_long_is_refused() -> None:
    with (
        serve_faulty(limits={"workers": 1, "wait_seconds": 0.2}) as server,
        connect(server, request("/held")) as running,
    ):
        wait_until(lambda: gauge(server, "busy") == 1)
        assert ask(server, request("/ping")).status == 503
        state(server, "open")
        assert rest_of(running).endswith(b"let go")
        settle(server)


@pytest.mark.parametrize(("callers", "wait_seconds", "worst"), [(3, 600, 200), (6, 0.5, 503)])
def test_a_view_may_call_its_own_service(callers: int, wait_seconds: float, worst: int) -> None:
    """With workers for both it is answered; without, the inner request is refused instead of waited for for ever."""
    with (
        serve_faulty(limits={"workers": 6, "queue": 20, "wait_seconds": wait_seconds}) as server,
        connected(server, callers, request("/ask_itself")) as clients,
    ):
        wait_until(lambda: tally(server, "held") == callers)
        state(server, "open")
        answers = [rest_of(client).rpartition(b"\r\n\r\n")[2] for client in clients]
        assert max(json.loads(answer)["inner"] for answer in answers) == worst
        settle(server)


def test_without_a_thread_to_be_had_it_refuses_and_recovers() -> None:
    with serve_faulty(limits={"workers": 2, "queue": 0}) as server:
        wait_until(lambda: not any("wsgi" in name for name in state(server)["threads"]))
        state(server, "no_threads")
        assert [ask(server, request("/ping")).status for _ in range(5)] == [503] * 5
        state(server, "threads")
        settle(server)
        assert ask(server, request("/ping")).body == b"pong"


def test_an_app_that_keeps_the_request_body_keeps_no_worker(faulty: Server) -> None:
    for body in (b"kept", b"too"):
        assert ask(faulty, post("/keep_view", body)).body == body
    settle(faulty)
