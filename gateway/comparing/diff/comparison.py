"""Control against candidate: every place where the candidate is not as the control. Pure, no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterator

from ...http.message import Response
from ..observation import Observation
from ..result import Difference
from .body_comparison import compare_bodies
from .cookie_comparison import compare_cookies
from .difference_text import unequal
from .effect_comparison import compare_effects, has_unhandled
from .header_comparison import compare_headers, compare_length, has_body

MAX_DIFFERENCES = 200
"""Differences of one request that are kept; a last one, at `more`, says how many there are beside them."""


def compare(
    control: Observation, candidate: Observation, *, method: str, json_mode: str = "typed"
) -> tuple[Difference, ...]:
    """What differs, in the order of the message, then the effects; at most `MAX_DIFFERENCES` and one at `more`.

    `json_mode` as in `ComparisonPolicy`. Neither side's duration is compared.
    """
    found = tuple(every_difference(control, candidate, method=method, json_mode=json_mode))
    return found if len(found) <= MAX_DIFFERENCES else (*found[:MAX_DIFFERENCES], more(len(found) - MAX_DIFFERENCES))


def every_difference(
    control: Observation, candidate: Observation, *, method: str, json_mode: str
) -> Iterator[Difference]:
    """As `compare`, however many they are."""
    if control.response and candidate.response:
        yield from _responses(control.response, candidate.response, method, json_mode)
    else:
        yield from unequal("status", _status(control), _status(candidate))
    yield from _errors(control, candidate)
    yield from compare_effects(control.effects, candidate.effects)


def _status(observation: Observation) -> str:
    """An app that ends without an answer leaves it to its server, which answers 500."""
    return str(observation.response.status) if observation.response else "500"


def more(count: int) -> Difference:
    """Stands for differences that were not kept."""
    return Difference("more", None, f"{count:,} more difference{'s' if count > 1 else ''}")


def _responses(control: Response, candidate: Response, method: str, json_mode: str) -> Iterator[Difference]:
    if control == candidate:
        return
    yield from unequal("status", str(control.status), str(candidate.status))
    yield from compare_headers(control.headers, candidate.headers)
    yield from compare_cookies(control.headers, candidate.headers)
    yield from compare_length(control, candidate, method)
    if has_body(control, method) and has_body(candidate, method):
        yield from compare_bodies(control, candidate, json_mode)


def _errors(control: Observation, candidate: Observation) -> Iterator[Difference]:
    """An unhandled exception: on one side only, or of another class. Its text is for people, not for clients."""
    classes = [side.error and side.error.partition(":")[0] for side in (control, candidate)]
    is_one_sided = {has_unhandled(control), has_unhandled(candidate)} == {True, False}
    if is_one_sided or (all(classes) and classes[0] != classes[1]):
        yield from unequal("error", *(_unhandled(side) for side in (control, candidate)))


def _unhandled(observation: Observation) -> str | None:
    if observation.error is not None:
        return observation.error
    return "an unhandled exception, logged" if has_unhandled(observation) else None
