"""Where a name was made: imports are followed to it, through every module that hands it on.

A circle ends where it was before, or at the module that a package imports from itself under this name.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from .names import imported_from
from .own_code import IMPORTS, OwnCode, OwnModule, is_own, values_in


@dataclass(frozen=True, slots=True)
class Origin:
    """A place that a name leads to, or over."""

    module: str
    name: str = ""
    """In that module; empty for all of it."""
    source: OwnModule | None = None
    """None where the module is not the team's own."""


def origins(code: OwnCode, source: OwnModule, path: tuple[str, ...]) -> Iterator[Origin]:
    """Of a global of a module with attributes of it, as `("models", "Todo")`, in the order of the way."""
    yield from _Search(code).named(source, path)


def imported_origins(code: OwnCode, module: str, path: tuple[str, ...]) -> Iterator[Origin]:
    """Of what is imported from a module, with attributes of it; of the module itself where the path is empty."""
    yield from _Search(code).imported(module, path)


class _Search:
    """One way from a name."""

    def __init__(self, code: OwnCode) -> None:
        self._code = code
        self._seen: set[tuple[str, tuple[str, ...]]] = set()

    def named(self, source: OwnModule, path: tuple[str, ...]) -> Iterator[Origin]:
        """A name of a module of the team's own."""
        self._seen.add((source.name, path))
        name, *rest = path
        yield Origin(source.name, name, source)
        statements = source.bindings.get(name, [])
        for statement in statements:
            if isinstance(statement, IMPORTS):
                yield from self._by_import(source, statement, name, tuple(rest))
        if not statements:
            yield from self._by_star(source, path)

    def imported(self, module: str, path: tuple[str, ...]) -> Iterator[Origin]:
        """What `path` is in a module: a name of it, a module inside it, or all of it."""
        if not is_own(module):
            yield Origin(module, ".".join(path))
            return
        source = self._code.of(module)
        inner = f"{module}.{path[0]}" if path else ""
        is_known = path and source is not None and _has(source, path[0], inner)
        if source is not None and is_known and (module, path) not in self._seen:
            yield from self.named(source, path)
        elif path and is_own(inner):
            yield from self.imported(inner, path[1:])
        elif source is not None and not is_known:
            yield Origin(module, "", source)

    def _by_import(
        self, source: OwnModule, statement: ast.Import | ast.ImportFrom, name: str, rest: tuple[str, ...]
    ) -> Iterator[Origin]:
        for alias in statement.names:
            if name != (alias.asname or alias.name.partition(".")[0]):
                continue
            if isinstance(statement, ast.ImportFrom):
                yield from self.imported(imported_from(statement, source.package), (alias.name, *rest))
            else:
                yield from self.imported(alias.name if alias.asname else name, rest)

    def _by_star(self, source: OwnModule, path: tuple[str, ...]) -> Iterator[Origin]:
        for statement in source.bindings.get("*", []):
            if isinstance(statement, ast.ImportFrom):
                module = imported_from(statement, source.package)
                found = self._code.of(module)
                if (
                    found is not None
                    and _has(found, path[0], f"{module}.{path[0]}")
                    and (module, path) not in self._seen
                ):
                    yield from self.named(found, path)


def _has(source: OwnModule, name: str, inner: str) -> bool:
    """Whether a module has a name of its own, beside the modules that it holds."""
    return name in source.bindings or (name in values_in(source.name) and inner not in sys.modules)
