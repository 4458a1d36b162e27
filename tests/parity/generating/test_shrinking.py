"""A case that differs -> the smallest that still does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.http.message import values_of
from gateway.parity.corpus.case import Case
from gateway.parity.corpus.case_reading import read_step
from gateway.parity.generating.shrinking import shrink


def case(*entries: dict[str, Any]) -> Case:
    return Case("found", tuple(map(read_step, entries)), "generated")


def body_of(one: Case) -> Any:
    try:
        return json.loads(one.steps[-1].request.body)
    except ValueError:
        return {}


NOISY = {"title": "a long title", "count": 12345, "tags": ["a", "b"], "deep": {"x": -7, "y": 1.5}}
KEPT = [
    (lambda body: "title" in body, {"title": ""}),
    (lambda body: len(body.get("title", "")) > 4, {"title": "a lon"}),
    (lambda body: body.get("count", 0) > 99, {"count": 100}),
    (lambda body: "b" in body.get("tags", ()), {"tags": ["b"]}),
    (lambda body: body.get("deep", {}).get("x", 0) < 0, {"deep": {"x": -7}}),
    (lambda body: isinstance(body.get("deep", {}).get("y"), float), {"deep": {"y": 0.0}}),
]


@pytest.mark.parametrize(("differs", "left"), KEPT)
def test_a_body_is_left_with_what_it_takes(differs: Any, left: Any) -> None:
    found = shrink(case({"request": "POST /todos", "json": NOISY}), lambda one: differs(body_of(one)))
    assert body_of(found) == left
    (request,) = [step.request for step in found.steps]
    assert values_of(request.headers, b"content-length") == (str(len(request.body)).encode(),)


def test_steps_headers_and_parameters_go() -> None:
    long = case(
        {"request": "POST /login", "json": {"a": 1}, "capture": {"token": "body.token"}},
        {"request": "GET /a"},
        {"request": "GET /b"},
        {"request": "GET /c?x=1&y=22&z=3", "headers": {"Accept": "text/html", "Authorization": "Bearer {{token}}"}},
        {"request": "GET /d"},
    )

    def differs(one: Case) -> bool:
        signed_in = one.steps[0].request.target == b"/login"
        return signed_in and any(
            step.request.target.startswith(b"/c") and b"y=" in step.request.query for step in one.steps
        )

    found = shrink(long, differs)
    assert [step.request.target for step in found.steps] == [b"/login", b"/c?y="]
    assert found.steps[0].captures == (("token", "body.token"),)
    assert [name for name, _ in found.steps[1].request.headers] == [b"host"]
    assert (found.name, found.source) == ("found", "generated")


def test_a_form_loses_its_fields() -> None:
    found = shrink(
        case({"request": "POST /f", "form": {"a": "1", "b": "abc", "c": "3"}}),
        lambda one: b"b=ab" in one.steps[-1].request.body,
    )
    assert found.steps[-1].request.body == b"b=ab"


def test_tries_are_bounded_and_a_case_that_always_differs_ends() -> None:
    tried: list[Case] = []

    def differs(one: Case) -> bool:
        tried.append(one)
        return True

    whole = case({"request": "POST /todos", "json": NOISY})
    shrink(whole, differs)
    assert len(tried) < 200
    tried.clear()
    shrink(whole, differs, max_tries=3)
    assert len(tried) == 3


def test_what_differs_in_no_smaller_form_stays() -> None:
    whole = case({"request": "POST /todos", "json": NOISY})
    assert shrink(whole, lambda _one: False) == whole
