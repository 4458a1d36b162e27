"""Lines to a file descriptor from a thread of their own: whoever writes never waits, however slow the reader is.

Rules.
1. `write` appends to a queue with a limit of lines and of bytes, or drops the line and counts it. It makes no system
   call but to wake the thread.
2. The thread sleeps for BATCH_SECONDS after it was woken, so that a busy service pays for one write in many lines. A
   write is whole lines, on a pipe no more than PIPE_BUF bytes of them: one that several workers share takes it in one
   piece (POSIX, write).
3. A reader that stalls holds up the thread alone. A descriptor that fails (a closed pipe, a full disk) costs the lines
   of one write, which are counted; the next is tried again, for a disk may have room by then. Where only a part of a
   line was written, the next begins a line of its own.
4. THE DESCRIPTOR IS A COPY: one that somebody closes may be given to the next socket, which must not get log lines.
"""

from __future__ import annotations

import io
import logging
import os
import select
import stat
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TextIO

BATCH_SECONDS = 0.05
WRITE_BYTES = 65_536
MAX_WAITING_LINES = 50_000
MAX_WAITING_BYTES = 32 * 1024 * 1024
"""A path may be long; its characters, of which JSON makes up to six each, count one by one."""
FLUSH_SECONDS = 1.0


class LineWriter:
    """Lines on their way to one descriptor."""

    def __init__(self, stream: TextIO | None, *, max_waiting: int = MAX_WAITING_LINES) -> None:
        """Write to the descriptor of `stream`; where it has none, every line is dropped."""
        self.dropped = 0
        """Lines that found the queue full, or whose batch could not be written."""
        self._max_waiting = max_waiting
        self._lines: deque[str] = deque()
        self._lock = threading.Lock()
        self._put_bytes = 0
        """What was ever taken, and below, by the thread alone, what was ever given out."""
        self._taken_bytes = 0
        self._is_torn = False
        self._wake = threading.Event()
        self._over = threading.Event()
        self._is_idle = True
        self._thread: threading.Thread | None = None
        self._descriptor: int | None = None
        self._write_bytes = WRITE_BYTES
        with suppress(AttributeError, OSError, ValueError):  # None, or a stream of no file
            self._descriptor = os.dup(stream.fileno())  # type: ignore[union-attr]
            if stat.S_ISFIFO(os.fstat(self._descriptor).st_mode):
                self._write_bytes = select.PIPE_BUF

    def write(self, line: str) -> None:
        """Take a line, its line end included. Never blocks, never raises."""
        with self._lock:
            is_full = len(self._lines) >= self._max_waiting or self._put_bytes - self._taken_bytes > MAX_WAITING_BYTES
            if self._descriptor is None or is_full:
                self.dropped += 1
                return
            self._put_bytes += len(line)
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
            while self._lines:
                self._write(self._next_lines())
            # A line that came meanwhile found the writer busy and did not wake it.
            self._is_idle = True
            if self._lines:
                self._is_idle = False
                self._wake.set()

    def _next_lines(self) -> bytes:
        """Take the lines of one write, or one line that is longer than a write should be."""
        taken = [self._lines.popleft()]
        size = len(taken[0])
        while self._lines and size + len(self._lines[0]) <= self._write_bytes:
            taken.append(self._lines.popleft())
            size += len(taken[-1])
        self._taken_bytes += size
        return "".join(taken).encode("utf-8", "backslashreplace")

    def _write(self, data: bytes) -> None:
        assert self._descriptor is not None
        if self._is_torn:
            data = b"\n" + data
        written = 0
        try:
            while written < len(data):
                try:
                    written += os.write(self._descriptor, memoryview(data)[written:])
                except BlockingIOError:  # somebody has made the pipe non-blocking for all who share it
                    waiting = select.poll()
                    waiting.register(self._descriptor, select.POLLOUT)
                    waiting.poll(1000)
            self._is_torn = False
        except OSError:
            if written:
                self._is_torn = data[written - 1] != ord("\n")
            self.dropped += data.lstrip(b"\n").count(b"\n") - data[:written].lstrip(b"\n").count(b"\n")


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
