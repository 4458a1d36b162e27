"""Tokens of both sample apps: what one issues the other accepts, and neither anything else."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from new_fastapi.seed import PASSWORD
from tests.support.depot import ADA, SECRET_KEY, SIDES, open_side
from tests.support.stores import Store

FORM = {"username": ADA["email"], "password": PASSWORD}
NOW = int(time.time())
GOOD = {"sub": "1", "iat": NOW, "exp": NOW + 86_400}


@pytest.fixture(scope="module")
def sides(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, TestClient]]:
    """Both apps for all tests: none of them changes anything, and all of them together may sign in."""
    uploads = tmp_path_factory.mktemp("uploads")
    with pytest.MonkeyPatch.context() as patch, store.new_database() as url:
        patch.setenv("DEPOT_LOGIN_LIMIT", "1000")
        with open_side("legacy", url, uploads) as legacy, open_side("new", url, uploads) as new:
            yield {"legacy": legacy, "new": new}


@pytest.fixture(params=SIDES)
def client(request: pytest.FixtureRequest, sides: dict[str, TestClient]) -> TestClient:
    return sides[request.param]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(claims: dict[str, Any], key: str = SECRET_KEY, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm)


def unsigned(header: dict[str, str], claims: dict[str, Any]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join([*parts, ""])


def without(claim: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != claim}


@pytest.mark.parametrize("reader", SIDES)
@pytest.mark.parametrize("issuer", SIDES)
def test_a_token_of_either_side_is_good_on_both(sides: dict[str, TestClient], issuer: str, reader: str) -> None:
    issued = sides[issuer].post("/token", data=FORM)
    token = issued.json()["access_token"]
    assert issued.status_code == 200
    assert issued.json() == {"access_token": token, "token_type": "bearer", "expires_in": 3600}
    assert issued.headers["Cache-Control"] == "no-store"
    for scheme in ("Bearer", "bearer"):
        found = sides[reader].get("/token/me", headers={"Authorization": f"{scheme} {token}"})
        assert (found.status_code, found.json()) == (200, ADA)


def test_what_a_token_says(client: TestClient) -> None:
    began = int(time.time())
    token = client.post("/token", data=FORM).json()["access_token"]
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(token, SECRET_KEY, ["HS256"])
    assert claims == {"sub": "1", "iat": claims["iat"], "exp": claims["iat"] + 3600}
    assert began <= claims["iat"] <= time.time()


REFUSED = {
    "none at all": {},
    "another scheme": {"Authorization": "Basic YTpi"},
    "a good token in another scheme": {"Authorization": f"Token {signed(GOOD)}"},
    "no token": {"Authorization": "Bearer"},
    "an empty token": {"Authorization": "Bearer "},
    "no JWT": bearer("abc"),
    "not ASCII": {"Authorization": "Bearer é.é.é".encode("latin-1")},
    "a parameter": bearer("a=b"),
    "expired": bearer(signed(GOOD | {"iat": NOW - 20, "exp": NOW - 10})),
    "from the future": bearer(signed(GOOD | {"iat": NOW + 43_200})),
    "another key": bearer(signed(GOOD, key="another key, of thirty-two bytes or more")),
    "another algorithm": bearer(signed(GOOD, key=SECRET_KEY * 2, algorithm="HS512")),
    "alg none": bearer(unsigned({"alg": "none", "typ": "JWT"}, GOOD)),
    "alg None": bearer(unsigned({"alg": "None", "typ": "JWT"}, GOOD)),
    "signature cut off": bearer(signed(GOOD).rpartition(".")[0] + "."),
    "forged claims": bearer(".".join([unsigned({"alg": "HS256"}, GOOD)[:-1], signed(GOOD).rpartition(".")[2]])),
    **{f"without {claim}": bearer(signed(without(claim))) for claim in GOOD},
    "no number": bearer(signed(GOOD | {"sub": "ada"})),
    "nobody": bearer(signed(GOOD | {"sub": "99"})),
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
def test_no_other_token_is_good(client: TestClient, headers: dict[str, Any]) -> None:
    refused = client.get("/token/me", headers=headers)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_the_claims_above_are_good_when_we_sign_them(client: TestClient) -> None:
    assert client.get("/token/me", headers=bearer(signed(GOOD))).json() == ADA


@pytest.mark.parametrize(
    "form",
    [
        FORM | {"password": "wrong"},
        FORM | {"username": "nobody@example.com"},
        FORM | {"username": f"{ADA['email']}\0"},
    ],
)
def test_a_wrong_password_gets_no_token(client: TestClient, form: dict[str, str]) -> None:
    refused = client.post("/token", data=form)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "access_token" not in refused.json()


@pytest.mark.parametrize(
    "body",
    [
        {"data": {}},
        {"data": {"username": FORM["username"]}},
        {"data": {"password": PASSWORD}},
        {"data": FORM | {"grant_type": "client_credentials"}},
        {"json": FORM},
    ],
)
def test_another_request_gets_no_token(sides: dict[str, TestClient], body: dict[str, Any]) -> None:
    assert [sides[side].post("/token", **body).status_code for side in SIDES] == [400, 422]
