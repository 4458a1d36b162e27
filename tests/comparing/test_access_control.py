"""A candidate that lets in whom the control refuses is found, whatever else differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.comparing.access_control import find_weaker_access
from gateway.comparing.observation import Access, Observation, RowChange
from gateway.comparing.result import Difference
from gateway.http.message import Request
from tests.comparing.answers import answer, observe, step


def weaker_access(
    control: int, candidate: int, credential: str = "anonymous", target: str = "/todos", location: str = "/"
) -> Difference | None:
    sides = (answer("", "text/html", f"Location: {location}", status=status) for status in (control, candidate))
    return find_weaker_access(replace(step(*sides, request=Request("GET", target.encode())), credential=credential))


@pytest.mark.parametrize("credential", ["given", "anonymous", "wrong", "other-user", "no-csrf"])
@pytest.mark.parametrize(("control", "candidate"), [(401, 200), (403, 201), (401, 302), (403, 400), (401, 500)])
def test_it_is_weaker(control: int, candidate: int, credential: str) -> None:
    expected = Difference("authentication", f"refused ({control})", f"answered ({candidate})")
    assert weaker_access(control, candidate, credential) == expected


@pytest.mark.parametrize(
    ("control", "candidate"),
    [
        (401, 422),
        (401, 401),
        (401, 403),
        (403, 401),
        (200, 401),
        (200, 200),
        (404, 200),
        (401, 404),
        (401, 405),
        (403, 503),
        (400, 200),
    ],
)
def test_it_is_not(control: int, candidate: int) -> None:
    assert weaker_access(control, candidate) is None


def test_a_request_that_is_found_wrong_after_it_wrote_was_let_in() -> None:
    wrote = observe(answer("", status=422), rows=(RowChange("todos", "inserted", ("1",), (), (("id", "1"),)),))
    assert find_weaker_access(replace(step(answer("", status=401), wrote), credential="anonymous")) is not None


def test_a_request_that_is_found_wrong_while_nobody_watched_what_it_wrote_counts_as_let_in() -> None:
    unwatched = Observation(answer("", status=422))
    expected = Difference("authentication", "refused (401)", "answered (422)")
    assert find_weaker_access(step(answer("", status=401), unwatched)) == expected


LET_IN, REFUSED = Access(False, "current_user"), Access(True, "require_login")


def test_a_refusal_that_was_observed_counts_whatever_its_status() -> None:
    refused = Observation(answer("", status=418), access=REFUSED)
    expected = Difference("authentication", "refused (418, by require_login)", "answered (200)")
    assert find_weaker_access(step(refused, answer("", status=200))) == expected
    assert find_weaker_access(step(answer("", status=401), refused)) is None


@pytest.mark.parametrize("status", [200, 404, 422])
def test_who_was_observed_to_be_let_in_was_let_in_whatever_the_view_answers(status: int) -> None:
    let_in = Observation(answer("", status=status), access=LET_IN)
    expected = Difference("authentication", "refused (401)", f"answered ({status}, let in by current_user)")
    assert find_weaker_access(step(answer("", status=401), let_in)) == expected
    assert find_weaker_access(step(let_in, answer("", status=200))) is None


def test_a_view_may_refuse_whom_its_guard_let_in() -> None:
    forbidden = Observation(answer("", status=403), access=LET_IN)
    expected = Difference("authentication", "refused (403)", "answered (200)")
    assert find_weaker_access(step(forbidden, answer("", status=200))) == expected
    assert find_weaker_access(step(answer("", status=401), forbidden)) is None


@pytest.mark.parametrize(
    ("control", "candidate", "is_weaker"),
    [(400, 200, True), (419, 302, True), (400, 422, False), (400, 400, False), (400, 403, False), (200, 200, False)],
)
def test_a_missing_csrf_token_is_refused_by_400_or_419(control: int, candidate: int, is_weaker: bool) -> None:
    assert (weaker_access(control, candidate, "no-csrf") is not None) is is_weaker


@pytest.mark.parametrize(
    ("location", "is_weaker"),
    [
        ("/login", True),
        ("/auth/login?next=/todos", True),
        ("https://id.test/oauth/authorize?x=1", True),
        ("/sign-in/", True),
        ("/todos?from=/login", False),
        ("/blogindex", False),
        ("/", False),
    ],
)
def test_a_redirect_to_a_login_page_is_a_refusal(location: str, is_weaker: bool) -> None:
    assert (weaker_access(302, 200, location=location) is not None) is is_weaker
    assert weaker_access(302, 303, location=location) is None


def test_a_login_page_refuses_nobody() -> None:
    assert weaker_access(302, 200, target="/login", location="/login") is None


def test_an_app_that_raised_let_nobody_in() -> None:
    refused = answer("", status=401)
    assert find_weaker_access(step(observe(refused), observe(error="ValueError: x"))) is None
    assert find_weaker_access(step(observe(error="ValueError: x"), observe(refused))) is None
