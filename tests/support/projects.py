"""A team's project for one test: modules in a directory of their own, importable while it lasts, forgotten after."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent


class Project:
    """A directory that is the current one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, name: str, text: str) -> Path:
        """Writes a file, its text indented as the test that gives it."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        importlib.invalidate_caches()
        return path

    def read(self, name: str) -> str:
        return (self.directory / name).read_text(encoding="utf-8")

    def files(self) -> set[str]:
        found = (path for path in self.directory.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {str(path.relative_to(self.directory)) for path in found}


@contextmanager
def project_in(directory: Path) -> Iterator[Project]:
    """A project in an empty directory; what its modules leave in the process is taken out at the end."""
    before, search_path, modules = Path.cwd(), sys.path.copy(), set(sys.modules)
    os.chdir(directory)
    try:
        yield Project(directory)
    finally:
        os.chdir(before)
        sys.path[:] = search_path
        for name in set(sys.modules) - modules:
            if _is_inside(sys.modules[name], directory):
                del sys.modules[name]


def _is_inside(module: object, directory: Path) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(place is not None and Path(place).is_relative_to(directory) for place in places)


@contextmanager
def importable_project(directory: Path, files: Mapping[str, str]) -> Iterator[Project]:
    """The same with these files, whose modules can be imported from anywhere."""
    with project_in(directory) as project:
        sys.path.insert(0, str(directory))
        for name, text in files.items():
            project.write(name, text)
        yield project
