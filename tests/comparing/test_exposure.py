"""A candidate that lets in whom the control refuses is found, and an error answer that repeats a secret."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from gateway.comparing.exposure import find_leaked_secrets, find_weaker_access
from gateway.comparing.observation import Access, Compared, Observation, RowChange
from gateway.comparing.result import Difference
from gateway.http.message import Request, Response
from tests.comparing.answers import answer, headers, observe, step

# --- access ---


def weaker(compared: Compared) -> Difference | None:
    return next(find_weaker_access(compared), None)


def weaker_access(
    control: int, candidate: int, credential: str = "anonymous", target: str = "/todos", location: str = "/"
) -> Difference | None:
    sides = (answer("", "text/html", f"Location: {location}", status=status) for status in (control, candidate))
    return weaker(replace(step(*sides, request=Request("GET", target.encode())), credential=credential))


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
    assert weaker(replace(step(answer("", status=401), wrote), credential="anonymous")) is not None


ATTEMPT = RowChange("attempts", "updated", ("1",), (("count", "1"),), (("count", "2"),))
REFUSAL = {"type": "missing", "loc": ["body", "title"], "msg": "Field required"}


@pytest.mark.parametrize(
    ("control", "candidate", "is_weaker"),
    [
        ((ATTEMPT,), (ATTEMPT,), False),
        ((), (ATTEMPT,), True),
        ((ATTEMPT,), (ATTEMPT, ATTEMPT), True),
        ((ATTEMPT,), (), False),
    ],
)
@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_request_that_is_found_wrong_and_writes_what_a_refusal_writes_was_not_let_in(
    control: tuple[RowChange, ...], candidate: tuple[RowChange, ...], is_weaker: bool, status: int
) -> None:
    refused, wrong = observe(answer("", status=401), rows=control), observe(answer("", status=status), rows=candidate)
    compared = replace(step(refused, replace(wrong, refusals=(REFUSAL,))), credential="anonymous")
    assert (weaker(compared) is not None) is is_weaker


def test_a_request_that_is_found_wrong_while_nobody_watched_what_it_wrote_counts_as_let_in() -> None:
    unwatched = Observation(answer("", status=422))
    expected = Difference("authentication", "refused (401)", "answered (422)")
    assert weaker(step(answer("", status=401), unwatched)) == expected


LET_IN, REFUSED = Access(False, "current_user"), Access(True, "require_login")


def test_a_refusal_that_was_observed_counts_whatever_its_status() -> None:
    refused = Observation(answer("", status=418), access=REFUSED)
    expected = Difference("authentication", "refused (418, by require_login)", "answered (200)")
    assert weaker(step(refused, answer("", status=200))) == expected
    assert weaker(step(answer("", status=401), refused)) is None


@pytest.mark.parametrize("status", [200, 404, 422])
def test_who_was_observed_to_be_let_in_was_let_in_whatever_the_view_answers(status: int) -> None:
    let_in = Observation(answer("", status=status), access=LET_IN)
    expected = Difference("authentication", "refused (401)", f"answered ({status}, let in by current_user)")
    assert weaker(step(answer("", status=401), let_in)) == expected
    assert weaker(step(let_in, answer("", status=200))) is None


def test_a_view_may_refuse_whom_its_guard_let_in() -> None:
    forbidden = Observation(answer("", status=403), access=LET_IN)
    expected = Difference("authentication", "refused (403)", "answered (200)")
    assert weaker(step(forbidden, answer("", status=200))) == expected
    assert weaker(step(answer("", status=401), forbidden)) is None


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
    assert weaker(step(observe(refused), observe(error="ValueError: x"))) is None
    assert weaker(step(observe(error="ValueError: x"), observe(refused))) is None


# --- secrets ---

FORM = "Content-Type: application/x-www-form-urlencoded"
BASIC = base64.b64encode(b"ann:correct horse").decode()
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter22\r\n--x--\r\n'


def asked(*lines: str, target: str = "/login", body: str | bytes = b"") -> Request:
    return Request("POST", target.encode(), headers(*lines), body.encode() if isinstance(body, str) else body)


def echoes(request: Request, candidate: Response, control: Response | None = None) -> list[Difference]:
    return list(find_leaked_secrets(step(control or answer("no", status=400), candidate, request=request)))


@pytest.mark.parametrize(
    ("request_", "text", "name"),
    [
        (asked("Authorization: Bearer abcdef123"), "bad abcdef123", "the Authorization header"),
        (asked(f"Authorization: Basic {BASIC}"), "no correct horse", "the Authorization header's password"),
        (asked("Cookie: a=1; session=s3cr3t-value"), "bad s3cr3t-value", "cookie session"),
        (asked("X-API-Key: key-12345"), "key-12345?", "the x-api-key header"),
        (asked(body='{"user":{"password":"hunter22"}}'), "hunter22", "field password"),
        (asked(body='{"new_passwd":["hunter22"]}'), "hunter22", "field new_passwd"),
        (asked(body='{"pin_token":12345678}'), "12345678", "field pin_token"),
        (asked(body='{"secret":"a\\"b<c>é\\n"}'), json.dumps('a"b<c>é\n'), "field secret"),
        (asked(body='{"secret":"a\\"b<c>"}'), "a&quot;b&lt;c&gt;", "field secret"),
        (asked(FORM, body="csrf_token=abc+def%21"), "/x?t=abc%20def%21", "field csrf_token"),
        (asked(FORM, body="csrf_token=abc+def%21"), "abc def!", "field csrf_token"),
        (asked("Content-Type: multipart/form-data; boundary=x", body=MULTIPART), "hunter22", "field password"),
        (asked(target="/x?api_key=0123456"), "0123456", "field api_key"),
    ],
)
def test_a_secret_is_found_however_it_is_written(request_: Request, text: str, name: str) -> None:
    expected = [Difference("secret", None, f"echoes {name}")]
    assert echoes(request_, answer(f"..{text}..", status=422)) == expected
    if text.isascii() and "\n" not in text:
        assert echoes(request_, answer("", "text/plain", f"X-Why: {text}", status=422)) == expected
    assert echoes(request_, answer(text, status=399)) == []
    assert echoes(request_, answer(text, status=422), answer(text, status=400)) == []


@pytest.mark.parametrize(
    "request_",
    [
        asked(body='{"title":"hunter22"}'),
        asked(body='{"password":"abc"}'),
        asked(body='{"password":null,"token":true}'),
        asked(body="not JSON hunter22"),
        asked("Authorization: Basic not-base64"),
        asked(),
    ],
)
def test_nothing_is_found_where_there_is_no_secret(request_: Request) -> None:
    assert echoes(request_, answer('{"input":"hunter22 abc None True"}', status=422)) == []


def test_an_app_that_raised_answers_nothing() -> None:
    request = asked(body='{"password":"hunter22"}')
    error = observe(error="ValueError: hunter22")
    assert list(find_leaked_secrets(step(answer("", status=400), error, request=request))) == []
    assert list(find_leaked_secrets(step(error, answer("hunter22", status=400), request=request))) != []
