"""Find where a name was made: imports are followed to it, through every module that hands it on.

A circle ends where it began, or at the module that a package imports from itself under this name.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from .names import imported_from
from .own_code import IMPORTS, OwnCode, OwnModule, is_own, values_in


@dataclass(frozen=True, slots=True)
class Definition:
    """A name of a module that another name leads to, or over."""

    module: str
    name: str = ""
    """Empty for all of the module."""
    source: OwnModule | None = None
    """None where the module is not the team's own."""


class DefinitionSearch:
    """One search for what a name leads to, the nearest definition first."""

    def __init__(self, code: OwnCode) -> None:
        self._code = code
        self._seen: set[tuple[str, tuple[str, ...]]] = set()

    def named(self, source: OwnModule, path: tuple[str, ...]) -> Iterator[Definition]:
        """Yield what a global of a module of the team's own leads to; `("models", "Todo")` is one with an attribute."""
        self._seen.add((source.name, path))
        name, *rest = path
        yield Definition(source.name, name, source)
        statements = source.bindings.get(name, [])
        for statement in statements:
            if not isinstance(statement, IMPORTS):
                continue
            for alias in statement.names:
                if name != (alias.asname or alias.name.partition(".")[0]):
                    continue
                if isinstance(statement, ast.ImportFrom):
                    yield from self.imported(imported_from(statement, source.package), (alias.name, *rest))
                else:
                    yield from self.imported(alias.name if alias.asname else name, tuple(rest))
        for statement in source.bindings.get("*", []) if not statements else ():
            if isinstance(statement, ast.ImportFrom):
                found = self._code.of(imported_from(statement, source.package))
                if found is not None and _has(found, name) and (found.name, path) not in self._seen:
                    yield from self.named(found, path)

    def imported(self, module: str, path: tuple[str, ...]) -> Iterator[Definition]:
        """Yield what `path` is in any module: a name of it, a module inside it, or all of it for an empty path."""
        if not is_own(module):
            yield Definition(module, ".".join(path))
            return
        source = self._code.of(module)
        inner = f"{module}.{path[0]}" if path else ""
        is_known = path and source is not None and _has(source, path[0])
        if source is not None and is_known and (module, path) not in self._seen:
            yield from self.named(source, path)
        elif path and is_own(inner):
            yield from self.imported(inner, path[1:])
        elif source is not None and not is_known:
            yield Definition(module, "", source)


def _has(source: OwnModule, name: str) -> bool:
    """Tell whether a module has a name of its own, beside the modules that it holds."""
    is_module = f"{source.name}.{name}" in sys.modules
    return name in source.bindings or (name in values_in(source.name) and not is_module)
