"""Large transfers through the gateway, beside Flask under gunicorn. Run: python -m tests.benchmarks.transfers

Each measurement has a server of its own. Growth is how far the peak of its resident memory (VmHWM, of all its
processes) rises above what it held before. Seconds are the client's; Flask reads an upload for its digest before it
answers, FastAPI after.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.servers import Server, serve, serve_gateway

MIB = 2**20
SIZE = int(os.environ.get("MIB", "1024")) * MIB
AIM = 64  # MiB of growth
PATIENCE = 120  # seconds that a socket waits
NAME = "large.bin"
PIECE = os.urandom(MIB)
BOUNDARY = "between-the-parts"
MAP = """
[gateway]
legacy = "legacy_flask:create_app"
new = "new_fastapi:create_app"

[routes]
"/uploads/<path:filename>" = "{side}"
"""


def pieces() -> Iterator[bytes]:
    return (PIECE for _ in range(SIZE // MIB))


def form() -> Iterator[bytes]:
    disposition = f'Content-Disposition: form-data; name="file"; filename="{NAME}"'
    yield f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode()
    yield from pieces()
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def upload(server: Server, file: Path, body: Iterator[bytes], content_type: str) -> None:
    headers = {"Content-Type": content_type, "Transfer-Encoding": "chunked"}
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)) as connection:
        connection.request("POST", f"/uploads/{NAME}", body, headers, encode_chunked=True)
        response = connection.getresponse()
        answer = response.read()
    if response.status != 201 or file.stat().st_size != SIZE:
        raise SystemExit(f"upload: {response.status} {answer!r}")


def upload_raw(server: Server, file: Path) -> None:
    upload(server, file, pieces(), "application/octet-stream")


def upload_form(server: Server, file: Path) -> None:
    upload(server, file, form(), f"multipart/form-data; boundary={BOUNDARY}")


def download(server: Server, file: Path) -> None:
    received = 0
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)) as connection:
        connection.request("GET", f"/uploads/{NAME}")
        response = connection.getresponse()
        while piece := response.read(MIB):
            received += len(piece)
    if response.status != 200 or received != file.stat().st_size:
        raise SystemExit(f"download: {response.status}, {received} bytes")


TRANSFERS: dict[str, Callable[[Server, Path], None]] = {
    "upload, raw": upload_raw,
    "upload, form": upload_form,
    "download": download,
}
SERVERS = {
    "Flask under gunicorn gthread": None,
    "Flask through the gateway": "legacy",
    "FastAPI through the gateway": "new",
}


@contextmanager
def start(side: str | None, directory: Path) -> Iterator[Server]:
    """A fresh server that keeps its database and its uploads in the directory."""
    env = {"DEPOT_DATABASE_URL": f"sqlite:///{directory}/depot.sqlite3", "DEPOT_UPLOAD_DIR": str(directory)}
    if side is None:
        with serve("gunicorn", "legacy_flask:create_app()", env=env) as server:
            yield server
        return
    (directory / "map.toml").write_text(MAP.format(side=side))
    with serve_gateway(directory / "map.toml", env=env) as server:
        yield server


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def resident(pids: list[int], row: str) -> int:
    """MiB: VmRSS is what is held now, VmHWM the most that was."""
    rows = (line.split() for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return sum(int(words[1]) for words in rows if words[0] == f"{row}:") // 1024


def measure(side: str | None, transfer: Callable[[Server, Path], None]) -> tuple[float, int]:
    """(seconds, MiB of growth) of one transfer by a fresh server."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, NAME)
        if transfer is download:
            with file.open("wb") as written:
                written.writelines(pieces())
        with start(side, Path(name)) as server:
            urllib.request.urlopen(f"{server.url}/hello").close()  # gunicorn's worker is there once it has answered
            pids = family(server.pid)
            before = resident(pids, "VmRSS")
            for pid in pids:
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM starts anew, man proc_pid_clear_refs
            started = time.perf_counter()
            transfer(server, file)
            return time.perf_counter() - started, resident(pids, "VmHWM") - before


def main() -> None:
    print(f"{SIZE // MIB} MiB each; growth of memory in MiB (aim: below {AIM})\n")
    for title, transfer in TRANSFERS.items():
        for name, side in SERVERS.items():
            seconds, growth = measure(side, transfer)
            over = "  over the aim" if growth >= AIM else ""
            print(f"{title:<14} {name:<30} {seconds:>6.1f} s  {growth:>5} MiB{over}", flush=True)


if __name__ == "__main__":
    main()
