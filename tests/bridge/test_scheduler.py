"""What the scheduler decides, on plain values and at times that a test names; then what its threads make of it."""

from __future__ import annotations

import asyncio
import io
import os
import re
from random import Random
from threading import Event, Semaphore, Thread
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from starlette.types import Message

from gateway.bridge import scheduler
from gateway.bridge.lanes import AHEAD, DONE, NEW, QUEUED, RUNNING, STREAMING, TRANSITIONS, Call, Lanes, State
from gateway.bridge.scheduler import IDLE_THREAD_SECONDS, Scheduler
from gateway.bridge.wsgi_call import WSGICall
from gateway.config.bridge_limits import BridgeLimits
from tests.support.apps import Gated
from tests.support.servers import PATIENCE_SECONDS

LIMITS = BridgeLimits(workers=2, streams=2, queue=3, wait_seconds=10)


def live_call() -> Call:
    return Call(is_live=True)


def view() -> Call:
    return Call(is_live=False)


def lanes_with(*, running: int = 0, queued: int = 0, streaming: int = 0, limits: BridgeLimits = LIMITS) -> Lanes[Call]:
    """Lanes that hold so many calls, all admitted at 0.0."""
    lanes: Lanes[Call] = Lanes(limits)
    for count, state, is_live in ((streaming, STREAMING, True), (running, RUNNING, False), (queued, QUEUED, False)):
        for _ in range(count):
            assert lanes.admit(Call(is_live), 0.0) is state
    return lanes


# --- who starts, waits, is refused ---


@pytest.mark.parametrize(
    ("held", "state"),
    [
        ({}, RUNNING),
        ({"running": 1}, RUNNING),
        ({"running": 1, "streaming": 2}, RUNNING),
        ({"running": 2}, QUEUED),
        ({"running": 2, "queued": 2}, QUEUED),
        ({"running": 2, "queued": 3}, DONE),
    ],
)
def test_a_view_starts_waits_or_is_refused(held: dict[str, int], state: State) -> None:
    call = view()
    assert lanes_with(**held).admit(call, 5.0) is state
    assert (call.state, call.since) == (state, 5.0)


@pytest.mark.parametrize(
    ("held", "state"),
    [
        ({}, STREAMING),
        ({"running": 2, "queued": 3, "streaming": 1}, STREAMING),
        ({"streaming": 2}, DONE),
    ],
)
def test_a_live_body_starts_in_the_streams_lane_or_is_refused(held: dict[str, int], state: State) -> None:
    assert lanes_with(**held).admit(live_call(), 5.0) is state


def test_a_new_call_does_not_overtake_one_that_waits() -> None:
    lanes = lanes_with(running=2, queued=1)
    lanes.move(next(iter(lanes.running)), DONE)
    assert lanes.admit(view(), 5.0) is QUEUED


def test_the_call_that_has_waited_longest_starts_once_there_is_room() -> None:
    lanes = lanes_with(running=2, queued=3)
    first, second, third = lanes.queued
    assert lanes.start_next(3.0) is None
    lanes.move(second, DONE)
    for ended in (*lanes.running,):
        lanes.move(ended, DONE)
    assert [lanes.start_next(4.0), lanes.start_next(4.0), lanes.start_next(4.0)] == [first, third, None]
    assert (first.state, first.since) == (RUNNING, 4.0)


def test_who_waits_longer_than_the_limit_is_refused() -> None:
    lanes = lanes_with(running=2, queued=1)
    (early,) = lanes.queued
    late = view()
    lanes.admit(late, 4.0)
    assert lanes.expire(10.0) == []
    assert lanes.expire(10.1) == [early]
    assert (early.state, late.state, [*lanes.queued]) == (DONE, QUEUED, [late])
    assert lanes.expire(14.1) == [late]
    assert len(lanes.running) == 2


def test_closed_lanes_refuse_what_waits_and_what_comes() -> None:
    lanes = lanes_with(running=2, queued=2, streaming=1)
    waiting = [*lanes.queued]
    lanes.is_closed = True
    assert lanes.expire(0.0) == waiting
    assert [lanes.admit(view(), 0.0), lanes.admit(live_call(), 0.0)] == [DONE, DONE]
    lanes.move(next(iter(lanes.running)), DONE)
    assert lanes.start_next(0.0) is None
    assert lanes.started_count == 2


# --- how many views at once ---


@pytest.mark.parametrize(
    ("workers", "before", "views", "process", "late_ms", "age", "after"),
    [
        (40, 40, 0.81, 1.0, 0.0, 0.0, 29),
        (40, 8, 0.81, 1.0, 0.0, 0.0, 5),
        (40, 8, 0.5, 0.93, 0.0, 0.0, 5),  # beside a loop that is busy
        (40, 8, 0.5, 0.75, 4.0, 0.0, 5),  # a host that gives three quarters of a CPU
        (40, 2, 1.0, 1.0, 0.0, 0.0, 1),
        (1, 1, 1.0, 1.0, 0.0, 9.0, 1),
        (40, 2, 1.0, 1.0, 0.0, 0.06, 2),  # one that takes long does not hold up all
        (40, 1, 1.0, 1.0, 0.0, 0.06, 2),
        (40, 8, 0.2, 1.0, 9.0, 0.0, 8),  # it is the loop
        (40, 1, 0.09, 1.0, 9.0, 0.0, 3),  # it is the loop, and the views wait
        (40, 8, 0.3, 1.0, 9.0, 0.0, 5),  # a busy loop and views that compute
        (40, 8, 0.8, 0.9, 2.0, 0.0, 8),
        (40, 8, 0.5, 0.84, 1.0, 0.0, 10),
        (40, 8, 0.5, 0.84, 2.0, 0.0, 8),  # the loop is late already
        (40, 8, 0.5, 0.54, 9.0, 0.0, 10),
        (40, 8, 3.0, 3.2, 0.0, 0.0, 10),  # C code that runs beside the interpreter
        (40, 39, 0.0, 0.0, 0.0, 0.0, 40),
        (40, 40, 0.0, 0.0, 0.0, 0.0, 40),
    ],
)
def test_the_views_lane_is_narrow_while_views_fill_the_interpreter(
    workers: int, before: int, views: float, process: float, late_ms: float, age: float, after: int
) -> None:
    """In each case all views wait that can, so that only the CPU and the loop's lateness decide."""
    lanes: Lanes[Call] = Lanes(BridgeLimits(workers=workers))
    lanes.max_running = before
    for _ in range(before + 20):
        lanes.admit(view(), 0.0)
    lanes.adapt(views, process, late_ms / 1000, age)
    assert lanes.max_running == after


def test_where_one_runs_at_a_time_others_are_handed_over_ahead() -> None:
    lanes: Lanes[Call] = Lanes(BridgeLimits(queue=3))
    lanes.max_running = 1
    states = [lanes.admit(view(), 0.0) for _ in range(AHEAD + 5)]
    assert states == [RUNNING] * (1 + AHEAD) + [QUEUED] * 3 + [DONE]
    assert lanes.thread_count == 1
    assert lanes.admit(live_call(), 0.0) is STREAMING
    assert lanes.thread_count == 2
    lanes.adapt(0.0, 0.0, 0.0, 0.0)
    assert (lanes.max_running, lanes.thread_count) == (3, 4)


def test_a_limit_of_one_worker_hands_nothing_over_ahead() -> None:
    lanes: Lanes[Call] = Lanes(BridgeLimits(workers=1))
    assert [lanes.admit(view(), 0.0) for _ in range(2)] == [RUNNING, QUEUED]


@pytest.mark.parametrize(("running", "queued"), [(8, 0), (7, 1), (0, 0)])
def test_the_views_lane_is_not_widened_for_nobody(running: int, queued: int) -> None:
    lanes = lanes_with(running=8, queued=queued, limits=BridgeLimits())
    for call in [*lanes.running][running:]:
        lanes.move(call, DONE)
    lanes.adapt(0.0, 0.0, 0.0, 0.0)
    assert lanes.max_running == 8


@pytest.mark.parametrize(("workers", "first"), [(40, 8), (3, 3)])
def test_the_views_lane_begins_with_eight_at_most(workers: int, first: int) -> None:
    assert Lanes[Call](BridgeLimits(workers=workers)).max_running == first


def test_a_narrowed_lane_starts_nothing_before_it_has_room() -> None:
    lanes = lanes_with(running=8, queued=2, limits=BridgeLimits())
    lanes.adapt(1.0, 1.0, 0.0, 0.0)
    for call in [*lanes.running][:3]:
        lanes.move(call, DONE)
        assert lanes.start_next(0.0) is None
    lanes.move(next(iter(lanes.running)), DONE)
    assert lanes.start_next(0.0) is not None


# --- streams, and clients that leave ---


def test_a_view_moves_to_the_streams_lane_while_that_has_room() -> None:
    lanes = lanes_with(running=2, queued=1, streaming=1)
    first, second = lanes.running
    assert [lanes.move_to_streams(first), lanes.move_to_streams(first), lanes.move_to_streams(second)] == [
        True,
        False,
        False,
    ]
    assert ([*lanes.running], first.state, second.state) == ([second], STREAMING, RUNNING)
    assert [lanes.move_to_streams(call) for call in lanes.queued] == [False]


@pytest.mark.parametrize(("has_begun", "now", "is_long"), [(True, 1.0, False), (True, 1.1, True), (False, 9.0, False)])
def test_an_answer_that_lasts_is_a_stream(has_begun: bool, now: float, is_long: bool) -> None:
    lanes = lanes_with(running=1, streaming=1)
    (call,) = lanes.running
    call.has_begun = has_begun
    assert lanes.long(now) == [call] * is_long


def test_clients_of_slow_calls_are_watched_wherever_these_stand() -> None:
    lanes = lanes_with(running=2, queued=1, streaming=1)
    lanes.admit(view(), 1.0)
    assert lanes.slow(0.1) == []
    assert [call.state for call in lanes.slow(1.05)] == [RUNNING, RUNNING, STREAMING, QUEUED]


# --- the states ---


@pytest.mark.parametrize("left", State)
@pytest.mark.parametrize("to", State)
def test_a_transition_that_the_table_lacks_is_an_error(left: State, to: State) -> None:
    lanes, call = Lanes[Call](LIMITS), view()
    for state in {NEW: (), RUNNING: (RUNNING,), QUEUED: (QUEUED,), STREAMING: (STREAMING,), DONE: (DONE,)}[left]:
        lanes.move(call, state)
    if to in TRANSITIONS[left]:
        lanes.move(call, to)
        assert call.state is to
    else:
        with pytest.raises(RuntimeError, match=f"^a call that is {left.name} cannot become {to.name}$"):
            lanes.move(call, to)
        assert call.state is left


def test_the_theory_of_operation_has_the_transitions_of_the_code() -> None:
    table = re.findall(r"^    ([A-Z]+) +([A-Z]+) ", scheduler.__doc__ or "", re.MULTILINE)
    assert table == [(left.name, to.name) for left, targets in TRANSITIONS.items() for to in targets]


def test_whatever_comes_in_whatever_order_no_call_is_lost_or_overtaken() -> None:
    """A long walk of decisions from a fixed seed: it takes every transition of the table, and no other."""
    random, lanes, calls = Random(11), Lanes[Call](BridgeLimits(workers=12, streams=3, queue=6)), list[Call]()
    seen, now = set[tuple[State, State]](), 0.0
    for _ in range(20_000):
        before = {call: call.state for call in calls}
        now += random.random()
        match random.randrange(8):
            case 0 | 1 | 2:
                calls.append(random.choice((view, view, view, live_call))())
                before[calls[-1]] = NEW
                lanes.admit(calls[-1], now)
            case 3 | 4 if calls:
                call = random.choice(calls)
                if call.state is not DONE:
                    lanes.move(call, DONE)
            case 5 if calls:
                lanes.move_to_streams(random.choice(calls))
            case 6:
                share = random.choice((0.0, 0.9, 1.0))
                lanes.adapt(share, share, 0.0, now)
            case _:
                lanes.expire(now)
        waiting = [*lanes.queued]
        while (started := lanes.start_next(now)) is not None:
            assert started is waiting.pop(0)
            assert len(lanes.running) <= max(lanes.max_running, 1 + AHEAD)
        seen |= {(before[call], call.state) for call in calls} - {(state, state) for state in State}
        calls = [call for call in calls if call.state is not DONE]
        held = {QUEUED: lanes.queued, RUNNING: lanes.running, STREAMING: lanes.streaming}
        assert all(call in held[call.state] for call in calls)
        assert len(calls) == sum(map(len, held.values()))
        assert (len(lanes.queued) <= 6, len(lanes.streaming) <= 3) == (True, True)
        assert not lanes.queued or len(lanes.running) >= lanes.max_running
        assert 1 <= lanes.max_running <= 12
    assert seen == {(left, to) for left, targets in TRANSITIONS.items() for to in targets}


# --- the threads ---

SCOPE = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"", "headers": []}


def submitted(scheduler: Scheduler, app: WSGIApplication) -> WSGICall:
    call = WSGICall(app, SCOPE, io.BytesIO(), scheduler.to_streams, scheduler.done)
    scheduler.submit(call)
    return call


async def no_message() -> Message:
    return await asyncio.Future[Message]()


async def forget(_message: Message) -> None:
    pass


def test_a_call_after_the_close_is_refused() -> None:
    async def submit_late() -> WSGICall:
        scheduler = Scheduler(asyncio.get_running_loop(), LIMITS)
        scheduler.close()
        call = submitted(scheduler, Gated())
        await asyncio.wait_for(call.answer(no_message, forget), PATIENCE_SECONDS)
        return call

    call = asyncio.run(submit_late())
    assert (call.was_refused, call.state) == (True, DONE)


def test_the_end_of_a_call_starts_the_one_that_waits() -> None:
    async def end_one() -> list[State]:
        scheduler, app = Scheduler(asyncio.get_running_loop(), BridgeLimits(workers=1)), Gated()
        calls = [submitted(scheduler, app) for _ in range(3)]
        app.gate.set()
        scheduler.done(calls[0])
        states = [call.state for call in calls]
        scheduler.close()
        return states

    assert asyncio.run(end_one()) == [DONE, RUNNING, QUEUED]


def test_idle_threads_end_with_the_scheduler() -> None:
    async def run_one() -> list[Thread]:
        scheduler, app = Scheduler(asyncio.get_running_loop(), LIMITS), Gated()
        app.gate.set()
        await submitted(scheduler, app).answer(no_message, forget)
        threads = [*scheduler._threads]
        scheduler.close()
        return threads

    (thread,) = asyncio.run(run_one())
    thread.join(IDLE_THREAD_SECONDS / 2)
    assert not thread.is_alive()


def test_a_client_that_leaves_frees_its_place_in_the_queue_but_not_its_thread() -> None:
    async def leave() -> list[tuple[int, int, int]]:
        scheduler, app = Scheduler(asyncio.get_running_loop(), BridgeLimits(workers=1)), Gated()
        seen, calls = [], [submitted(scheduler, app), submitted(scheduler, app)]
        await asyncio.to_thread(app.entered.wait, PATIENCE_SECONDS)
        for call in reversed(calls):
            call._abandon()
            seen.append((scheduler.gauges.busy, scheduler.gauges.queued, scheduler.gauges.abandoned))
            assert call._body.closed == (call.state is DONE)
            scheduler.done(call)
        app.gate.set()
        scheduler.close()
        return seen

    assert asyncio.run(leave()) == [(1, 0, 0), (1, 0, 1)]


def test_a_call_that_waits_starts_once_the_lane_was_widened() -> None:
    """Nine views that only wait leave the CPU idle, and eight may run at first."""
    entered, gate = Semaphore(0), Event()

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        entered.release()
        gate.wait(PATIENCE_SECONDS)
        start_response("200 OK", [])
        return []

    async def submit_nine() -> bool:
        scheduler = Scheduler(asyncio.get_running_loop(), BridgeLimits())
        for _ in range(9):
            submitted(scheduler, app)
        assert scheduler.gauges.queued == 1
        have_entered = await asyncio.to_thread(lambda: all(entered.acquire(timeout=PATIENCE_SECONDS) for _ in range(9)))
        gate.set()
        scheduler.close()
        return have_entered

    assert asyncio.run(submit_nine())


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="a system without scheduling policies has nothing to tell")
def test_views_run_as_what_computes_and_the_loop_does_not() -> None:
    async def policies() -> tuple[int, list[int]]:
        scheduler = Scheduler(asyncio.get_running_loop(), LIMITS)
        seen: list[int] = []

        def app(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
            seen.append(os.sched_getscheduler(0))
            start_response("200 OK", [])
            return []

        await submitted(scheduler, app).answer(no_message, forget)
        scheduler.close()
        return os.sched_getscheduler(0), seen

    assert asyncio.run(policies()) == (os.SCHED_OTHER, [os.SCHED_BATCH])
