"""The README's console sessions, run for real. `python -m tests.readme` writes what they print into the README."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.servers import ROOT, Server, serve_command, wait_until

README = ROOT / "README.md"
SESSION = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
SHOWN_PORT = "8000"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a session, and what the README says it prints, errors too."""

    command: str
    output: str


def steps(session: str) -> list[Step]:
    """`$ command` lines, each with the lines up to the next."""
    parts = re.split(r"^\$ (.*)\n", session, flags=re.MULTILINE)[1:]
    return [Step(command, output) for command, output in zip(parts[::2], parts[1::2], strict=True)]


@contextmanager
def tour() -> Iterator[tuple[Server, Path]]:
    """The sample apps served from a copy of the checkout, as the README's first command serves them."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for name in ("legacy_flask", "new_fastapi"):
            shutil.copytree(ROOT / name, copy / name)
        shutil.copy(ROOT / "migration_map.toml", copy)
        env = environment(copy)
        with serve_command(sys.executable, "-m", "gateway", "serve", "--port", "0", env=env, cwd=copy) as server:
            yield server, copy


def run(step: Step, server: Server, directory: Path) -> str:
    """What the command prints, with the port that the README shows; a flip is waited for until it is in force."""
    done = subprocess.run(
        step.command.replace(f":{SHOWN_PORT}", f":{server.port}"),
        shell=True,
        cwd=directory,
        env={**os.environ, **environment(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    written = sha256((directory / "migration_map.toml").read_bytes()).hexdigest()
    wait_until(lambda: written.startswith(version_in_force(server)))
    lines = [line.rstrip() for line in done.stdout.replace(f":{server.port}", f":{SHOWN_PORT}").splitlines()]
    return "".join(f"{line}\n" for line in lines)


def environment(directory: Path) -> dict[str, str]:
    """The commands of this environment first, and the sample apps' own defaults."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(directory), "DEPOT_DATABASE_URL": "", "DEPOT_SECRET_KEY": ""}


def version_in_force(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/_gateway/ready") as answer:
        version: str = json.load(answer)["map"]["version"]
        return version


def main() -> None:
    with tour() as (server, directory):

        def rerun(session: re.Match[str]) -> str:
            return "".join(f"$ {step.command}\n{run(step, server, directory)}" for step in steps(session[0]))

        README.write_text(SESSION.sub(rerun, README.read_text()))


if __name__ == "__main__":
    main()
