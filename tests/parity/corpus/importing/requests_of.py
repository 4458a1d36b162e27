"""What a case asks, in short."""

from __future__ import annotations

from gateway.parity.corpus.case import Case


def requests_of(case: Case) -> list[str]:
    """Return `GET /todos` for each step."""
    return [step.request.line for step in case.steps]
