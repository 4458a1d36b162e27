"""Values of one answer that a later request sends: what becomes a capture, and what is no more than equal."""

from __future__ import annotations

import json
from typing import Any

from gateway.http.message import Exchange, Request, Response
from gateway.parity.corpus.linking import link, link_each
from gateway.parity.replaying.captures import value_at

SESSION = b"eyJ1c2VyX2lkIjoxfQ.Zx.signature"


def asked(line: str, *headers: tuple[bytes, bytes], body: bytes = b"") -> Request:
    method, target = line.split(" ")
    return Request(method, target.encode(), headers, body)


def answered(body: Any = b"", *headers: tuple[bytes, bytes], kind: bytes = b"application/json") -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(200, ((b"content-type", kind), *headers), raw)


LOGIN = Exchange(asked("POST /login"), answered({"id": 1}, (b"set-cookie", b"session=" + SESSION + b"; Path=/")))
ME = Exchange(asked("GET /me", (b"cookie", b"theme=dark; session=" + SESSION)), answered())


def test_a_cookie_that_an_answer_set() -> None:
    login, me = link([LOGIN, ME])
    assert login.captures == (("session", "cookie.session"),)
    assert me.request.headers == ((b"cookie", b"theme=dark; session={{session}}"),)


def test_a_cookie_of_another_name_or_value_is_no_link() -> None:
    other = Exchange(asked("GET /me", (b"cookie", b"session=x; sid=" + SESSION)), answered())
    assert link([LOGIN, other])[1].request == other.request


def test_a_later_value_takes_its_place() -> None:
    again = Exchange(LOGIN.request, answered({}, (b"set-cookie", b"session=another")))
    later = Exchange(asked("GET /me", (b"cookie", b"session=another")), answered())
    steps = link([LOGIN, ME, again, later])
    assert [step.captures for step in steps] == [
        (("session", "cookie.session"),),
        (),
        (("session_2", "cookie.session"),),
        (),
    ]
    assert steps[3].request.headers == ((b"cookie", b"session={{session_2}}"),)


def test_ids_below_the_path_of_their_answer() -> None:
    made = [Exchange(asked("POST /todos"), answered({"id": number})) for number in (9, 10)]
    lines = ["GET /todos/9?full=1", "PUT /todos/10/done", "GET /users/9", "GET /todos/99", "GET /todos"]
    steps = link([*made, *(Exchange(asked(line), answered()) for line in lines)])
    assert [step.request.target for step in steps[2:]] == [
        b"/todos/{{id}}?full=1", b"/todos/{{id_2}}/done", b"/users/9", b"/todos/99", b"/todos"
    ]  # fmt: skip
    assert [step.captures for step in steps[:2]] == [(("id", "body.id"),), (("id_2", "body.id"),)]


def test_a_uuid_is_an_id_and_a_title_is_none() -> None:
    uuid = "0b5c1d62-9e4f-4c1e-8a21-0d6f1c2b3a4e"
    steps = link(
        [Exchange(asked("POST /a"), answered({"id": uuid})), Exchange(asked(f"GET /a/{uuid}"), answered()),
         Exchange(asked("POST /b"), answered({"id": "x"})), Exchange(asked("GET /b/x"), answered())]
    )  # fmt: skip
    assert [step.request.target for step in steps] == [b"/a", b"/a/{{id}}", b"/b", b"/b/x"]


def test_tokens_of_json_and_of_a_form() -> None:
    token = "a-token-of-16-characters"
    page = b'<input id="csrf_token" name="csrf_token" type="hidden" value="%b">' % token.encode()
    length = (b"content-length", str(len(f"csrf_token={token}&a=1")).encode())
    steps = link(
        [
            Exchange(asked("POST /token"), answered({"access_token": f"{token}1", "title": f"{token}2"})),
            Exchange(asked("GET /me", (b"authorization", f"Bearer {token}1".encode())), answered()),
            Exchange(asked("GET /form"), answered(page, kind=b"text/html")),
            Exchange(asked("POST /form", length, body=f"csrf_token={token}&a=1".encode()), answered()),
        ]
    )
    assert steps[0].captures == (("access_token", "body.access_token"),)
    assert steps[1].request.headers == ((b"authorization", b"Bearer {{access_token}}"),)
    assert steps[2].captures == (("csrf_token", "body.csrf_token"),)
    assert steps[3].request.body == b"csrf_token={{csrf_token}}&a=1"
    assert steps[3].request.headers == ((b"content-length", b"29"),)
    assert value_at(answered(page, kind=b"text/html"), "body.csrf_token") == token


def test_each_alone_has_what_it_needs() -> None:
    other = Exchange(asked("GET /"), answered())
    cases = link_each([LOGIN, other, ME])
    assert [[step.request.target for step in steps] for steps in cases] == [[b"/login"], [b"/"], [b"/login", b"/me"]]
    assert cases[0][0].captures == ()
    assert cases[2][0].captures == (("session", "cookie.session"),)


def test_a_chain_of_cookies_costs_its_length() -> None:
    """Two cookies that every answer sets anew: a step needs all before it, found once each."""
    exchanges = []
    for number in range(100):
        sent = b"a=a%d; b=b%d" % (number, number)
        set_anew = ((b"set-cookie", b"%b=%b%d" % (name, name, number + 1)) for name in (b"a", b"b"))
        exchanges.append(Exchange(asked(f"GET /{number}", (b"cookie", sent)), answered({}, *set_anew)))
    assert [len(steps) for steps in link_each(exchanges)] == list(range(1, 101))


def test_a_name_beyond_latin_1_beside_a_cookie() -> None:
    token = "a-token-of-16-characters"
    given = Exchange(asked("POST /login"), answered({"密码_token": token}))
    later = Exchange(asked("GET /me", (b"cookie", b"token=" + token.encode())), answered())
    assert [step.request for step in link([given, later])] == [given.request, later.request]
