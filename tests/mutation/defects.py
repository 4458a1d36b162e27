"""The defects of defects.toml. Each stands in one file of the new side, and its `before` there once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("defects.toml")
SHARE = 0.95
"""Of the defects that have to be found."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake, and the routes that show it."""

    name: str
    file: str
    before: str
    after: str
    routes: tuple[str, ...]

    def plant(self, project: Path) -> None:
        """Make the mistake in a copy of the samples."""
        path = project / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.before) != 1:
            raise ValueError(f'"{self.name}": {self.before!r} stands {text.count(self.before)} times in {self.file}')
        path.write_text(text.replace(self.before, self.after), encoding="utf-8")


def read_defects() -> tuple[Defect, ...]:
    """Return all defects, in the order of the file."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))["defect"]
    return tuple(Defect(**{**table, "routes": tuple(table["routes"])}) for table in tables)
