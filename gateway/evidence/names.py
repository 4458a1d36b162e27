"""Find what a piece of Python names that is not its own: globals with their attributes, and what it imports. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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


def references(node: ast.AST, package: str) -> Iterator[Reference]:
    """Yield every reference of a tree; `package` is what its relative imports start at. Local names are none."""
    finder = _Finder(package)
    finder.visit(node)
    yield from finder.found


class _Finder(ast.NodeVisitor):
    """A walk over a tree that knows the local names of the functions around it."""

    def __init__(self, package: str) -> None:
        self.found: list[Reference] = []
        self._package = package
        self._locals: list[frozenset[str]] = []

    def visit(self, node: ast.AST) -> None:
        """Visit a node; of a function first what stands outside of it, then its inside with its local names."""
        if not isinstance(node, _SCOPES):
            super().visit(node)
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                self.visit(decorator)
            self._annotation(node.returns)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self.visit(node.args)
            inside = _nodes(node.body)
        else:
            self.visit(node.generators[0].iter)
            inside = [*ast.iter_child_nodes(node)]
        self._locals.append(frozenset(local_names(node)))
        for inner in inside:
            self.visit(inner)
        self._locals.pop()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._name((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if path := dotted(node):
            self._name(path)
        else:
            self.visit(node.value)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.found.append(Reference((), alias.name))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = imported_from(node, self._package)
        self.found += [Reference(() if alias.name == "*" else (alias.name,), module) for alias in node.names]

    def visit_arg(self, node: ast.arg) -> None:
        self._annotation(node.annotation)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def _annotation(self, node: ast.expr | None) -> None:
        """Visit an annotation, also one that is written as a text."""
        for inner in ast.walk(node) if node is not None else ():
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                try:
                    self.visit(ast.parse(inner.value, mode="eval"))
                except SyntaxError:
                    continue  # a text of Annotated or Literal
        if node is not None:
            self.visit(node)

    def _name(self, path: tuple[str, ...]) -> None:
        if not any(path[0] in names for names in self._locals):
            self.found.append(Reference(path))


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
    waiting = [child for name, value in ast.iter_fields(scope) if name not in outside for child in _nodes(value)]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_SCOPES, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)


def _nodes(value: object) -> list[ast.AST]:
    return [node for node in (value if isinstance(value, list) else [value]) if isinstance(node, ast.AST)]
