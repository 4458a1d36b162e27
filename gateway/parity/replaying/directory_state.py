"""A side's own directory: what a request wrote there, and the way back to the baseline."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

Names = dict[str, str]
"""Name below the directory to the SHA-256 of its content."""


class DirectoryState:
    """The directory beside its baseline."""

    def __init__(self, directory: Path, baseline: Path) -> None:
        self._directory = directory
        self._baseline = baseline
        self._at_start = read_names(baseline)
        self._times_at_start = {name: _time(baseline / name) for name in self._at_start}
        self._before = dict(self._at_start)
        self._times = dict(self._times_at_start)

    def changes(self) -> tuple[str, ...]:
        """Return `written NAME SHA256` and `deleted NAME` for what has happened since the last call or the reset."""
        now, before = read_names(self._directory), self._before
        self._before = now
        written = [f"written {name} {digest}" for name, digest in now.items() if before.get(name) != digest]
        return tuple(sorted([*written, *(f"deleted {name}" for name in before if name not in now)]))

    def freeze_times(self, moment: int) -> None:
        """Set the time of what was written since the last call or the reset to `moment`, nanoseconds since the epoch.

        The kernel's clock cannot be frozen, and `Last-Modified` and `ETag` are made of it.
        """
        for name in self._before:
            if _time(self._directory / name) != self._times.get(name):
                self._set_time(name, moment)

    def reset(self) -> None:
        """Restore the baseline's files, with their times."""
        now = read_names(self._directory)
        for name in now.keys() - self._at_start.keys():
            (self._directory / name).unlink()
        for name, digest in self._at_start.items():
            if now.get(name) != digest:
                (self._directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._baseline / name, self._directory / name)
        self._before = dict(self._at_start)
        self._times = {}
        for name, moment in self._times_at_start.items():
            self._set_time(name, moment)

    def _set_time(self, name: str, moment: int) -> None:
        os.utime(self._directory / name, ns=(moment, moment), follow_symlinks=False)
        self._times[name] = moment


def read_names(directory: Path) -> Names:
    """Return every file below the directory with its digest; a link with where it leads."""
    digests: Names = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            digests[name] = f"-> {path.readlink()}"
        elif path.is_file():
            with path.open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _time(path: Path) -> int:
    return path.lstat().st_mtime_ns
