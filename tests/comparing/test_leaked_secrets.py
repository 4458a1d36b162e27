"""An error answer that repeats a secret of the request is found, named, and the secret not shown."""

from __future__ import annotations

import base64
import json

import pytest

from gateway.comparing.leaked_secrets import find_leaked_secrets
from gateway.comparing.result import Difference
from gateway.http.message import Request, Response
from tests.comparing.answers import answer, headers, observe, step

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
