"""The team's own tests, as they run under `pytest --gateway-record`."""

import pytest
from journal import create_app
from journal.db import get_db, init_db
from werkzeug.security import generate_password_hash


@pytest.fixture
def app(tmp_path):
    app = create_app({"TESTING": True, "DATABASE": str(tmp_path / "test.sqlite")})
    with app.app_context():
        init_db()
        for name in ("ann", "bob"):
            hashed = generate_password_hash(f"password of {name}", method="pbkdf2:sha256:1000")
            get_db().execute("INSERT INTO writer (name, password) VALUES (?, ?)", (name, hashed))
        get_db().execute("INSERT INTO entry (title, text, writer_id) VALUES ('First', 'of ann', 1)")
        get_db().execute("INSERT INTO entry (title, text, writer_id) VALUES ('Second', 'of bob', 2)")
        get_db().commit()
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def login(client, name):
    return client.post("/account/login", data={"name": name, "password": f"password of {name}"})


def test_the_page(client):
    assert "First" in client.get("/").text
    assert client.get("/titles.json").get_json()[0]["title"] == "Second"
    assert client.get("/ping").text == "pong"
    assert client.get("/static/journal.css").status_code == 200


def test_joining(client):
    assert client.get("/account/join").status_code == 200
    form = {"name": "cec", "password": "a password"}
    assert client.post("/account/join", data=form).headers["Location"] == "/account/login"
    assert client.post("/account/login", data=form, follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [("", "", "A name is needed."), ("a", "", "A password is needed."), ("ann", "x", "writes here already")],
)
def test_joining_needs_a_name_of_ones_own(client, name, password, message):
    assert message in client.post("/account/join", data={"name": name, "password": password}).text


def test_login_and_logout(client):
    assert login(client, "ann").headers["Location"] == "/"
    assert "Log out" in client.get("/").text
    client.get("/account/logout")
    assert "Log in" in client.get("/").text


def test_a_wrong_password(client):
    answer = client.post("/account/login", data={"name": "ann", "password": "wrong"})
    assert "Not the password." in answer.text


def test_an_entry_is_written_edited_and_deleted(client):
    login(client, "ann")
    assert client.post("/write", data={"title": "Third", "text": "new"}).status_code == 302
    assert client.get("/3/edit").status_code == 200
    assert client.post("/3/edit", data={"title": "Third, again", "text": "newer"}).status_code == 302
    assert "Third, again" in client.get("/").text
    assert client.post("/3/delete").status_code == 302


def test_ones_own_only(client):
    assert client.get("/write").status_code == 302
    login(client, "ann")
    assert client.get("/2/edit").status_code == 403
    assert client.post("/2/delete").status_code == 403
    assert client.get("/9/edit").status_code == 404
