"""The team's own tests, CSRF protection on: a test posts what the page has."""

import re
from datetime import datetime

import pytest
from club import create_app, db
from club.models import Member, Notice


@pytest.fixture
def app(tmp_path, monkeypatch):
    monkeypatch.setattr("config.Testing.SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path / 'test.sqlite'}")
    app = create_app("testing")
    with app.app_context():
        db.create_all()
        for name in ("ada", "ben"):
            member = Member(email=f"{name}@club.example", name=name, is_admin=name == "ada")
            member.password = f"the cat of {name}"
            db.session.add(member)
        db.session.flush()
        for number in (1, 2, 3):
            db.session.add(Notice(text=f"notice {number}", author_id=number % 2 + 1, posted=datetime(2024, 1, number)))
        db.session.commit()
        yield app
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def client(app):
    return app.test_client()


def token(client, path):
    return re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(path).text)[1]


def login(client, name, **more):
    form = {"email": f"{name}@club.example", "password": f"the cat of {name}", **more}
    return client.post("/auth/login", data={**form, "csrf_token": token(client, "/auth/login")})


def test_anonymous(client):
    assert "notice 3" in client.get("/").text
    assert "notice 1" in client.get("/?page=2").text
    assert len(client.get("/notices.json").json["notices"]) == 3
    assert client.get("/members/ada").status_code == 302
    assert client.get("/nothing").status_code == 404
    assert client.get("/static/club.css").status_code == 200


def test_login(client):
    assert login(client, "ada", remember_me="y").headers["Location"] == "/"
    assert "ada: log out" in client.get("/").text
    assert client.get("/members/ben").status_code == 200
    assert client.get("/auth/logout").status_code == 302
    assert "You are logged out." in client.get("/").text


def test_login_goes_on(client):
    form = {"email": "ben@club.example", "password": "the cat of ben", "csrf_token": token(client, "/auth/login")}
    assert client.post("/auth/login?next=/members/ada", data=form).headers["Location"] == "/members/ada"


def test_a_wrong_login(client):
    assert "Invalid e-mail or password." in login(client, "ada", password="wrong").text
    assert client.post("/auth/login", data={"email": "ada@club.example"}).status_code == 400


def test_a_notice(client):
    login(client, "ben")
    assert client.post("/", data={"text": "new", "csrf_token": token(client, "/")}).status_code == 302
    assert client.post("/", data={"text": "x" * 201, "csrf_token": token(client, "/")}).status_code == 200
    assert client.post("/notices/1/delete", data={"csrf_token": token(client, "/")}).status_code == 403


def test_an_admin_deletes(client):
    login(client, "ada")
    assert client.post("/notices/1/delete", data={"csrf_token": token(client, "/")}).status_code == 302
    assert client.post("/notices/9/delete", data={"csrf_token": token(client, "/")}).status_code == 404
