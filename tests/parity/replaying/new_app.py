"""The new side of the library, right and with defects: a FastAPI app for each."""

from __future__ import annotations

import asyncio
import datetime
import os
import random
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from sqlalchemy.orm import Session

from tests.parity.replaying.library import (
    ATTEMPTS,
    ENGINE,
    FILES,
    Book,
    attempt,
    endless,
    moments,
    titles,
    titles_one_by_one,
)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    yield {"greeting": "hello"}


def build(*, commits: bool = True, one_query: bool = True) -> FastAPI:  # noqa: C901 - one view after the other
    app = FastAPI(lifespan=lifespan)
    tasks: set[asyncio.Task[None]] = set()

    @app.get("/books")
    def books() -> JSONResponse:
        with Session(ENGINE) as session:
            return JSONResponse(titles(session) if one_query else titles_one_by_one(session))

    @app.get("/shelf")
    def shelf(author: int | None = None) -> JSONResponse:
        with Session(ENGINE) as session:
            return JSONResponse({"items": titles(session, author)})

    @app.post("/books")
    async def add_book(request: Request) -> JSONResponse:
        with Session(ENGINE) as session:
            book = Book(title=(await request.json())["title"], author_id=1)
            session.add(book)
            session.flush()
            if commits:
                session.commit()
            return JSONResponse({"id": book.id}, 201)

    @app.get("/books/later")
    async def add_later() -> Response:
        async def add() -> None:
            for _ in range(30):
                await asyncio.sleep(0)
            with Session(ENGINE) as session:
                session.add(Book(title="Late", author_id=1))
                session.commit()

        tasks.add(asyncio.create_task(add()))
        return Response(status_code=202)

    @app.get("/books/slowly")
    async def add_slowly() -> Response:
        async def add() -> None:
            await asyncio.sleep(0.2)
            with Session(ENGINE) as session:
                session.add(Book(title="Slow", author_id=1))
                session.commit()

        tasks.add(asyncio.create_task(add()))
        return Response(status_code=202)

    @app.get("/books/{number}")
    def book(number: int) -> JSONResponse:
        with Session(ENGINE) as session:
            found = session.get(Book, number)
            return JSONResponse(found and found.title)

    @app.get("/moment")
    def moment() -> JSONResponse:
        with Session(ENGINE) as session:
            sql = moments(session)
        uuids = [str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid1())]
        numbers = [random.random(), random.Random().random(), secrets.token_hex(4), os.urandom(3).hex()]
        words = list({"a", "b", "c", "d", "e", "f"})
        now = datetime.datetime.now(datetime.UTC).isoformat()
        return JSONResponse(
            {"time": time.time(), "now": now, "sql": sql, "uuids": uuids, "random": numbers, "words": words}
        )

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        return Response(await request.body())

    @app.get("/attempt/{name}")
    def reach(name: str) -> PlainTextResponse:
        return PlainTextResponse(attempt(ATTEMPTS[name]))

    @app.put("/files/{name}")
    async def write(name: str, request: Request) -> Response:
        FILES.mkdir(exist_ok=True)
        (FILES / name).write_bytes(await request.body())
        return Response(status_code=204)

    @app.get("/raise")
    def fail() -> None:
        raise LookupError("no shelf")

    @app.get("/crash")
    def crash() -> None:
        os._exit(4)

    @app.get("/greeting")
    def greeting(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.greeting)

    @app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(endless(), media_type="text/plain")

    return app


app = build()
forgetful = build(commits=False)
asking = build(one_query=False)
