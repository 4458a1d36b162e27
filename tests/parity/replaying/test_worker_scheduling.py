"""What a worker does next, decided on plain values: how far ahead it asks, what goes alone, what comes again."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from gateway.parity.replaying.messages import Ask
from gateway.parity.replaying.schedule import (
    FAST_SECONDS,
    MAX_IN_FLIGHT,
    MAX_IN_FLIGHT_BYTES,
    PlannedCase,
    Receive,
    Restart,
    Schedule,
    Send,
)
from tests.parity.replaying.running import case

SLOW = FAST_SECONDS
FAST = FAST_SECONDS / 2


def planned(name: str, *requests: str, size: int = 100) -> PlannedCase:
    made = case(*(requests or ("GET /books",)), name=name)
    return PlannedCase(made, Ask(made.steps, 0, 0), b"x" * size)


def reads(count: int, size: int = 100) -> list[PlannedCase]:
    return [planned(f"read {number}", size=size) for number in range(count)]


class Run:
    """A schedule, the sides that it thinks of, and what it has had done: `+a` sent, `-a` received."""

    def __init__(self, *cases: PlannedCase, seconds: float = FAST) -> None:
        self.untaken = list(cases)
        self.schedule = Schedule(self._take())
        self.seconds = seconds
        """How long every answer takes."""
        self.moves: list[str] = []

    def _take(self) -> Iterator[PlannedCase]:
        while self.untaken:
            yield self.untaken.pop(0)

    def step(self) -> Send | Receive | Restart | None:
        move = self.schedule.next_move(are_sides_up=True)
        match move:
            case Send(one):
                self.moves.append(f"+{one.case.name}")
            case Receive(one):
                self.moves.append(f"-{one.case.name}")
                self.schedule.note_wait(self.seconds)
        return move

    def to_the_end(self) -> list[str]:
        while self.step() is not None:
            pass
        return self.moves

    def until(self, move: str) -> None:
        while move not in self.moves:
            assert self.step() is not None, f"{move} never came: {self.moves}"


def test_the_first_case_goes_alone_for_nobody_knows_yet_how_fast_it_is() -> None:
    assert Run(*reads(2)).to_the_end() == ["+read 0", "-read 0", "+read 1", "-read 1"]


def test_fast_reads_are_sent_ahead_up_to_the_limit_and_then_one_for_each_that_is_received() -> None:
    run = Run(*reads(MAX_IN_FLIGHT + 3))
    run.until("-read 0")
    moves = run.to_the_end()[2:]
    assert moves[:MAX_IN_FLIGHT] == [f"+read {number}" for number in range(1, MAX_IN_FLIGHT + 1)]
    assert moves[MAX_IN_FLIGHT : MAX_IN_FLIGHT + 4] == [
        "-read 1",
        f"+read {MAX_IN_FLIGHT + 1}",
        "-read 2",
        f"+read {MAX_IN_FLIGHT + 2}",
    ]


@pytest.mark.parametrize(
    ("size", "most"),
    [
        (MAX_IN_FLIGHT_BYTES // 4, 4),
        (MAX_IN_FLIGHT_BYTES // 4 + 1, 3),
        (MAX_IN_FLIGHT_BYTES // 2 + 1, 1),
        (MAX_IN_FLIGHT_BYTES * 2, 1),
    ],
)
def test_no_more_bytes_are_in_flight_than_a_socket_takes_but_one_case_always_is(size: int, most: int) -> None:
    assert most_in_flight(Run(*reads(9, size)).to_the_end()) == most


def most_in_flight(moves: list[str]) -> int:
    counts = [0]
    for move in moves:
        counts.append(counts[-1] + (1 if move[0] == "+" else -1))
    assert counts[-1] == 0
    return max(counts)


def test_after_a_slow_case_the_next_is_neither_sent_nor_taken_before_the_worker_is_free() -> None:
    run = Run(*reads(3), seconds=SLOW)
    run.until("+read 1")
    assert [one.case.name for one in run.untaken] == ["read 2"]
    run.seconds = FAST
    assert run.to_the_end() == [f"{sign}read {number}" for number in range(3) for sign in "+-"]


@pytest.mark.parametrize("requests", [("POST /books",), ("GET /books", "DELETE /books/1", "GET /books")])
def test_a_case_that_writes_is_in_flight_alone(requests: tuple[str, ...]) -> None:
    run = Run(*reads(3), planned("write", *requests), planned("after"))
    assert run.to_the_end() == [
        *("+read 0", "-read 0", "+read 1", "+read 2"),
        *("-read 1", "-read 2", "+write", "-write", "+after", "-after"),
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_these_only_read(method: str) -> None:
    run = Run(*reads(1), *(planned(name, f"{method} /") for name in "ab"))
    assert run.to_the_end()[2:4] == ["+a", "+b"]


def test_a_side_that_is_gone_costs_a_restart_that_sends_again_what_was_in_flight() -> None:
    cases = reads(6)
    run = Run(*cases)
    run.until("+read 3")
    run.until("-read 1")  # both sides answered it, and one of them ended
    again = Restart(tuple(cases[2:]))
    assert [run.schedule.next_move(are_sides_up=False) for _ in range(2)] == [again, again]
    assert run.to_the_end()[-4:] == [f"-read {number}" for number in (2, 3, 4, 5)]
    assert sorted(run.moves) == sorted(f"{sign}read {number}" for number in range(6) for sign in "+-")


def test_sides_that_are_gone_start_anew_before_the_next_case_and_not_where_there_is_none() -> None:
    run = Run(*reads(1))
    assert run.schedule.next_move(are_sides_up=False) == Restart(())
    assert run.to_the_end() == ["+read 0", "-read 0"]
    assert run.schedule.next_move(are_sides_up=False) is None


def test_experiments_come_in_their_order_before_the_next_case_even_one_that_waits_for_room() -> None:
    run = Run(*reads(2), planned("write", "POST /books"), planned("after"))
    run.until("+read 1")
    assert run.untaken == [planned("write", "POST /books"), planned("after")]
    run.until("-read 1")
    run.schedule.add_experiments([planned("experiment 1"), planned("experiment 2")])
    assert run.to_the_end()[4:] == [
        *("+experiment 1", "+experiment 2", "-experiment 1", "-experiment 2"),
        *("+write", "-write", "+after", "-after"),
    ]


def test_experiments_keep_the_rules_of_every_case() -> None:
    run = Run(*reads(2))
    run.until("-read 0")
    run.schedule.add_experiments(planned(f"write {number}", "POST /books") for number in (1, 2))
    assert run.to_the_end()[2:] == ["+write 1", "-write 1", "+write 2", "-write 2", "+read 1", "-read 1"]


def test_dropping_all_gives_what_is_in_flight_in_its_order_and_forgets_the_rest() -> None:
    cases = [*reads(4), planned("write", "POST /books"), planned("after")]
    run = Run(*cases)
    run.until("+read 3")
    run.until("-read 1")  # the write is taken and waits for room
    run.schedule.add_experiments([planned("experiment")])
    assert run.untaken == cases[5:]
    run.untaken.clear()
    assert run.schedule.drop_all() == tuple(cases[2:4])
    assert run.schedule.drop_all() == ()
    assert run.schedule.next_move(are_sides_up=True) is None


def test_cases_that_fail_leave_what_is_in_flight_to_be_dropped() -> None:
    first, second = reads(2)

    def failing() -> Iterator[PlannedCase]:
        yield first
        yield second
        raise LookupError("no state")

    schedule = Schedule(failing())
    assert schedule.next_move(are_sides_up=True) == Send(first)
    assert schedule.next_move(are_sides_up=True) == Receive(first)
    schedule.note_wait(FAST)
    assert schedule.next_move(are_sides_up=True) == Send(second)
    with pytest.raises(LookupError, match="no state"):
        schedule.next_move(are_sides_up=True)
    assert schedule.drop_all() == (second,)


@pytest.mark.parametrize("seed", range(50))
def test_whatever_comes_each_case_is_sent_once_and_received_once_in_the_order_of_sending(seed: int) -> None:
    random = Random(seed)
    cases = {
        str(number): planned(
            str(number),
            *random.choices(["GET /", "POST /"], [5, 1], k=random.randint(1, 2)),
            size=random.choice((100, 5_000, 20_000)),
        )
        for number in range(40)
    }
    run = Run(*list(cases.values())[:30])
    experiments = list(cases.values())[30:]
    in_flight: list[PlannedCase] = []
    while (move := run.step()) is not None:
        run.seconds = random.choice((FAST, FAST, FAST, SLOW))
        assert not isinstance(move, Restart)
        if isinstance(move, Send):
            in_flight.append(move.planned)
            assert len(in_flight) == 1 or all(one.only_reads for one in in_flight)
            assert len(in_flight) == 1 or sum(len(one.message) for one in in_flight) <= MAX_IN_FLIGHT_BYTES
        else:
            assert move.planned is in_flight.pop(0)
            if experiments and random.random() < 0.2:
                run.schedule.add_experiments([experiments.pop()])
    sent = [move[1:] for move in run.moves if move[0] == "+"]
    assert sorted(sent) == sorted(cases.keys() - {one.case.name for one in experiments})
    assert most_in_flight(run.moves) <= MAX_IN_FLIGHT
