"""From a view to the functions that it is made of, and from a function to its tree; never into a library."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import textwrap
from collections import ChainMap
from collections.abc import Container, Iterator
from functools import lru_cache, partial
from types import FunctionType, ModuleType
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef


def layers_of_view(view: Any, method: str) -> Iterator[tuple[FunctionType, Any]]:
    """Yield (function, class that it is a method of, or None) from the outermost decorator to the view itself.

    A class of views gives its decorators and its method for that HTTP method.
    """
    view_class = getattr(view, "view_class", None)
    inner = view
    if view_class is not None:
        inner = getattr(view_class, method.lower(), None) or getattr(view_class, "dispatch_request", None)
    owner = view_class if view_class is not None else type(getattr(view, "__self__", None))
    seen: set[int] = set()
    for start in (view, inner):
        layer = start
        while layer is not None and id(layer) not in seen:
            seen.add(id(layer))
            if function := own_function(layer):
                yield function, None if owner is type(None) else owner
            layer = getattr(layer, "__wrapped__", None)


def own_function(thing: Any) -> FunctionType | None:
    """Return the app's own function behind a bound method or a partial.

    None for what is no function, of the standard library, or installed beside Flask.
    """
    while isinstance(thing, partial):
        thing = thing.func
    thing = getattr(thing, "__func__", thing)
    if not isinstance(thing, FunctionType):
        return None
    package = (thing.__module__ or "").partition(".")[0]
    is_installed = "site-packages" in thing.__code__.co_filename.replace("\\", "/").split("/")
    is_standard = package in sys.stdlib_module_names and package != "__main__"
    return None if is_installed or is_standard else thing


@lru_cache(2048)
def tree_of(function: FunctionType) -> Function | None:
    """Return the function's definition as a tree; None without source, and for a lambda."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function.__code__)))
    except (OSError, TypeError, SyntaxError):
        return None
    first = next(iter(tree.body), None)
    return first if isinstance(first, Function) else None


class Scope:
    """Finds what the free names of a function stand for; names in `local`, which hide them, stand for nothing."""

    def __init__(self, function: FunctionType, owner: Any, local: Container[str]) -> None:
        closed = dict(zip(function.__code__.co_freevars, map(_content, function.__closure__ or ()), strict=True))
        this = {} if owner is None else dict.fromkeys(function.__code__.co_varnames[:1], owner)
        self._things = ChainMap(this, closed, function.__globals__, vars(builtins))
        self._local = local

    def object(self, node: ast.expr) -> Any:
        """Return the thing that an expression names, or None; only modules and classes are looked into."""
        if isinstance(node, ast.Name):
            return None if node.id in self._local else self._things.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        holder = self.object(node.value)
        # Statically, for what a stranger's descriptor does when it is asked is the app's own, and may need a context.
        return inspect.getattr_static(holder, node.attr, None) if isinstance(holder, ModuleType | type) else None

    def constant(self, node: ast.expr) -> Any:
        """Return the value of a literal, or of a constant of the module; None for anything else."""
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError):
            found = self.object(node)
        return found if isinstance(found, str | int | float | tuple | list | set | frozenset | dict) else None


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None
