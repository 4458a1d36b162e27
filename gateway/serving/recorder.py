"""Live traffic as cases: an observer around the gateway, which may drop a request, never delay, fail or alter one.

A sample of the requests goes through a bounded queue to a writer thread, which redacts each before it writes it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Full, Queue

from starlette.types import Scope

from ..http.message import Request, end_to_end
from ..http.private_files import DIRECTORY_MODE, opener
from ..http.redaction.redaction import redact_request
from ..routing.decision import Decision
from .observing import Capture, Served

LOGGER = logging.getLogger("gateway")
MAX_BODY_BYTES = 64 * 1024
"""Bytes of a body; a request with a larger one is not recorded."""
MAX_WAITING = 256
"""Requests between the gateway and the writer; one more is dropped."""
MAX_FILE_BYTES = 4 * 1024 * 1024
"""Bytes from which on a file is followed by the next."""
MAX_FILES = 64
"""Files that one worker writes; after the last it records no more."""
_CAPTURE = Capture(request_body_bytes=MAX_BODY_BYTES)
WriteCase = Callable[[str, Request, str], str]
"""Gives the text of a case file for (name, request, how it was answered)."""


class Recorder:
    """An observer and service that writes requests below a directory.

    `counts` says how many requests were written, dropped, failed and so on.
    """

    def __init__(self, directory: Path, sample: float, write: WriteCase, *, max_waiting: int = MAX_WAITING) -> None:
        """Record a `sample` of the requests, a share from 0 to 1; `write` gives the text of a case.

        Raises OSError when the directory cannot be made: later faults are counted and logged once.
        """
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        self.counts: Counter[str] = Counter()
        self._sample = sample
        self._case_text = write
        self._queue: Queue[Served | None] = Queue(max_waiting)
        self._files = _Files(directory)
        self._salt = secrets.token_bytes(32)
        self._seen: set[bytes] = set()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    async def start(self) -> None:
        """Do nothing: the thread starts with the first request."""

    async def stop(self, seconds: float) -> None:
        """Write what is waiting and close."""
        await asyncio.to_thread(self.close, seconds)

    def wants(self, _decision: Decision, _scope: Scope) -> Capture | None:
        """Return that the request body is wanted, for a sample of the requests."""
        return _CAPTURE if not self._is_closed and random.random() < self._sample else None

    def finished(self, served: Served) -> None:
        """Put a request in the queue if there is room. Never waits."""
        if self._is_closed or served.request is None or served.error is not None:
            self.counts["passed over"] += 1
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="gateway-recorder", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(served)
        except Full:
            self.counts["dropped"] += 1

    def close(self, seconds: float = 5.0) -> None:
        """Write what is waiting, for this time at most, and no more after."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._thread is not None:
            with suppress(Full):
                self._queue.put(None, timeout=seconds)
            self._thread.join(seconds)
        counted = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items())) or "none"
        LOGGER.info("recorded requests: %s", counted)

    def _run(self) -> None:
        while (served := self._queue.get()) is not None:
            try:
                self._write(served)
            except Exception as error:  # noqa: BLE001 - one request that cannot be written is not the last
                self.counts["failed"] += 1
                if self.counts["failed"] == 1:
                    LOGGER.warning("a request could not be recorded: %s: %s", type(error).__name__, error)

    def _write(self, served: Served) -> None:
        assert served.request is not None, "only whole requests are put in the queue"
        request = redact_request(end_to_end(served.request), self._salt)
        if served.request.body and not request.body:
            self.counts["bodies left out"] += 1
        digest = hashlib.sha256(repr(request).encode()).digest()
        if digest in self._seen:
            self.counts["seen before"] += 1
            return
        shown = request.target.partition(b"?")[0].decode("latin-1")
        name = f"{request.method} {shown} ({self._files.name}-{self.counts['written'] + 1})"
        text = self._case_text(name, request, f"answered {served.status or 0}")
        self._files.append(text.encode())
        self._seen.add(digest)
        self.counts["written"] += 1


class _Files:
    """Case files that grow to a bound, one after the other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}"
        self._number = 0
        self._size = 0
        self._path: Path | None = None

    def append(self, text: bytes) -> None:
        """Write a whole case or nothing. Raises OSError."""
        if self._path is None or self._size + len(text) > MAX_FILE_BYTES:
            if self._number == MAX_FILES:
                raise OSError(f"{MAX_FILES} files of {MAX_FILE_BYTES} bytes are full")
            self._number += 1
            self._size = 0
            self._path = self._directory / f"recorded-{self.name}-{self._number}.toml"
        try:
            with open(self._path, "ab", opener=opener) as file:
                file.write(text + b"\n")
        except OSError:
            self._shorten()
            raise
        self._size += len(text) + 1

    def _shorten(self) -> None:
        """Take back what a full disk took of a case, so that the file can still be read."""
        try:
            if self._path is not None and self._path.exists():
                os.truncate(self._path, self._size)
        except OSError:
            self._path = None
