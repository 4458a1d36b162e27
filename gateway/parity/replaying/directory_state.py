"""A side's own directory: what a request wrote there, and the way back to the baseline."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

Files = dict[str, tuple[str, int]]
"""Name below the directory to (SHA-256 of the content, time of the last change in nanoseconds)."""


class DirectoryState:
    """The directory beside its baseline."""

    def __init__(self, directory: Path, baseline: Path) -> None:
        self._directory = directory
        self._baseline = baseline
        self._at_start = read_files(baseline)
        self._before = self._at_start

    def changes(self, moment: int | None) -> tuple[str, ...]:
        """Return `written NAME SHA256` and `deleted NAME` for what has happened since the last call or the reset.

        What was written gets `moment`, nanoseconds since the epoch, as its time: the kernel's clock cannot be frozen,
        and `Last-Modified` and `ETag` are made of it. None leaves the times.
        """
        now, before = read_files(self._directory), self._before
        found = [f"deleted {name}" for name in before if name not in now]
        for name, (digest, changed) in now.items():
            known = before.get(name)
            if known is None or known[0] != digest:
                found.append(f"written {name} {digest}")
            if moment is not None and (known is None or known[1] != changed):
                self._set_time(name, moment)
                now[name] = digest, moment
        self._before = now
        return tuple(sorted(found))

    def reset(self) -> None:
        """Restore the baseline's files, with their times."""
        now = read_files(self._directory)
        for name in now.keys() - self._at_start.keys():
            (self._directory / name).unlink()
        for name, (digest, changed) in self._at_start.items():
            if name not in now or now[name][0] != digest:
                (self._directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._baseline / name, self._directory / name)
            self._set_time(name, changed)
        self._before = self._at_start

    def _set_time(self, name: str, moment: int) -> None:
        os.utime(self._directory / name, ns=(moment, moment), follow_symlinks=False)


def read_files(directory: Path) -> Files:
    """Return every file below the directory; a link has where it leads in the digest's place."""
    files: Files = {}
    for path in sorted(directory.rglob("*")):
        if path.is_symlink():
            digest = f"-> {path.readlink()}"
        elif path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        else:
            continue
        files[str(path.relative_to(directory))] = digest, path.lstat().st_mtime_ns
    return files
