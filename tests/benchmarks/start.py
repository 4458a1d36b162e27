"""What a start takes, in seconds and memory. Run: python -m tests.benchmarks.start

`gateway serve` over both sample apps until it answers a route of each, beside `gunicorn` of the Flask app and `uvicorn`
of the FastAPI app, each by itself. ROUNDS (environment, default 5), interleaved; medians.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.benchmarks.transfers import family, resident
from tests.support.servers import serve_command

ROUNDS = int(os.environ.get("ROUNDS", "5"))
MAP = """[gateway]
legacy = "legacy_flask:create_app"
new = "new_fastapi:create_app"
[routes]
"GET /todos" = "new"
"""
COMMANDS = {
    "gunicorn of the Flask app": ("-m", "gunicorn", "-b", "127.0.0.1:0", "legacy_flask:create_app()"),
    "uvicorn of the FastAPI app": ("-m", "uvicorn", "--port", "0", "--factory", "new_fastapi:create_app"),
    "gateway serve of both": ("-m", "gateway", "--map", "{map}", "serve", "--port", "0"),
}
PATHS = ("/hello", "/todos", "/hello")


def measure(name: str, path: str, directory: Path) -> tuple[float, int]:
    """Return the seconds until the first answer and the MiB that all processes hold then."""
    file = directory / "map.toml"
    file.write_text(MAP)
    command = [word.format(map=file) for word in COMMANDS[name]]
    environment = {"DEPOT_DATABASE_URL": f"sqlite:///{directory}/depot.sqlite3", "DEPOT_UPLOAD_DIR": str(directory)}
    began = time.perf_counter()
    with serve_command(sys.executable, *command, env=environment) as server:
        urllib.request.urlopen(f"{server.url}{path}").close()
        seconds = time.perf_counter() - began
        return seconds, resident(family(server.pid), "VmRSS")


def main() -> None:
    taken: dict[str, list[tuple[float, int]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as directory:
        for turn in range(-1, ROUNDS):  # the first round makes the database and the caches
            for name, path in zip(COMMANDS, PATHS, strict=True):
                found = measure(name, path, Path(directory))
                if turn >= 0:
                    taken[name].append(found)
    medians = {name: tuple(map(statistics.median, zip(*rows, strict=True))) for name, rows in taken.items()}
    print(f"{'':<28} {'seconds':>7} {'MiB':>5}")
    for name, (seconds, mib) in medians.items():
        print(f"{name:<28} {seconds:>7.2f} {mib:>5.0f}")
    gunicorn, uvicorn, gateway = medians.values()
    both = [one + other for one, other in zip(gunicorn, uvicorn, strict=True)]
    is_met = all(ours <= theirs for ours, theirs in zip(gateway, both, strict=True))
    print(
        f"{'both by themselves':<28} {both[0]:>7.2f} {both[1]:>5.0f}  (aim: no more: {'met' if is_met else 'not met'})"
    )


if __name__ == "__main__":
    main()
