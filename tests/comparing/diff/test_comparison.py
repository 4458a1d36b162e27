"""Two observations as a whole: the status, what was raised, the answer's parts, the effects, in that order."""

from __future__ import annotations

import pytest

from gateway.comparing.observation import Observation
from tests.comparing.answers import Found, answer, found, observe

CRASH = "shop: Exception on /todos [GET]"


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        (observe(answer("{}")), observe(answer("{}", status=201)), [("status", "200", "201")]),
        (
            observe(error="ValueError: a"),
            observe(answer("{}")),
            [("status", "500", "200"), ("error", "ValueError: a", None)],
        ),
        (observe(error="ValueError: a"), observe(error="ValueError: b"), []),
        (observe(error="ValueError: a"), observe(error="KeyError: a"), [("error", "ValueError: a", "KeyError: a")]),
        (
            observe(answer("x", status=500), errors=(CRASH,)),
            observe(answer("x", status=500), error="ValueError: a"),
            [],
        ),
        (
            observe(answer("x", status=500), errors=(CRASH,)),
            observe(answer("x", status=500)),
            [("error", "an unhandled exception, logged", None)],
        ),
        (
            observe(answer("x", status=500)),
            observe(answer("x", status=500), error="ValueError: a"),
            [("error", None, "ValueError: a")],
        ),
        (observe(answer("{}"), statements=("SELECT a",)), observe(answer("{}")), []),
        (Observation(answer("x", status=500)), observe(answer("x", status=500), error="ValueError: a"), []),
        (observe(answer("x", status=500), errors=(CRASH,)), Observation(answer("x", status=500)), []),
        (
            Observation(None, "ValueError: a"),
            Observation(None, "KeyError: a"),
            [("error", "ValueError: a", "KeyError: a")],
        ),
    ],
)
def test_what_was_raised(control: Observation, candidate: Observation, expected: Found) -> None:
    assert found(control, candidate) == expected


def test_differences_stand_in_the_order_of_the_message() -> None:
    control = observe(answer("1", "application/json", "X-A: 1", "Set-Cookie: a=1"), errors=("a: b",))
    candidate = observe(answer("2", "application/json", "X-A: 2", "Set-Cookie: a=2", status=201, is_stream=True))
    assert [where for where, *_ in found(control, candidate)] == [
        "status", "header.x-a", "cookie.a.value", "framing", "body", "effect.errors",
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_body_that_cannot_be_is_not_compared(method: str, status: int) -> None:
    sides = (answer(body, is_stream=True, status=status) for body in ("1", "2"))
    assert found(*sides, method=method) == []


@pytest.mark.parametrize(("kind", "counts"), [("application/json", False), ("text/html", False), ("text/csv", True)])
def test_the_length_of_a_head_counts_as_its_body_would(kind: str, counts: bool) -> None:
    sides = [Observation(answer("", kind, f"Content-Length: {length}")) for length in (20, 19)]
    assert bool(found(*sides, method="HEAD")) is counts
    assert found(*sides, method="HEAD", json_mode="bytes")


def test_durations_are_not_compared() -> None:
    assert found(Observation(answer("1"), duration=1.0), Observation(answer("1"), duration=2.0)) == []


def test_an_endless_answer_is_not_one_that_ends() -> None:
    sides = (answer("data: 1\n\n", "text/event-stream", is_stream=True, is_cut=is_cut) for is_cut in (True, False))
    assert found(*sides) == [("framing", "stream, endless", "stream")]
