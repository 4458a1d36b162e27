"""A candidate that lets in whom the control refuses is found, whatever else differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.comparing.access_control import find_looseness
from gateway.comparing.observation import RowChange
from gateway.comparing.result import Difference
from gateway.http.message import Request
from tests.comparing.answers import answer, observe, step


def looseness(
    control: int, candidate: int, credential: str = "anonymous", target: str = "/todos", location: str = "/"
) -> Difference | None:
    sides = (answer("", "text/html", f"Location: {location}", status=status) for status in (control, candidate))
    return find_looseness(replace(step(*sides, request=Request("GET", target.encode())), credential=credential))


@pytest.mark.parametrize("credential", ["given", "anonymous", "wrong", "other-user", "no-csrf"])
@pytest.mark.parametrize(("control", "candidate"), [(401, 200), (403, 201), (401, 302), (403, 400), (401, 500)])
def test_it_is_looser(control: int, candidate: int, credential: str) -> None:
    expected = Difference("authentication", f"refused ({control})", f"answered ({candidate})")
    assert looseness(control, candidate, credential) == expected


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
    assert looseness(control, candidate) is None


def test_a_request_that_is_found_wrong_after_it_wrote_was_let_in() -> None:
    wrote = observe(answer("", status=422), rows=(RowChange("todos", "inserted", ("1",), (), (("id", "1"),)),))
    assert find_looseness(replace(step(answer("", status=401), wrote), credential="anonymous")) is not None


@pytest.mark.parametrize(
    ("control", "candidate", "is_looser"),
    [(400, 200, True), (419, 302, True), (400, 422, False), (400, 400, False), (400, 403, False), (200, 200, False)],
)
def test_a_missing_csrf_token_is_refused_by_400_or_419(control: int, candidate: int, is_looser: bool) -> None:
    assert (looseness(control, candidate, "no-csrf") is not None) is is_looser


@pytest.mark.parametrize(
    ("location", "is_looser"),
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
def test_a_redirect_to_a_login_page_is_a_refusal(location: str, is_looser: bool) -> None:
    assert (looseness(302, 200, location=location) is not None) is is_looser
    assert looseness(302, 303, location=location) is None


def test_a_login_page_refuses_nobody() -> None:
    assert looseness(302, 200, target="/login", location="/login") is None


def test_an_app_that_raised_let_nobody_in() -> None:
    refused = answer("", status=401)
    assert find_looseness(replace(step(observe(refused), observe(error="ValueError: x")), credential="wrong")) is None
    assert find_looseness(replace(step(observe(error="ValueError: x"), observe(refused)), credential="wrong")) is None
