"""Redaction: what is a secret, what shape its placeholder has, and that nothing of it is left."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus, urlencode

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.message import Exchange, Headers, Request, Response
from gateway.http.multipart import Part, encode_multipart
from gateway.http.redaction.redaction import redact_request, secrets_of
from gateway.http.redaction.secret_texts import Placeholders, is_card
from gateway.http.secret_names import is_secret
from gateway.parity.corpus.case import Case, Step
from gateway.parity.corpus.case_writing import case_text

SALT = b"of this recording"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


# --- names ---

SECRET = (
    "password Password new_password user[password] userPassword passwd pwd client_secret api_key X-API-Key apiKey "
    "access_token refreshToken csrf_token X-CSRFToken csrfmiddlewaretoken X-Auth-Token card_number cvc otp pin "
    "session sid session_id signature sessionid"
)
HARMLESS = "title id name token_type pinned passenger compass author authors key code state spinning grant_type q"


@pytest.mark.parametrize("name", SECRET.split())
def test_names_that_say_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", HARMLESS.split())
def test_names_that_do_not(name: str) -> None:
    assert not is_secret(name)


# --- shapes ---


@pytest.mark.parametrize(
    ("secret", "shape"),
    [
        ("hunter2", r"[a-z]{6}\d"),
        ("Tr0ub4dor&3", r"[A-Z][a-z]\d[a-z]{2}\d[a-z]{3}[!*~]\d"),
        ("0123", r"\d{4}"),
        ("9f8b-00aa", r"\d[a-f]\d[a-f]-\d\d[a-f]{2}"),
        ("ada@example.com", r"u[0-9a-f]{12}@example\.com"),
        ("4111 1111 1111 1111", r"4\d{3} \d{4} \d{4} \d{4}"),
        ("ключ", r"[a-z]{4}"),
        (JWT, r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{43}"),
        ("---", "redacted"),
    ],
)
def test_a_placeholder_has_the_shape_of_its_secret(secret: str, shape: str) -> None:
    shown = Placeholders(SALT).of(secret)
    assert re.fullmatch(shape, shown)
    assert shown == Placeholders(SALT).of(secret) != Placeholders(b"of another").of(secret) or shown == "redacted"


def test_placeholders_are_valid() -> None:
    placeholders = Placeholders(SALT)
    assert validate_email(placeholders.of("ada@example.com"), check_deliverability=False)
    assert is_card(placeholders.of("5500-0055-5555-5559"))
    payload = placeholders.of(JWT).split(".")[1]
    assert set(json.loads(base64.urlsafe_b64decode(payload + "=="))) == {"sub"}


# --- places ---

KEY = "5f2c0a9be41d7786"


def cleaned(target: str = "/", body: bytes = b"", kind: str = "", *, salt: bytes = SALT, **headers: str) -> Request:
    sent = {"content-type": kind} if kind else {}
    return redact_request(Request("POST", target.encode(), pairs({**sent, **headers}), body), salt)


def pairs(headers: dict[str, str]) -> Headers:
    return tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())


def of(secret: str) -> str:
    return Placeholders(SALT).of(secret)


def test_headers() -> None:
    basic = base64.b64encode(b"ada@example.com:hunter2").decode()
    request = cleaned(
        authorization=f"Basic {basic}",
        proxy_authorization=f"Bearer {JWT}",
        cookie=f"session={KEY}; theme=dark",
        x_api_key=KEY,
        x_csrftoken="abcdef",
        referer="http://a.test/reset?token=abcdef&page=2",
        accept="text/html;q=0.9",
    )
    basic = base64.b64encode(f"{of('ada@example.com')}:{of('hunter2')}".encode()).decode()
    assert dict(request.headers) == dict(
        pairs(
            {
                "authorization": f"Basic {basic}",
                "proxy-authorization": f"Bearer {of(JWT)}",
                "cookie": f"session={of(KEY)}; theme={of('dark')}",
                "x-api-key": of(KEY),
                "x-csrftoken": of("abcdef"),
                "referer": f"http://a.test/reset?token={of('abcdef')}&page=2",
                "accept": "text/html;q=0.9",
            }
        )
    )


def test_a_target() -> None:
    before = "/users/ada%40example.com/7?page=%20&token=a%2Bbcdef&next=/x?api_key=abcdef&card=4111111111111111"
    assert cleaned(before).target.decode() == (
        f"/users/{of('ada@example.com')}/7?page=%20&token={quote_plus(of('a+bcdef'))}"
        f"&next={quote_plus('/x?api_key=' + of('abcdef'))}&card={of('4111111111111111')}"
    )
    uuid = "0b5c1d62-9e4f-4c1e-8a21-0d6f1c2b3a4e"
    assert cleaned(f"/orders/{uuid}").target.decode() == f"/orders/{of(uuid)}"
    assert cleaned(f"/reset/{KEY}").target.decode() == f"/reset/{of(KEY)}"


def test_json_keeps_its_form() -> None:
    before = {
        "user": {"name": "Ada", "password": "hunter2", "tokens": ["abc", 12345]},
        "n": 1.5,
        "mail": "Ada <a@b.de>",
    }
    shown = {
        "user": {"name": "Ada", "password": of("hunter2"), "tokens": [of("abc"), Placeholders(SALT).number(12345)]},
        "n": 1.5,
        "mail": f"Ada <{of('a@b.de')}>",
    }
    for style in ({}, {"separators": (",", ":")}):
        body = json.dumps(before, **style).encode()
        request = cleaned(body=body, kind="application/json", content_length=str(len(body)))
        assert request.body == json.dumps(shown, **style).encode()
        assert (b"content-length", str(len(request.body)).encode()) in request.headers


def test_a_form_and_a_multipart_body() -> None:
    form = cleaned(body=b"name=Ada+M&password=hunt%26er2&x", kind="application/x-www-form-urlencoded")
    assert form.body == f"name=Ada+M&password={quote_plus(of('hunt&er2'))}&x".encode()
    parts = (Part("name", b"Ada"), Part("password", b"hunter2"), Part("f", b"from a@b.de\0", "a.txt", "text/plain"))
    shown = (
        parts[0],
        Part("password", of("hunter2").encode()),
        Part("f", b"", "a.txt", "text/plain"),
    )
    multipart = cleaned(body=encode_multipart(parts, "x"), kind="multipart/form-data; boundary=x")
    assert multipart.body == encode_multipart(shown, "x")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"a": 1, "password": {"old": "hunter2"', "application/json"),
        (b'{"user": "{\\"password\\": \\"hunter2\\"}"}', "application/json"),
        ('{"password": "hunter2"}'.encode("utf-16"), "application/json"),
        (b"password=hunter2&%", "text/plain"),
        (b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2', "multipart/form-data; boundary=x"),
        (b"payload=%7B%22password%22%3A%22hunter2%22%7D", "application/x-www-form-urlencoded"),
        (gzip.compress(b'{"password": "hunter2"}', mtime=0), "gzip"),
    ],
)
def test_what_is_odd_is_no_way_out(body: bytes, kind: str) -> None:
    headers = {"content_encoding": "gzip"} if kind == "gzip" else {}
    request = cleaned(body=body, kind=kind, **headers)
    left = unquote_plus(request.body.decode("utf-16" if body[:2] == b"\xff\xfe" else "utf-8"))
    assert "hunter2" not in left
    assert kind != "gzip" or request == Request("POST", b"/", ((b"content-type", b"gzip"),), b"")


def test_a_secret_is_found_where_it_is_repeated() -> None:
    headers = ((b"x-echo", b"hunter2"), (b"set-cookie", b"sid=0123456789abcdef; Path=/"))
    answer = Response(400, headers, b"<p>wrong: hunter2 of ada@example.com</p>")
    body = b'{"password": "hunter2", "note": "my hunter2!"}'
    exchange = Exchange(Request("POST", b"/?again=hunter2", ((b"content-type", b"application/json"),), body), answer)
    assert secrets_of(exchange) == {"hunter2", "0123456789abcdef"}  # an e-mail is known by its look, wherever it is
    clean = redact_request(exchange.request, SALT, secrets_of(exchange))
    assert b"hunter2" not in clean.target + clean.body
    later = Request("GET", b"/?q=hunter2")
    assert redact_request(later, SALT, secrets_of(exchange)).target == f"/?q={of('hunter2')}".encode()


def test_a_kept_value_stays() -> None:
    request = Request("GET", b"/", ((b"cookie", b"session={{session}}"), (b"authorization", b"Bearer {{token}}")))
    assert redact_request(request, SALT, kept=["session", "token"]) == request
    assert redact_request(request, SALT) != request


def test_what_has_no_secret_does_not_change() -> None:
    body = b'{ "title":"Caf\\u00e9",  "n": 1.10, "when": 1700000000000 }'
    headers = ((b"content-type", b"application/json"), (b"accept", b"*/*"), (b"x-latin", b"caf\xe9"))
    request = Request("PUT", b"/todos/7?full=1&q=%zz&x", headers, body)
    assert redact_request(request, SALT) == request


# --- the property ---

WORDS = st.tuples(
    st.text("abcdefghijkmnopqrstuvwxyzABCXYZ!$&@ %+/'\"<é", min_size=5, max_size=12),
    st.text("0123456789", min_size=3, max_size=4),
).map("".join)
EMAILS = st.from_regex(r"[a-z]{3,8}[.+]?[0-9]{2,4}@[a-z]{3,8}\.(de|com)", fullmatch=True)
JWTS = st.binary(min_size=12, max_size=24).map(
    lambda raw: "eyJhbGciOiJIUzI1NiJ9." + base64.urlsafe_b64encode(raw).decode().rstrip("=") + ".c2lnbmF0dXJl"
)


def with_check_digit(digits: str) -> str:
    return next(digits + last for last in "0123456789" if is_card(digits + last))


CARDS = st.from_regex(r"[45][0-9]{14}", fullmatch=True).map(with_check_digit)
NAMED = st.tuples(st.sampled_from(["password", "api_key", "refreshToken", "user[pwd]"]), WORDS)
ANYWHERE = st.one_of(EMAILS, CARDS, JWTS).map(lambda secret: f"see {secret}, please")
HARMLESS_VALUES = st.sampled_from(["Ada", "7", "a b", ""])


@st.composite
def requests(draw: st.DrawFn) -> tuple[Request, list[str]]:
    """A request with secrets in every kind of place, and the secrets."""
    name, word = draw(NAMED)
    free = draw(ANYWHERE)
    secrets = [word, free.removeprefix("see ").removesuffix(", please")]
    values = {name: word, "note": free, "title": draw(HARMLESS_VALUES)}
    kind, body = draw(st.sampled_from(BODIES))(values, draw)
    key, user, password, cookie = (draw(WORDS) for _ in range(4))
    credential = base64.b64encode(f"{user.replace(':', '')}:{password}".encode()).decode()
    headers = (
        (b"content-type", kind.encode()),
        (b"authorization", draw(st.sampled_from([f"Basic {credential}", f"Bearer {draw(JWTS)}"])).encode()),
        (b"cookie", f"sid={quote(cookie, safe='')}; theme=dark".encode()),
        (b"x-api-key", key.encode()),
        (b"referer", f"http://a.test/?{urlencode({name: word})}".encode()),
    )
    target = f"/{quote(free, safe='')}/7?{urlencode({'q': free, name: word, 'page': '2'})}"
    return Request("POST", target.encode(), headers, body), [*secrets, key, password, cookie]


def as_json(values: dict[str, str], draw: Any) -> tuple[str, bytes]:
    nested = draw(st.sampled_from([values, {"a": [values]}, {"payload": json.dumps(values)}]))
    text = json.dumps(nested, ensure_ascii=draw(st.booleans()))
    return "application/json", text[: draw(st.sampled_from([len(text), len(text) - 3]))].encode()


def as_form(values: dict[str, str], _draw: Any) -> tuple[str, bytes]:
    return "application/x-www-form-urlencoded", urlencode(values).encode()


def as_multipart(values: dict[str, str], _draw: Any) -> tuple[str, bytes]:
    parts = tuple(Part(name, value.encode()) for name, value in values.items())
    return "multipart/form-data; boundary=x", encode_multipart(parts, "x")


def as_text(values: dict[str, str], _draw: Any) -> tuple[str, bytes]:
    return "text/plain", urlencode(values).encode()


BODIES = [as_json, as_form, as_multipart, as_text]


def interpretations(text: str) -> list[str]:
    """A text as it is, and as whoever looks for secrets in it would read it."""
    plain = unquote_plus(text)
    unescaped = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\", "")
    tokens = (token for token in re.findall(r"[A-Za-z0-9+/]{8,}={0,2}", text) if len(token) % 4 == 0)
    return [
        text,
        plain,
        html.unescape(text),
        unescaped,
        *(base64.b64decode(token).decode("latin-1") for token in tokens),
    ]


@given(requests())
def test_no_secret_survives(generated: tuple[Request, list[str]]) -> None:
    request, secrets = generated
    whole = case_text(Case("a", (Step(redact_request(request, SALT)),)))
    for secret in secrets:
        forms = {
            secret,
            secret.replace('"', "").replace("\\", ""),
            quote(secret),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
        }
        for reading in interpretations(whole):
            assert [form for form in forms if form in reading] == [], (secret, reading)


@given(requests())
def test_the_same_secret_has_the_same_placeholder(generated: tuple[Request, list[str]]) -> None:
    request, _ = generated
    assert redact_request(request, SALT) == redact_request(request, SALT)
    assert redact_request(request, SALT) != redact_request(request, b"another")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"password":"\\ud800abcdef"}'),
        ("application/x-www-form-urlencoded", b"password=%ff%feabcdef"),
    ],
)
def test_a_secret_that_is_no_text_is_redacted(content_type: str, body: bytes) -> None:
    request = Request("POST", b"/login", ((b"content-type", content_type.encode()),), body)
    clean = redact_request(request, SALT)
    assert clean.body != body
    assert b"abcdef" not in clean.body
