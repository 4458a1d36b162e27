"""The team's own tests: each begins with the rows of a fixture, and asks for tokens."""

import sqlite3
from contextlib import closing

import parcels
import pytest
from werkzeug.security import generate_password_hash

NUMBER = "6f1f4b5a-4c1e-4a4e-9a58-6a3df0b8c101"


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setitem(parcels.app.config, "DATABASE", str(tmp_path / "test.sqlite"))
    with closing(sqlite3.connect(tmp_path / "test.sqlite")) as db:
        db.executescript(parcels.SCHEMA)
        for name, role in (("cora", "clerk"), ("dan", "driver")):
            hashed = generate_password_hash(f"{name} knows it", method="pbkdf2:sha256:1000")
            db.execute("INSERT INTO clerks VALUES (?, ?, ?)", (name, hashed, role))
        for end in range(5):
            row = (f"{NUMBER[:-1]}{end}", 1.5, "Harbour 1", parcels.STATES[end % 3], "cora", f"2024-01-0{end + 1}")
            db.execute("INSERT INTO parcels VALUES (?, ?, ?, ?, ?, ?)", row)
        db.commit()
    return parcels.app.test_client()


def bearer(client, name, kind="access"):
    answer = client.post("/token", json={"name": name, "password": f"{name} knows it"})
    return {"Authorization": f"Bearer {answer.json[f'{kind}_token']}"}


def test_everybody_reads(client):
    assert len(client.get("/parcels?size=3").json) == 3
    assert client.get("/parcels?state=delivered&page=1").status_code == 200
    assert client.get(f"/parcels/{NUMBER}").json["weight"] == 1.5
    assert client.get("/parcels/6f1f4b5a-4c1e-4a4e-9a58-6a3df0b8c199").status_code == 404
    assert client.get("/states").json[0] == "accepted"
    assert client.get("/static/none.css").status_code == 404


def test_a_token_is_asked_for(client):
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers={"Authorization": "Bearer nonsense"}).status_code == 422
    assert client.post("/token", json={"name": "cora", "password": "wrong"}).status_code == 401
    assert client.get("/me", headers=bearer(client, "cora")).json == {"name": "cora", "role": "clerk"}


def test_a_parcel_is_accepted(client):
    own = bearer(client, "cora")
    answer = client.post("/parcels", json={"weight": 2, "address": "Quay 7"}, headers=own)
    assert answer.status_code == 201
    assert client.get(f"/parcels/{answer.json['id']}").json["address"] == "Quay 7"
    assert client.post("/parcels", json={"weight": 31}, headers=own).status_code == 422


def test_a_parcel_moves(client):
    own = bearer(client, "dan")
    assert client.patch(f"/parcels/{NUMBER}", json={"state": "delivered"}, headers=own).status_code == 204
    assert client.patch(f"/parcels/{NUMBER}", json={"state": "lost"}, headers=own).status_code == 422
    others = bearer(client, "cora")
    assert client.patch(f"/parcels/{NUMBER}", json={"state": "delivered"}, headers=others).status_code == 403


def test_tokens_are_renewed_and_revoked(client):
    renewed = client.post("/token/refresh", headers=bearer(client, "dan", "refresh")).json["access_token"]
    own = {"Authorization": f"Bearer {renewed}"}
    assert client.get("/me", headers=own).status_code == 200
    assert client.delete("/token", headers=own).status_code == 204
    assert client.get("/me", headers=own).status_code == 401


def test_export(client):
    assert client.get("/export", headers=bearer(client, "cora")).text.count("\n") == 5
