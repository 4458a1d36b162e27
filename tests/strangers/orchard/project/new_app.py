"""The new side: how many trees there are."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/trees/count")
def count(kind: str | None = None) -> dict[str, int]:
    sql = "SELECT count(*) FROM trees WHERE ? IS NULL OR kind = ?"
    with closing(sqlite3.connect(Path(__file__).parent / "data" / "orchard.db")) as db:
        (number,) = db.execute(sql, [kind, kind]).fetchone()
    return {"count": number}
