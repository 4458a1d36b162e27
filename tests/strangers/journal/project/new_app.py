"""The new side: the first route that has moved, on the same file."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fastapi import FastAPI, Response

DATABASE = Path(__file__).parent / "instance" / "journal.sqlite"
TITLES = "SELECT entry.id, title FROM entry JOIN writer ON writer_id = writer.id ORDER BY written DESC, entry.id DESC"
app = FastAPI()


@app.get("/titles.json")
def titles(response: Response) -> list[dict[str, int | str]]:
    response.headers["Vary"] = "Cookie"
    with closing(sqlite3.connect(DATABASE)) as db:
        return [{"id": number, "title": title} for number, title in db.execute(TITLES)]
