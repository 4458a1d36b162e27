"""Watches a file and yields its text when that has changed: edits, renames over it, and swaps of links on its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from watchfiles import watch

LOGGER = logging.getLogger("gateway")
POLL_MS = 400
"""The file is also read this often: a link may lead to where nobody watches, and some file systems are mute."""
SETTLE_S = 0.03
"""Two reads this far apart must agree, so that a file that is being written is never taken for a shorter one."""


async def changes(path: Path, last: bytes) -> AsyncIterator[bytes]:
    """Yield the file's bytes each time they differ from the last seen, `last` at first. A missing file is no change."""
    stop = Event()
    events = _events(path.parent, stop)
    # A thread of its own: the new app's views may hold all those of the loop, and then a flip away from it must work.
    thread = ThreadPoolExecutor(1, "gateway-watch")
    try:
        while True:
            await asyncio.get_running_loop().run_in_executor(thread, next, events, None)
            now = await _settled(path)
            if now is not None and now != last:
                last = now
                yield now
    finally:
        stop.set()
        thread.shutdown(wait=False)


def _events(directory: Path, stop: Event) -> Iterator[object]:
    """Something at each burst of changes, and every POLL_MS; the latter alone where nothing can be watched."""
    try:
        yield from watch(
            directory,
            watch_filter=None,
            recursive=False,
            debounce=50,
            step=20,
            rust_timeout=POLL_MS,
            yield_on_timeout=True,
            stop_event=stop,
        )
    except (OSError, RuntimeError) as error:  # inotify runs out of instances: a limit a user, not a process
        LOGGER.warning("%s cannot be watched, so the map is read every %s ms: %s", directory, POLL_MS, error)
        while not stop.wait(POLL_MS / 1000):
            yield None


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
