"""A request that can be read in two ways, and differs, is asked again in plain words; its answers go with the pair."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.comparing.diff.comparison import compare
from gateway.comparing.observation import Compared, Observation
from gateway.comparing.result import Verdict
from gateway.config.parity_table import ReplaySettings
from gateway.parity.compared_case import ComparedCase
from tests.parity.replaying.running import case, library, mismatches, replaying, step

pytestmark = pytest.mark.process

ADA, BRAM = ["Ada 1", "Ada 2"], ["Bram 1", "Bram 2"]
ALL = ADA + BRAM


@pytest.fixture
def settings(tmp_path: Path) -> ReplaySettings:
    return library(tmp_path)


def differs(pair: Compared) -> tuple[Verdict, ...]:
    return mismatches(*(difference.where for difference in compare(pair.control, pair.candidate, method="GET")))


def items(both: tuple[Observation, Observation]) -> list[list[str]]:
    return [json.loads(one.response.body)["items"] for one in both if one.response is not None]


def found(pair: ComparedCase, at: int = 0) -> list[tuple[str, list[list[str]], list[list[str]]]]:
    return [(one.cause, items(one.control), items(one.candidate)) for one in pair.steps[at].experiments]


def test_both_ways_are_asked_of_both_sides_and_nothing_else_is_disturbed(settings: ReplaySettings) -> None:
    twice, whole = case("GET /shelf?author=1&author=2"), case("GET /shelf?author=2.0")
    plain = [case("GET /shelf?author=1", name=f"plain {number}") for number in range(20)]
    with replaying(settings) as replay:
        pairs = {pair.case.name: pair for pair in replay.run([*plain[:10], twice, whole, *plain[10:]], differs)}
    assert set(pairs) == {one.name for one in (twice, whole, *plain)}
    assert found(pairs[twice.name]) == [("repeated-parameter", [ADA, ADA], [BRAM, BRAM])]
    assert found(pairs[whole.name]) == [("lenient-parameter", [ALL, ALL], [BRAM, BRAM])]
    assert all(
        items((pairs[one.name].steps[0].control, pairs[one.name].steps[0].candidate)) == [ADA, ADA] for one in plain
    )
    assert not any(found(pairs[one.name]) for one in plain)


def test_what_does_not_differ_is_asked_once(settings: ReplaySettings) -> None:
    with replaying(settings) as replay:
        (pair,) = replay.run([case("GET /shelf?author=1&author=1")], differs)
    assert pair.steps[0].experiments == ()


def test_the_steps_before_it_come_before_its_experiments_too(settings: ReplaySettings) -> None:
    sequence = case(step("POST /books", b'{"title": "New"}'), "GET /shelf?author=2&author=1", name="add and look")
    with replaying(settings) as replay:
        (pair,) = replay.run([sequence], differs)
    added = [*ADA, "New"]
    assert found(pair, 1) == [("repeated-parameter", [BRAM, BRAM], [added, added])]


@pytest.mark.long
def test_a_side_that_ends_in_an_experiment_takes_only_that_one_with_it(settings: ReplaySettings) -> None:
    ends, after = case("GET /shelf?author=1&author=nobody"), case("GET /shelf?author=1")
    with replaying(settings) as replay:
        pairs = {pair.case.name: pair for pair in replay.run([ends, after], differs)}
    (seen,) = pairs[ends.name].steps
    assert (seen.control.response is not None, seen.experiments, pairs[ends.name].refused) == (True, (), "")
    assert items((pairs[after.name].steps[0].control, pairs[after.name].steps[0].candidate)) == [ADA, ADA]


@pytest.mark.long
def test_large_requests_and_answers_hold_nobody_up(settings: ReplaySettings) -> None:
    """A socket takes so much and no more while nobody reads: experiments wait for their turn as cases do."""
    large = step("POST /echo?tag=1&tag=2", b"x" * 1_000_000)
    with replaying(settings) as replay:
        pairs = list(replay.run([case(large), case("GET /shelf?author=1")], lambda _: mismatches("body")))
    assert {pair.case.name: len(pair.steps[0].experiments) for pair in pairs} == {
        large.request.line: 1,
        "GET /shelf?author=1": 0,
    }
