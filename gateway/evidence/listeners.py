"""Find functions that are registered and then called, though no code names them, as SQLAlchemy's listeners. Pure."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .names import dotted

_REGISTER = ("listen", "listens_for")
"""What `sqlalchemy.event` has for it, as a call and as a decorator."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A statement that registers a function: its own definition, or a call of `event.listen`."""

    statement: ast.stmt
    by: tuple[tuple[str, ...], ...]
    """What registers the function: `("event", "listens_for")`."""
    targets: tuple[tuple[str, ...], ...]
    """What the function may be registered for: every name that is an argument, `("models", "Note")`."""

    @property
    def is_event(self) -> bool:
        """Whether SQLAlchemy calls the function."""
        return any(path[-1] in _REGISTER for path in self.by)


def listener_of(statement: ast.stmt) -> Listener | None:
    """Return what a statement registers, if it does."""
    expressions: list[ast.expr] = []
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        expressions = statement.decorator_list
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        expressions = [statement.value] if dotted(statement.value.func)[-1:] == ("listen",) else []
    calls = [call for call in expressions if isinstance(call, ast.Call) and dotted(call.func)]
    arguments = (each for call in calls for each in (*call.args, *(keyword.value for keyword in call.keywords)))
    targets = tuple(dict.fromkeys(filter(None, map(dotted, arguments))))
    return Listener(statement, tuple(dotted(call.func) for call in calls), targets) if targets else None
