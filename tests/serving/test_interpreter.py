"""The collector's sight: nothing is frozen that a process did not settle, and nothing of a map's is kept for ever."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from gateway.serving.interpreter import DEFAULT_THRESHOLDS, THRESHOLDS, SettledHeap, made_to_stay


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.set_threshold(*DEFAULT_THRESHOLDS)
    yield
    gc.set_threshold(*thresholds)
    SettledHeap.is_settled = False
    gc.freeze()  # what tests/conftest.py has frozen was given back
    gc.enable()


def test_what_is_there_at_the_start_is_out_of_sight_until_the_end() -> None:
    heap, kept = SettledHeap(), [object()]
    asyncio.run(heap.start())
    assert gc.get_threshold() == THRESHOLDS
    assert not [seen for seen in gc.get_objects() if seen is kept]
    asyncio.run(heap.stop(1))
    assert [seen for seen in gc.get_objects() if seen is kept]


def test_thresholds_of_an_app_are_its_own() -> None:
    gc.set_threshold(5_000, 5, 5)
    asyncio.run(SettledHeap().start())
    assert gc.get_threshold() == (5_000, 5, 5)


def test_what_is_made_to_stay_is_out_of_sight_in_a_settled_process_alone() -> None:
    with made_to_stay():
        made = [object()]
        assert gc.isenabled()
    assert [seen for seen in gc.get_objects() if seen is made]
    asyncio.run(SettledHeap().start())
    with made_to_stay():
        made = [object()]
        assert not gc.isenabled()
    assert gc.isenabled()
    assert not [seen for seen in gc.get_objects() if seen is made]


def test_a_collector_that_an_app_has_switched_off_stays_off() -> None:
    asyncio.run(SettledHeap().start())
    gc.disable()
    with pytest.raises(KeyError), made_to_stay():
        raise KeyError
    assert not gc.isenabled()
