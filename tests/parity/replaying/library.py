"""The database of the two small apps: its engine is made when the module is imported, from the environment."""

from __future__ import annotations

import os
import smtplib
import socket
import sqlite3
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import ForeignKey, create_engine, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

ENGINE = create_engine(os.environ.get("LIBRARY_URL", "sqlite://"))
FILES = Path(os.environ.get("LIBRARY_FILES", "files"))


class Model(DeclarativeBase):
    """Tables of the library."""


class Author(Model):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list[Book]] = relationship()


class Book(Model):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))


def fill(url: str) -> None:
    """A database with two authors of two books each."""
    engine = create_engine(url)
    Model.metadata.create_all(engine)
    with Session(engine) as session:
        for name in ("Ada", "Bram"):
            session.add(Author(name=name, books=[Book(title=f"{name} {number}") for number in (1, 2)]))
        session.commit()
    engine.dispose()


MOMENTS = (
    "CURRENT_TIMESTAMP",
    "datetime('now')",
    "datetime()",
    "datetime('NOW', '+0 days')",
    "date('now') || ' ' || time('now')",
    "strftime('%Y-%m-%d %H:%M:%S')",
    "strftime('%Y-%m-%d %H:%M:%S', 'now')",
    "datetime(julianday('now'), '+0.1 seconds')",
    "datetime(unixepoch(), 'unixepoch')",
)
"""SQL for one and the same."""


def moments(session: Session) -> list[str]:
    return [str(session.scalar(text(f"SELECT {moment}"))) for moment in MOMENTS]


def titles(session: Session, author: int | None = None) -> list[str]:
    books = select(Book.title).order_by(Book.id)
    return list(session.scalars(books if author is None else books.filter_by(author_id=author)))


def titles_one_by_one(session: Session) -> list[str]:
    """A query for every author."""
    return [book.title for author in session.scalars(select(Author).order_by(Author.id)) for book in author.books]


def attempt(reach: Callable[[], object]) -> str:
    """The name of the error that stops it."""
    try:
        reach()
    except OSError as error:
        return type(error).__name__
    return "reached"


def bind_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"x", ("127.0.0.1", 9))


ATTEMPTS: dict[str, Callable[[], Any]] = {
    "http": lambda: urllib.request.urlopen("http://example.com/"),
    "loopback": lambda: socket.create_connection(("127.0.0.1", 9)),
    "smtp": lambda: smtplib.SMTP("smtp.example.com", 25),
    "datagram": bind_datagram,
    "program": lambda: subprocess.run(["id", "-u"], check=False),
    "system": lambda: os.system("id"),
    "fork": os.fork,
    "file": lambda: Path("/tmp/outside.txt").write_text("x"),
    "remove": lambda: Path(__file__).unlink(),
    "directory": lambda: Path("/tmp/outside").mkdir(),
    "link": lambda: Path("/tmp/outside").symlink_to("/tmp"),
    "rename": lambda: Path(__file__).rename("/tmp/outside"),
    "database": lambda: sqlite3.connect("/tmp/outside.sqlite3"),
    "engine": lambda: create_engine("sqlite:////tmp/outside.sqlite3").connect(),
}
"""Ways out of a side."""


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 65536
