"""Nineteen of twenty planted defects are found by what is recorded and generated, and nothing is found without one.

GATEWAY_DEFECTS=1/4 plants the second of four parts of them, each as mixed as the whole; all where it is not set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from gateway.parity.plan import Plan
from tests.mutation.defects import SHARE, read_defects
from tests.mutation.planting import find, mismatches, planned

DEFECTS = read_defects()
PART, PARTS = map(int, os.environ.get("GATEWAY_DEFECTS", "0/1").split("/"))

pytestmark = [pytest.mark.long, pytest.mark.process]


@pytest.fixture(scope="module")
def plan() -> Iterator[Plan]:
    with planned() as plan:
        yield plan


def test_there_are_enough_defects() -> None:
    assert len(DEFECTS) >= 60
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)


def test_no_case_is_written_for_a_defect(plan: Plan) -> None:
    assert {case.source for case in plan.cases} <= {"tests", "generated", "schema"}


def test_defects_are_found_and_the_sound_app_has_none(plan: Plan) -> None:
    assert set(mismatches(plan, plan.cases, workers=2)) == set()
    found = list(find(plan, DEFECTS[PART::PARTS], sound=set()))
    assert [one.defect.name for one in found if one.broken] == []
    missed = [one.defect.name for one in found if one.shown is None]
    assert len(missed) <= len(found) * (1 - SHARE), missed
