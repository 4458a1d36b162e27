"""Find what a piece of Python names that is not its own: globals with their attributes, and what it imports. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import resolve_name

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in code that leads out of it."""

    path: tuple[str, ...]
    """`("models", "Todo")`: a global and attributes of it; of an import, attributes of the module."""
    module: str | None = None
    """The module that is imported there and then; None where the path starts at a global."""


def references(node: ast.AST, package: str, local: frozenset[str] = frozenset()) -> Iterator[Reference]:
    """Yield every reference of a tree; `package` is what its relative imports start at.

    Local names are none: those of the functions in the tree, and `local`, those of the functions around it.
    """
    if path := dotted(node):
        is_bound = isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        if not is_bound and path[0] not in local:
            yield Reference(path)
        return
    if isinstance(node, ast.Import):
        yield from (Reference((), alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = imported_from(node, package)
        yield from (Reference(() if alias.name == "*" else (alias.name,), module) for alias in node.names)
    outside, inside = [*_annotations_in_texts(node)], [*ast.iter_child_nodes(node)]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        outside += [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        inside = [*node.body]
    elif isinstance(node, ast.Lambda):
        outside, inside = [node.args], [node.body]
    elif generators := getattr(node, "generators", ()):  # of a comprehension
        outside = [generators[0].iter]
    names = frozenset(local_names(node)) if isinstance(node, _SCOPES) else frozenset()
    for each in outside:
        yield from references(each, package, local)
    for each in inside:
        yield from references(each, package, local | names)


def _annotations_in_texts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node's annotation has written as texts, parsed."""
    annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
    for inner in ast.walk(annotation) if annotation is not None else ():
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            with suppress(SyntaxError, ValueError):  # a text of Annotated or Literal
                yield ast.parse(inner.value, mode="eval")


def dotted(node: ast.AST) -> tuple[str, ...]:
    """Return `a.b.c` as its parts; empty for anything that is not a name with attributes."""
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    return (node.id, *path) if isinstance(node, ast.Name) else ()


def imported_from(node: ast.ImportFrom, package: str) -> str:
    """Return the whole name of the module of a `from` import; as written where the package has no such parent."""
    dots = "." * node.level
    try:
        return resolve_name(f"{dots}{node.module or ''}", package) if dots else node.module or ""
    except ImportError:
        return node.module or ""


def local_names(scope: ast.AST) -> Iterator[str]:
    """Yield the names that a function binds, those of its inner functions aside."""
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        args = scope.args
        every = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
        yield from (arg.arg for arg in every if arg is not None)
    foreign = {name for node in _own(scope) if isinstance(node, ast.Global) for name in node.names}
    yield from (name for node in _own(scope) for name in _binds(node) if name not in foreign)


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        if node.name:
            yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function without descending into nested functions or classes, which are yielded."""
    outside = ("decorator_list", "returns", "args")
    fields = (value for name, value in ast.iter_fields(scope) if name not in outside)
    children = (child for value in fields for child in (value if isinstance(value, list) else [value]))
    waiting = [child for child in children if isinstance(child, ast.AST)]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_SCOPES, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
