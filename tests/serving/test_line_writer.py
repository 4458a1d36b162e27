"""Whoever writes lines never waits; what the reader does not take is dropped and counted."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from gateway.serving import line_writer
from gateway.serving.line_writer import LineHandler, LineWriter
from tests.support.servers import wait_until

PIPE_BYTES = 65_536


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe whose reader is slow: (its reading end, its writing end)."""
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream:
        yield read, stream
    os.close(read)


def test_lines_arrive_whole_and_in_order(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("w") as stream:
        writer = LineWriter(stream)
        for number in range(5_000):
            writer.write(f"{number}\n")
        writer.flush(10)
    assert file.read_text() == "".join(f"{number}\n" for number in range(5_000))
    assert writer.dropped == 0


def test_lines_of_several_threads_are_all_there(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("w") as stream:
        writer = LineWriter(stream)
        threads = [threading.Thread(target=lambda: [writer.write("x\n") for _ in range(2_000)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.flush(10)
    assert file.read_text() == "x\n" * 8_000


def test_a_reader_that_stalls_costs_lines_and_nobody_waits(pipe: tuple[int, TextIO]) -> None:
    read, stream = pipe
    writer = LineWriter(stream, max_waiting=100)
    line = "x" * 999 + "\n"
    for _ in range(1_000):  # more than pipe and queue hold, or this would never end
        writer.write(line)
    wait_until(lambda: writer.dropped > 0)
    dropped = writer.dropped
    writer.write(line)
    assert writer.dropped == dropped + 1
    taken = 0
    while taken < (1_001 - writer.dropped) * len(line):  # it goes on where it stood
        taken += len(os.read(read, PIPE_BYTES))
    writer.flush(10)
    written = writer.dropped
    writer.write("last\n")
    assert os.read(read, PIPE_BYTES) == b"last\n"
    assert writer.dropped == written


def test_a_pipe_that_somebody_made_non_blocking_loses_nothing(pipe: tuple[int, TextIO]) -> None:
    read, stream = pipe
    os.set_blocking(stream.fileno(), False)
    writer = LineWriter(stream)
    expected = "".join(f"{number:0999}\n" for number in range(300))
    for line in expected.splitlines(keepends=True):
        writer.write(line)
    taken = b""
    while len(taken) < len(expected):
        taken += os.read(read, PIPE_BYTES)
    assert taken.decode() == expected


@pytest.mark.parametrize("fault", ["no reader", "full"])
def test_what_cannot_be_written_is_counted(fault: str) -> None:
    read, write = os.pipe()
    if fault == "full":
        os.close(write)
        write = os.open("/dev/full", os.O_WRONLY)
    with os.fdopen(write, "w") as stream:
        writer = LineWriter(stream)
    os.close(read)
    writer.write("lost\n")
    wait_until(lambda: writer.dropped == 1)
    writer.write("lost too\n")
    wait_until(lambda: writer.dropped == 2)


def test_a_pipe_that_workers_share_gets_whole_lines(pipe: tuple[int, TextIO]) -> None:
    read, stream = pipe
    writers = [LineWriter(stream) for _ in range(3)]
    for number in range(2_000):
        for at, writer in enumerate(writers):
            writer.write(f"{at}:{number:>{100 + number % 300}}\n")
    taken = b""
    while taken.count(b"\n") < 6_000:
        taken += os.read(read, 3_000)  # slower than they write
    lines = [line.split(":") for line in taken.decode().splitlines()]
    assert sorted((int(at), int(number)) for at, number in lines) == [(at, n) for at in range(3) for n in range(2_000)]
    assert [writer.dropped for writer in writers] == [0, 0, 0]


def test_what_waits_has_a_limit_in_bytes(pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_writer, "MAX_WAITING_BYTES", 1_000_000)
    writer = LineWriter(pipe[1])
    for _ in range(40):
        writer.write("x" * 99_999 + "\n")
    assert 25 < writer.dropped < 30
    os.set_blocking(pipe[0], False)
    with suppress(BlockingIOError):
        while writer.dropped:
            os.read(pipe[0], PIPE_BYTES)


def test_after_a_part_of_a_line_the_next_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, write, room = tmp_path / "lines", os.write, [1_050]

    def write_to_a_full_disk(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(descriptor, bytes(data)[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr("gateway.serving.line_writer.os.write", write_to_a_full_disk)
    with file.open("w") as stream:
        writer = LineWriter(stream)
    for _ in range(15):
        writer.write("x" * 99 + "\n")
    wait_until(lambda: writer.dropped == 5)
    room[0] = 1_000
    writer.write("last\n")
    writer.flush(10)
    assert file.read_text().splitlines() == ["x" * 99] * 10 + ["x" * 50, "last"]
    assert writer.dropped == 5


def test_a_stream_without_a_descriptor_drops_all() -> None:
    writer = LineWriter(None)
    writer.write("nowhere\n")
    assert writer.dropped == 1


def test_a_descriptor_that_is_closed_and_given_to_another_gets_no_lines(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        writer = LineWriter(stream)
        number = stream.fileno()
    other = os.open(tmp_path / "other", os.O_CREAT | os.O_WRONLY)
    assert other == number  # the kernel gives the lowest that is free
    writer.write("a line\n")
    writer.flush(10)
    os.close(other)
    assert (tmp_path / "other").read_text() == ""
    assert (tmp_path / "log").read_text() == "a line\n"


def test_records_go_the_same_way(tmp_path: Path) -> None:
    file = tmp_path / "log"
    logger = logging.Logger("of its own")
    with file.open("w") as stream:
        handler = LineHandler(stream)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.warning("caf\u00e9 %s", "\udcff")
        handler.flush()
    assert file.read_text() == "WARNING caf\u00e9 \\udcff\n"
