"""A JSON API with Flask-JWT-Extended, Flask-Compress and Talisman."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.strangers.harness import Ask, Stranger, StrangerTests

NUMBER = "6f1f4b5a-4c1e-4a4e-9a58-6a3df0b8c101"


def prepare() -> None:
    from parcels import SCHEMA  # type: ignore[import-not-found]
    from werkzeug.security import generate_password_hash

    with closing(sqlite3.connect("parcels.sqlite")) as db:
        db.executescript(SCHEMA)
        hashed = generate_password_hash("dan knows it", method="pbkdf2:sha256:1000")
        db.execute("INSERT INTO clerks VALUES ('dan', ?, 'driver')", (hashed,))
        db.execute("INSERT INTO parcels VALUES (?, 1.5, 'Harbour 1', 'accepted', 'dan', '2024-01-01')", (NUMBER,))
        db.commit()


TOKENS = {"access": '"access_token":"([^"]+)"', "refresh": '"refresh_token":"([^"]+)"'}
BEARER = {"Authorization": "Bearer {{access}}"}
REFRESH = {"Authorization": "Bearer {{refresh}}"}
PARCEL = {"weight": 2.5, "address": "Quay 7"}


class TestParcels(StrangerTests):
    stranger = Stranger(
        directory=Path(__file__).parent,
        app="parcels:app",
        prepare=prepare,
        talk=(
            Ask("GET /parcels", 200, capture={"etag": "etag: (.*)"}),
            Ask("GET /parcels", 304, {"If-None-Match": "{{etag}}"}),
            Ask("GET /parcels?size=500&page=x", 200),
            Ask(f"GET /parcels/{NUMBER}", 200, {"Accept-Encoding": "gzip"}),
            Ask("GET /parcels/7", 404),
            Ask("GET /parcels/", 404),
            Ask("HEAD /states", 200),
            Ask("OPTIONS /token", 200),
            Ask("PUT /token", 405),
            Ask("GET /me", 401),
            Ask("GET /me", 422, {"Authorization": "Bearer a.b.c"}),
            Ask("GET /me", 401, {"Authorization": "Basic a"}),
            Ask("POST /token", 415),
            Ask("POST /token", 401, json={"name": "dan", "password": "no"}),
            Ask("POST /token", 200, json={"name": "dan", "password": "dan knows it"}, capture=TOKENS),
            Ask("GET /me", 200, BEARER),
            Ask("POST /parcels", 201, BEARER, json=PARCEL, capture={"id": '"id":"([^"]+)"'}),
            Ask("GET /parcels/{{id}}", 200),
            Ask("POST /parcels", 422, BEARER, json={"weight": "much"}),
            Ask("POST /parcels", 422, REFRESH, json=PARCEL),
            Ask("PATCH /parcels/{{id}}", 204, BEARER, json={"state": "delivered"}),
            Ask("GET /export", 200, BEARER),
            Ask(
                "POST /token/refresh",
                200,
                {"Authorization": "Bearer {{refresh}}"},
                capture={"access": TOKENS["access"]},
            ),
            Ask("PATCH /parcels/{{id}}", 401, BEARER, json={"state": "delivered"}),
            Ask("DELETE /token", 204, BEARER),
            Ask("GET /me", 401, BEARER),
        ),
        random=(
            '_token":"([^"]+)"',
            '"expires_at":"([^"]+)"',
            '"(?:id|number)": ?"([^"]+)"',
            '"at": ?"(20[3-9][^"]+|202[5-9][^"]+)"',
            "location: /parcels/(.*)",
            "(nonce-[^']*)",
        ),
        parity='database = "sqlite:///parcels.sqlite"\nenvironment = { PARCELS_DB = "{database_path}" }',
        moved="GET /states",
    )
