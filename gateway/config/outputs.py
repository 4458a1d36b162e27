"""Where something is to be written: what cannot be is refused before the work begins, not after it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import GatewayError


def check_file(what: str, path: Path, *, is_directory: bool = False) -> None:
    """Raise GatewayError where the file cannot be written; nothing of it changes, and none is made."""
    try:
        if is_directory or path.is_dir():
            raise GatewayError(f"{what}: is a directory; name a file in it")
        if path.is_file():
            path.open("ab").close()
        elif not _is_there(path):  # a pipe or a device is left alone: to open it may take a reader
            directory = Path(os.path.realpath(path)).parent
            if not directory.exists():
                raise GatewayError(f'{what}: there is no directory "{directory}"; make it first')
            _try_directory(directory)
    except OSError as error:
        raise GatewayError(f"{what}: cannot be written: {error.strerror}") from None


def check_directory(what: str, path: Path) -> None:
    """Raise GatewayError where no file can be written in a directory that is there, or made, by this name."""
    try:
        there = path.absolute()
        while not _is_there(there):
            there = there.parent
        _try_directory(there)
    except OSError as error:
        raise GatewayError(f"{what}: cannot be written: {error.strerror}") from None


def _is_there(path: Path) -> bool:
    """Tell whether it is there. Raises OSError where it can never be, as below a file."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def _try_directory(directory: Path) -> None:
    tempfile.TemporaryFile(dir=directory).close()
