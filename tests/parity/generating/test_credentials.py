"""A case -> the same case from somebody else."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from gateway.parity.corpus.case import Case
from gateway.parity.corpus.case_reading import read_step
from gateway.parity.generating.credentials import credential_variants


def case(*entries: dict[str, Any], name: str = "c", credential: str = "given") -> Case:
    return Case(name, tuple(map(read_step, entries)), credential=credential)


def get(**headers: str) -> dict[str, Any]:
    return {"request": "GET /me", "headers": {name.replace("_", "-"): value for name, value in headers.items()}}


def variants(mine: Case, others: Sequence[Case]) -> tuple[Case, ...]:
    return tuple(credential_variants(mine, others))


def header(found: Case, name: bytes) -> bytes | None:
    return next((value for key, value in found.steps[-1].request.headers if key.lower() == name), None)


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


WRONG = [
    (get(Authorization="Bearer abcde"), b"authorization", b"Bearer abAde"),
    (get(Authorization="Bearer {{token}}"), b"authorization", b"Bearer {{token}}x"),
    (get(Authorization=basic("ada:pw")), b"authorization", basic("ada:pwx").encode()),
    (get(Cookie="session=abc; theme=dark"), b"cookie", b"session=aAc; theme=daAk"),
    (get(X_API_Key="AAA"), b"x-api-key", b"ABA"),
]


@pytest.mark.parametrize(("entry", "name", "value"), WRONG)
def test_a_wrong_credential_has_the_shape_of_the_right_one(entry: dict[str, Any], name: bytes, value: bytes) -> None:
    anonymous, wrong = variants(case(entry), ())
    assert (anonymous.name, anonymous.credential, header(anonymous, name)) == ("c [anonymous]", "anonymous", None)
    assert (wrong.name, wrong.credential, header(wrong, name)) == ("c [wrong]", "wrong", value)


def test_a_case_without_a_credential_gets_a_bogus_one() -> None:
    (wrong,) = variants(case(get()), ())
    assert wrong.credential == "wrong"
    assert header(wrong, b"authorization") == b"Bearer gateway-parity-wrong-token"


def login(user: str) -> dict[str, Any]:
    return {"request": "POST /login", "json": {"user": user}, "capture": {"token": "body.token"}}


def test_another_user_of_the_same_kind_lends_the_credential() -> None:
    mine = case(get(Authorization="Bearer mine"))
    others = [mine, case(get(Authorization=basic("a:b"))), case(get(Authorization="Bearer theirs"))]
    assert header(variants(mine, others)[-1], b"authorization") == b"Bearer theirs"
    assert [variant.credential for variant in variants(mine, others[:2])] == ["anonymous", "wrong"]


def test_another_user_signs_in_after_all_that_the_case_has_done() -> None:
    create = {"request": "POST /notes", "headers": {"Authorization": "Bearer {{token}}"}, "capture": {"id": "body.id"}}
    read = {"request": "GET /notes/{{id}}", "headers": {"Authorization": "Bearer {{token}}"}}
    mine = case(login("ada"), create, read)
    theirs = case(login("bo"), get(Authorization="Bearer {{token}}"))
    other_user = variants(mine, [mine, theirs])[-1]
    assert other_user.credential == "other-user"
    assert other_user.steps == (*mine.steps[:2], theirs.steps[0], mine.steps[2])


def test_another_user_of_another_database_is_unknown_here() -> None:
    """But what needs no login may be known everywhere."""
    mine = case(login("ada"), get(Authorization="Bearer {{token}}"))
    theirs = case(login("bo"), get(Authorization="Bearer {{token}}"))
    elsewhere = replace(theirs, state="other.sqlite")
    assert [variant.credential for variant in variants(mine, [elsewhere])] == ["anonymous", "wrong"]
    assert variants(mine, [elsewhere, theirs])[-1].steps[1] == theirs.steps[0]
    written_down = replace(case(get(Authorization="Bearer theirs")), state="other.sqlite")
    assert header(variants(mine, [elsewhere, written_down])[-1], b"authorization") == b"Bearer theirs"


def test_a_variant_says_of_which_case_it_is_and_who_lends_the_login() -> None:
    mine = replace(case(login("ada"), get(Authorization="Bearer {{token}}"), name="mine"), origin="written in c/a.toml")
    theirs = case(login("bo"), get(Authorization="Bearer {{token}}"), name="theirs")
    assert [variant.origin for variant in variants(mine, [theirs])] == [
        'anonymous variant of "mine", written in c/a.toml',
        'wrong-credential variant of "mine", written in c/a.toml',
        'other-user variant of "mine", written in c/a.toml, lent login of "theirs"',
    ]


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ({"form": {"csrf_token": "{{csrf}}", "name": "{{a}} b"}}, b"name={{a}}+b"),
        ({"json": {"csrfToken": "t", "name": "a"}}, b'{"name":"a"}'),
        ({"json": {"name": "a"}, "headers": {"X-CSRFToken": "t"}}, b'{"name":"a"}'),
    ],
)
def test_without_its_csrf_token(entry: dict[str, Any], left: bytes) -> None:
    no_csrf = variants(case({"request": "POST /x", **entry}), ())[-1]
    assert no_csrf.credential == "no-csrf"
    assert no_csrf.steps[-1].request.body == left
    assert header(no_csrf, b"x-csrftoken") is None
    assert header(no_csrf, b"content-length") == str(len(left)).encode()


def test_what_is_spoilt_stays_as_it_is() -> None:
    assert variants(case(get(Authorization="Bearer a"), credential="wrong"), ()) == ()
