"""The hand-over between a worker and the event loop: once, in order, and leaving the loop to others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from starlette.types import Message

from gateway.bridge.response_channel import LARGE, ResponseChannel, joined
from gateway.bridge.streaming_body import ClientGoneError


def piece(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


def outbox(on_end: Callable[[], None] = lambda: None) -> ResponseChannel:
    return ResponseChannel(asyncio.get_running_loop(), lambda: None, on_end)


def test_the_end_is_told_once() -> None:
    async def end() -> list[str]:
        told: list[str] = []
        box = outbox(lambda: told.append("end"))
        box.put(piece(b"all"))
        box.finish(None)
        assert await box.take() == ([piece(b"all")], True)
        box.finish(None)
        await asyncio.sleep(0)
        return told

    assert asyncio.run(end()) == ["end"]


def test_a_worker_that_is_always_ahead_leaves_the_loop_to_others() -> None:
    async def take() -> list[str]:
        box, ran = outbox(), []
        for _ in range(3):
            box.put(piece(b"ahead"))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(ran.append, "another")
        await box.take()
        return [*ran]

    assert asyncio.run(take()) == ["another"]


def test_what_is_put_for_a_client_that_has_left_is_refused() -> None:
    async def leave() -> None:
        box = outbox()
        box.leave()
        with pytest.raises(ClientGoneError, match="the client left before the end of the answer"):
            box.put(piece(b"late"))

    asyncio.run(leave())


START: Message = {"type": "http.response.start", "status": 200, "headers": []}
BIG = b"x" * (LARGE + 1)


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
