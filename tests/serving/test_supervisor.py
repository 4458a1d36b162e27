"""`gateway serve --workers`: no worker is lost sight of, whatever the others do, and none outlives the service."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.support.servers import (
    PATIENCE_SECONDS,
    Server,
    accepts,
    ask,
    request,
    serve_command,
    serve_gateway,
    wait_until,
)

pytestmark = pytest.mark.process

MAP = '[gateway]\nlegacy = "slow_start:legacy"\nnew = "slow_start:new"\n[routes]\n"GET /stuck" = "new"\n'
APPS = """
import os, sys, time
from pathlib import Path
from fastapi import FastAPI
from flask import Flask

if Path("are_slow").exists():
    sys.stderr.write(f"slow start of {os.getpid()}\\n")
    time.sleep(600)

if Path("is_broken").exists():
    raise RuntimeError("a broken release")

legacy, new = Flask(__name__), FastAPI()
legacy.get("/who")(lambda: {"pid": os.getpid()})

@new.get("/stuck")
async def stuck() -> None:
    sys.stderr.write("stuck\\n")
    time.sleep(600)
"""


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    (tmp_path / "slow_start.py").write_text(APPS)
    file = tmp_path / "map.toml"
    file.write_text(MAP)
    return file


def test_a_worker_that_dies_while_a_restart_waits_is_replaced(map_file: Path) -> None:
    are_slow = map_file.with_name("are_slow")
    with serve_gateway(map_file, "--workers", "2") as server:
        server.wait_for_log("from now on one that ends is replaced")
        wait_until(lambda: server.log().count("startup complete") == 2)
        are_slow.touch()
        os.kill(server.pid, signal.SIGHUP)
        slow = server.wait_for_log(r"slow start of (\d+)")[1]
        are_slow.unlink()
        killed = json.loads(ask(server, request("/who")).body)["pid"]
        os.kill(killed, signal.SIGKILL)
        server.wait_for_log(f"worker {killed} has ended with exit code -9; another takes its place")
        wait_until(lambda: server.log().count("startup complete") == 3)
        os.kill(int(slow), signal.SIGKILL)
        server.wait_for_log(f"new worker {slow} did not start; the restart ends here, other workers serve on")
        assert json.loads(ask(server, request("/who")).body)["pid"] != killed
        assert server.stop() == 0


IMPATIENT = (
    "import sys; from gateway.serving import supervisor; from gateway.cli.main import main; "
    "supervisor.EXIT_SECONDS = 0; supervisor.RETRY_SECONDS = 0.1; sys.argv = ['gateway', *sys.argv[1:]]; main()"
)


def impatient_command(map_file: Path) -> tuple[str, ...]:
    options = ("--port", "0", "--workers", "2", "--graceful-timeout", "1")
    return (sys.executable, "-c", IMPATIENT, "--map", map_file.name, "serve", *options)


def test_a_worker_that_cannot_start_says_why_in_a_line_and_is_tried_again(map_file: Path) -> None:
    is_broken = map_file.with_name("is_broken")
    with serve_command(*impatient_command(map_file), cwd=map_file.parent) as server:
        server.wait_for_log("from now on one that ends is replaced")
        wait_until(lambda: server.log().count("startup complete") == 2)
        is_broken.touch()
        os.kill(json.loads(ask(server, request("/who")).body)["pid"], signal.SIGKILL)
        said = r'ERROR: +gateway.legacy: "slow_start:legacy" failed: RuntimeError: a broken release'
        wait_until(lambda: len(re.findall(said, server.log())) >= 2)
        is_broken.unlink()
        wait_until(lambda: server.log().count("startup complete") == 3)
        assert "has ended with exit code 3; another takes its place" in server.log()
        assert "Traceback" not in server.log()


def test_a_worker_whose_loop_is_stuck_does_not_keep_the_service(map_file: Path) -> None:
    with serve_command(*impatient_command(map_file), cwd=map_file.parent) as server:
        server.wait_for_log("from now on one that ends is replaced")
        with socket.create_connection((server.host, server.port), PATIENCE_SECONDS) as client:
            client.sendall(request("/stuck"))
            server.wait_for_log("stuck")
            assert server.stop() == 0
        assert "does not end; it is killed" in server.log()


def test_one_worker_stays_on_the_signals_that_operate_gunicorn(map_file: Path) -> None:
    with serve_gateway(map_file) as server:
        for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU"):
            os.kill(server.pid, signal.Signals[name])
            server.wait_for_log(f"{name} does nothing to one worker alone")
        assert ask(server, request("/who")).status == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
def test_workers_end_with_their_parent(map_file: Path, number: signal.Signals) -> None:
    with serve_gateway(map_file, "--workers", "2", env={"TMPDIR": str(map_file.parent)}) as server:
        wait_until(lambda: server.log().count("startup complete") == 2)
        workers = set(re.findall(r"Started server process \[(\d+)\]", server.log()))
        os.kill(server.pid, number)
        wait_until(lambda: not accepts_at_all(server))
        wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def accepts_at_all(server: Server) -> bool:
    try:
        return accepts(server)
    except OSError:
        return False
