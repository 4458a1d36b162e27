"""The new side: the list of notices, with SQLAlchemy alone."""

import os

from fastapi import FastAPI, Response
from sqlalchemy import create_engine, text

engine = create_engine(os.environ.get("DATABASE_URL") or "sqlite:///instance/club.sqlite")
app = FastAPI()


@app.get("/notices.json")
def notices(response: Response):
    response.headers["Vary"] = "Cookie"
    sql = "SELECT notices.id, text, name AS author FROM notices JOIN members ON author_id = members.id"
    with engine.connect() as db:
        return {"notices": [dict(row) for row in db.execute(text(f"{sql} ORDER BY notices.id")).mappings()]}
