"""An app against itself: 1,000 requests with clocks, UUIDs, random numbers and set order, and not one difference."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from gateway.comparing.policy import ComparisonPolicy
from gateway.comparing.result import Outcome
from gateway.comparing.verdicts import judge
from gateway.parity.compared_case import case_results
from tests.parity.replaying.running import LEGACY, case, library, replaying, step

pytestmark = [pytest.mark.long, pytest.mark.process]

TODAY = date(2026, 1, 1)
REQUESTS = ("GET /moment", "GET /books", "GET /books/2", "GET /raw", "DELETE /authors/1", "GET /error", "GET /raise")


def test_an_app_does_not_differ_from_itself(tmp_path: Path) -> None:
    settings = library(tmp_path)
    asked = [step(REQUESTS[number % len(REQUESTS)]) for number in range(1000)]
    cases = [case(*asked[number : number + 4], name=str(number)) for number in range(0, 1000, 4)]
    outcomes: Counter[Outcome] = Counter()
    with replaying(settings, new=LEGACY, workers=2) as replay:
        for pair in replay.run(cases, lambda one: judge(one, "", ComparisonPolicy(), TODAY)):
            results = case_results(pair, lambda _request: "")
            found = [verdict for result in results for verdict in result.verdicts]
            assert not found, (pair.refused, found)
            outcomes.update(result.outcome for result in results)
    assert outcomes == {Outcome.MATCHED: 1000}
