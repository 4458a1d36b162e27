"""Files for what was said in traffic, which its owner alone may read: nobody knows every secret."""

from __future__ import annotations

import os

DIRECTORY_MODE = 0o700


def opener(path: str, flags: int) -> int:
    """Open a file for `open(..., opener=opener)`: 0600 where it is made; one that is there keeps its mode."""
    return os.open(path, flags, 0o600)
