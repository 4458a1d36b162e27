"""Uploads of both sample apps: whole or not there at all, never in memory, never outside their directory."""

from __future__ import annotations

import gc
import socket
import tracemalloc
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from new_fastapi.database import open_engine
from new_fastapi.models import Upload
from new_fastapi.settings import MAX_BODY, MAX_UPLOAD
from tests.support.depot import SECRET_KEY, SIDES, open_side, send_pieces
from tests.support.servers import PATIENCE_SECONDS, serve, wait_until
from tests.support.stores import Store

CONTENT = bytes(range(256)) * 5_000
"""More than either side keeps of a form's file in memory."""

HOSTILE_NAMES = (
    *("..%2Fout", "a%2F..%2Fout", "%2e%2e/out", "%2Fout", "a%2F%2Fb", "a/", ".a", "a/.b", "a%5Cb", "a%00b", "a%1Fb"),
    *("x" * 256, "%C3%A9" * 128, "/".join("ab" * 150)),
)

BOUNDARY = "----form"
FORM = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
FORM_HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'.encode()
FORM_TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()

# Neither Werkzeug nor Starlette closes the temporary file of a form that ends too early.
FORMS_LEFT_OPEN = pytest.mark.filterwarnings("ignore:(?i)unclosed file:ResourceWarning")


@dataclass(frozen=True)
class Depot:
    """One side, with its directory and its database."""

    side: str
    client: TestClient
    directory: Path
    engine: Engine

    def files(self) -> dict[str, bytes]:
        """Everything in the directory, what is still arriving too."""
        found = (path for path in self.directory.rglob("*") if path.is_file())
        return {str(path.relative_to(self.directory)): path.read_bytes() for path in found}

    def rows(self) -> list[str]:
        with Session(self.engine) as session:
            return [row.name for row in session.scalars(select(Upload))]


@pytest.fixture(params=SIDES)
def depot(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Iterator[Depot]:
    directory = tmp_path / "uploads"
    with store.new_database() as url, open_side(request.param, url, directory) as client:
        engine = open_engine(url, pool_size=1)
        yield Depot(request.param, client, directory, engine)
        engine.dispose()


def pieces_of(content: bytes) -> Iterator[bytes]:
    return (content[start : start + 65536] for start in range(0, len(content), 65536))


def digest(content: bytes) -> str:
    return f"sha-256=:{b64encode(sha256(content).digest()).decode()}:"


def sent_as(kind: str, content: bytes) -> dict[str, Any]:
    return {
        "raw": {"content": content},
        "chunked": {"content": pieces_of(content)},
        "form": {"files": {"file": ("other name.bin", content)}},
        "urlencoded": {"content": content, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    }[kind]


@pytest.mark.parametrize("content", [b"", b"a", CONTENT], ids=len)
@pytest.mark.parametrize("kind", ["raw", "chunked", "form", "urlencoded"])
def test_what_was_sent_is_stored_and_comes_back(depot: Depot, kind: str, content: bytes) -> None:
    stored = depot.client.post("/uploads/a/é b.txt", **sent_as(kind, content))
    processed = {"sha256": sha256(content).hexdigest()} if depot.side == "legacy" else {}
    assert (stored.status_code, stored.json()) == (201, {"name": "a/é b.txt", "size": len(content), **processed})
    assert depot.files() == {"a/é b.txt": content}
    found = depot.client.get("/uploads/a/é b.txt")
    assert (found.status_code, found.content) == (200, content)
    assert found.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert found.headers["Content-Disposition"].startswith("attachment;")
    assert found.headers["Repr-Digest"] == digest(content)


def test_a_later_upload_takes_the_place_of_an_earlier_one(depot: Depot) -> None:
    for content in (b"first", b"later"):
        assert depot.client.post("/uploads/a", content=content).status_code == 201
    found = depot.client.get("/uploads/a")
    assert (found.content, found.headers["Repr-Digest"]) == (b"later", digest(b"later"))
    assert depot.rows() == ["a", "a"]


def test_a_file_that_nobody_has_read_has_no_digest(depot: Depot) -> None:
    depot.client.post("/uploads/a", content=b"sent")
    (depot.directory / "a").write_bytes(b"else")
    found = depot.client.get("/uploads/a")
    assert (found.content, found.headers.get("Repr-Digest")) == (b"else", None)


def test_no_name_leads_anywhere_else(depot: Depot) -> None:
    for method, name in product(("POST", "GET"), HOSTILE_NAMES):
        answer = depot.client.request(method, f"/uploads/{name}", content=b"hostile", follow_redirects=False)
        # Flask takes an empty segment out of the path before it looks for the rule.
        assert answer.status_code == (308 if (depot.side, name) == ("legacy", "%2Fout") else 404), name
    assert not depot.directory.exists()
    assert not (depot.directory.parent / "out").exists()


@pytest.mark.parametrize("name", ["a", "a/b/c"])
def test_a_file_is_no_directory(depot: Depot, name: str) -> None:
    depot.client.post("/uploads/a/b", content=b"stays")
    assert depot.client.post(f"/uploads/{name}", content=b"").status_code == 409
    assert depot.client.get(f"/uploads/{name}").status_code == 404
    assert depot.files() == {"a/b": b"stays"}


@FORMS_LEFT_OPEN
def test_a_form_without_the_file_is_refused(depot: Depot) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    forms: list[dict[str, Any]] = [
        {"files": {"other": ("x", b"1")}},
        {"files": {"file": (None, b"no file name")}},
        {"content": b"garbage", "headers": headers},
        {"content": FORM_HEAD + b"half", "headers": headers},
        {"content": FORM_HEAD, "headers": {"Content-Type": "Multipart/Form-Data"}},
    ]
    for form in forms:
        assert depot.client.post("/uploads/a", **form).status_code == 400, form
    assert depot.files() == {}
    gc.collect()


@FORMS_LEFT_OPEN
@pytest.mark.parametrize(
    ("pieces", "headers"),
    [
        ([b"half"], ["Content-Length: 8"]),
        ([b"half"], ["Transfer-Encoding: chunked"]),
        ([], ["Content-Length: 8"]),
        ([FORM_HEAD, CONTENT], [FORM, f"Content-Length: {len(CONTENT) * 2}"]),
        ([FORM_HEAD, CONTENT], [FORM, "Transfer-Encoding: chunked"]),
    ],
)
def test_a_cut_upload_leaves_nothing_behind(depot: Depot, pieces: list[bytes], headers: list[str]) -> None:
    depot.client.post("/uploads/a", content=b"stays")
    for name in ("a", "new/b"):
        # Nobody is there to hear the answer.
        assert send_pieces(depot.client, f"/uploads/{name}", pieces, *headers, cut=True) in (400, None)
    wait_until(lambda: depot.files() == {"a": b"stays"})
    assert [path.name for path in depot.directory.iterdir()] == ["a"]
    assert depot.rows() == ["a"]
    gc.collect()


@pytest.mark.process
@pytest.mark.parametrize(
    ("headers", "body"), [("Content-Length: 8", b"half"), ("Transfer-Encoding: chunked", b"4\r\nhalf\r\n")]
)
def test_a_cut_upload_leaves_nothing_behind_under_gunicorn(
    store: Store, tmp_path: Path, headers: str, body: bytes
) -> None:
    with store.new_database() as url:
        env = {"DEPOT_DATABASE_URL": url, "DEPOT_SECRET_KEY": SECRET_KEY, "DEPOT_UPLOAD_DIR": str(tmp_path)}
        with serve("gunicorn", "legacy_flask:create_app()", env=env) as server:
            with socket.create_connection((server.host, server.port), PATIENCE_SECONDS) as connection:
                connection.sendall(f"POST /uploads/a HTTP/1.1\r\nHost: a.test\r\n{headers}\r\n\r\n".encode() + body)
                wait_until(lambda: list(tmp_path.iterdir()))
            wait_until(lambda: not list(tmp_path.iterdir()))
            assert server.stop() == 0


def test_too_much_is_refused(depot: Depot) -> None:
    json = "Content-Type: application/json"
    assert send_pieces(depot.client, "/uploads/a", [b"a"], f"Content-Length: {MAX_UPLOAD + 1}") == 413
    assert send_pieces(depot.client, "/uploads/a", [b"a"], FORM, f"Content-Length: {MAX_UPLOAD + 1}") == 413
    assert send_pieces(depot.client, "/todos", [b"{}"], json, f"Content-Length: {MAX_BODY + 1}") == 413
    assert depot.files() == {}
    # Without a length Werkzeug reads up to the limit and takes that for the whole body.
    status = send_pieces(depot.client, "/todos", pieces_of(b" " * (MAX_BODY + 1)), json)
    assert status == (400 if depot.side == "legacy" else 413)


@pytest.mark.parametrize("kind", ["raw", "form"])
def test_an_upload_is_never_in_memory(depot: Depot, kind: str) -> None:
    def pieces() -> Iterator[bytes]:
        if kind == "form":
            yield FORM_HEAD
        for _ in range(size // 65536):
            yield bytes(65536)
        if kind == "form":
            yield FORM_TAIL

    size = 16 * 2**20
    depot.client.post("/uploads/warm-up", content=b"")
    tracemalloc.start()
    try:
        status = send_pieces(depot.client, "/uploads/large", pieces(), *([FORM] if kind == "form" else []))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (status, (depot.directory / "large").stat().st_size) == (201, size)
    assert peak < 8 * 2**20


def test_flask_reads_before_it_answers_and_fastapi_after(depot: Depot) -> None:
    rows: list[list[str]] = []
    assert send_pieces(depot.client, "/uploads/a", [b"a"], on_answer=lambda: rows.append(depot.rows())) == 201
    assert rows == [["a"] if depot.side == "legacy" else []]
    assert depot.rows() == ["a"]


def test_both_sides_serve_what_either_has_stored(store: Store, tmp_path: Path) -> None:
    with (
        store.new_database() as url,
        open_side("legacy", url, tmp_path) as legacy,
        open_side("new", url, tmp_path) as new,
    ):
        for uploader in (legacy, new):
            name = f"/uploads/{id(uploader)}"
            uploader.post(name, content=b"same")
            for reader in (legacy, new):
                assert reader.get(name).content == b"same"
                assert reader.get(name).headers["Repr-Digest"] == digest(b"same")
