"""Both sample apps answer every request of the corpus alike, but for the differences that the corpus lists by place."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.parity.compare import Difference, compare
from tests.parity.replay import Case, Sides, both_sides, load_corpus, load_differences
from tests.stores import Store

CORPUS = load_corpus()
EVERYWHERE, REASONS = load_differences()


@pytest.fixture(scope="module")
def reading(store: Store) -> Iterator[Sides]:
    with both_sides(store) as sides:
        yield sides


@pytest.mark.parametrize("case", [case for case in CORPUS if not case.writes], ids=lambda case: case.name)
def test_reads_alike(case: Case, reading: Sides) -> None:
    assert_known(case, compare(*reading.answers(case)))


@pytest.mark.parametrize("case", [case for case in CORPUS if case.writes], ids=lambda case: case.name)
def test_writes_alike(case: Case, store: Store) -> None:
    with both_sides(store) as sides:
        assert_known(case, compare(*sides.answers(case)))


def assert_known(case: Case, found: list[Difference]) -> None:
    """No difference that is not listed, and none listed that is not there."""
    listed = {place for places in case.known.values() for place in places} | EVERYWHERE
    places = {re.sub(r"\[\d+\]", "[*]", difference.where): difference for difference in found}
    places = {where: difference for where, difference in places.items() if where not in case.volatile}
    unlisted = [f"{d.where}: {d.control!r} -> {d.candidate!r}" for where, d in places.items() if where not in listed]
    assert not unlisted, "\n".join(unlisted)
    assert not listed - set(places), "listed, but no longer there"


def test_every_known_difference_has_a_reason_and_every_reason_a_difference() -> None:
    assert {name for case in CORPUS for name in case.known} == set(REASONS)


def test_the_corpus_is_not_thin() -> None:
    assert len(CORPUS) >= 60
    assert len({case.name for case in CORPUS}) == len(CORPUS)
