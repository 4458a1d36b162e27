"""Effects: rows by key and column, statements by shape, attempts and records by count."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.comparing.diff.comparison import compare_effects
from gateway.comparing.observation import Effects, Outbound, RowChange
from tests.comparing.answers import Found, plain


def row(kind: str, key: str, table: str = "todos", **columns: str) -> RowChange:
    values = (("id", key), *columns.items())
    return RowChange(table, kind, (key,), values if kind != "inserted" else (), values if kind != "deleted" else ())


def differences(control: dict[str, Any], candidate: dict[str, Any]) -> Found:
    return plain(compare_effects(Effects(**control), Effects(**candidate)))


SMTP = Outbound("connect", "smtp.test:25")
CRASH = "shop: Exception on /todos [GET]"


@pytest.mark.parametrize(
    ("control", "candidate"),
    [
        ({"rows": (row("inserted", "1", a='"x"'),)}, {"rows": (row("inserted", "1", a='"x"'),)}),
        ({"rows": (row("updated", "1"), row("updated", "2"))}, {"rows": (row("updated", "2"), row("updated", "1"))}),
        ({"statements": ("SELECT a", "SELECT a", "SELECT b")}, {"statements": ("SELECT b", "SELECT a")}),
        ({"statements": ("SELECT a", "SELECT b", "SELECT b")}, {"statements": ("SELECT a+b",)}),
        ({"outbound": (SMTP, Outbound("connect", "x:1"))}, {"outbound": (Outbound("connect", "x:1"), SMTP)}),
        ({"errors": ("legacy.views: mail 17 lost\nat once",)}, {"errors": ("new.routes: mail 18 lost",)}),
        ({"errors": (CRASH,)}, {"errors": ("uvicorn.error: Exception in ASGI application\nTraceback",)}),
        ({"errors": (CRASH,)}, {}),
        ({"open_connections": 1}, {"open_connections": 0}),
    ],
)
def test_no_difference(control: dict[str, Any], candidate: dict[str, Any]) -> None:
    assert differences(control, candidate) == []


@pytest.mark.parametrize(
    "effects", [Effects(), Effects((row("inserted", "1"),), ("INSERT todos",), (SMTP,), ("a: b",))]
)
def test_nothing_is_known_where_a_side_was_not_watched(effects: Effects) -> None:
    assert [*compare_effects(None, effects), *compare_effects(effects, None), *compare_effects(None, None)] == []


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        ({"rows": (row("inserted", "1"),)}, {}, [("effect.rows.todos", "(1 inserted)", None)]),
        ({}, {"rows": (row("deleted", "1"),)}, [("effect.rows.todos", None, "(1 deleted)")]),
        (
            {"rows": (row("inserted", "1"), row("updated", "2"))},
            {"rows": (row("inserted", "1"), row("inserted", "3"))},
            [("effect.rows.todos", "(1 inserted, 1 updated)", "(2 inserted)")],
        ),
        (
            {"rows": (row("inserted", "1", a='"x"', b="1"),)},
            {"rows": (row("inserted", "1", a='"y"', c="1"),)},
            [
                ("effect.rows.todos.a", '"x"', '"y"'),
                ("effect.rows.todos.b", "1", None),
                ("effect.rows.todos.c", None, "1"),
            ],
        ),
        ({"rows": (row("inserted", "1"),)}, {"rows": (row("inserted", "2"),)}, [("effect.rows.todos.id", "1", "2")]),
        ({"rows": (row("deleted", "1"),)}, {"rows": (row("deleted", "2"),)}, [("effect.rows.todos.id", "1", "2")]),
        (
            {"rows": (row("updated", "1", a="5"), row("updated", "2", a="6"))},
            {"rows": (row("updated", "2", a="6"), row("updated", "1", a="7"))},
            [("effect.rows.todos.a", "5", "7")],
        ),
        (
            {"rows": (row("inserted", "1", "users"),)},
            {"rows": (row("inserted", "1", "todos"),)},
            [("effect.rows.todos", None, "(1 inserted)"), ("effect.rows.users", "(1 inserted)", None)],
        ),
        (
            {"statements": ("SELECT todos",)},
            {"statements": ("SELECT todos",) * 12 + ("SELECT users",)},
            [("effect.statements.SELECT todos", "1", "12"), ("effect.statements.SELECT users", None, "1")],
        ),
        ({"outbound": (SMTP,)}, {"outbound": (SMTP, SMTP)},
         [("effect.outbound", "connect smtp.test:25", "2 times connect smtp.test:25")]),
        ({"outbound": (SMTP,)}, {}, [("effect.outbound", "connect smtp.test:25", None)]),
        ({}, {"errors": ("new: lost 7",)}, [("effect.errors", None, "lost 0")]),
        ({"errors": (CRASH, "a: lost")}, {"errors": ("a: gone",)}, [("effect.errors", "lost", "gone")]),
        ({"files": ("written a 1",)}, {"files": ("written a 2",)}, [("effect.files", "written a 1", "written a 2")]),
        ({"open_connections": 0}, {"open_connections": 1}, [("effect.open_connections", "0", "1")]),
    ],
)  # fmt: skip
def test_every_difference_has_its_place(control: dict[str, Any], candidate: dict[str, Any], expected: Found) -> None:
    assert differences(control, candidate) == expected
