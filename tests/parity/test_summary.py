"""A route's outcome, how sure it is, and its latency: no data is not green."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.comparing.observation import Observation
from gateway.comparing.result import Difference, Disposition, Outcome, ParityResult, Verdict
from gateway.http.message import Request, Response
from gateway.parity.summary import Latency, defect_rate_bound, defect_rate_text, summarise, worst
from tests.comparing.answers import answer, observe

FINE = observe()
M, G, X, Q = Outcome.MATCHED, Outcome.IGNORED, Outcome.MISMATCHED, Outcome.INCONCLUSIVE


def results(outcomes: Sequence[Outcome], route: str = "GET /a", note: str = "") -> list[ParityResult]:
    return [
        ParityResult("case", 0, route, Request("GET", b"/a"), FINE, FINE, (), one, note if one is Q else "")
        for one in outcomes
    ]


def found_of(route: str, answers: Sequence[Observation]) -> list[ParityResult]:
    return [
        ParityResult(f"case {n}", 0, route, Request("GET", b"/a?%d" % n), seen, seen, (), M)
        for n, seen in enumerate(answers)
    ]


def test_the_same_request_in_five_cases_is_one() -> None:
    request = Request("GET", b"/a")
    found = [ParityResult(f"case {n}", 0, "GET /a", request, None, None, (), M) for n in range(5)]
    (summary,) = summarise(found, 2)
    assert (summary.outcome, summary.matched, summary.clean) == (Q, 5, 1)
    assert summary.note == "1 of 2 different requests needed"


def test_the_same_request_after_another_one_is_another() -> None:
    read, write = Request("GET", b"/a"), Request("POST", b"/b")
    found = [
        ParityResult("read", 0, "GET /a", read, None, None, (), M),
        ParityResult("write, read", 0, "POST /b", write, None, None, (), M),
        ParityResult("write, read", 1, "GET /a", read, None, None, (), M),
    ]
    assert {one.route: one.clean for one in summarise(found, 5)} == {"GET /a": 2, "POST /b": 1}


LOGIN = answer("", "text/html", "Location: https://app.test/login?next=/a", status=302)


@pytest.mark.parametrize(
    ("method", "response", "note"),
    [
        ("GET", answer(status=401), "no request was answered with success: 5 x 401"),
        ("GET", answer(status=404), "no request was answered with success: 5 x 404"),
        ("GET", LOGIN, "no request was answered with success: 5 x 302"),
        ("OPTIONS", answer(), "no request was answered with success: 5 x 200"),
        ("HEAD", answer(), ""),
        ("POST", answer(status=303), ""),
    ],
)
def test_a_view_that_never_did_anything_shows_nothing(method: str, response: Response, note: str) -> None:
    seen = observe(response)
    found = [ParityResult(f"case {n}", 0, "GET /a", Request(method, b"/a?%d" % n), seen, seen, (), M) for n in range(5)]
    (summary,) = summarise(found, 5)
    assert (summary.outcome, summary.note) == (Q if note else M, note)


def test_what_flask_answered_without_the_view_shows_nothing_of_a_route() -> None:
    redirected = replace(observe(answer(status=308)), by_view=False)
    refused = replace(observe(answer(status=401)), by_view=True)
    answered = [redirected] * 5 + [refused] * 5
    for route, expected in (
        ("GET /a", (Q, 5, "no request was answered with success: 5 x 401")),
        ("", (M, 10, "")),
    ):
        (summary,) = summarise(found_of(route, answered), 5)
        assert (summary.outcome, summary.clean, summary.note) == expected
    (summary,) = summarise(found_of("GET /a", [redirected] * 2 + [refused]), 2)
    assert summary.note == "1 of 2 different requests needed; 2 more: Flask answered 308 without the view"


def test_answers_of_two_kinds_are_no_clean_pair_however_they_are_meant() -> None:
    status = Verdict(Difference("status", "200", "422"), Disposition.IGNORED, "meant")
    other = Verdict(Difference("header.vary", "Cookie", None), Disposition.IGNORED, "meant")
    found = [
        ParityResult(f"case {n}", 0, "GET /a", Request("GET", b"/a?%d" % n), FINE, FINE, (verdict,), G)
        for n, verdict in enumerate([status] * 5 + [other] * 2)
    ]
    (summary,) = summarise(found, 2)
    assert (summary.outcome, summary.ignored, summary.clean) == (G, 7, 2)


@pytest.mark.parametrize(
    ("outcomes", "outcome", "note"),
    [
        ([M] * 5, M, ""),
        ([M] * 4, Q, "4 of 5 different requests needed"),
        ([M, M, M, G, G], G, ""),
        ([G], Q, "1 of 5 different requests needed"),
        ([X], X, ""),
        ([M] * 99 + [X], X, ""),
        ([M] * 4 + [Q] * 9, Q, "4 of 5 different requests needed; 9 more: a socket"),
        ([M] * 5 + [Q] * 9, M, ""),
        ([Q], Q, "0 of 5 different requests needed; 1 more: a socket"),
    ],
)
def test_the_outcome_of_a_route(outcomes: list[Outcome], outcome: Outcome, note: str) -> None:
    (summary,) = summarise(results(outcomes, note="a socket"), 5)
    assert (summary.outcome, summary.note) == (outcome, note)
    counts = summary.matched, summary.ignored, summary.mismatched, summary.inconclusive
    assert counts == tuple(outcomes.count(one) for one in (M, G, X, Q))
    assert summary.clean == outcomes.count(M) + outcomes.count(G)
    assert summary.requests == len(outcomes)


def test_paths_that_no_rule_takes_need_no_minimum() -> None:
    (summary,) = summarise(results([M], route=""), 5)
    assert summary.outcome is M


def test_the_worst_route_stands_first_and_what_is_no_route_last() -> None:
    every = [
        *results([M] * 5, "c"),
        *results([M], "b"),
        *results([X], ""),
        *results([X], "d"),
        *results([M] * 5, "a"),
        *results([G] * 5, "e"),
    ]
    assert [summary.route for summary in summarise(every, 5)] == ["d", "b", "e", "a", "c", ""]


def test_a_run_is_as_its_worst_route_and_nothing_is_inconclusive() -> None:
    assert worst([M, G]) is G
    assert worst([M, Q, G]) is Q
    assert worst([Q, X]) is X
    assert worst([]) is Q


@pytest.mark.parametrize(("clean", "rate"), [(0, 1.0), (1, 0.95), (59, 0.0495), (400, 0.00746), (3_000, 0.000998)])
def test_the_bound_is_the_rate_that_would_have_been_seen(clean: int, rate: float) -> None:
    assert defect_rate_bound(clean) == pytest.approx(rate, rel=1e-2)
    assert (1 - defect_rate_bound(clean)) ** clean == pytest.approx(0.05 if clean else 1.0)


def test_the_bound_in_words() -> None:
    assert defect_rate_text(0) == "No clean pair: nothing is shown."
    assert (
        defect_rate_text(400)
        == "With 400 clean pairs a defect in at least 0.75 % of requests like these would have been seen (95 %)."
    )


@pytest.mark.parametrize(
    ("durations", "latency"),
    [
        ([7.0], Latency(7.0, 7.0, 7.0)),
        ([2.0, 1.0], Latency(1.0, 2.0, 2.0)),
        ([float(number) for number in range(100, 0, -1)], Latency(50.0, 95.0, 99.0)),
        ([float(number) for number in range(1, 201)], Latency(100.0, 190.0, 198.0)),
        ([], None),
    ],
)
def test_latency_is_the_nearest_rank_of_one_route_on_one_side(durations: list[float], latency: Latency | None) -> None:
    observed = (Observation(None, "E", duration) for duration in durations)
    every = [ParityResult("c", 0, "a", Request("GET", b"/"), one, None, (), M) for one in observed] + results([M], "b")
    summaries = {summary.route: summary for summary in summarise(every, 5)}
    if durations:
        assert (summaries["a"].legacy_latency, summaries["a"].new_latency) == (latency, None)
    assert summaries["b"].legacy_latency == Latency(0.01, 0.01, 0.01)
