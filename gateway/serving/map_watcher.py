"""Watches the map file by reading it: no events, so links, renames and mounted volumes are all alike.

A thread of its own reads, and what follows from a change runs in it: neither a file system that hangs nor a large map
holds up the event loop, and a new side whose views hold all of the loop's threads cannot stop the flip away from it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from ..config.map_file import read_map
from ..errors import Fault, MapError

POLL_SECONDS = 0.4
SETTLE_SECONDS = 0.03
"""Two reads this far apart must agree, so that a file that is being written is never taken for a shorter one."""
_Faults = tuple[Fault, ...]


class MapWatcher:
    """A service that calls back with the bytes of a map file each time they have changed, or with why it has none."""

    def __init__(
        self, path: Path, last: bytes, changed: Callable[[bytes], None], unreadable: Callable[[_Faults], None]
    ) -> None:
        """Look for what differs from `last`, which was read before the start.

        Both callbacks are called in the watcher's thread and must not raise. `unreadable` is called once for each
        reason; a file that can be read again is a change, even to the same bytes.
        """
        self._path = path.absolute()  # an app may change the directory
        self._last: bytes | _Faults = last
        self._changed = changed
        self._unreadable = unreadable
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Start a thread."""
        self._over.clear()
        self._thread = threading.Thread(target=self._run, name="gateway-watch", daemon=True)
        self._thread.start()

    async def stop(self, seconds: float) -> None:
        """End the thread; one that hangs in a read of the file is left behind after `seconds`."""
        self._over.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, seconds)

    def _run(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            found = self._read()
            if found == self._last:
                continue
            while not self._over.wait(SETTLE_SECONDS) and (again := self._read()) != found:
                found = again
            if self._over.is_set() or found == self._last:
                continue
            self._last = found
            if isinstance(found, bytes):
                self._changed(found)
            else:
                self._unreadable(found)

    def _read(self) -> bytes | _Faults:
        """Return what the file holds, or why it cannot be read."""
        try:
            return read_map(self._path)
        except MapError as error:
            return error.faults
