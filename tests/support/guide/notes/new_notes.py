"""The same app in FastAPI. It still answers some requests its own way."""

import os

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import create_engine, text

app = FastAPI()
engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///notes.sqlite3"))


class NewNote(BaseModel):
    title: str


@app.get("/notes")
def list_notes():
    with engine.connect() as db:
        return [dict(row) for row in db.execute(text("SELECT id, title FROM notes ORDER BY id LIMIT 100")).mappings()]


@app.post("/notes", status_code=201)
def create_note(note: NewNote):
    with engine.connect() as db:
        sql = text("INSERT INTO notes (title) VALUES (:title) RETURNING id, title")
        return dict(db.execute(sql, {"title": note.title}).mappings().one())


@app.get("/notes/{note_id}")
def read_note(note_id: int):
    with engine.connect() as db:
        row = db.execute(text("SELECT id, title FROM notes WHERE id = :id"), {"id": note_id}).mappings().first()
    if row is None:
        raise HTTPException(404)
    return dict(row)
