"""The tests that the Flask app's own team had before any migration: `app.test_client()`, nothing of the gateway.

`pytest tests/samples/legacy_own --gateway-record corpus` makes a corpus of them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from legacy_flask import create_app
from tests.support.stores import Store

ADA = {"email": "ada@example.com", "password": "depot-demo"}


@pytest.fixture
def app(store: Store, tmp_path: Path) -> Iterator[Flask]:
    with store.new_database() as url:
        app = create_app(database_url=url, secret_key="a key for tests, with its 32 bytes or more", upload_dir=tmp_path)
        yield app
        app.extensions["engine"].dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_todos_are_listed(client: FlaskClient) -> None:
    todos = client.get("/todos").get_json()
    assert [todo["id"] for todo in todos] == list(range(1, 9))


def test_a_todo_is_created_changed_and_deleted(client: FlaskClient) -> None:
    created = client.post("/todos", json={"title": "Wash bus 3"})
    assert created.status_code == 201
    path = f"/todos/{created.get_json()['id']}"
    assert client.put(path, json={"done": True}).get_json()["done"] is True
    assert client.get(path).get_json()["title"] == "Wash bus 3"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": None}, {"title": "x", "done": "yes"}, []])
def test_a_todo_is_refused(client: FlaskClient, body: object) -> None:
    assert client.post("/todos", json=body).status_code == 400


def test_a_todo_that_is_no_json_is_refused(client: FlaskClient) -> None:
    assert client.post("/todos", data="{", content_type="application/json").status_code == 400


def test_users(client: FlaskClient) -> None:
    created = client.post("/users", json={"name": "Gil", "email": "gil@example.com", "age": 30})
    assert created.status_code == 201
    assert client.get(f"/users/{created.get_json()['id']}").get_json()["name"] == "Gil"
    assert len(client.get("/users/").get_json()) == 7


def test_an_email_is_taken_once(client: FlaskClient) -> None:
    assert client.post("/users", json={"name": "Ada", "email": "ada@example.com", "age": 1}).status_code == 409


@pytest.mark.parametrize("query", ["", "?department=2", "?department=abc", "?department=99"])
def test_employees(client: FlaskClient, query: str) -> None:
    assert client.get(f"/employees{query}").status_code == 200


def test_one_employee(client: FlaskClient) -> None:
    assert client.get("/employees/9").get_json()["name"] == "Olga Petrova"
    assert client.get("/employees/99").status_code == 404


def test_products(client: FlaskClient) -> None:
    assert client.get("/products").get_json()[0]["price"] == "1.10"
    assert client.get("/products/2").get_json()["name"] == "Day pass"
    assert client.get("/products/99").status_code == 404


def test_an_upload_comes_back(client: FlaskClient) -> None:
    form = {"file": (io.BytesIO(b"one\ntwo\n"), "notes.txt")}
    assert client.post("/uploads/notes.txt", data=form).status_code == 201
    with client.get("/uploads/notes.txt") as answer:
        assert answer.data == b"one\ntwo\n"


def test_a_raw_upload(client: FlaskClient) -> None:
    sent = client.post("/uploads/raw.bin", data=b"\0\1\xff", content_type="application/octet-stream")
    assert sent.get_json()["size"] == 3


def test_nobody_is_signed_in_at_first(client: FlaskClient) -> None:
    assert client.get("/me").status_code == 401


def test_a_session(client: FlaskClient) -> None:
    assert client.post("/login", json=ADA).status_code == 200
    assert client.get("/me").get_json()["name"] == "Ada Morgan"
    assert client.post("/logout").status_code == 204
    assert client.get("/me").status_code == 401


def test_a_wrong_password(client: FlaskClient) -> None:
    assert client.post("/login", json={**ADA, "password": "wrong"}).status_code == 401


def test_a_token(client: FlaskClient) -> None:
    form = {"grant_type": "password", "username": ADA["email"], "password": ADA["password"]}
    token = client.post("/token", data=form).get_json()["access_token"]
    answer = client.get("/token/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.get_json()["name"] == "Ada Morgan"
    assert client.get("/token/me").status_code == 401


def test_basic_authentication(client: FlaskClient) -> None:
    assert client.get("/whoami", auth=(ADA["email"], ADA["password"])).status_code == 200


def test_feedback_is_thanked_for(client: FlaskClient) -> None:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get("/feedback").text)
    assert found
    form = {"csrf_token": found[1], "name": "Ada", "message": "Late again."}
    answer = client.post("/feedback", data=form, follow_redirects=True)
    assert "Thank you, Ada." in answer.text


def test_feedback_without_a_token_is_refused(client: FlaskClient) -> None:
    assert client.post("/feedback", data={"name": "Ada", "message": "Late."}).status_code == 400
