"""Find what a piece of Python binds, and what it names that is not its own: globals, attributes, imports. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import resolve_name

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*FUNCTIONS, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)


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
    yield from (Reference(path, module) for module, path in imported_by(node, package))
    outside, inside = [*_annotations_in_texts(node)], [*ast.iter_child_nodes(node)]
    if isinstance(node, FUNCTIONS):
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


def imported_by(node: ast.AST, package: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (module, name of it) of all that an import statement imports; no name where it is all of the module."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, ()) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = imported_from(node, package)
        yield from ((module, () if alias.name == "*" else (alias.name,)) for alias in node.names)


def local_names(scope: ast.AST) -> Iterator[str]:
    """Yield the names that a function binds, those of its inner functions aside."""
    if isinstance(scope, (*FUNCTIONS, ast.Lambda)):
        args = scope.args
        every = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
        yield from (arg.arg for arg in every if arg is not None)
    body = getattr(scope, "body", [*ast.iter_child_nodes(scope)])
    own = [*_within(body if isinstance(body, list) else [body])]
    foreign = {name for node in own if isinstance(node, ast.Global) for name in node.names}
    yield from (name for node in own for name in _binds(node) if name not in foreign)


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds, or of which it sets an item or attribute; not those in its body."""
    yield from _binds(statement)
    is_named = isinstance(statement, (*FUNCTIONS, ast.ClassDef))
    for node in () if is_named else _within(ast.iter_child_nodes(statement), *_BLOCKS, ast.NamedExpr):
        yield from _binds(node)
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            yield from filter(None, [root_of(node)])


def root_of(node: ast.expr) -> str | None:
    """Return the name at the left end of `name.a[0].b`; None where something else stands there."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.Name):
        yield from [node.id] if isinstance(node.ctx, ast.Store) else []
    elif isinstance(name := getattr(node, "name", None) or getattr(node, "rest", None), str):
        yield name  # of a function, a class, an exception or what a pattern captures


def _within(nodes: Iterable[ast.AST], *skipped: type[ast.AST]) -> Iterator[ast.AST]:
    """Yield nodes and what is in them, but not what is in a function or class, nor any of the `skipped` kinds."""
    for node in nodes:
        if not isinstance(node, skipped):
            yield node
            if not isinstance(node, (*_SCOPES, ast.ClassDef)):
                yield from _within(ast.iter_child_nodes(node), *skipped)
