"""Which names lead out of a piece of code."""

from __future__ import annotations

import ast

import pytest

from gateway.evidence.names import Reference, references


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("models.Todo.id + other", [("models", "Todo", "id"), ("other",)]),
        ("x = y", [("y",)]),
        ("def f(a=default): return a + b", [("default",), ("b",)]),
        ("@around\ndef f() -> Result: result = make(); return result", [("around",), ("Result",), ("make",)]),
        ("lambda a: a + b", [("b",)]),
        ("[one + rate for one in every]", [("every",), ("rate",)]),
        ("def f():\n  def g(): return outer + x\n  x = 1", [("outer",)]),
        ("x: 'Todo | None' = None", [("Todo",)]),
        ("def f(a: Annotated[int, 'no expression!']): ...", [("Annotated",), ("int",)]),
        ("x: Literal['\\0'] = y", [("Literal",), ("y",)]),
        ("call().attribute", [("call",)]),
    ],
)
def test_a_reference_is_a_name_that_nothing_around_it_binds(text: str, found: list[tuple[str, ...]]) -> None:
    assert list(dict.fromkeys(references(ast.parse(text), "shop"))) == [Reference(path) for path in found]


def test_an_import_is_a_reference_wherever_it_stands() -> None:
    text = "def f():\n  import json\n  from . import models\n  from .rules import *"
    expected = [Reference((), "json"), Reference(("models",), "shop"), Reference((), "shop.rules")]
    assert list(references(ast.parse(text), "shop")) == expected
