"""Cases without their secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...http.redaction.redaction import redact_request, redact_title, secrets_of
from .case import Case


def redact_case(case: Case, salt: bytes, known: Iterable[str] = (), given_out: frozenset[str] = frozenset()) -> Case:
    """Return the case, its name and origin too, without the secrets of its requests and those known.

    Kept values stay, and ids that answers gave out.
    """
    kept = [name for step in case.steps for name, _ in step.captures]
    secrets = {*known, *(secret for step in case.steps for secret in secrets_of(step.request, kept, given_out))}
    requests = [redact_request(step.request, salt, secrets, kept, given_out) for step in case.steps]
    steps = tuple(replace(step, request=request) for request, step in zip(requests, case.steps, strict=True))
    name, origin = (redact_title(title, salt, secrets, kept) for title in (case.name, case.origin))
    return replace(case, name=name, steps=steps, origin=origin)
