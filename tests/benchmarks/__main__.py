"""Every benchmark of docs/performance.md in turn, each written into the page between its markers.

Run: python -m tests.benchmarks [NAME...]
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"
SETTINGS = {
    "throughput": {"ROUNDS": "10", "SECONDS": "1"},
    "cpu": {"ROUNDS": "3", "SECONDS": "1"},
    "mixed": {"SECONDS": "3"},
    "flips": {"FLIPS": "10"},
    "stalled_reader": {"SECONDS": "60"},
    "start": {"ROUNDS": "5"},
    "stalled": {"SECONDS": "2"},
    "parity_throughput": {"SECONDS": "2"},
}
PICTURES = {"throughput": "docs/performance.svg", "mixed": "docs/performance-mixed.svg"}
PACKAGES = ("uvicorn", "httptools", "uvloop", "a2wsgi", "gunicorn", "granian", "FastAPI", "Flask")


def run(name: str) -> str:
    """What it prints, with what it was run with and beside what. A benchmark that fails leaves its old table."""
    settings = SETTINGS[name]
    picture = ["--svg", PICTURES[name]] if name in PICTURES else []
    load = f"# load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *picture]
    environment = {**os.environ, **settings}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    shown = " ".join([*(f"{key}={value}" for key, value in settings.items()), "python", *command[1:]])
    return f"$ {shown}\n{load}\n{done.stdout.rstrip()}"


def versions() -> str:
    packages = (f"{package} {version(package)}" for package in PACKAGES)
    return ", ".join([f"Python {platform.python_version()}", *packages])


def write(name: str, text: str) -> None:
    """Replace what stands between the markers of `name`."""
    block = f"<!-- {name} -->\n```\n{text}\n```\n<!-- /{name} -->"
    page, found = re.subn(
        rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _: block, PAGE.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    if found != 1:
        raise SystemExit(f'{PAGE.name}: {found} places between "<!-- {name} -->" and "<!-- /{name} -->", not one')
    PAGE.write_text(page, encoding="utf-8")


def main() -> None:
    write("versions", versions().replace(", gunicorn", ",\ngunicorn"))
    for name in sys.argv[1:] or SETTINGS:
        print(name, file=sys.stderr, flush=True)
        write(name, run(name))


if __name__ == "__main__":
    main()
