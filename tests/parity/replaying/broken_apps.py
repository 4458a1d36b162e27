"""Apps that do not start, start with something that a parity run does not allow, or look for a way out of it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import os
import socket
import sqlite3
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Thread
from time import monotonic, perf_counter, sleep
from typing import Any

from fastapi import FastAPI
from flask import Flask, request
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.parity.replaying.library import ENGINE, FILES, Author, attempt


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


def importing() -> Flask:
    __import__(os.environ["LIBRARY"])
    return Flask(__name__)


def importing_by_name() -> Flask:
    importlib.import_module(os.environ["LIBRARY"])
    return Flask(__name__)


def going_on() -> Flask:
    """A view leaves a thread behind that goes on trying while its many rows are looked at."""
    app = Flask(__name__)

    def write() -> None:
        until = monotonic() + 1.5
        while monotonic() < until:
            with contextlib.suppress(OSError):
                Path(os.environ["ELSEWHERE"]).write_text("x")

    @app.get("/later")
    def later() -> str:
        with Session(ENGINE) as session:
            session.add_all(Author(name="Late") for _ in range(2000))
            session.commit()
        Thread(target=write, daemon=True).start()
        return ""

    return app


def leaving_a_thread() -> Flask:
    """A view sends its mail from a thread, and measures itself."""
    app = Flask(__name__)

    def send() -> None:
        sleep(0.1)
        with contextlib.suppress(OSError):
            socket.create_connection(("smtp.example.com", 25))

    @app.get("/mail")
    def mail() -> dict[str, float]:
        began = perf_counter()
        Thread(target=send).start()
        return {"seconds": perf_counter() - began}

    @app.get("/program")
    def program() -> str:
        with contextlib.suppress(OSError):
            subprocess.run(["cc", "-o", f"{os.environ['LIBRARY_FILES']}/a.out", "a.c"], check=False)
        return ""

    return app


def leaving_a_thread_async() -> FastAPI:
    """Does what `leaving_a_thread` does."""
    app, flask_app = FastAPI(), leaving_a_thread()
    app.add_api_route("/mail", flask_app.view_functions["mail"])
    app.add_api_route("/program", flask_app.view_functions["program"])
    return app


def by_engine(statement: str) -> None:
    with ENGINE.connect() as connection:
        connection.execute(text(statement))


def by_listener(statement: str) -> None:
    """As every connection begins."""
    engine = create_engine(ENGINE.url)
    event.listen(engine, "connect", lambda connection, _record: connection.execute(statement))
    engine.connect()


def going_on_elsewhere() -> Flask:
    """As `going_on`, to another database of the side's own server; another view says how far it came."""
    import psycopg

    app = Flask(__name__)
    came: set[str] = set()

    def reach(directory: str) -> None:
        until = monotonic() + 1.5
        while monotonic() < until:
            came.add(attempt(lambda: psycopg.connect(dbname="other", user="postgres", host=directory).close()))

    @app.get("/later")
    def later() -> str:
        with Session(ENGINE) as session:
            session.add(Author(name="Late"))
            session.commit()
        Thread(target=reach, args=(request.args["directory"],), daemon=True).start()
        return ""

    app.get("/came")(lambda: sorted(came))
    return app


OWN = str(ENGINE.url.database)
WAYS: dict[str, Callable[[str], Any]] = {
    "module": lambda statement: sqlite3.connect(OWN, isolation_level=None).execute(statement),
    "class": lambda statement: sqlite3.Connection(OWN, isolation_level=None).execute(statement),
    "script": lambda statement: sqlite3.connect(OWN).executescript(f"SELECT 1; {statement}"),
    "engine": by_engine,
    "listener": by_listener,
}
"""To have SQLite execute a statement."""


def attaching() -> Flask:
    app = Flask(__name__)

    @app.get("/<way>")
    def execute(way: str) -> str:
        try:
            WAYS[way](request.args["statement"])
        except (DBAPIError, sqlite3.Error, OSError) as error:
            return type(error).__name__
        return "reached"

    return app


def by_asyncpg() -> FastAPI:
    """Each way to a database of the side's own server."""
    import asyncpg

    app = FastAPI()

    async def connect(*dsn: str, **given: Any) -> Any:
        connection = await asyncpg.connect(*dsn, user="postgres", **given)
        try:
            return await connection.fetchval("SELECT current_database()")
        finally:
            await connection.close()

    async def pool(**given: Any) -> Any:
        async with asyncpg.create_pool(user="postgres", min_size=1, max_size=1, **given) as connections:
            return await connections.fetchval("SELECT current_database()")

    @app.get("/{way}/{name}")
    async def reach(way: str, name: str, directory: str) -> str:
        database = ENGINE.url.database if name == "own" else name
        ways = {
            "arguments": lambda: connect(host=directory, database=database),
            "dsn": lambda: connect(f"postgresql:///{database}?host={directory}"),
            "both": lambda: connect(f"postgresql:///{ENGINE.url.database}?host={directory}", database=database),
            "pool": lambda: pool(host=directory, database=database),
            "untold": lambda: connect(f"postgresql:///?host={directory}&dbname={database}"),
        }
        try:
            found = await ways[way]()
        except OSError as error:
            return type(error).__name__
        return "own" if found == ENGINE.url.database else "reached"

    return app


def below_python() -> Flask:
    """As an extension in C connects."""
    app = Flask(__name__)
    libc = ctypes.CDLL(None, use_errno=True)

    @app.get("/<int:port>")
    def connect(port: int) -> str:
        address = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton("127.0.0.1"))
        with socket.socket() as connection:
            refused = libc.connect(connection.fileno(), address, len(address))
        return errno.errorcode[ctypes.get_errno()] if refused else "reached"

    return app


def keeping_a_log() -> Flask:
    """Its log is opened once, before any request."""
    app = Flask(__name__)
    FILES.mkdir(exist_ok=True)
    log = (FILES / "audit.log").open("a", buffering=1)

    @app.get("/pay")
    def pay() -> str:
        log.write("paid\n")
        return (FILES / "audit.log").read_text()

    return app


def naming_a_file() -> Flask:
    """Views open the file that they are told, in every way there is, and write to it."""
    app = Flask(__name__)
    ways: dict[str, Callable[[str], Any]] = {
        "module": sqlite3.connect,
        "keyword": lambda path: sqlite3.connect(database=path),
        "class": lambda path: sqlite3.Connection(path),  # noqa: PLW0108 - the class of the moment
        "factory": lambda path: sqlite3.connect(path, factory=type("Own", (sqlite3.Connection,), {})),
        "uri": lambda path: sqlite3.connect(f"file:{path}?mode=rw", uri=True),
        "bytes": lambda path: sqlite3.connect(os.fsencode(path)),
        "relative": lambda path: sqlite3.connect(os.path.relpath(path)),
        "engine": lambda path: create_engine(f"sqlite:///{path}").raw_connection(),
    }

    @app.get("/<way>")
    def count(way: str) -> str:
        try:
            connection = ways[way](request.args["path"])
        except Exception as error:  # noqa: BLE001 - SQLAlchemy's is another one
            return type(error).__name__
        with contextlib.closing(connection):
            connection.execute("INSERT INTO authors (name) VALUES ('from code')")
            connection.commit()
            return str(connection.execute("SELECT count(*) FROM authors").fetchone()[0])

    return app


def making_directories() -> Flask:
    app = Flask(__name__)

    def tried(make: Callable[[], object]) -> str:
        try:
            make()
        except OSError as error:
            return type(error).__name__
        return "none"

    @app.get("/")
    def make() -> str:
        present, absent = Path(os.environ["PRESENT"]), Path(os.environ["ABSENT"])
        made = present.mkdir, lambda: present.mkdir(parents=True, exist_ok=True), absent.mkdir
        return ", ".join(map(tried, made))

    return app


def drawing() -> Flask:
    """Views draw by SQLite: in SQL, in the order of rows, in a column's default."""
    app = Flask(__name__)

    @app.get("/<way>")
    def draw(way: str) -> list[Any]:
        engine = create_engine("sqlite://")
        raw = sqlite3.connect(":memory:") if way == "module" else engine.raw_connection()
        with contextlib.closing(raw) as db:
            db.execute("CREATE TABLE keys (key TEXT DEFAULT (hex(randomblob(8))), at INTEGER)")
            for at in range(20):
                db.execute("INSERT INTO keys (at) VALUES (?)", [at])
            drawn = [*db.execute("SELECT random(), random(), hex(randomblob(4)), length(randomblob(0))").fetchone()]
            return [drawn, *map(list, db.execute("SELECT key, at FROM keys ORDER BY random()"))]

    return app
