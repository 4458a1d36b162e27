"""Control against candidate: every location where the candidate is not as the control. Pure, no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterator

from ..observation import Observation
from ..result import Difference
from .body_comparison import compare_bodies
from .difference_text import unequal
from .effect_comparison import compare_effects, has_unhandled
from .header_comparison import compare_cookies, compare_headers, compare_length, has_body


def compare(
    control: Observation, candidate: Observation, *, method: str, json_mode: str = "typed"
) -> Iterator[Difference]:
    """Yield all that differs but durations: the status first, the rest of the message in its order, errors, effects."""
    sides = control, candidate
    # An app that ends without an answer leaves it to its server, which answers 500.
    yield from unequal("status", *(str(side.response.status) if side.response else "500" for side in sides))
    before, after = control.response, candidate.response
    if before and after and before != after:
        yield from compare_headers(before.headers, after.headers)
        yield from compare_cookies(before.set_cookies, after.set_cookies)
        yield from compare_length(before, after, method)
        if has_body(before, method) and has_body(after, method):
            yield from compare_bodies(before, after, json_mode)
    # An exception that one side alone did not handle, or of another class; its text is for people, no client.
    unhandled = [has_unhandled(side) for side in sides]
    classes = [side.error and side.error.partition(":")[0] for side in sides]
    if set(unhandled) == {True, False} or (all(classes) and classes[0] != classes[1]):
        logged = ["an unhandled exception, logged" if one else None for one in unhandled]
        yield from unequal("error", *(side.error or text for side, text in zip(sides, logged, strict=True)))
    yield from compare_effects(control.effects, candidate.effects)
