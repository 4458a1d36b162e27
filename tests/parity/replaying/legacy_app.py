"""The legacy side of the library: a Flask app that is there once its module is imported."""

from __future__ import annotations

import datetime
import logging
import os
import random
import secrets
import sqlite3
import time
import uuid
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from tests.parity.replaying.library import ATTEMPTS, ENGINE, FILES, Author, Book, attempt, endless, moments, titles

app = Flask(__name__)
KEPT: list[Any] = []


@app.before_request
def close() -> ResponseReturnValue | None:
    return {"closed": True} if "closed" in request.args else None


@app.get("/books")
def books() -> ResponseReturnValue:
    with Session(ENGINE) as session:
        return jsonify(titles(session))


@app.get("/shelf")
def shelf() -> ResponseReturnValue:
    """Of one author; where there is none, or what is no number, of all."""
    if request.args.get("author") == "nobody":
        os._exit(3)
    with Session(ENGINE) as session:
        return jsonify(items=titles(session, request.args.get("author", type=int)))


@app.post("/books")
def add_book() -> ResponseReturnValue:
    with Session(ENGINE) as session:
        book = Book(title=request.get_json()["title"], author_id=1)
        session.add(book)
        session.commit()
        return jsonify(id=book.id), 201


@app.get("/books/<int:number>")
def book(number: int) -> ResponseReturnValue:
    with Session(ENGINE) as session:
        found = session.get(Book, number)
        return jsonify(found and found.title)


@app.delete("/authors/<int:number>")
def delete_author(number: int) -> ResponseReturnValue:
    with Session(ENGINE) as session:
        session.query(Book).filter_by(author_id=number).delete()
        session.query(Author).filter_by(id=number).update({"name": "nobody"})
        session.commit()
    return "", 204


@app.get("/moment")
def moment() -> ResponseReturnValue:
    with Session(ENGINE) as session:
        return jsonify(
            time=time.time(),
            now=datetime.datetime.now(datetime.UTC).isoformat(),
            sql=moments(session),
            uuids=[str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid1())],
            random=[random.random(), random.Random().random(), secrets.token_hex(4), os.urandom(3).hex()],
            words=list({"a", "b", "c", "d", "e", "f"}),
        )


@app.get("/raw")
def raw() -> ResponseReturnValue:
    """Without SQLAlchemy."""
    connection = sqlite3.connect(str(ENGINE.url.database))
    rows = connection.execute("SELECT name FROM authors ORDER BY id").fetchall()
    connection.execute("UPDATE authors SET name = 'Raw' WHERE id = 1")
    connection.commit()
    connection.close()
    return jsonify(rows)


@app.post("/echo")
def echo() -> ResponseReturnValue:
    return request.get_data(as_text=True)


@app.get("/attempt/<name>")
def reach(name: str) -> ResponseReturnValue:
    return attempt(ATTEMPTS[name])


@app.put("/files/<name>")
def write(name: str) -> ResponseReturnValue:
    FILES.mkdir(exist_ok=True)
    (FILES / name).write_bytes(request.get_data())
    return "", 204


@app.get("/files/<name>")
def read(name: str) -> ResponseReturnValue:
    return (FILES / name).read_text() if (FILES / name).exists() else "none"


@app.get("/files/<name>/modified")
def modified(name: str) -> ResponseReturnValue:
    return {"file": (FILES / name).stat().st_mtime, "clock": time.time()}


@app.get("/error")
def error() -> ResponseReturnValue:
    logger = logging.getLogger("library")
    logger.propagate = False
    logger.warning("not told")
    logger.error("the shelf is full of %s", "books")
    return ""


@app.get("/raise")
def fail() -> ResponseReturnValue:
    raise LookupError("no shelf")


@app.get("/leak")
def leak() -> ResponseReturnValue:
    KEPT.append(ENGINE.connect())
    return ""


@app.get("/lock")
def lock() -> ResponseReturnValue:
    connection = ENGINE.connect()
    connection.execute(text("UPDATE authors SET name = 'locked'"))
    KEPT.append(connection)
    return ""


@app.get("/lock-raw")
def lock_raw() -> ResponseReturnValue:
    connection = sqlite3.connect(str(ENGINE.url.database))
    connection.execute("UPDATE authors SET name = 'locked'")
    KEPT.append(connection)
    return ""


@app.post("/rolled-back")
def roll_back() -> ResponseReturnValue:
    with Session(ENGINE) as session:
        session.add(Book(title="never", author_id=1))
        session.flush()
        session.rollback()
    return ""


@app.get("/connect/<name>")
def connect(name: str) -> ResponseReturnValue:
    """By an engine of its own."""
    url = f"postgresql://postgres@/{name}?host={request.args['directory']}"
    return attempt(create_engine(url).connect)


@app.get("/psycopg2/<name>")
def connect_psycopg2(name: str) -> ResponseReturnValue:
    import psycopg2

    return attempt(lambda: psycopg2.connect(dbname=name, user="postgres", host=request.args["directory"]))


@app.get("/entrance/<way>/<name>")
def connect_below(way: str, name: str) -> ResponseReturnValue:
    """By a driver's own classes."""
    import psycopg2.extensions
    import psycopg2.extras
    from psycopg import pq

    conninfo = f"host={request.args['directory']} user=postgres dbname={name}"
    ways = {
        "connect": lambda: pq.PGconn.connect(conninfo.encode()).status,
        "connect_start": lambda: pq.PGconn.connect_start(conninfo.encode()).status,
        "extensions": lambda: psycopg2.extensions.connection(conninfo),
        "extras": lambda: psycopg2.extras.DictConnection(conninfo),
        "factory": lambda: psycopg2.connect(conninfo, connection_factory=psycopg2.extras.RealDictConnection),
    }
    return attempt(ways[way])


@app.get("/hang")
def hang() -> ResponseReturnValue:
    time.sleep(60)
    return ""


@app.get("/crash")
def crash() -> ResponseReturnValue:
    os._exit(3)


@app.get("/stream")
def stream() -> ResponseReturnValue:
    return Response(endless(), mimetype="text/plain")


@app.get("/effect-at-the-end")
def effect_at_the_end() -> ResponseReturnValue:
    def pieces() -> Iterator[bytes]:
        yield b"xy"
        yield b""
        (FILES / "end.txt").write_text("end")

    FILES.mkdir(exist_ok=True)
    return Response(pieces(), headers={"Content-Length": "2"})


@app.get("/unspeakable")
def unspeakable() -> ResponseReturnValue:
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise LookupError

    def pieces() -> Iterator[bytes]:
        raise UnspeakableError
        yield b""

    return Response(pieces())


@app.get("/count")
def count() -> ResponseReturnValue:
    KEPT.append(None)
    return str(len(KEPT))
