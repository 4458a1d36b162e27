"""Watches the map file by reading it: no events, so links, renames and mounted volumes are all alike.

A thread of its own reads, and what follows from a change runs in it: neither a file system that hangs nor a large map
holds up the event loop, and a new side whose views hold all of the loop's threads cannot stop the flip away from it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.4
SETTLE_SECONDS = 0.03
"""Two reads this far apart must agree, so that a file that is being written is never taken for a shorter one."""


class MapWatcher:
    """A service that calls back with the bytes of a file each time they have changed. A missing file is no change."""

    def __init__(self, path: Path, last: bytes, changed: Callable[[bytes], None]) -> None:
        """`last` is what was read before the start; `changed` is called in the watcher's thread and must not raise."""
        self._path = path
        self._last = last
        self._changed = changed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-watch", daemon=True)

    async def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def stop(self, seconds: float) -> None:
        """End the thread; one that hangs in a read of the file is left behind after `seconds`."""
        self._over.set()
        await asyncio.to_thread(self._thread.join, seconds)

    def _run(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            text = self._read()
            if text is None or text == self._last:
                continue
            while not self._over.wait(SETTLE_SECONDS) and (again := self._read()) != text:
                text = again
            if not self._over.is_set() and text is not None and text != self._last:
                self._last = text
                self._changed(text)

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except OSError:
            return None
