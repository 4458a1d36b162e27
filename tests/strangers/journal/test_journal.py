"""A journal in the way of Flask's own tutorial."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.strangers.harness import Ask, Stranger, StrangerTests

ENTRY = {"title": "Third", "text": "a <b>new</b> one"}


def prepare() -> None:
    from werkzeug.security import generate_password_hash

    Path("instance").mkdir()
    with closing(sqlite3.connect("instance/journal.sqlite")) as db:
        db.executescript(Path("journal/schema.sql").read_text())
        hashed = generate_password_hash("password of ann", method="pbkdf2:sha256:1000")
        db.execute("INSERT INTO writer (name, password) VALUES ('ann', ?), ('bob', 'x')", (hashed,))
        written = "VALUES (1, '2024-01-02 03:04:05', 'First', 'of ann'), (2, '2024-01-03 03:04:05', 'Second', 'of bob')"
        db.execute(f"INSERT INTO entry (writer_id, written, title, text) {written}")
        db.commit()


class TestJournal(StrangerTests):
    stranger = Stranger(
        directory=Path(__file__).parent,
        app="journal:create_app",
        prepare=prepare,
        talk=(
            Ask("GET /", 200),
            Ask("HEAD /", 200),
            Ask("OPTIONS /", 200),
            Ask("GET /titles.json", 200),
            Ask("GET /nothing", 404),
            Ask("POST /titles.json", 405),
            Ask("GET /broken", 500),
            Ask("GET /account/login/", 404),
            Ask("GET /write", 302),
            Ask("GET /static/journal.css", 200, capture={"etag": "etag: (.*)", "changed": "last-modified: (.*)"}),
            Ask("GET /static/journal.css", 304, {"If-None-Match": "{{etag}}"}),
            Ask("GET /static/journal.css", 304, {"If-Modified-Since": "{{changed}}"}),
            Ask("GET /static/journal.css", 206, {"Range": "bytes=0-9"}),
            Ask("GET /static/../journal.css", 404),
            Ask("POST /account/login", 400, form={"name": "ann"}),
            Ask("POST /account/login", 200, form={"name": "ann", "password": "wrong"}),
            Ask("GET /account/login", 200),
            Ask("POST /account/login", 302, form={"name": "ann", "password": "password of ann"}),
            Ask("GET /", 200),
            Ask("POST /write", 302, form=ENTRY),
            Ask("GET /3/edit", 200),
            Ask("POST /3/edit", 200, form={"title": "", "text": "x"}),
            Ask("GET /2/edit", 403),
            Ask("GET /9/edit", 404),
            Ask("POST /3/delete", 302),
            Ask("GET /account/logout", 302),
            Ask("GET /write", 302),
        ),
        random=(r"set-cookie: session=([\w.-]+);",),
        parity='database = "sqlite:///instance/journal.sqlite"',
        moved="GET /titles.json",
    )
