"""The gateway answers as gunicorn does, to the byte; differential/explained.toml tells each exception and why."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.bridge.differential.explained import load_explained
from tests.bridge.differential.servers import CASES, serve_bridged, serve_gunicorn
from tests.bridge.differential.wire import converse
from tests.support.servers import Server

pytestmark = pytest.mark.process

EXPLAINED = load_explained()


@pytest.fixture(scope="module")
def gunicorn() -> Iterator[Server]:
    with serve_gunicorn() as server:
        yield server


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_bridged(tmp_path_factory.mktemp("map")) as server:
        yield server


@pytest.fixture(scope="module")
def answers(gunicorn: Server, bridged: Server) -> dict[str, tuple[str, str]]:
    """What each of the two answers to every case; all asked at once, as gunicorn takes its time with some."""
    with ThreadPoolExecutor(8) as pool:
        lines = [pool.map(partial(converse, server), CASES.values()) for server in (gunicorn, bridged)]
        return dict(zip(CASES, zip(*lines, strict=True), strict=True))


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 250
    assert not EXPLAINED.keys() - CASES.keys()


@pytest.mark.parametrize("name", [name for name in CASES if name not in EXPLAINED])
def test_answers_as_gunicorn(answers: dict[str, tuple[str, str]], name: str) -> None:
    by_gunicorn, by_gateway = answers[name]
    assert by_gateway == by_gunicorn


@pytest.mark.parametrize("name", EXPLAINED)
def test_answers_otherwise_as_explained(answers: dict[str, tuple[str, str]], name: str) -> None:
    explained = EXPLAINED[name]
    assert explained.gunicorn != explained.gateway
    assert answers[name] == (explained.gunicorn, explained.gateway)
