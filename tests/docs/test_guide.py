"""docs/parity.md, from two apps to a flipped route, done as it is written: its files, its commands, what they print."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.support.notes import COMMITTING, FORGETFUL, Notes
from tests.support.servers import ROOT

PAGE = (ROOT / "docs" / "parity.md").read_text(encoding="utf-8")
GUIDE = PAGE.partition("\n## From two apps")[2].partition("\n## ")[0]
BLOCK = re.compile(r"^```(toml|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


class Project:
    """The two apps of the guide and nothing else; the reader's own steps are done here."""

    def __init__(self, directory: Path) -> None:
        self._notes = Notes(directory)
        self._directory = self._notes.directory
        (self._directory / "migration_map.toml").unlink()
        shutil.rmtree(self._directory / "corpus")

    def write(self, text: str) -> None:
        """A block of TOML: the map, a corpus file, or rules for the map."""
        path = self._directory / ("corpus/notes.toml" if text.startswith("[[case]]") else "migration_map.toml")
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def commit(self) -> None:
        """ "In `create_note`, `engine.begin()`": the fix of the guide."""
        self._notes.edit("new_notes.py", FORGETFUL, COMMITTING)

    def touch(self) -> None:
        """ "After an edit of `list_notes`"."""
        self._notes.edit("new_notes.py", "for row in db.execute(", "for row in (db).execute(")
        self._notes.edit("new_notes.py", "ORDER BY id LIMIT 100", "ORDER BY id LIMIT 99")

    def run(self, command: str) -> str:
        program, *arguments = shlex.split(command)
        assert program == "gateway"
        done = self._notes.run(*arguments)
        return done.stdout + done.stderr


def sessions(text: str) -> list[tuple[str, str]]:
    """(command, what it prints)."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def matches(shown: str, printed: str) -> bool:
    """`...` on a line of its own is any lines, and a time is any time."""
    pieces = (re.escape(TIME.sub("<time>", piece)) for piece in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE))
    return re.fullmatch(r"(?:.*\n)*?".join(pieces), TIME.sub("<time>", printed)) is not None


@pytest.mark.long
@pytest.mark.process
def test_the_guide_is_true(tmp_path: Path) -> None:
    project = Project(tmp_path)
    checked = 0
    for kind, text in BLOCK.findall(GUIDE):
        if kind == "toml":
            if text.startswith("[[parity.ignore]]"):
                project.commit()
            project.write(text)
            continue
        for command, shown in sessions(text):
            if command == "gateway check":
                project.touch()
            printed = project.run(command)
            assert matches(shown, printed), f"$ {command}\n{printed}"
            checked += 1
    assert checked == GUIDE.count("\n$ ") >= 5


@pytest.mark.parametrize(
    ("shown", "printed", "is_so"),
    [
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("a\n...\nd\n", "a\nb\n", False),
        ("a\n", "a\nb\n", False),
        ("since 2026-11-21 05:51 UTC\n", "since 2027-01-02 15:01 UTC\n", True),
    ],
)
def test_what_is_left_out_matches(shown: str, printed: str, is_so: bool) -> None:
    assert matches(shown, printed) is is_so
