"""What only the legacy app has it answers beside the candidate too, on the candidate's own database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config.parity_table import ReplaySettings
from gateway.parity.corpus.case import Step
from tests.parity.replaying.running import ask, library, replaying, step

pytestmark = pytest.mark.process


@pytest.fixture
def settings(tmp_path: Path) -> ReplaySettings:
    return library(tmp_path)


def by_legacy(request: str) -> Step:
    return replace(step(request), by_legacy=True)


def test_legacy_answers_on_both_sides_and_the_new_app_goes_on_with_what_it_did(settings: ReplaySettings) -> None:
    with replaying(settings, beside=True) as replay:
        pair = ask(replay, by_legacy("DELETE /authors/1"), "GET /books", by_legacy("GET /error"))
    assert [one.candidate.response.status for one in pair.steps if one.candidate.response] == [204, 200, 200]
    deleted, read, logged = ((one.control, one.candidate) for one in pair.steps)
    assert deleted[0].effects.rows == deleted[1].effects.rows != ()
    assert deleted[0].effects.statements == deleted[1].effects.statements
    assert [seen.response.body.strip().replace(b" ", b"") for seen in read if seen.response] == [
        b'["Bram1","Bram2"]'
    ] * 2
    assert [seen.effects.errors for seen in logged] == [("library: the shelf is full of books",)] * 2


def test_the_new_app_answers_all_that_is_not_marked(settings: ReplaySettings) -> None:
    with replaying(settings, beside=True) as replay:
        pair = ask(replay, "DELETE /authors/1")
    assert [seen.response.status for seen in (pair.steps[0].control, pair.steps[0].candidate) if seen.response] == [
        204,
        404,
    ]
