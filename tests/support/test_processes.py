"""A test that starts a process or listens and does not say so fails; one that says so, or starts nothing, passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.inner_pytest import run_pytest

pytestmark = pytest.mark.process

TESTS = """
import asyncio, multiprocessing, os, socket, subprocess
import pytest

STARTS = {
    "subprocess.Popen": lambda: subprocess.run(["true"]),
    "os.system": lambda: os.system("true"),
    "os.posix_spawn": lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0),
    "multiprocessing": lambda: multiprocessing.get_context("spawn").Process(target=print).start(),
    "socket.bind": lambda: socket.create_server(("127.0.0.1", 0)).close(),
    "asyncio": lambda: asyncio.run(asyncio.start_server(print, "127.0.0.1", 0)),
}

@pytest.fixture(scope="module", params=[True, False])
def started(request):
    if request.param:
        os.system("true")

@pytest.mark.process
def test_marked(started):
    os.system("true")

def test_first(started): pass

def test_second(started): pass

@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_alone(start):
    start()
"""


@pytest.mark.long
def test_a_test_that_starts_something_says_so(tmp_path: Path) -> None:
    _, output = run_pytest(tmp_path, TESTS, "-W", "ignore", "-rfp")
    assert set(re.findall(r"^PASSED test_it.py::(\S+)", output, re.MULTILINE)) == {
        "test_marked[True]",
        "test_marked[False]",
        "test_first[False]",
        "test_second[False]",
    }
    said = re.findall(r"^_+ (\S+) _+\nnot marked `process`, but it starts one or listens: (.*)$", output, re.MULTILINE)
    assert dict(said) == {
        "test_first[True]": "os.system in started",
        "test_second[True]": "os.system in started",
        "test_alone[subprocess.Popen]": "subprocess.Popen",
        "test_alone[os.system]": "os.system",
        "test_alone[os.posix_spawn]": "os.posix_spawn",
        "test_alone[multiprocessing]": "multiprocessing",
        "test_alone[socket.bind]": "socket.bind",
        "test_alone[asyncio]": "socket.bind",
    }
