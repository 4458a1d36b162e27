"""A team's project of two small apps (tests/support/guide/notes), copied for one test; its commands run for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.servers import ROOT

SOURCE = ROOT / "tests" / "support" / "guide" / "notes"
FORGETFUL, COMMITTING = "with engine.connect() as db:\n        sql", "with engine.begin() as db:\n        sql"
JSON_ERROR = """
    @app.errorhandler(404)
    def not_found(error):
        return {"detail": "Not Found"}, 404

    return app
"""


class Notes:
    """The project: its candidate forgets to commit, and its errors are FastAPI's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "notes"
        self.scratch = directory / "scratch"
        self.scratch.mkdir()
        shutil.copytree(SOURCE, self.directory, ignore=shutil.ignore_patterns("__pycache__"))

    @property
    def environment(self) -> dict[str, str]:
        """What a run leaves behind is below `scratch`."""
        own = {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.scratch), "COLUMNS": "120"}
        return os.environ | own | {"PYTEST_ADDOPTS": "-p no:schemathesis"}  # slow to import, and not needed

    def agree(self) -> None:
        """Both sides do the same, as far as the corpus shows."""
        self.edit("new_notes.py", FORGETFUL, COMMITTING)
        self.edit("legacy_notes.py", "\n    return app\n", JSON_ERROR)

    def edit(self, name: str, before: str, after: str) -> None:
        path = self.directory / name
        text = path.read_text()
        assert text.count(before) == 1, f"{name} has {before!r} {text.count(before)} times"
        path.write_text(text.replace(before, after))

    def append(self, name: str, text: str) -> None:
        with (self.directory / name).open("a") as file:
            file.write(text)

    def command(self, *arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", *arguments)

    def run(self, *arguments: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """`gateway ...` in the project's directory."""
        return self.run_module("gateway", *arguments, seconds=seconds)

    def run_module(self, *arguments: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def left_behind(self) -> list[str]:
        """Processes and directories that a run should have ended and removed."""
        sides = [path for path in Path("/proc").glob("[0-9]*") if self._is_side(path)]
        return [*map(str, sides), *map(str, self.scratch.glob("gateway-parity-*"))]

    def _is_side(self, process: Path) -> bool:
        try:
            is_side = b"gateway.parity.replaying.side_main" in (process / "cmdline").read_bytes()
            return is_side and (process / "cwd").readlink() == self.directory
        except OSError:  # it has ended meanwhile
            return False
