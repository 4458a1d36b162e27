"""Cases without their secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...http.redaction.redaction import redactor_for, secrets_of
from .case import Case, Step


def redact_case(case: Case, salt: bytes, known: Iterable[str] = ()) -> Case:
    """Return the case, its name and origin too, without the secrets of its requests and those known.

    Kept values stay.
    """
    kept = [name for step in case.steps for name, _ in step.captures]
    secrets = {*known, *(secret for step in case.steps for secret in secrets_of(step.request, kept))}
    redactor = redactor_for(salt, secrets, kept)
    steps = tuple(Step(redactor.request(step.request), step.captures) for step in case.steps)
    return replace(case, name=redactor.name(case.name), steps=steps, origin=redactor.name(case.origin))
