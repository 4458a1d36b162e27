"""A difference is explained by two interpretations only where the experiment leaves no other reason."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from gateway.comparing.causes import Explainer
from gateway.comparing.observation import Compared, Experiment
from gateway.comparing.result import Difference
from tests.comparing.answers import answer, observe, step

ONE, TWO, NONE = (f'{{"items": [{{"id": {number}}}], "total": 9}}' for number in (1, 2, 3))
MANY = '{"items": [{"id": 2}, {"id": 5}], "total": 9}'


@dataclass(frozen=True)
class Tried:
    """Bodies: of the pair, and of both sides asked the interpretation of the control and that of the candidate."""

    what: str
    pair: tuple[str, str]
    control: tuple[str, str]
    candidate: tuple[str, str]
    where: str
    cause: str | None

    def __str__(self) -> str:
        return self.what

    @property
    def step(self) -> Compared:
        control, candidate = (
            (observe(answer(one)), observe(answer(other))) for one, other in (self.control, self.candidate)
        )
        pair = step(*map(answer, self.pair))
        return replace(pair, experiments=(Experiment("repeated-parameter", control, candidate),))


TRIED = (
    Tried("first and last", (ONE, TWO), (ONE, ONE), (TWO, TWO), "body.items[0].id", "repeated-parameter"),
    Tried("lists of other lengths", (ONE, MANY), (ONE, ONE), (MANY, MANY), "body.items", "repeated-parameter"),
    Tried("the first is another answer too", (ONE, TWO), (ONE, NONE), (TWO, TWO), "body.items[0].id", None),
    Tried("the last is another answer too", (ONE, TWO), (ONE, ONE), (NONE, TWO), "body.items[0].id", None),
    Tried("the sides never agree", (ONE, TWO), (ONE, NONE), (NONE, TWO), "body.items[0].id", None),
    Tried("the control reads neither", (NONE, TWO), (ONE, ONE), (TWO, TWO), "body.items[0].id", None),
    Tried("the candidate reads neither", (ONE, NONE), (ONE, ONE), (TWO, TWO), "body.items[0].id", None),
    Tried("both read the first", (ONE, TWO), (ONE, TWO), (TWO, NONE), "body.items[0].id", None),
    Tried("a location that does not differ", (ONE, TWO), (ONE, ONE), (TWO, TWO), "body.total", None),
    Tried(
        "a location that always differs",
        (ONE, MANY.replace("9", "8")),
        (ONE, ONE.replace("9", "8")),
        (MANY, MANY.replace("9", "8")),
        "body.total",
        None,
    ),
    Tried("within a list that always differs", (ONE, MANY), (ONE, MANY), (ONE, MANY), "body.items[0].id", None),
)


def test_an_interpretation_that_one_side_refuses_is_another_difference() -> None:
    tried = TRIED[0].step
    (experiment,) = tried.experiments
    refused = observe(answer('{"detail": []}', status=422))
    both_ways = (
        replace(experiment, control=(experiment.control[0], refused)),
        replace(experiment, candidate=(refused, experiment.candidate[1])),
    )
    for one in both_ways:
        cause = Explainer(replace(tried, experiments=(one,)), "typed").cause_of(
            Difference("body.items[0].id", "1", "2")
        )
        assert cause is not None
        assert cause.name == "repeated-parameter"
    neither = replace(both_ways[0], candidate=both_ways[1].candidate)
    step = replace(tried, experiments=(neither,))
    assert Explainer(step, "typed").cause_of(Difference("body.items[0].id", "1", "2")) is None


@pytest.mark.parametrize("tried", TRIED, ids=str)
def test_a_location(tried: Tried) -> None:
    cause = Explainer(tried.step, "typed").cause_of(Difference(tried.where, "1", "2"))
    assert (cause and cause.name) == tried.cause
