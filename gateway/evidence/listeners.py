"""Functions that are registered for something and then called by nobody's name, as SQLAlchemy's listeners. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .names import dotted

_LISTEN = "listen"
_LISTENS_FOR = "listens_for"


@dataclass(frozen=True, slots=True)
class Listener:
    """A statement that registers a function: its own definition, or a call of `event.listen`."""

    statement: ast.stmt
    by: tuple[tuple[str, ...], ...]
    """What registers it: `("event", "listens_for")`."""
    targets: tuple[tuple[str, ...], ...]
    """What it may be registered for: every name that is an argument, `("models", "Note")`."""

    @property
    def is_event(self) -> bool:
        """Whether SQLAlchemy calls it."""
        return any(path[-1] in (_LISTEN, _LISTENS_FOR) for path in self.by)


def listener_of(statement: ast.stmt) -> Listener | None:
    """What a statement registers, if it does."""
    calls = [call for call in _calls(statement) if dotted(call.func)]
    targets = tuple(dict.fromkeys(path for call in calls for path in _arguments(call)))
    return Listener(statement, tuple(dotted(call.func) for call in calls), targets) if targets else None


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (decorator for decorator in statement.decorator_list if isinstance(decorator, ast.Call))
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield from [statement.value] if dotted(statement.value.func)[-1:] == (_LISTEN,) else []


def _arguments(call: ast.Call) -> Iterator[tuple[str, ...]]:
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    yield from filter(None, map(dotted, given))
