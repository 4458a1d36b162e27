"""Of FastAPI's validation what tells a cause is kept, and nothing of a stranger's errors can fail the request."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.parity.replaying.probes import refusal_of

DEEP: list[Any] = []
for _ in range(5_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ({"type": "missing", "loc": ("body", "a"), "msg": "no"}, {"type": "missing", "loc": ["body", "a"]}),
        ({"type": "int", "loc": ["path", 0], "input": "x"}, {"type": "int", "loc": ["path", 0], "input": "x"}),
        ({"type": "int", "loc": ["body"], "input": DEEP}, {"type": "int", "loc": ["body"], "input": None}),
        ({"type": "int", "loc": ["body"], "input": object()}, {"type": "int", "loc": ["body"], "input": None}),
        ({"type": "own"}, None),
        ({"loc": ["body"]}, None),
        ({"type": "own", "loc": []}, None),
        ({"type": "own", "loc": [None]}, None),
        ("wrong", None),
    ],
)
def test_what_is_kept_of_an_error(error: Any, kept: dict[str, Any] | None) -> None:
    assert refusal_of(error) == kept
