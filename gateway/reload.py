"""Watches a file and yields its text when that has changed: edits, renames over it, and swaps of links on its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import awatch

POLL_MS = 400
"""The file is also read this often: a link may lead to where nobody watches, and some file systems are mute."""
SETTLE_S = 0.03
"""Two reads this far apart must agree, so that a file that is being written is never taken for a shorter one."""


async def changes(path: Path, last: bytes) -> AsyncIterator[bytes]:
    """Yield the file's bytes each time they differ from the last seen, `last` at first. A missing file is no change."""
    async for _ in awatch(
        path.parent,
        watch_filter=None,
        recursive=False,
        debounce=50,
        step=20,
        rust_timeout=POLL_MS,
        yield_on_timeout=True,
    ):
        now = await _settled(path)
        if now is not None and now != last:
            last = now
            yield now


async def _settled(path: Path) -> bytes | None:
    before = _read(path)
    while True:
        await asyncio.sleep(SETTLE_S)
        now = _read(path)
        if now == before:
            return now
        before = now


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
