"""The new side of the library on an async engine."""

from __future__ import annotations

import psycopg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.parity.replaying.library import ENGINE, Book

app = FastAPI()
engine = create_async_engine(ENGINE.url)


@app.get("/books")
async def books() -> JSONResponse:
    async with AsyncSession(engine) as session:
        return JSONResponse(list(await session.scalars(select(Book.title).order_by(Book.id))))


@app.post("/books")
async def add_book(request: Request) -> JSONResponse:
    async with AsyncSession(engine) as session:
        book = Book(title=(await request.json())["title"], author_id=1)
        session.add(book)
        await session.commit()
        await session.refresh(book)
        return JSONResponse({"id": book.id}, 201)


@app.post("/rolled-back")
async def roll_back() -> None:
    async with AsyncSession(engine) as session:
        session.add(Book(title="never", author_id=1))
        await session.flush()
        await session.rollback()


@app.get("/connect/{name}")
async def connect(name: str, directory: str) -> PlainTextResponse:
    """By the driver itself."""
    try:
        await psycopg.AsyncConnection.connect(f"dbname={name} user=postgres host={directory}")
    except OSError as error:
        return PlainTextResponse(type(error).__name__)
    return PlainTextResponse("reached")
