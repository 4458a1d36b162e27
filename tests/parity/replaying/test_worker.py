"""Sides are asked some cases ahead; whatever happens in between, each case gets its own answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config.parity_table import ReplaySettings
from gateway.parity.compared_case import ComparedCase
from gateway.parity.corpus.case import Case, Step
from gateway.parity.replaying.schedule import MAX_IN_FLIGHT, MAX_IN_FLIGHT_BYTES
from tests.parity.replaying.running import LEGACY, NEW, ask, case, library, never, replaying, step

pytestmark = pytest.mark.process

LARGE = b'{"title": "' + b"x" * (MAX_IN_FLIGHT_BYTES + 1) + b'"}'


@pytest.fixture
def settings(tmp_path: Path) -> ReplaySettings:
    return library(tmp_path)


def told(pair: ComparedCase) -> tuple[bytes, bytes] | str:
    if pair.refused:
        return pair.refused
    (found,) = pair.steps
    assert found.control.response is not None
    assert found.candidate.response is not None
    return found.control.response.body, found.candidate.response.body


def counted(number: int) -> tuple[bytes, bytes]:
    return (b"%d" % number,) * 2


def test_what_was_asked_ahead_of_a_crash_is_asked_again(settings: ReplaySettings) -> None:
    with replaying(settings, new=LEGACY) as replay:
        counts = [case("GET /count", name=f"count {number}") for number in range(2 * MAX_IN_FLIGHT)]
        cases = [*counts[:2], case("GET /crash"), *counts[2:]]
        answers = [told(pair) for pair in replay.run(cases, never)]
    afterwards = [counted(number) for number in range(1, 2 * MAX_IN_FLIGHT - 1)]
    assert answers == [counted(1), counted(2), "the control ended with exit code 3", *afterwards]


def test_a_run_that_is_left_leaves_no_answer_for_the_next(settings: ReplaySettings) -> None:
    with replaying(settings, new=NEW) as replay:
        for pair in replay.run((case(f"GET /books/{number}") for number in range(100)), never):
            assert pair.steps
            break
        assert ask(replay, "GET /books").steps[0].control_request.target == b"/books"


def test_a_case_that_cannot_be_asked_leaves_no_answer_for_the_next(settings: ReplaySettings) -> None:
    def cases() -> Iterator[Case]:
        for number in range(MAX_IN_FLIGHT - 1):
            yield case(f"GET /books/{number}")
        raise LookupError("no more cases")

    with replaying(settings, new=NEW) as replay:
        with pytest.raises(LookupError):
            list(replay.run(cases(), never))
        assert ask(replay, "GET /books").steps[0].control_request.target == b"/books"


def test_large_requests_and_large_answers_go_through_among_small_ones(settings: ReplaySettings) -> None:
    post, get = step("POST /books", LARGE), step("GET /books").request
    padded = Step(replace(get, headers=(*get.headers, (b"X-Padding", LARGE))))
    kinds = [
        case("GET /books"),
        case(padded, name="padded"),
        case(post, "GET /books", "GET /stream"),
        case("GET /books"),
    ]
    cases = [replace(kinds[number % 4], name=f"{number}") for number in range(4 * MAX_IN_FLIGHT)]
    with replaying(settings, new=LEGACY) as replay:
        pairs = list(replay.run(cases, never))
    assert [pair.case for pair in pairs] == cases
    for pair in pairs:
        assert not pair.refused
        assert [one.control.response for one in pair.steps] == [one.candidate.response for one in pair.steps]
        assert [one.control_request.target for one in pair.steps] == [one.request.target for one in pair.case.steps]
