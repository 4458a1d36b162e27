"""Lines to a file descriptor from a thread of their own: whoever writes never waits, however slow the reader is.

Rules.
1. `write` appends to a bounded queue, or drops the line and counts it. It makes no system call but to wake the thread.
2. The thread sleeps for BATCH_SECONDS after it was woken, so that a busy service pays for one write in many lines.
3. A reader that stalls holds up the thread alone. A descriptor that fails (a closed pipe, a full disk) costs the lines
   of one batch, which are counted; the next batch is tried again, for a disk may have room by then.
4. THE DESCRIPTOR IS A COPY: one that somebody closes may be given to the next socket, which must not get log lines.
"""

from __future__ import annotations

import io
import logging
import os
import select
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TextIO

BATCH_SECONDS = 0.02
MAX_WAITING_LINES = 50_000
FLUSH_SECONDS = 1.0


class LineWriter:
    """Lines on their way to one descriptor."""

    def __init__(self, stream: TextIO | None, *, max_waiting: int = MAX_WAITING_LINES) -> None:
        """Write to the descriptor of `stream`; where it has none, every line is dropped."""
        self.dropped = 0
        """Lines that found the queue full, or whose batch could not be written."""
        self._max_waiting = max_waiting
        self._lines: deque[str] = deque()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._is_idle = True
        self._thread: threading.Thread | None = None
        self._descriptor: int | None = None
        with suppress(AttributeError, OSError, ValueError):  # None, or a stream of no file
            self._descriptor = os.dup(stream.fileno())  # type: ignore[union-attr]

    def write(self, line: str) -> None:
        """Take a line, its line end included. Never blocks, never raises."""
        if self._descriptor is None or len(self._lines) >= self._max_waiting:
            self.dropped += 1
            return
        self._lines.append(line)
        if self._is_idle:
            self._is_idle = False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="gateway-lines", daemon=True)
                self._thread.start()
            self._wake.set()

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Wait until everything is written, for this time at most."""
        end = time.monotonic() + seconds
        while not self._is_idle and time.monotonic() < end:
            self._over.wait(BATCH_SECONDS / 4)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._over.wait(BATCH_SECONDS)
            self._wake.clear()
            batch = []
            while self._lines:
                batch.append(self._lines.popleft())
            if batch:
                self._write("".join(batch).encode("utf-8", "backslashreplace"), len(batch))
            # A line that came meanwhile found the writer busy and did not wake it.
            self._is_idle = True
            if self._lines:
                self._is_idle = False
                self._wake.set()

    def _write(self, data: bytes, lines: int) -> None:
        assert self._descriptor is not None
        view = memoryview(data)
        try:
            while view:
                try:
                    view = view[os.write(self._descriptor, view) :]
                except BlockingIOError:  # somebody has made the pipe non-blocking for all who share it
                    select.select([], [self._descriptor], [], 1.0)
        except OSError:
            self.dropped += lines


class LineStream(io.TextIOBase):
    """A text stream over a LineWriter, as `wsgi.errors`: what a view prints there never holds up its thread."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._writer = LineWriter(stream)

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Hand the text over."""
        self._writer.write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: what is on its way is written soon, and a caller never waits for it."""


class LineHandler(logging.Handler):
    """A handler of `logging` over a LineWriter: records never hold up who logs them."""

    ends_at: float | None = None
    """Once the process is ending: the moment, by the monotonic clock, until which each record is waited for."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._writer = LineWriter(stream)

    def emit(self, record: logging.LogRecord) -> None:
        """Format the record and hand it over."""
        try:
            self._writer.write(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 - as logging's own handlers: a record that cannot be formatted
            self.handleError(record)
        if self.ends_at is not None:
            self._writer.flush(self.ends_at - time.monotonic())

    def flush(self) -> None:
        """Wait for what is on its way; `logging` calls it at the end of the process."""
        self._writer.flush()


class LastLines:
    """A service that has the last records written: uvicorn ends by the signal that it got, without Python's own end."""

    async def start(self) -> None:
        """Do nothing: only the end concerns it."""

    async def stop(self, _seconds: float) -> None:
        """Have each record from now on written before who logs it goes on, for FLUSH_SECONDS in all."""
        LineHandler.ends_at = time.monotonic() + FLUSH_SECONDS
