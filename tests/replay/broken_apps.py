"""Apps that do not start, or start with something that a parity run does not allow."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from flask import Flask
from sqlalchemy.orm import Session

from tests.replay.library import ENGINE, Author


def reaching() -> Flask:
    sys.stdout.write("looking for the cache\n")
    socket.create_connection(("cache.example.com", 6379))
    return Flask(__name__)


def logging_elsewhere() -> Flask:
    with contextlib.suppress(OSError):
        Path("/tmp/elsewhere.log").write_text("up")
    return Flask(__name__)


def in_memory() -> Flask:
    sqlite3.connect(":memory:").close()
    return Flask(__name__)


def real_database() -> Flask:
    sqlite3.connect(os.environ["REAL_DATABASE"])
    return Flask(__name__)


def dying() -> Flask:
    sys.stderr.write("goodbye\n")
    sys.stderr.flush()
    os._exit(5)


@contextlib.asynccontextmanager
async def failing(_app: FastAPI) -> AsyncIterator[None]:
    raise LookupError("no settings")
    yield


@contextlib.asynccontextmanager
async def seeding(_app: FastAPI) -> AsyncIterator[None]:
    with Session(ENGINE) as session:
        session.add(Author(name="Seeded"))
        session.commit()
    yield


failing_lifespan = FastAPI(lifespan=failing)
seeding_lifespan = FastAPI(lifespan=seeding)


@seeding_lifespan.get("/authors")
def count() -> int:
    with Session(ENGINE) as session:
        return session.query(Author).count()


def seeding_legacy() -> Flask:
    app = Flask(__name__)
    with Session(ENGINE) as session:
        session.add(Author(name="Baseline"))
        session.commit()
    app.get("/authors")(lambda: str(count()))
    return app


def with_arguments(*, greeting: str, where: str) -> Flask:
    app = Flask(__name__)
    app.get("/greeting")(lambda: f"{greeting} {Path(where).name}")
    return app
