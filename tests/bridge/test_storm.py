"""Thousands of clients that leave in the midst, hundreds that stall: nothing stays held, and no answer was wrong.

Clients and cut points are drawn from a fixed seed.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.fault_clients import (
    LEAVING,
    connect,
    connected,
    gauge,
    is_quiet,
    rest_of,
    serve_faulty,
    state,
    tally,
)
from tests.support.faulty_app import blocks
from tests.support.servers import Server, ask, post, post_chunked, request, wait_until

pytestmark = [pytest.mark.long, pytest.mark.process]

CUT_DOWNLOADS = CUT_UPLOADS = 1_000
CUT_HEADS = 300
WHOLE = 100
"""Of each kind, between the others: these are answered."""
STALLED = 100
"""Of uploads, and of downloads."""
SLOWLORIS = 50
CLIENTS = 8
BODY = bytes(range(256)) * 8_000
"""2 MB: beyond what the bridge keeps in memory."""


@cache
def right(seed: int) -> bytes:
    """The body of /download/seed/64, a megabyte."""
    return b"".join(blocks(seed, 64))


class Storm:
    """What each client does, and how many answers it checked."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def cut_download(self, random: Random) -> None:
        """Whatever came until then was right."""
        seed = random.randrange(8)
        with connect(self._server, request(f"/download/{seed}/64")) as client:
            received, cut = b"", random.randrange(300_000)
            while len(received) < cut:
                received += client.recv(65536)
            random.choice(LEAVING)(client)
        body = received.partition(b"\r\n\r\n")[2]
        assert right(seed).startswith(body)

    def cut_upload(self, random: Random) -> None:
        length = random.choice((10, 5_000, 100_000, len(BODY)))
        framed = (post, post_chunked)[random.randrange(2)]("/upload", BODY[:length])
        head_end = framed.index(b"\r\n\r\n") + 4
        with connect(self._server, framed[: random.randrange(head_end, len(framed) - 1)]) as client:
            random.choice(LEAVING)(client)

    def cut_head(self, random: Random) -> None:
        whole = request("/ping", "X-Long: " + "x" * 500)
        with connect(self._server, whole[: random.randrange(len(whole) - 1)]) as client:
            random.choice(LEAVING)(client)

    def whole_download(self, random: Random) -> None:
        seed = random.randrange(8)
        answer = ask(self._server, request(f"/download/{seed}/64"))
        assert (answer.status, answer.complete, answer.body == right(seed)) == (200, True, True)

    def whole_upload(self, random: Random) -> None:
        body = BODY[: random.choice((10, 5_000, 100_000, len(BODY)))]
        cut = random.randrange(len(body))
        framed = random.choice((post("/upload", body), post_chunked("/upload", body[:cut] or b"\0", body[cut:])))
        sent = body if cut or b"Content-Length" in framed else b"\0" + body
        answer = ask(self._server, framed)
        assert json.loads(answer.body) == {"length": len(sent), "sha256": sha256(sent).hexdigest()}

    def run(self, seed: int) -> None:
        """One thread's share of all, in a random order."""
        random = Random(seed)
        shares: dict[Callable[[Random], None], int] = {
            self.cut_download: CUT_DOWNLOADS,
            self.cut_upload: CUT_UPLOADS,
            self.cut_head: CUT_HEADS,
            self.whole_download: WHOLE,
            self.whole_upload: WHOLE,
        }
        todo = [act for act, count in shares.items() for _ in range(len(range(seed, count, CLIENTS)))]
        random.shuffle(todo)
        for act in todo:
            act(random)


def held(pid: int) -> tuple[int, int]:
    """Open files, and threads."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), len(list(Path(f"/proc/{pid}/task").iterdir()))


def spoolers(now: dict[str, Any]) -> int:
    """Threads of the loop's own executor, which writes large bodies to disk: a handful at most, kept for ever."""
    return sum(bool(re.fullmatch(r"(asyncio|uvloop)_\d+", name)) for name in now["threads"])


def test_a_storm_leaves_nothing_behind(tmp_path: Path) -> None:
    with serve_faulty(temporary=tmp_path) as server:
        wait_until(lambda: is_quiet(server) and "wsgi" not in state(server)["threads"])
        pid = state(server)["pid"]
        files, threads = held(pid)
        stalled = request(
            "/upload", f"Content-Length: {len(BODY)}", method="POST", body=BODY[: len(BODY) // 2 + 100_000]
        )
        with (
            connected(server, STALLED, stalled),
            connected(server, STALLED, request("/download/1/2000")),
            connected(server, SLOWLORIS, b"") as lorises,
            ThreadPoolExecutor(CLIENTS + 1) as clients,
        ):
            wait_until(lambda: gauge(server, "streams") == STALLED)
            storm = Storm(server)
            running = [clients.submit(storm.run, seed) for seed in range(CLIENTS)]
            answers = clients.submit(send_slowly, lorises, request("/ping"))
            for client in running:
                client.result()
            assert answers.result() == [b"pong"] * SLOWLORIS
        wait_until(lambda: is_quiet(server) and "wsgi" not in state(server)["threads"])
        spooling = spoolers(state(server))
        wait_until(lambda: held(pid) == (files, threads + spooling))
        assert list(tmp_path.iterdir()) == []
        assert spooling <= 32
        assert tally(server, "uploads") == WHOLE
        assert ask(server, request("/ping")).body == b"pong"


def send_slowly(clients: list[socket.socket], sent: bytes) -> list[bytes]:
    """A byte of each client in turn; the ends of their answers."""
    for index in range(len(sent)):
        for client in clients:
            client.send(sent[index : index + 1])
    return [rest_of(client)[-4:] for client in clients]
