"""Each row's request, asked of both apps: the differences stand exactly where expected and have the expected cause."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from gateway.comparing.causes import Explainer
from gateway.comparing.diff.comparison import compare
from gateway.comparing.observation import Compared
from gateway.comparing.result import Difference
from gateway.http.message import Request
from tests.comparing.causes.facts.asking import Sides, both_sides
from tests.comparing.causes.facts.rows import FACTS, NOT_SHOWN, ROWS, Row

SIZES = {"J": 27, "E": 11, "R": 20, "Q": 11, "F": 9, "U": 6, "B": 11, "C": 10, "H": 4, "S": 9, "O": 3, "T": 1}
"""Facts by their tables."""
UNDIRECTED = {"model-renames-key", "number-format"}
"""Causes that a port from FastAPI to Flask has as well."""
FOREIGN = (
    Difference("header.x-frame-options", "DENY", None),
    Difference("header.vary", "Accept-Encoding", None),
    Difference("cookie.theme.path", "/a", "/b"),
    Difference("effect.rows.todos.title", '"a"', '"b"'),
    Difference("effect.statements.SELECT todos", "1", "2"),
)
"""What a port may have wrong besides, on any route."""
TAKING_HEADERS = {"crash-page", "flask-response-returned"}
"""Causes with which an answer loses all of its headers."""
STAMPED = ("C2", "C9")
"""Rows whose answer holds the time of day."""

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning")
"""Werkzeug leaves the file of a truncated upload (U5) to the garbage collector."""


@pytest.fixture(scope="module")
def sides() -> Iterator[Sides]:
    with both_sides() as sides:
        yield sides
    gc.collect()


@pytest.fixture(scope="module")
def step_of(sides: Sides) -> Callable[[Row], Compared]:
    """A row's request is asked once: the answers are values, and two tests look at them."""

    @cache
    def ask(request: Request, debug: bool) -> Compared:
        return sides.step(request, debug=debug)

    return lambda row: ask(row.request, row.debug)


def causes_of(step: Compared, mode: str) -> dict[str, str | None]:
    """Every location where the sides differ, with the name of its cause."""
    explainer = Explainer(step, mode)
    found = compare(step.control, step.candidate, method=step.control_request.method, json_mode=mode)
    causes = {difference.where: explainer.cause_of(difference) for difference in found}
    return {where: cause and cause.name for where, cause in causes.items()}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_fact_is_found_and_named(row: Row, step_of: Callable[[Row], Compared]) -> None:
    assert causes_of(step_of(row), row.mode) == row.locations


@pytest.mark.parametrize("row", [row for row in ROWS if row.locations], ids=str)
def test_a_difference_the_other_way_about_has_no_cause(row: Row, sides: Sides) -> None:
    causes = causes_of(sides.step_back(row.request, debug=row.debug), row.mode)
    assert causes
    assert {cause for cause in causes.values() if cause is not None} <= UNDIRECTED


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_goes_with_no_fact_has_no_cause(row: Row, step_of: Callable[[Row], Compared]) -> None:
    explainer = Explainer(step_of(row), row.mode)
    for difference in FOREIGN:
        cause = explainer.cause_of(difference)
        assert cause is None or (cause.name in TAKING_HEADERS and difference.where.startswith("header."))


@pytest.mark.parametrize("row", [row for row in ROWS if row.fact not in STAMPED], ids=str)
def test_the_legacy_app_does_not_differ_from_itself(row: Row, sides: Sides) -> None:
    once, again = sides.ask_legacy(row.request), sides.ask_legacy(row.request)
    assert list(compare(once, again, method=row.request.method, json_mode="bytes")) == []


def test_every_fact_has_a_row_or_a_reason() -> None:
    assert list(FACTS) == [f"{table}{number}" for table, size in SIZES.items() for number in range(1, size + 1)]
    shown = {row.fact for row in ROWS}
    assert shown.isdisjoint(NOT_SHOWN)
    assert shown | NOT_SHOWN.keys() == FACTS.keys()


def test_nine_facts_in_ten_are_explained_wherever_they_differ(capsys: pytest.CaptureFixture[str]) -> None:
    differing = {row.fact for row in ROWS if row.locations}
    unexplained = {row.fact for row in ROWS if None in row.expected}
    share = 1 - len(unexplained) / len(differing)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(ROWS)} requests for {len(FACTS) - len(NOT_SHOWN)} of {len(FACTS)} facts; {len(differing)} differ, "
            f"{share:.1%} of them explained at every location (not: {', '.join(sorted(unexplained)) or 'none'})\n"
        )
    assert share >= 0.9
