"""The team's own tests."""

import pytest
from portal import create_app, create_portal
from werkzeug.test import Client


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_SESSIONS", str(tmp_path / "sessions"))
    return create_portal().test_client()


def test_visits_are_counted(client):
    assert client.get("/").text.startswith("Hello 1 1,234.5")
    assert "1.234,5" in client.get("/index?lang=de", follow_redirects=True).text
    assert "1.234,5" in client.get("/").text
    assert client.get("/about").json["portal"] == 3


def test_login(client):
    assert client.get("/private").status_code == 302
    assert client.get("/login").status_code == 200
    assert client.post("/login", data={"user": "root", "password": "wrong"}).status_code == 401
    assert client.post("/login", data={"user": "root", "password": "toor"}).status_code == 303
    assert client.get("/private").text == "only for root"
    assert client.post("/logout").status_code == 204
    assert client.get("/private").status_code == 302


def test_odd_rules(client):
    assert client.open("/cache/a/b", method="PURGE").text == "PURGE a/b\n"
    assert client.get("/cache/a/b").text == "GET a/b\n"
    assert client.get("/sum/1+2+3").json == {"sum": 6}
    assert client.post("/report").text == "report of 2000: index by POST"
    assert client.get("/reports/1999/sales").status_code == 200
    assert client.get("/home").status_code == 308
    assert client.get("/paper/1999").status_code == 308
    assert client.get("/files/a.txt").status_code == 200


def test_what_is_mounted(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_SESSIONS", str(tmp_path / "sessions"))
    client = Client(create_app())
    assert client.get("/statistics/").text == "/statistics /statistics/months/5"
    assert client.get("/statistics/months/5").json == {"month": 5}
    assert client.get("/metrics").text == "portal_up 1\n"
    assert client.post("/metrics/deep").text == "portal_up 1\n/deep"
