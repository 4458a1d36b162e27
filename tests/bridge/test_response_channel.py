"""The hand-over between a worker and the event loop: once, in order, bounded, and leaving the loop to others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Sequence
from itertools import count
from typing import TypeVar, cast

import pytest
from starlette.types import Message

from gateway.bridge import response_channel
from gateway.bridge.response_channel import MESSAGE_BYTES, MIN_LARGE_BYTES, ResponseChannel, joined
from gateway.bridge.streaming_body import ClientGoneError
from tests.bridge.interleaving import Turns

T = TypeVar("T")


def piece(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


def nothing() -> None:
    pass


def open_channel(on_full: Callable[[], None] = nothing, on_end: Callable[[], None] = nothing) -> ResponseChannel:
    return ResponseChannel(asyncio.get_running_loop(), on_full, on_end)


def test_the_end_is_told_once() -> None:
    async def end() -> list[str]:
        told: list[str] = []
        channel = open_channel(on_end=lambda: told.append("end"))
        channel.put(piece(b"all"))
        channel.finish(None)
        assert await channel.take() == ([piece(b"all")], True)
        channel.finish(None)
        await asyncio.sleep(0)
        return told

    assert asyncio.run(end()) == ["end"]


def test_a_worker_that_is_always_ahead_leaves_the_loop_to_others() -> None:
    async def take() -> list[str]:
        channel, ran = open_channel(), []
        for _ in range(3):
            channel.put(piece(b"ahead"))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(ran.append, "another")
        await channel.take()
        return [*ran]

    assert asyncio.run(take()) == ["another"]


def test_what_is_put_for_a_client_that_has_left_is_refused() -> None:
    async def leave() -> None:
        channel = open_channel()
        channel.abandon()
        with pytest.raises(ClientGoneError, match="the client left before the end of the answer"):
            channel.put(piece(b"late"))

    asyncio.run(leave())


# --- every order in which a worker and the loop can be stopped in favour of each other ---

WORKER, LOOP = 0, 1


class SteppedLoop:
    """What a channel needs of an event loop, in a thread that can be stopped at each line."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._calls: deque[Callable[[], None]] = deque()
        self._future: SteppedFuture | None = None

    def call_soon_threadsafe(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def create_future(self) -> SteppedFuture:
        self._future = SteppedFuture()
        return self._future

    def run(self, taking: Coroutine[None, None, T]) -> T:
        """Run to the end of the coroutine, and whatever is called meanwhile."""
        try:
            while True:
                taking.send(None)
                while self._future is not None and not self._future.done():
                    self._turns.wait_until(LOOP, lambda: bool(self._calls))
                    self._calls.popleft()()
        except StopIteration as end:
            value: T = end.value
            return value

    def run_calls(self) -> None:
        while self._calls:
            self._calls.popleft()()


class SteppedFuture:
    def __init__(self) -> None:
        self._is_done = False

    def done(self) -> bool:
        return self._is_done

    def set_result(self, _result: None) -> None:
        self._is_done = True

    def __await__(self) -> Generator[None, None, None]:
        yield


FAILED = ValueError("the app has failed")


class Run:
    """One answer of a worker and what the loop gets of it, each thread stopped where the plan says."""

    def __init__(self, plan: Sequence[int], bodies: Sequence[bytes]) -> None:
        self.turns = Turns(plan, response_channel.__file__)
        self.taken: list[bytes] = []
        self.heard: list[str] = []
        self._bodies = bodies
        self._loop = SteppedLoop(self.turns)
        loop = cast(asyncio.AbstractEventLoop, self._loop)
        self._channel = ResponseChannel(loop, lambda: self.heard.append("full"), lambda: self.heard.append("end"))

    def put(self) -> None:
        for body in self._bodies:
            self._channel.put(piece(body))

    def put_and_finish(self) -> None:
        self.put()
        self._channel.finish(FAILED)

    def put_for_nobody(self) -> None:
        with pytest.raises(ClientGoneError):
            self.put()

    def take_bodies(self) -> None:
        while len(b"".join(self.taken)) < len(b"".join(self._bodies)):
            self._take()

    def take_to_the_end(self) -> None:
        while not self._take():
            pass
        assert self._channel.error is FAILED

    def abandon(self) -> None:
        self._channel.abandon()

    def _take(self) -> bool:
        messages, is_last = self._loop.run(self._channel.take())
        self.taken.extend(message["body"] for message in messages)
        return is_last

    def of(self, worker: Callable[[Run], None], on_loop: Callable[[Run], None]) -> None:
        def run_loop() -> None:
            on_loop(self)
            self.turns.wait_until(LOOP, lambda: self.turns.is_over(WORKER))
            self._loop.run_calls()

        class SteppedEvent:
            is_set = False

            def set(self) -> None:
                self.is_set = True

            def wait(self) -> None:
                turns.wait_until(WORKER, lambda: self.is_set)

        turns = self.turns
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(response_channel, "Event", SteppedEvent)
            patch.setattr(response_channel, "MAX_UNSENT_BYTES", 2 * MESSAGE_BYTES + 50)
            turns.run(lambda: worker(self), run_loop)


TOO_MANY = [b"one", b"two", b"three"]
"""More than there is room for."""


@pytest.mark.parametrize(
    ("bodies", "worker", "on_loop", "taken", "heard"),
    [
        ([b"one"], Run.put, Run.take_bodies, b"one", {()}),
        ([], Run.put_and_finish, Run.take_to_the_end, b"", {("end",)}),
        ([b"one", b"two"], Run.put_and_finish, Run.take_to_the_end, b"onetwo", {("end",)}),
        pytest.param(TOO_MANY, Run.put, Run.take_bodies, b"onetwothree", {(), ("full",)}, marks=pytest.mark.long),
        (TOO_MANY, Run.put_for_nobody, Run.abandon, b"", {(), ("full",)}),
    ],
    ids=["a message", "only the end", "messages and the end", "too many messages", "a client that leaves"],
)
def test_nothing_is_lost_wherever_the_threads_interrupt_each_other(
    bodies: list[bytes],
    worker: Callable[[Run], None],
    on_loop: Callable[[Run], None],
    taken: bytes,
    heard: set[tuple[str, ...]],
) -> None:
    """The worker is stopped after so many lines, the loop after so many, then both go on: all pairs of numbers."""
    ever_heard = set()
    for worker_lines in count():
        for loop_lines in count():
            run = Run((worker_lines, loop_lines), bodies)
            run.of(worker, on_loop)
            assert b"".join(run.taken) == taken
            ever_heard.add((*run.heard,))
            if run.turns.plan:  # neither has so many lines
                break
        if loop_lines == 0:
            break
    assert ever_heard == heard
    assert worker_lines > 10


START: Message = {"type": "http.response.start", "status": 200, "headers": []}
BIG = b"x" * (MIN_LARGE_BYTES + 1)


@pytest.mark.parametrize(
    ("bodies", "sent"),
    [
        ([b"a"], [b"a"]),
        ([b"a", b"b", b""], [b"ab"]),
        ([BIG, BIG, BIG], [BIG, BIG, BIG]),
        ([BIG, b"a", b"b"], [BIG + b"ab"]),
    ],
)
@pytest.mark.parametrize("head", [[], [START]])
def test_small_bodies_travel_together(head: list[Message], bodies: list[bytes], sent: list[bytes]) -> None:
    messages = [*head, *map(piece, bodies)]
    messages[-1] = {"type": "http.response.body", "body": bodies[-1]}
    made = joined(messages)
    assert made[: len(head)] == head
    assert [message["body"] for message in made[len(head) :]] == sent
    assert "more_body" not in made[-1]
