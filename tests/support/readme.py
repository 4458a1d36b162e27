"""The README's console sessions, run for real; `python -m tests.support.readme` writes what they print."""

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

from tests.support.servers import ROOT, Server, serve_command, wait_until

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


@dataclass(frozen=True, slots=True)
class Tour:
    """The sample apps, served; commands run beside them."""

    server: Server
    directory: Path
    env: dict[str, str]

    def run(self, step: Step) -> str:
        """What the command prints, with the port that the README shows; a flip is waited for until it is in force."""
        port = f":{self.server.port}"
        done = subprocess.run(
            step.command.replace(f":{SHOWN_PORT}", port),
            shell=True,
            cwd=self.directory,
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        written = sha256((self.directory / "migration_map.toml").read_bytes()).hexdigest()
        wait_until(lambda: written.startswith(version_in_force(self.server)))
        lines = done.stdout.replace(port, f":{SHOWN_PORT}").splitlines()
        return "".join(f"{line.rstrip()}\n" for line in lines)


@contextmanager
def tour(database_url: str = "") -> Iterator[Tour]:
    """A copy of the checkout, served as the README's first command serves it; without a URL on the default database."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for app in ("legacy_flask", "new_fastapi"):
            shutil.copytree(ROOT / app, directory / app)
        shutil.copytree(ROOT / "corpus", directory / "corpus")
        shutil.copy(ROOT / "migration_map.toml", directory)
        env = environment(directory, database_url)
        with serve_command(sys.executable, "-m", "gateway", "serve", "--port", "0", env=env, cwd=directory) as server:
            yield Tour(server, directory, env)


def environment(directory: Path, database_url: str) -> dict[str, str]:
    """The commands of this environment first, and the sample apps' own defaults."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(directory), "DEPOT_DATABASE_URL": database_url, "DEPOT_SECRET_KEY": ""}


def version_in_force(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/_gateway/ready") as answer:
        version: str = json.load(answer)["map"]["version"]
        return version


def main() -> None:
    with tour() as served:

        def rerun(session: re.Match[str]) -> str:
            return "".join(f"$ {step.command}\n{served.run(step)}" for step in steps(session[0]))

        README.write_text(SESSION.sub(rerun, README.read_text()))


if __name__ == "__main__":
    main()
