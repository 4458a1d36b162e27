"""A small Flask app with its notes in SQL."""

import os

from flask import Flask, abort, jsonify, request
from sqlalchemy import create_engine, text


def create_app() -> Flask:
    app = Flask(__name__)
    engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///notes.sqlite3"))
    with engine.begin() as db:
        db.execute(text("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL)"))

    @app.get("/notes")
    def list_notes():
        with engine.connect() as db:
            rows = db.execute(text("SELECT id, title FROM notes ORDER BY id LIMIT 100"))
            return jsonify([dict(row) for row in rows.mappings()])

    @app.post("/notes")
    def create_note():
        title = request.get_json()["title"]
        if not isinstance(title, str) or not title:
            abort(400)
        with engine.begin() as db:
            row = db.execute(text("INSERT INTO notes (title) VALUES (:title) RETURNING id, title"), {"title": title})
            return dict(row.mappings().one()), 201

    @app.get("/notes/<int:note_id>")
    def read_note(note_id: int):
        with engine.connect() as db:
            row = db.execute(text("SELECT id, title FROM notes WHERE id = :id"), {"id": note_id}).mappings().first()
        return dict(row) if row else abort(404)

    @app.get("/about")
    def about():
        return "Notes, version 1"

    return app
